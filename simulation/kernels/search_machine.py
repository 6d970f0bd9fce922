"""Integer pattern search as a machine that proposes one candidate at a time and is told its score.

Costs over integer parameters are staircases with oblique ridges (more reorder point for less quantity at equal cost)
and several basins (one large order, or many small ones): gradients see plateaus, single coordinates stall, one walk
ends in the wrong basin. The machine scores all starts, walks from the best two of them by polling along given
directions with a step that halves (Hooke & Jeeves 1961), and spends what is left of the budget on a population of the
best starts and the ends of the walks (`search_population.py`). A box that is not rugged gets one walk and no population.

The machine needs a score only where it is below the bar of the proposal; infinity will do for every other.
"""

import numpy as np

from simulation.kernels import loop
from simulation.kernels.order_plans import IntArray
from simulation.kernels.search_population import begin_jumps, jump, learn_jump, learn_member, place_of_winner, remember
from simulation.kernels.search_state import (
    BAR,
    BEGIN_WALK,
    BEST,
    CENTER,
    DONE,
    GOOD_POINTS,
    JUMP,
    MEET,
    MEMBER,
    MULTIPLE,
    N_FAILED,
    N_KNOWN,
    NEXT,
    PHASE,
    POLL,
    STARTS,
    WALK,
    WALKED,
    SearchBox,
    SearchState,
    copy_to,
    follow_ridge,
    is_moved,
)

_N_WALKS = 2
_WALK_BUDGET = 100


@loop
def propose(box: SearchBox, starts: IntArray, state: SearchState) -> bool:
    """Write the next candidate into `state.candidate`, and what it has to beat into the bar; False = there is none."""
    counters, scores = state.counters, state.scores
    for _ in range(1000):  # a step may be cut to nothing at the walls of the box: then on to the next
        phase = counters[PHASE]
        if phase in (STARTS, BEGIN_WALK):
            copy_to(state.candidate, starts[counters[NEXT]])
            scores[BAR] = scores[BEST] if phase == STARTS and not box.is_rugged else np.inf
            return True
        if phase == MEET:
            copy_to(state.candidate, state.good[counters[NEXT]])
            scores[BAR] = np.inf
            return True
        if phase == POLL:
            scores[BAR] = scores[CENTER]
            if _poll(box, state):
                return True
            _next_direction(box, state)
        elif phase == JUMP:
            if jump(box, state):
                return True
        else:
            return False
    return False


@loop
def learn(box: SearchBox, starts: IntArray, state: SearchState, score: float) -> None:
    """Take note of the score of the candidate proposed last."""
    phase, scores = state.counters[PHASE], state.scores
    beats_bar = score < scores[BAR]
    if phase == JUMP:
        learn_jump(state, score)
    if score < scores[BEST]:
        copy_to(state.best, state.candidate)
        scores[BEST] = score
    if phase == STARTS:
        _learn_start(box, starts, state, score)
    elif phase == BEGIN_WALK:
        copy_to(state.center, state.candidate)
        scores[CENTER] = score
        _begin_polls(box, state)
    elif phase == POLL:
        _learn_poll(box, state, score, beats_bar)
    elif phase == MEET:
        learn_member(state, score)


@loop
def _learn_start(box: SearchBox, starts: IntArray, state: SearchState, score: float) -> None:
    counters = state.counters
    state.start_scores[counters[NEXT]] = score
    counters[NEXT] += 1
    if counters[NEXT] < starts.shape[0]:
        return
    if box.is_rugged:
        for k in np.argsort(state.start_scores, kind="mergesort")[: GOOD_POINTS - _N_WALKS]:
            remember(state, starts[k])
        _next_walk(state)
    else:
        copy_to(state.center, state.best)
        state.scores[CENTER] = state.scores[BEST]
        _begin_polls(box, state)


@loop
def _next_walk(state: SearchState) -> None:
    """Begin a walk from the best start left, or the jumps."""
    counters = state.counters
    start = np.argmin(state.start_scores)
    if counters[WALK] == _N_WALKS or not state.start_scores[start] < np.inf:
        begin_jumps(state)
        return
    state.start_scores[start] = np.inf
    counters[PHASE], counters[NEXT] = BEGIN_WALK, start
    counters[WALK] += 1


@loop
def _begin_polls(box: SearchBox, state: SearchState) -> None:
    counters = state.counters
    copy_to(state.step, box.first_step)
    counters[PHASE] = POLL if _n_moves(box) > 0 else DONE
    counters[NEXT], counters[MULTIPLE], counters[N_FAILED], counters[WALKED] = 0, 1, 0, 0


@loop
def _poll(box: SearchBox, state: SearchState) -> bool:
    """A step from the centre in the direction, or along the ridge, that is due; False = it leads nowhere."""
    n_directions, due, times = box.directions.shape[0], state.counters[NEXT], state.counters[MULTIPLE]
    if due < n_directions:
        for i in range(state.candidate.shape[0]):
            state.candidate[i] = state.center[i] + box.directions[due, i] * state.step[i] * times * box.pitch[i]
    else:
        copy_to(state.candidate, state.center)
        ridge, sign = (due - n_directions) // 2, 1 - 2 * ((due - n_directions) % 2)
        follow_ridge(box, ridge, sign * state.step[box.ridges[ridge, 0]] * times, state)
    return bool(is_moved(box, state.center, state.candidate))


@loop
def _n_moves(box: SearchBox) -> int:
    """Directions, and ridges both ways."""
    return int(box.directions.shape[0] + 2 * box.ridges.shape[0])


@loop
def _learn_poll(box: SearchBox, state: SearchState, score: float, is_better: bool) -> None:
    counters = state.counters
    counters[WALKED] += 1
    if is_better:  # go there, and twice as far in the same direction
        copy_to(state.center, state.candidate)
        state.scores[CENTER] = score
        counters[MULTIPLE] *= 2
        counters[N_FAILED] = 0
    else:
        _next_direction(box, state)
    if box.is_rugged and counters[PHASE] == POLL and counters[WALKED] >= _WALK_BUDGET:
        _end_walk(box, state)


@loop
def _next_direction(box: SearchBox, state: SearchState) -> None:
    """On to the next direction; halve the step when all have failed; after the last step the walk is over."""
    counters = state.counters
    counters[MULTIPLE] = 1
    counters[NEXT] = (counters[NEXT] + 1) % _n_moves(box)
    counters[N_FAILED] += 1
    if counters[N_FAILED] < _n_moves(box):
        return
    counters[N_FAILED] = 0
    was_last = True
    for i in range(state.step.shape[0]):
        was_last = was_last and state.step[i] <= 1
        state.step[i] = max(state.step[i] // 2, 1)
    if was_last:
        _end_walk(box, state)


@loop
def _end_walk(box: SearchBox, state: SearchState) -> None:
    if box.is_rugged:
        remember(state, state.center)
        _next_walk(state)
    else:
        state.counters[PHASE] = DONE


@loop
def is_incumbent(state: SearchState) -> bool:
    """Whether the candidate proposed last is a walk's, or the population's best, point of departure, scored in full once more."""
    counters = state.counters
    return bool(counters[PHASE] == BEGIN_WALK or (counters[PHASE] == MEET and counters[NEXT] == 0))


@loop
def rival(state: SearchState) -> int:
    """Which incumbent (row of `Workspace.race`) the candidate proposed last has to beat."""
    return int(state.counters[MEMBER] if state.counters[PHASE] == JUMP else 0)


@loop
def row_of_winner(state: SearchState) -> int:
    """Which incumbent the candidate proposed last becomes if it beats the bar."""
    counters = state.counters
    if counters[PHASE] == JUMP:
        return int(place_of_winner(state))
    return int(counters[NEXT] if counters[PHASE] == MEET else 0)


@loop
def n_known(state: SearchState) -> int:
    """How many good points are remembered."""
    return int(state.counters[N_KNOWN])


@loop
def bar(state: SearchState) -> float:
    """What the candidate proposed last has to beat."""
    return float(state.scores[BAR])


@loop
def best_score(state: SearchState) -> float:
    """The lowest score told so far."""
    return float(state.scores[BEST])
