"""Where an integer pattern search looks, and where it stands."""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel, loop
from simulation.kernels.order_plans import IntArray
from simulation.kernels.path_costs import N_RIVALS
from simulation.kernels.weekly_simulation import Doubles

GOOD_POINTS = N_RIVALS
"""Points remembered as good."""

BEST, CENTER, BAR = 0, 1, 2
"""Places in `SearchState.scores`."""

PHASE, NEXT, MULTIPLE, N_FAILED, RANDOM, WALK, WALKED, N_KNOWN, FOLLOWS, MEMBER, BEST_MEMBER, TURN = range(12)
"""Places in `SearchState.counters`."""

STARTS, BEGIN_WALK, POLL, MEET, JUMP, DONE = range(6)
"""Phases."""


class SearchBox(NamedTuple):
    """An integer box with a grid, value = lower + k · pitch ≤ upper, and how to search it; `(n_parameters,)` each unless said otherwise."""

    lower: IntArray
    upper: IntArray
    """On the grid."""
    pitch: IntArray
    first_step: IntArray
    """In pitches ≥ 1, powers of two."""
    directions: IntArray
    """`(n_directions, n_parameters)` in steps."""
    ridges: IntArray
    """`(n_ridges, 2)` pairs (i, j): moving i, scale j so that (value of i + 1) · value of j stays."""
    islands: IntArray
    """`(n_islands + 1,)` rows k to k + 1 of the starts are explored together; those after the last are good already."""
    is_rugged: bool
    """Whether two walks and jumps of all scales are worth their candidates."""


class SearchState(NamedTuple):
    """Where the search stands; `(n_parameters,)` each unless said otherwise."""

    best: IntArray
    center: IntArray
    """Of the walk."""
    candidate: IntArray
    """Proposed last."""
    move: IntArray
    """The jump that paid last."""
    step: IntArray
    """In pitches."""
    good: IntArray
    """`(12, n_parameters)` best starts and ends of walks; then the population of the jumps."""
    good_scores: Doubles
    """`(12,)` known during the jumps."""
    start_scores: Doubles
    """`(n_starts,)`; infinity once walked from."""
    scores: Doubles
    """Of the best, of the centre, and the bar."""
    counters: IntArray


@kernel
def new_search(box: SearchBox, n_starts: int) -> SearchState:
    """A search that has not begun."""
    n = box.lower.shape[0]
    best, center, candidate, move = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    counters = np.zeros(12, np.int64)
    counters[MULTIPLE], counters[RANDOM] = 1, 12345
    good, good_scores = np.zeros((GOOD_POINTS, n), np.int64), np.full(GOOD_POINTS, np.inf)
    return SearchState(best, center, candidate, move, box.first_step.copy(), good, good_scores, np.zeros(n_starts), np.full(3, np.inf), counters)


@kernel
def on_grid(box: SearchBox, candidates: IntArray) -> IntArray:
    """The nearest grid points at or below, inside the box, of candidates `(n_candidates, n_parameters)`."""
    clipped = np.empty_like(candidates)
    for k in range(candidates.shape[0]):
        for i in range(candidates.shape[1]):
            inside = min(max(candidates[k, i], box.lower[i]), box.upper[i])
            clipped[k, i] = box.lower[i] + (inside - box.lower[i]) // box.pitch[i] * box.pitch[i]
    return clipped


@kernel
def distinct(candidates: IntArray) -> IntArray:
    """The candidates without repetitions, each where it first stood."""
    kept, n_kept = np.empty_like(candidates), 0
    for k in range(candidates.shape[0]):
        is_new = True
        for other in range(n_kept):
            is_new = is_new and (kept[other] != candidates[k]).any()
        if is_new:
            kept[n_kept] = candidates[k]
            n_kept += 1
    return kept[:n_kept]


@loop
def copy_to(target: IntArray, values: IntArray) -> None:
    """Overwrite a point."""
    for i in range(target.shape[0]):
        target[i] = values[i]


@loop
def is_moved(box: SearchBox, origin: IntArray, candidate: IntArray) -> bool:
    """Put the candidate inside the box; whether it is then another point than the origin."""
    moved = False
    for i in range(candidate.shape[0]):
        candidate[i] = min(max(candidate[i], box.lower[i]), box.upper[i])
        moved = moved or candidate[i] != origin[i]
    return moved


@loop
def follow_ridge(box: SearchBox, ridge: int, n_pitches: int, state: SearchState) -> None:
    """Move one parameter of the candidate and scale the other."""
    moving, scaled = box.ridges[ridge, 0], box.ridges[ridge, 1]
    before = state.candidate[moving]
    after = min(max(before + n_pitches * box.pitch[moving], box.lower[moving]), box.upper[moving])
    state.candidate[moving] = after
    wished = (state.candidate[scaled] * (before + 1) + (after + 1) // 2) // (after + 1)
    state.candidate[scaled] = box.lower[scaled] + (wished - box.lower[scaled] + box.pitch[scaled] // 2) // box.pitch[scaled] * box.pitch[scaled]


@loop
def random_below(counters: IntArray, n: int) -> int:
    """0 … n − 1, n < 2²³, from a linear congruential generator: the same jumps for every SKU, on every machine."""
    counters[RANDOM] = (counters[RANDOM] * 48271 + 11) % 2147483647
    return int((counters[RANDOM] >> 8) * n >> 23)
