"""The search of one SKU's best parameters, compiled: the machine of `search_machine.py` and the score of each candidate in one loop.

Good regions show on few paths. So every island of starts is explored on the first block of paths, a quarter of them, which is as
evenly spread as all; the best points found then compete, and are improved, on all paths.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.borrowing import borrowed
from simulation.kernels.critical_paths import OrderedPaths, in_original_order, put_critical_first
from simulation.kernels.demand_totals import total_demand
from simulation.kernels.objectives import PERCENTILE, ObjectiveTerms, note_incumbent, score_or_lose
from simulation.kernels.order_plans import BLOCK_PATHS, IntArray, PolicyForm, plan_orders
from simulation.kernels.path_costs import Workspace, new_workspace
from simulation.kernels.search_machine import bar, best_score, is_incumbent, learn, n_known, propose, rival, row_of_winner
from simulation.kernels.search_state import GOOD_POINTS, SearchBox, SearchState, distinct, new_search, on_grid
from simulation.kernels.seen_plans import is_new, no_plans
from simulation.kernels.weekly_simulation import PathBlocks, SkuTerms

SEEN_IN_A_ROW = 20
"""Candidates in a row that were scored before, after which a search ends: where demand is low, it has soon seen everything."""

SHARE_ON_FEW_PATHS = 0.2
"""Of the budget of a rugged search; a smooth one only ranks its starts there."""


class SearchRoom(NamedTuple):
    """Room for searches, one after another: making it takes as long as three candidates."""

    workspace: Workspace
    seen: IntArray
    """Of `seen_plans`."""


@kernel
def new_search_room(n_starts: int, budget: int, paths: PathBlocks) -> SearchRoom:
    """Room for searches with that many starts and that budget, on paths of that shape."""
    return SearchRoom(new_workspace(paths), no_plans(budget + n_starts * (GOOD_POINTS + 2)))


@kernel
def search(
    form: PolicyForm, box: SearchBox, starts: IntArray, budget: int, objective: ObjectiveTerms, paths: PathBlocks, terms: SkuTerms
) -> tuple[IntArray, float, int]:
    """`search_in` with room of its own."""
    room = new_search_room(starts.shape[0], budget, paths)
    theta, score, n_done = search_in(room, form, box, starts, budget, objective, paths, terms)
    return theta, score, n_done


@kernel
def search_in(
    room: SearchRoom, form: PolicyForm, box: SearchBox, starts: IntArray, budget: int, objective: ObjectiveTerms, paths: PathBlocks, terms: SkuTerms
) -> tuple[IntArray, float, int]:
    """The best parameters found within the budget, their score, and how many candidates were scored, on few paths or all.

    Args:
        room: Overwritten.
        form: The policy.
        box: Where to look.
        starts: `(n_starts, n_parameters)`; those outside the box or between the points of its grid are moved there. Starts that belong to no
            island compete on all paths at once.
        budget: Most candidates that are scored; a plan that was scored before does not count.
        objective: What is minimised.
        paths: The futures on which candidates compete.
        terms: The SKU.
    """
    few, n_islands, n_done, n_found = first_paths(paths, BLOCK_PATHS), box.islands.shape[0] - 1, 0, 0
    rough = on_fewer_paths(objective, paths.n_paths, few)
    found = np.empty((n_islands * (GOOD_POINTS + 1) + starts.shape[0], starts.shape[1]), np.int64)
    for island in range(n_islands):
        own = starts[box.islands[island] : box.islands[island + 1]]
        wished = max(int(budget * SHARE_ON_FEW_PATHS / n_islands) if box.is_rugged else 0, own.shape[0])
        share = max(min(wished, (budget - n_done) // (n_islands - island + 1)), 1)
        state, n_here = explore(room, form, box, own, share, rough, few, terms)
        n_done += n_here
        found[n_found] = state.best
        n_kept = n_known(state)
        found[n_found + 1 : n_found + 1 + n_kept] = state.good[:n_kept]
        n_found += 1 + n_kept
    others = starts[box.islands[n_islands] :]
    found[n_found : n_found + others.shape[0]] = others
    state, n_here = explore(room, form, box, found[: n_found + others.shape[0]], max(budget - n_done, 1), objective, paths, terms)
    return state.best, best_score(state), n_done + n_here


@kernel
def explore(
    room: SearchRoom, form: PolicyForm, box: SearchBox, starts: IntArray, budget: int, objective: ObjectiveTerms, paths: PathBlocks, terms: SkuTerms
) -> tuple[SearchState, int]:
    """One run of the machine on the given paths: where it stands in the end, and how many candidates it scored. Arguments as of `search_in`."""
    starts = distinct(on_grid(box, starts))
    state, workspace = new_search(box, starts.shape[0]), first_blocks(room.workspace, paths.demand_units.shape[0])
    room.seen[:], workspace.race[:] = 0, np.inf
    puts_critical_first = box.is_rugged and objective.kind == PERCENTILE and paths.n_paths > BLOCK_PATHS
    ordered = in_original_order(paths) if puts_critical_first else OrderedPaths(paths, np.empty(0, np.int64))
    n_done = _look_at_candidates(form, box, starts, budget, objective, paths, terms, state, workspace, ordered, room.seen)
    return state, n_done


@kernel
def _look_at_candidates(
    form: PolicyForm,
    box: SearchBox,
    starts: IntArray,
    budget: int,
    objective: ObjectiveTerms,
    paths: PathBlocks,
    terms: SkuTerms,
    state: SearchState,
    room: Workspace,
    ordered: OrderedPaths,
    seen: IntArray,
) -> int:
    """Propose, score what is new, learn; how many were scored."""
    form, box, starts, paths, terms = borrowed(form), borrowed(box), borrowed(starts), borrowed(paths), borrowed(terms)
    state, room, ordered, seen, n_scored = borrowed(state), borrowed(room), borrowed(ordered), borrowed(seen), 0
    n_seen = 0
    while n_scored < budget and n_seen < SEEN_IN_A_ROW and propose(box, starts, state):
        to_beat, score = bar(state), np.inf
        plan_orders(form, state.candidate, terms.orders, room.plan)
        if is_new(room.plan, seen) or not to_beat < np.inf:
            score = score_or_lose(objective, ordered.paths, terms, room, to_beat, rival(state))
            n_scored += 1
            n_seen = 0
        if ordered.order.shape[0] > 0 and is_incumbent(state):
            put_critical_first(paths, ordered, room.cost, score)
        if score < to_beat:
            note_incumbent(objective, score, paths.n_paths, room, row_of_winner(state))
        learn(box, starts, state, score)
        n_seen += 1
    return n_scored


@kernel
def first_blocks(room: Workspace, n_blocks: int) -> Workspace:
    """Of the same room, for so many blocks of paths."""
    return Workspace(room.plan, room.flows, room.cost[:n_blocks], room.race[:, :n_blocks], room.incumbent)


@kernel
def first_paths(paths: PathBlocks, n_paths: int) -> PathBlocks:
    """Whole blocks of at least that many paths."""
    n_blocks = (n_paths + BLOCK_PATHS - 1) // BLOCK_PATHS
    return PathBlocks(
        paths.demand_units[:n_blocks],
        paths.arrivals[:n_blocks],
        paths.inbound_units[:n_blocks],
        paths.return_offset[:n_blocks],
        paths.longest_lead_weeks,
        min(paths.n_paths, n_blocks * BLOCK_PATHS),
    )


@kernel
def on_fewer_paths(objective: ObjectiveTerms, n_paths: int, few: PathBlocks) -> ObjectiveTerms:
    """The same objective on some of the paths."""
    rank = int(np.ceil((objective.rank + 1) * few.n_paths / n_paths)) - 1
    demanded = total_demand(few) if objective.minimum_fill_rate > 0.0 else 0.0
    return ObjectiveTerms(objective.kind, rank, objective.minimum_fill_rate, demanded, objective.race_slack)
