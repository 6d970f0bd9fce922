"""The extended policy without one of its parts: what the part is worth is the difference. They belong to the backtest; nobody orders by them."""

from collections.abc import Mapping

import numpy as np

from simulation.optimizers.protocol import SearchSpace
from simulation.policies.extended import ExtendedPolicy
from simulation.policies.protocol import Policy, Situation

_T0, _Q0, _T_LIMIT = 0, 1, 4
"""Places of the parameters left out."""


class ExtendedWithoutLimit(ExtendedPolicy):
    """Orders up to the last epoch whatever the life cycle [t_limit = last]."""

    name = "extended_without_t_limit"

    def search_space(self, situation: Situation) -> SearchSpace:
        """The limit is fixed at the last epoch."""
        space = super().search_space(situation)
        return space._replace(lower=_with(space.lower, _T_LIMIT, space.upper[..., _T_LIMIT]))


class ExtendedWithoutKickStart(ExtendedPolicy):
    """Only orders that the trigger asks for; the first review is the next one [Q₀ = 0 at t₀ = 0]."""

    name = "extended_without_kick_start"

    def search_space(self, situation: Situation) -> SearchSpace:
        """Both parameters of the first order are fixed at nothing."""
        space = super().search_space(situation)
        nothing = np.zeros_like(space.upper[..., _T0])
        return space._replace(upper=_with(_with(space.upper, _T0, nothing), _Q0, nothing))


def _with(
    bounds: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", place: int, values: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"
) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    changed = bounds.copy()
    changed[..., place] = values
    return changed


ABLATIONS: Mapping[str, Policy] = {policy.name: policy for policy in (ExtendedWithoutLimit(), ExtendedWithoutKickStart())}
