"""The best parameters of the extended policy that patience finds: an exhaustive grid, refined from its best points, in every basin it shows."""

import itertools

import numpy as np
import numpy.typing as npt

from simulation.costs import objective_terms
from simulation.kernels.objectives import score_all
from simulation.kernels.search import search
from simulation.optimizers.protocol import SearchSpace
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES

IntArray = npt.NDArray[np.int64]

N_REFINED = 20
REFINING_EVALUATIONS = 2_000
_PER_AXIS = 12


def reference_scores(situation: Situation) -> tuple[float, float]:
    """Lowest objective of the 20,736 points of `grid` and of patient searches from its best 20; and of those from every basin it shows, too, EUR."""
    policy = POLICIES["extended"]
    form, space, objective = (
        policy.form(situation),
        policy.search_space(situation),
        objective_terms(situation.inventory, float(situation.demanded_units), situation.paths.n_paths),
    )
    points = grid(situation, space)
    scores = score_all(form, points, objective, situation.paths.blocks, situation.terms)
    wide = space._replace(first_step=2 * space.first_step, islands=()).box()
    patient = objective._replace(race_slack=np.inf)
    refined, found = [], [float(scores.min())]
    for k in _to_refine(points, scores):
        theta, score, _ = search(form, wide, points[k][None, :], REFINING_EVALUATIONS, patient, situation.paths.blocks, situation.terms)
        refined.append(theta)
        found.append(float(score))
    _, score, _ = search(form, wide, np.array(refined), 5 * REFINING_EVALUATIONS, patient, situation.paths.blocks, situation.terms)
    return min(found[: N_REFINED + 1]), min(*found, float(score))


def _to_refine(points: IntArray, scores: npt.NDArray[np.float64]) -> list[int]:
    """The best 20 points; and, for there are several basins, the best of every value of t₀, Q₀ and s."""
    order = np.argsort(scores, kind="stable")
    firsts = (np.unique(points[order, axis], return_index=True)[1] for axis in (0, 1, 2))
    return list(dict.fromkeys([*order[:N_REFINED].tolist(), *(int(order[k]) for first in firsts for k in first)]))


def grid(situation: Situation, space: SearchSpace) -> IntArray:
    """4 × 12 × 12 × 12 × 3 points (t₀, Q₀, s, Q, t_limit), finer where values are small."""
    n_weeks, protected = situation.n_weeks, situation.protection_interval_weeks
    whole = situation.demand_quantile_units(n_weeks, 0.95)
    busiest = int(1.2 * situation.cover_quantiles_units((0.99,), n_weeks=min(protected + 1, n_weeks), first_weeks=n_weeks).max()) + 1
    last = n_weeks - 1
    axes = (
        np.minimum((0, 1, 3, 6), space.upper[0]),
        _axis(min(int(whole), int(space.upper[1])), int(space.pitch[1])),
        _axis(min(busiest, int(space.upper[2])), 1),
        _axis(min(int(whole) // 2 + 1, int(space.upper[3])), int(space.pitch[3])),
        (last - 6, last - 3, last),
    )
    return np.array(list(itertools.product(*axes)), dtype=np.int64)


def _axis(most: int, pitch: int) -> IntArray:
    return (np.linspace(0, 1, _PER_AXIS) ** 1.5 * most // pitch * pitch).astype(np.int64)
