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

from simulation.kernels import kernel, loop
from simulation.kernels.order_plans import IntArray
from simulation.kernels.weekly_simulation import Doubles

_N_WALKS = 2
_WALK_BUDGET = 100
GOOD_POINTS = 12
"""Points remembered as good."""
_N_GOOD_STARTS = 6
_SHARE_OF_RIDGES = 20
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
    return SearchState(
        best, center, candidate, move, box.first_step.copy(), np.zeros((GOOD_POINTS, n), np.int64), np.zeros(n_starts), np.full(3, np.inf), counters
    )


@loop
def propose(box: SearchBox, starts: IntArray, state: SearchState) -> bool:
    """Write the next candidate into `state.candidate`, and what it has to beat into the bar; False = there is none."""
    counters, scores = state.counters, state.scores
    for _ in range(1000):  # a step may be cut to nothing at the walls of the box: then on to the next
        phase = counters[_PHASE]
        if phase in (_STARTS, _BEGIN_WALK):
            _copy(starts[counters[_NEXT]], state.candidate)
            scores[_BAR] = scores[_BEST] if phase == _STARTS and not box.is_rugged else np.inf
            return True
        if phase == _BEGIN_JUMPS:  # to stand as the incumbent, it is scored in full once more
            _copy(state.best, state.candidate)
            scores[_BAR] = np.inf
            return True
        if phase == _POLL:
            scores[_BAR] = scores[_CENTER]
            if _poll(box, state):
                return True
            _next_direction(box, state)
        elif phase == _JUMP:
            scores[_BAR] = scores[_BEST]
            if _jump(box, state):
                return True
        else:
            return False
    return False


@loop
def learn(box: SearchBox, starts: IntArray, state: SearchState, score: float) -> None:
    """Take note of the score of the candidate proposed last."""
    counters, phase, scores = state.counters, state.counters[_PHASE], state.scores
    beats_bar = score < scores[_BAR]
    if phase == _JUMP:
        counters[_FOLLOWS] = beats_bar
        if beats_bar:
            _remember(state, state.best)
            for i in range(state.move.shape[0]):
                state.move[i] = state.candidate[i] - state.best[i]
    if score < scores[_BEST]:
        _copy(state.candidate, state.best)
        scores[_BEST] = score
    if phase == _STARTS:
        _learn_start(box, starts, state, score)
    elif phase == _BEGIN_WALK:
        _copy(state.candidate, state.center)
        scores[_CENTER] = score
        _begin_polls(box, state)
    elif phase == _POLL:
        _learn_poll(box, state, score, beats_bar)
    elif phase == _BEGIN_JUMPS:
        counters[_PHASE] = _JUMP


@loop
def _copy(values: IntArray, target: IntArray) -> None:
    for i in range(target.shape[0]):
        target[i] = values[i]


@loop
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
        _copy(state.best, state.center)
        state.scores[_CENTER] = state.scores[_BEST]
        _begin_polls(box, state)


@loop
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


@loop
def _begin_polls(box: SearchBox, state: SearchState) -> None:
    counters = state.counters
    _copy(box.first_step, state.step)
    counters[_PHASE] = _POLL if _n_moves(box) > 0 else _DONE
    counters[_NEXT], counters[_MULTIPLE], counters[_N_FAILED], counters[_WALKED] = 0, 1, 0, 0


@loop
def _poll(box: SearchBox, state: SearchState) -> bool:
    """A step from the centre in the direction, or along the ridge, that is due; False = it leads nowhere."""
    n_directions, due, times = box.directions.shape[0], state.counters[_NEXT], state.counters[_MULTIPLE]
    if due < n_directions:
        for i in range(state.candidate.shape[0]):
            state.candidate[i] = state.center[i] + box.directions[due, i] * state.step[i] * times * box.pitch[i]
    else:
        _copy(state.center, state.candidate)
        ridge, sign = (due - n_directions) // 2, 1 - 2 * ((due - n_directions) % 2)
        _follow_ridge(box, ridge, sign * state.step[box.ridges[ridge, 0]] * times, state)
    return bool(_is_moved(box, state.center, state.candidate))


@loop
def _is_moved(box: SearchBox, origin: IntArray, candidate: IntArray) -> bool:
    """Put the candidate inside the box; whether it is then another point than the origin."""
    moved = False
    for i in range(candidate.shape[0]):
        candidate[i] = min(max(candidate[i], box.lower[i]), box.upper[i])
        moved = moved or candidate[i] != origin[i]
    return moved


@loop
def _n_moves(box: SearchBox) -> int:
    """Directions, and ridges both ways."""
    return int(box.directions.shape[0] + 2 * box.ridges.shape[0])


@loop
def _follow_ridge(box: SearchBox, ridge: int, n_pitches: int, state: SearchState) -> None:
    """Move one parameter of the candidate and scale the other."""
    moving, scaled = box.ridges[ridge, 0], box.ridges[ridge, 1]
    before = state.candidate[moving]
    after = min(max(before + n_pitches * box.pitch[moving], box.lower[moving]), box.upper[moving])
    state.candidate[moving] = after
    wished = (state.candidate[scaled] * (before + 1) + (after + 1) // 2) // (after + 1)
    state.candidate[scaled] = box.lower[scaled] + (wished - box.lower[scaled] + box.pitch[scaled] // 2) // box.pitch[scaled] * box.pitch[scaled]


@loop
def _learn_poll(box: SearchBox, state: SearchState, score: float, is_better: bool) -> None:
    counters = state.counters
    counters[_WALKED] += 1
    if is_better:  # go there, and twice as far in the same direction
        _copy(state.candidate, state.center)
        state.scores[_CENTER] = score
        counters[_MULTIPLE] *= 2
        counters[_N_FAILED] = 0
    else:
        _next_direction(box, state)
    if box.is_rugged and counters[_PHASE] == _POLL and counters[_WALKED] >= _WALK_BUDGET:
        _end_walk(box, state)


@loop
def _next_direction(box: SearchBox, state: SearchState) -> None:
    """On to the next direction; halve the step when all have failed; after the last step the walk is over."""
    counters = state.counters
    counters[_MULTIPLE] = 1
    counters[_NEXT] = (counters[_NEXT] + 1) % _n_moves(box)
    counters[_N_FAILED] += 1
    if counters[_N_FAILED] < _n_moves(box):
        return
    counters[_N_FAILED] = 0
    was_last = True
    for i in range(state.step.shape[0]):
        was_last = was_last and state.step[i] <= 1
        state.step[i] = max(state.step[i] // 2, 1)
    if was_last:
        _end_walk(box, state)


@loop
def _end_walk(box: SearchBox, state: SearchState) -> None:
    if box.is_rugged:
        _remember(state, state.center)
        _next_walk(state)
    else:
        state.counters[_PHASE] = _DONE


@loop
def _jump(box: SearchBox, state: SearchState) -> bool:
    """On from the best point; False = the jump led back to it."""
    counters, n, candidate = state.counters, box.lower.shape[0], state.candidate
    _copy(state.best, candidate)
    if counters[_FOLLOWS] == 1:  # once more what paid last
        for i in range(n):
            candidate[i] += state.move[i]
        counters[_FOLLOWS] = 0
    elif box.ridges.shape[0] > 0 and _random(counters, 100) < _SHARE_OF_RIDGES:
        ridge, n_pitches = _random(counters, box.ridges.shape[0]), (1 - 2 * _random(counters, 2)) * (1 + _random(counters, 4))
        _follow_ridge(box, ridge, n_pitches, state)
    elif _random(counters, 100) < _SHARE_OF_DIFFERENCES:
        one, other, quarters = _random(counters, counters[_N_KNOWN]), _random(counters, counters[_N_KNOWN]), 1 + _random(counters, 4)
        for i in range(n):
            apart = (state.good[one, i] - state.good[other, i]) // box.pitch[i]
            candidate[i] += (apart * quarters // 4 + _random(counters, 3) - 1) * box.pitch[i]
    else:
        for _ in range(1 + _random(counters, 3)):
            i, reach = _random(counters, n), 1
            while reach < 2 * box.first_step[i] and _random(counters, 2) == 0:
                reach *= 2
            candidate[i] += (1 - 2 * _random(counters, 2)) * reach * box.pitch[i]
    return bool(_is_moved(box, state.best, candidate))


@loop
def _remember(state: SearchState, theta: IntArray) -> None:
    """Keep a good point; once there is no room, in the place of a random one."""
    counters = state.counters
    place = counters[_N_KNOWN] if counters[_N_KNOWN] < GOOD_POINTS else _random(counters, GOOD_POINTS)
    _copy(theta, state.good[place])
    counters[_N_KNOWN] = min(counters[_N_KNOWN] + 1, GOOD_POINTS)


@loop
def _random(counters: IntArray, n: int) -> int:
    """0 … n − 1 from a linear congruential generator: the same jumps for every SKU, on every machine."""
    counters[_RANDOM] = (counters[_RANDOM] * 48271 + 11) % 2147483647
    return int((counters[_RANDOM] >> 8) % n)


@loop
def is_incumbent(state: SearchState) -> bool:
    """Whether the candidate proposed last is a walk's, or the jumps', point of departure, scored in full once more."""
    return bool(state.counters[_PHASE] == _BEGIN_WALK or state.counters[_PHASE] == _BEGIN_JUMPS)


@loop
def n_known(state: SearchState) -> int:
    """How many good points are remembered."""
    return int(state.counters[_N_KNOWN])


@loop
def bar(state: SearchState) -> float:
    """What the candidate proposed last has to beat."""
    return float(state.scores[_BAR])


@loop
def best_score(state: SearchState) -> float:
    """The lowest score told so far."""
    return float(state.scores[_BEST])
