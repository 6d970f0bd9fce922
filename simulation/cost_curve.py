"""The cost curve of today's order: what every other quantity would lead to, on the same fresh paths, later orders as the policy decides.

People see it as evidence; constraints across SKUs (`simulation/constraints/`) trade the curves of a merchant's SKUs against each other.
"""

from typing import NamedTuple

import numpy as np

from simulation.costs import objective_values
from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.kernels.path_costs import score_first_orders
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.policies.protocol import Situation
from simulation.sampling.paths import FloatArray, Paths

_N_POINTS = 16


class CostCurve(NamedTuple):
    """Per quantity ordered today, `(n_orders,)` each, in rising order of quantity; the first is 0."""

    order_units: IntArray
    expected_cost_eur: FloatArray
    objective_eur: FloatArray
    """What the merchant minimises."""
    fill_rate: FloatArray
    """Expected units served over units demanded."""
    difference_eur: FloatArray
    """Expected cost above that of the recommended quantity, path by path."""
    standard_error_eur: FloatArray
    """Of the difference."""


def order_grid(situation: Situation, recommended_units: int) -> IntArray:
    """Orders worth a look: none, the recommended one and a pack less or more, and evenly spread ones up to twice it or what the horizon may need."""
    missing = float(situation.demand_quantile_units(situation.n_weeks, 0.75) - situation.inventory_position_units)
    most = max(2.0 * recommended_units, missing, 1.0)
    pack = int(situation.pack_units)
    around = [recommended_units + step for step in (-pack, pack) if recommended_units > 0 or step > 0]
    return np.unique(np.concatenate(([0, recommended_units], situation.order_units(np.concatenate((np.linspace(0.0, most, _N_POINTS), around))))))


def cost_curve(
    form: PolicyForm, theta: IntArray, recommended_units: int, orders_units: IntArray, *, fresh: Paths, terms: SkuTerms, objective: str
) -> CostCurve:
    """Simulate each order.

    Args:
        form: The policy.
        theta: Its parameters.
        recommended_units: What it orders today; one of `orders_units`.
        orders_units: `(n_orders,)`, e.g. of `order_grid`.
        fresh: Paths that no parameter was chosen on.
        terms: The SKU.
        objective: As in the settings, "p75" and so on.
    """
    path_cost, sold = score_first_orders(form, theta, orders_units, fresh.blocks, terms)
    demanded = float(fresh.demand_units.sum()) / fresh.n_paths
    apart = path_cost.astype(np.float64) - path_cost[np.searchsorted(orders_units, recommended_units)]
    return CostCurve(
        order_units=orders_units,
        expected_cost_eur=path_cost.mean(axis=1, dtype=np.float64),
        objective_eur=objective_values(path_cost, objective),
        fill_rate=sold / demanded if demanded else np.ones(len(sold)),
        difference_eur=apart.mean(axis=1),
        standard_error_eur=apart.std(axis=1, ddof=1) / np.sqrt(fresh.n_paths),
    )
