"""Integer pattern search as a machine that proposes one candidate at a time and is told its score.

Costs over integer parameters are staircases with oblique ridges (more reorder point for less quantity at equal cost)
and several basins (one large order, or many small ones): gradients see plateaus, single coordinates stall, one walk
ends in the wrong basin. The machine scores all starts, walks from the best two of them by polling along given
directions with a step that halves (Hooke & Jeeves 1961), and spends what is left of the budget on jumps from the best
point: along differences of good points, which follow the ridges, and of all scales in a few parameters.
A box that is not rugged gets one walk and no jumps.

The machine needs a score only where it is below the bar of the proposal; infinity will do for every other.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.order_plans import IntArray
from simulation.kernels.weekly_simulation import Doubles

_N_WALKS = 2
_WALK_BUDGET = 100
_N_GOOD = 12
_N_GOOD_STARTS = 6
_SHARE_OF_DIFFERENCES = 60
"""Percent of the jumps along differences of good points."""


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
    """`(12, n_parameters)` ends of walks, best starts, former bests."""
    start_scores: Doubles
    """`(n_starts,)`; infinity once walked from."""
    scores: Doubles
    """Of the best, of the centre, and the bar."""
    counters: IntArray


_BEST, _CENTER, _BAR = 0, 1, 2
_PHASE, _NEXT, _MULTIPLE, _N_FAILED, _RANDOM, _WALK, _WALKED, _N_KNOWN, _FOLLOWS = 0, 1, 2, 3, 4, 5, 6, 7, 8
_STARTS, _BEGIN_WALK, _POLL, _BEGIN_JUMPS, _JUMP, _DONE = 0, 1, 2, 3, 4, 5


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


@kernel
def new_search(box: SearchBox, n_starts: int) -> SearchState:
    """A search that has not begun."""
    n = box.lower.shape[0]
    best, center, candidate, move = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    counters = np.zeros(9, np.int64)
    counters[_MULTIPLE], counters[_RANDOM] = 1, 12345
    return SearchState(best, center, candidate, move, box.first_step.copy(), np.zeros((_N_GOOD, n), np.int64), np.zeros(n_starts), np.full(3, np.inf), counters)


@kernel
def propose(box: SearchBox, starts: IntArray, state: SearchState) -> bool:
    """Write the next candidate into `state.candidate`, and what it has to beat into the bar; False = there is none."""
    counters, phase = state.counters, state.counters[_PHASE]
    if phase == _STARTS:
        state.candidate[:] = starts[counters[_NEXT]]
        state.scores[_BAR] = np.inf if box.is_rugged else state.scores[_BEST]
        return True
    if phase in (_BEGIN_WALK, _BEGIN_JUMPS):
        state.candidate[:] = starts[counters[_NEXT]] if phase == _BEGIN_WALK else state.best
        state.scores[_BAR] = np.inf  # to stand as the incumbent, it is scored in full once more
        return True
    for _ in range(1000):  # a step may be cut to nothing at the walls of the box: then on to the next
        if counters[_PHASE] == _POLL:
            state.scores[_BAR] = state.scores[_CENTER]
            if _poll(box, state):
                return True
            _next_direction(box, state)
        elif counters[_PHASE] == _JUMP:
            state.scores[_BAR] = state.scores[_BEST]
            if _jump(box, state):
                return True
        else:
            return bool(counters[_PHASE] != _DONE and propose(box, starts, state))
    return False


@kernel
def learn(box: SearchBox, starts: IntArray, state: SearchState, score: float) -> None:
    """Take note of the score of the candidate proposed last."""
    counters, phase = state.counters, state.counters[_PHASE]
    beats_bar = score < state.scores[_BAR]
    if phase == _JUMP:
        counters[_FOLLOWS] = beats_bar
        if beats_bar:
            _remember(state, state.best)
            state.move[:] = state.candidate - state.best
    if score < state.scores[_BEST]:
        state.best[:], state.scores[_BEST] = state.candidate, score
    if phase == _STARTS:
        _learn_start(box, starts, state, score)
    elif phase == _BEGIN_WALK:
        state.center[:], state.scores[_CENTER] = state.candidate, score
        _begin_polls(box, state)
    elif phase == _POLL:
        _learn_poll(box, state, score, beats_bar)
    elif phase == _BEGIN_JUMPS:
        counters[_PHASE] = _JUMP


@kernel
def _learn_start(box: SearchBox, starts: IntArray, state: SearchState, score: float) -> None:
    counters = state.counters
    state.start_scores[counters[_NEXT]] = score
    counters[_NEXT] += 1
    if counters[_NEXT] < starts.shape[0]:
        return
    if box.is_rugged:
        for k in np.argsort(state.start_scores, kind="mergesort")[:_N_GOOD_STARTS]:
            _remember(state, starts[k])
        _next_walk(state)
    else:
        state.center[:], state.scores[_CENTER] = state.best, state.scores[_BEST]
        _begin_polls(box, state)


@kernel
def _next_walk(state: SearchState) -> None:
    """Begin a walk from the best start left, or the jumps."""
    counters = state.counters
    start = np.argmin(state.start_scores)
    if counters[_WALK] == _N_WALKS or not state.start_scores[start] < np.inf:
        counters[_PHASE] = _BEGIN_JUMPS
        return
    state.start_scores[start] = np.inf
    counters[_PHASE], counters[_NEXT] = _BEGIN_WALK, start
    counters[_WALK] += 1


@kernel
def _begin_polls(box: SearchBox, state: SearchState) -> None:
    counters = state.counters
    state.step[:] = box.first_step
    counters[_PHASE] = _POLL if box.directions.shape[0] > 0 else _DONE
    counters[_NEXT], counters[_MULTIPLE], counters[_N_FAILED], counters[_WALKED] = 0, 1, 0, 0


@kernel
def _poll(box: SearchBox, state: SearchState) -> bool:
    """A step from the centre in the direction that is due; False = it leads nowhere."""
    direction, moved = box.directions[state.counters[_NEXT]], False
    for i in range(direction.shape[0]):
        target = state.center[i] + direction[i] * state.step[i] * state.counters[_MULTIPLE] * box.pitch[i]
        state.candidate[i] = min(max(target, box.lower[i]), box.upper[i])
        moved = moved or state.candidate[i] != state.center[i]
    return moved


@kernel
def _learn_poll(box: SearchBox, state: SearchState, score: float, is_better: bool) -> None:
    counters = state.counters
    counters[_WALKED] += 1
    if is_better:  # go there, and twice as far in the same direction
        state.center[:], state.scores[_CENTER] = state.candidate, score
        counters[_MULTIPLE] *= 2
        counters[_N_FAILED] = 0
    else:
        _next_direction(box, state)
    if box.is_rugged and counters[_PHASE] == _POLL and counters[_WALKED] >= _WALK_BUDGET:
        _end_walk(box, state)


@kernel
def _next_direction(box: SearchBox, state: SearchState) -> None:
    """On to the next direction; halve the step when all have failed; after the last step the walk is over."""
    counters = state.counters
    counters[_MULTIPLE] = 1
    counters[_NEXT] = (counters[_NEXT] + 1) % box.directions.shape[0]
    counters[_N_FAILED] += 1
    if counters[_N_FAILED] < box.directions.shape[0]:
        return
    counters[_N_FAILED] = 0
    if (state.step <= 1).all():
        _end_walk(box, state)
    for i in range(state.step.shape[0]):
        state.step[i] = max(state.step[i] // 2, 1)


@kernel
def _end_walk(box: SearchBox, state: SearchState) -> None:
    if box.is_rugged:
        _remember(state, state.center)
        _next_walk(state)
    else:
        state.counters[_PHASE] = _DONE


@kernel
def _jump(box: SearchBox, state: SearchState) -> bool:
    """On from the best point; False = the jump led back to it."""
    counters, n = state.counters, box.lower.shape[0]
    state.candidate[:] = state.best
    if counters[_FOLLOWS] == 1:  # once more what paid last
        state.candidate[:] += state.move
        counters[_FOLLOWS] = 0
    elif _random(state, 100) < _SHARE_OF_DIFFERENCES:
        one, other, quarters = _random(state, counters[_N_KNOWN]), _random(state, counters[_N_KNOWN]), 1 + _random(state, 4)
        for i in range(n):
            apart = (state.good[one, i] - state.good[other, i]) // box.pitch[i]
            state.candidate[i] += (apart * quarters // 4 + _random(state, 3) - 1) * box.pitch[i]
    else:
        for _ in range(1 + _random(state, 3)):
            i, reach = _random(state, n), 1
            while reach < 2 * box.first_step[i] and _random(state, 2) == 0:
                reach *= 2
            state.candidate[i] += (1 - 2 * _random(state, 2)) * reach * box.pitch[i]
    for i in range(n):
        state.candidate[i] = min(max(state.candidate[i], box.lower[i]), box.upper[i])
    return bool((state.candidate != state.best).any())


@kernel
def _remember(state: SearchState, theta: IntArray) -> None:
    """Keep a good point; once there is no room, in the place of a random one."""
    counters = state.counters
    place = counters[_N_KNOWN] if counters[_N_KNOWN] < _N_GOOD else _random(state, _N_GOOD)
    state.good[place] = theta
    counters[_N_KNOWN] = min(counters[_N_KNOWN] + 1, _N_GOOD)


@kernel
def _random(state: SearchState, n: int) -> int:
    """0 … n − 1 from a linear congruential generator: the same jumps for every SKU, on every machine."""
    state.counters[_RANDOM] = (state.counters[_RANDOM] * 48271 + 11) % 2147483647
    return int((state.counters[_RANDOM] >> 8) % n)


@kernel
def bar(state: SearchState) -> float:
    """What the candidate proposed last has to beat."""
    return float(state.scores[_BAR])


@kernel
def best_score(state: SearchState) -> float:
    """The lowest score told so far."""
    return float(state.scores[_BEST])
