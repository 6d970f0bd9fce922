"""What a policy costs and how well it serves, from its simulated flows (method §5 and §7)."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.kernels.path_costs import COST_TERMS, SERVICE_SUMS, evaluate_first_order, evaluate_policy, score_candidates
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.sampling.paths import FloatArray, Paths


class Evaluation(NamedTuple):
    """One policy on one set of paths."""

    path_cost_eur: FloatArray
    """`(n_paths,)`"""
    expected_cost_eur: Mapping[str, float]
    """Mean over paths by term of `COST_TERMS`."""
    expected: Mapping[str, float]
    """Mean over paths by name of `SERVICE_SUMS`."""
    n_weeks: int
    """Simulated."""

    def order_now_units(self) -> int:
        """What is ordered at epoch 0: the same on every path, for all of them start alike."""
        return round(self.expected["ordered_now_units"])

    def fill_rate(self) -> float:
        """Units served over units demanded; 1 where nothing is demanded."""
        demanded = self.expected["demanded_units"]
        return self.expected["sold_units"] / demanded if demanded else 1.0

    def availability(self) -> float:
        """Share of path-weeks in which no demand was lost."""
        return 1.0 - self.expected["stock_out_weeks"] / self.n_weeks


def evaluate(form: PolicyForm, theta: IntArray, paths: Paths, terms: SkuTerms) -> Evaluation:
    """Run one policy on the paths, with everything that is reported of it."""
    return _as_evaluation(*evaluate_policy(form, theta, paths.blocks, terms), n_weeks=paths.n_weeks)


def evaluate_with_order(form: PolicyForm, theta: IntArray, order_units: int, paths: Paths, terms: SkuTerms) -> Evaluation:
    """The same with another order today; the policy decides every later one."""
    return _as_evaluation(*evaluate_first_order(form, theta, order_units, paths.blocks, terms), n_weeks=paths.n_weeks)


def _as_evaluation(path_cost: FloatArray, cost: FloatArray, sums: FloatArray, *, n_weeks: int) -> Evaluation:
    return Evaluation(path_cost, dict(zip(COST_TERMS, cost.tolist(), strict=True)), dict(zip(SERVICE_SUMS, sums.tolist(), strict=True)), n_weeks)


def path_costs(form: PolicyForm, candidates: IntArray, paths: Paths, terms: SkuTerms) -> npt.NDArray[np.float32]:
    """Cost of each candidate on the same paths, EUR `(n_candidates, n_paths)`, within `path_costs.COST_BOUND` of the exact one."""
    scored: npt.NDArray[np.float32] = score_candidates(form, candidates, paths.blocks, terms)
    return scored
