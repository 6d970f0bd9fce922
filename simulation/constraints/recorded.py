"""A recommended policy back from its row, ready to be simulated with another order today."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.calendar import first_horizon_week, weeks_between
from domain.feature_vector import FeatureVector
from domain.settings import Settings
from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.policies.protocol import PolicyTerms, Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.sku_terms import sku_terms


class RecordedPolicy(NamedTuple):
    """What `simulation.optimize` chose for a SKU."""

    situation: Situation
    """With the paths it was chosen on."""
    form: PolicyForm
    theta: IntArray


def recorded_policy(row: Mapping[str, Any], vector: FeatureVector, settings: Settings) -> RecordedPolicy:
    """The policy of a row of `stage_tables.Policies`.

    Args:
        row: The row.
        vector: The SKU.
        settings: With the merchant's own in force.
    """
    paths = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_optimize, purpose="optimize", seed=row["seed"])
    situation, policy = Situation(sku_terms(vector, settings), settings.inventory, paths), POLICIES[row["policy"]]
    return RecordedPolicy(situation, policy.form(situation), policy.parameters(_words(row), situation))


def _words(row: Mapping[str, Any]) -> PolicyTerms:
    """The policy's parameters in words, back from a row's columns."""
    start = first_horizon_week(row["forecast_cutoff"])
    epochs = {
        epoch: None if row[column] is None else weeks_between(start, row[column])
        for epoch, column in (("initial_order_epoch", "initial_order_week"), ("last_order_epoch", "last_order_week"))
    }
    return PolicyTerms(**epochs, **{name: row[name] for name in PolicyTerms._fields if name not in epochs})
