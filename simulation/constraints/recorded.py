"""A recommended policy back from its row, ready to be simulated with another order today."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.feature_vector import FeatureVector
from domain.settings import Settings
from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimize import situation_of
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.recommendation import terms_of_row


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
    situation, policy = situation_of(vector, settings, seed=row["seed"]), POLICIES[row["policy"]]
    return RecordedPolicy(situation, policy.form(situation), policy.parameters(terms_of_row(row), situation))
