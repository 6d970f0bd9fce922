"""Compile every kernel once, so that the next process starts with compiled code: `python -m simulation.warm_up`.

Run where the platform is installed (`make setup`, the image build): the cache lies beside the kernels' sources and is
keyed by their contents and the processor. Caches of older sources are removed.
"""

import datetime as dt
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS
from domain.settings import OptimizerSettings, Settings, SimulationSettings
from simulation.constraints.curves import curve_of
from simulation.constraints.recorded import recorded_policy
from simulation.kernels import cache_folder
from simulation.kernels.cheapest_orders import cheapest_orders
from simulation.kpis import evaluate_with_order
from simulation.optimize import optimize_policy
from simulation.policies.registry import POLICIES

_CUTOFF = dt.date(2026, 1, 5)
_FEW = Settings(simulation=SimulationSettings(n_paths_optimize=10, n_paths_evaluate=10), optimizer=OptimizerSettings(evaluation_budget=10))


def warm_up() -> float:
    """Optimise a small SKU with every policy; seconds it took."""
    started = time.perf_counter()
    for name in POLICIES:
        inventory = _FEW.inventory.model_copy(update={"policy": name})
        settings, vector = _FEW.model_copy(update={"inventory": inventory}), _small_vector()
        _limit(optimize_policy(vector, settings, seed=1).as_row(), vector, settings)
    return time.perf_counter() - started


def _limit(row: Mapping[str, Any], vector: FeatureVector, settings: Settings) -> None:
    """What limits across SKUs compile beside the optimisation."""
    curve_of(row, vector, settings)
    situation, form, theta = recorded_policy(row, vector, settings)
    evaluate_with_order(form, theta, 0, situation.paths, situation.terms)
    one = np.zeros((1, 1))
    cheapest_orders(one, one, one, one[0], one[0])


def remove_old_caches() -> None:
    """Delete what was compiled from other sources than these."""
    current = cache_folder()
    for folder in current.parent.glob("kernels-*"):
        if folder != current:
            shutil.rmtree(folder, ignore_errors=True)


def _small_vector() -> FeatureVector:
    nothing = np.zeros(12)
    return FeatureVector(
        merchant_id="merchant",
        article_id="article",
        date=_CUTOFF + dt.timedelta(weeks=1),
        cutoff=_CUTOFF,
        demand_quantiles_units=np.floor(np.outer(np.ones(12), 8 * QUANTILE_LEVELS)),
        on_hand_units=3,
        inbound_units=np.eye(1, 12, 1, dtype=np.int64)[0],
        returns_due_units=nothing,
        unit_price_eur=2.0,
        unit_cost_eur=1.0,
        unit_value_eur=1.0,
        holding_rate_eur_per_unit_week=0.01,
        inbound_rate_eur_per_unit=0.0,
        outbound_rate_eur_per_unit=0.0,
        return_handling_rate_eur_per_unit=0.0,
        fixed_order_cost_eur=0.0,
        return_rate=0.25,
        return_lag_weights=np.array([0.0, 1.0]),
        observed_lead_time_cv=None,
        minimum_order_quantity_units=None,
        pack_size_units=None,
        model="warm-up",
        segment="smooth",
        vector_hash="0" * 16,
    )


if __name__ == "__main__":
    remove_old_caches()
    sys.stdout.write(f"kernels ready in {warm_up():.1f} s\n")
