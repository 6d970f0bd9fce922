"""The last phase of the search: the good points compete, each improved on its own, so that no basin is given up early.

Most of these candidates are bred as in differential evolution (Storn & Price 1997): a member of the
population moves a way towards another and along the difference of two others, which follows the ridges, and is replaced
if the child costs less. The rest are jumps from the best: the one that paid last once more, along a ridge, or of any
scale in a few parameters. Greedy jumps from the best alone end in the basin they begin in (`docs/decisions/0012`).
"""

import numpy as np

from simulation.kernels import loop
from simulation.kernels.order_plans import IntArray
from simulation.kernels.search_state import (
    BAR,
    BEST,
    BEST_MEMBER,
    FOLLOWS,
    GOOD_POINTS,
    JUMP,
    MEET,
    MEMBER,
    N_KNOWN,
    NEXT,
    PHASE,
    TURN,
    SearchBox,
    SearchState,
    copy_to,
    follow_ridge,
    is_moved,
    random_below,
)

_SHARE_FROM_BEST = 15
"""Percent of the candidates that are jumps from the best."""
_SHARE_OF_RIDGES = 20
"""Percent of those along ridges."""
_SHARE_TOWARDS_BEST = 50
"""Percent of the children that move towards the best, the others towards anyone."""
_TOWARDS, _ALONG = 0.5, 0.7
"""Mean of g, how far a child moves towards the better point, and of f, how far along a difference; each is drawn from a half to one and a half of it."""
_SHARE_INHERITED = 40
"""Percent of a child's parameters that stay its parent's."""


@loop
def remember(state: SearchState, theta: IntArray) -> None:
    """Keep a good point while there is room."""
    counters = state.counters
    if counters[N_KNOWN] < GOOD_POINTS and not _is_known(state, theta):
        copy_to(state.good[counters[N_KNOWN]], theta)
        counters[N_KNOWN] += 1


@loop
def begin_jumps(state: SearchState) -> None:
    """All good points are scored in full, the best of them first: they are to stand as incumbents."""
    counters = state.counters
    for k in range(counters[N_KNOWN]):
        if not _differ(state.good[k], state.best):
            copy_to(state.good[k], state.good[0])
    copy_to(state.good[0], state.best)
    counters[PHASE], counters[NEXT] = MEET, 0


@loop
def learn_member(state: SearchState, score: float) -> None:
    """Take note of the score of a good point; after the last, the jumps begin."""
    counters = state.counters
    state.good_scores[counters[NEXT]] = score
    counters[NEXT] += 1
    if counters[NEXT] == counters[N_KNOWN]:
        counters[PHASE] = JUMP


@loop
def jump(box: SearchBox, state: SearchState) -> bool:
    """The next jump or child; False = it is a point of the population."""
    counters = state.counters
    if counters[FOLLOWS] == 1 or counters[N_KNOWN] < 4 or random_below(counters, 100) < _SHARE_FROM_BEST:
        counters[MEMBER] = counters[BEST_MEMBER]
        _jump_from_best(box, state)
    else:
        counters[TURN] = (counters[TURN] + 1) % counters[N_KNOWN]
        counters[MEMBER] = counters[TURN]
        _breed(box, state)
    state.scores[BAR] = state.good_scores[counters[MEMBER]]
    return bool(is_moved(box, state.good[counters[MEMBER]], state.candidate) and not _is_known(state, state.candidate))


@loop
def learn_jump(state: SearchState, score: float) -> None:
    """A winner joins the population; once that is full, in the place of the one it has beaten."""
    counters, parent = state.counters, state.good[state.counters[MEMBER]]
    counters[FOLLOWS] = 0
    if not score < state.scores[BAR]:
        return
    place = place_of_winner(state)
    if score < state.scores[BEST]:
        counters[FOLLOWS], counters[BEST_MEMBER] = 1, place
        for i in range(state.move.shape[0]):
            state.move[i] = state.candidate[i] - parent[i]
    copy_to(state.good[place], state.candidate)
    state.good_scores[place] = score
    counters[N_KNOWN] = max(counters[N_KNOWN], place + 1)


@loop
def place_of_winner(state: SearchState) -> int:
    """Where in the population the candidate goes if it beats the bar."""
    counters = state.counters
    return int(counters[N_KNOWN] if counters[N_KNOWN] < GOOD_POINTS else counters[MEMBER])


@loop
def _jump_from_best(box: SearchBox, state: SearchState) -> None:
    counters, n, candidate = state.counters, box.lower.shape[0], state.candidate
    copy_to(candidate, state.best)
    if counters[FOLLOWS] == 1:  # once more what paid last
        for i in range(n):
            candidate[i] += state.move[i]
        counters[FOLLOWS] = 0
    elif box.ridges.shape[0] > 0 and random_below(counters, 100) < _SHARE_OF_RIDGES:
        ridge, n_pitches = random_below(counters, box.ridges.shape[0]), (1 - 2 * random_below(counters, 2)) * (1 + random_below(counters, 4))
        follow_ridge(box, ridge, n_pitches, state)
    else:
        for _ in range(1 + random_below(counters, 3)):
            i, reach = random_below(counters, n), 1
            while reach < 2 * box.first_step[i] and random_below(counters, 2) == 0:
                reach *= 2
            candidate[i] += (1 - 2 * random_below(counters, 2)) * reach * box.pitch[i]


@loop
def _breed(box: SearchBox, state: SearchState) -> None:
    """A child of the member whose turn it is: x + g · (target − x) + f · (one − other), rounded to the grid at random."""
    counters, n, n_known, candidate = state.counters, box.lower.shape[0], state.counters[N_KNOWN], state.candidate
    parent, one, other = state.good[counters[TURN]], state.good[random_below(counters, n_known)], state.good[random_below(counters, n_known)]
    towards_best = random_below(counters, 100) < _SHARE_TOWARDS_BEST
    target = state.good[counters[BEST_MEMBER] if towards_best else random_below(counters, n_known)]
    far, along, surely = _TOWARDS * (0.5 + _unit(counters)), _ALONG * (0.5 + _unit(counters)), random_below(counters, n)
    for i in range(n):
        candidate[i] = parent[i]
        if i == surely or random_below(counters, 100) >= _SHARE_INHERITED:
            moved = far * (target[i] - parent[i]) + along * (one[i] - other[i])
            candidate[i] += int(np.floor(moved / box.pitch[i] + _unit(counters))) * box.pitch[i]


@loop
def _unit(counters: IntArray) -> float:
    """[0, 1), multiples of 2⁻¹⁶."""
    return float(random_below(counters, 1 << 16) / (1 << 16))


@loop
def _is_known(state: SearchState, theta: IntArray) -> bool:
    """Whether a point is in the population."""
    found = False
    for k in range(state.counters[N_KNOWN]):
        found = found or not _differ(state.good[k], theta)
    return found


@loop
def _differ(point: IntArray, other: IntArray) -> bool:
    differs = False
    for i in range(point.shape[0]):
        differs = differs or point[i] != other[i]
    return differs
