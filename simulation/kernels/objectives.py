"""What a candidate is scored by: a percentile, the mean or the worst share of its path costs; and when it has lost already.

A candidate only matters if it beats the incumbent, so its paths are simulated block by block and it is dropped as soon
as it cannot: a percentile's challenger loses once too many of its paths cost more than the incumbent's percentile. With
a `race_slack` it is also dropped when it is so far behind the incumbent on the same blocks that it hardly can.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel, loop
from simulation.kernels.order_plans import BLOCK_PATHS, Floats, IntArray, PolicyForm, plan_orders
from simulation.kernels.path_costs import Workspace, new_workspace
from simulation.kernels.quick_costs import cost_of_block, quick_plan
from simulation.kernels.weekly_simulation import Doubles, Masks, PathBlocks, SkuTerms, by_week

PERCENTILE, MEAN, TAIL_MEAN = 0, 1, 2
"""Kinds of objective; `TAIL_MEAN` is the mean of the costs from a percentile on (CVaR)."""

INFEASIBLE = 1e30
"""Added to the shortfall of a candidate below the fill-rate floor: it loses to every one that keeps it."""


class ObjectiveTerms(NamedTuple):
    """What is minimised over the paths."""

    kind: int
    rank: int
    """The percentile is the cost of this many-th cheapest path less one, an actual path's, never interpolated."""
    minimum_fill_rate: float
    """Floor of units sold over units demanded, all paths together; 0 = none."""
    demanded_units: float
    """Σ over paths and weeks."""
    race_slack: float
    """A candidate is dropped once it is this share of all paths (of the incumbent's mean) behind; infinity = only when it cannot win."""


@loop
def score_or_lose(objective: ObjectiveTerms, paths: PathBlocks, terms: SkuTerms, room: Workspace, incumbent: float, rival: int) -> float:
    """Score of the plan in `room` if it beats the incumbent's; infinity as soon as it is known not to.

    Args:
        objective: What is minimised.
        paths: The SKU's futures.
        terms: The SKU.
        room: Overwritten but for the plan.
        incumbent: The score to beat; infinity = score in full.
        rival: Whose score that is: row of `Workspace.race`.
    """
    n_paths, n_blocks, so_far, sold = paths.n_paths, paths.demand_units.shape[0], 0.0, 0.0
    n_allowed = n_paths - 1 - objective.rank
    has_floor, is_mean = objective.minimum_fill_rate * objective.demanded_units > 0.0, objective.kind == MEAN
    can_lose = incumbent < INFEASIBLE and not has_floor and objective.kind != TAIL_MEAN
    limit = incumbent * n_paths if is_mean else float(n_allowed + 1)
    slack = objective.race_slack * (incumbent if is_mean else 1.0) * n_paths
    quick = quick_plan(room.plan, terms, has_floor)
    for block in range(n_blocks):
        cost, n_here = room.cost[block], min(BLOCK_PATHS, n_paths - block * BLOCK_PATHS)
        cost_of_block(quick, room.plan, block, paths, terms, room.flows, cost)
        for path in range(n_here, BLOCK_PATHS):
            cost[path] = np.inf
        if can_lose or is_mean:
            so_far += _sum(cost, n_here) if is_mean else _count_not_below(cost, np.float32(incumbent)) - (BLOCK_PATHS - n_here)
        if can_lose and (so_far >= limit or so_far > room.race[rival, block] + slack):
            return np.inf
        if block == 0 and can_lose and not is_mean and n_blocks > 1 and objective.race_slack < np.inf and _are_equal(cost, room.incumbent[rival]):
            return np.inf  # a step on a plateau: nothing changes where the percentile is decided
        if has_floor:
            for sales in by_week(room.flows.sold, paths.demand_units.shape[1]):
                sold += _sum(sales, n_here)
    shortfall = objective.minimum_fill_rate * objective.demanded_units - sold
    if has_floor and shortfall > 0.0:
        return INFEASIBLE * (1.0 + shortfall / objective.demanded_units)
    if is_mean:
        return so_far / n_paths
    value = select(room.cost.reshape(-1).view(np.int32), objective.rank)
    return np.float64(value) if objective.kind == PERCENTILE else tail_mean(room.cost.reshape(-1), value, n_allowed + 1, n_paths)


@loop
def note_incumbent(objective: ObjectiveTerms, score: float, n_paths: int, room: Workspace, rival: int) -> None:
    """After a candidate has won: remember, in its row, where it stood after each block, for the next ones to race against."""
    so_far = 0.0
    for path in range(BLOCK_PATHS):
        room.incumbent[rival, path] = room.cost[0, path]
    for block in range(room.cost.shape[0]):
        cost, n_here = room.cost[block], min(BLOCK_PATHS, n_paths - block * BLOCK_PATHS)
        so_far += _sum(cost, n_here) if objective.kind == MEAN else _count_not_below(cost, np.float32(score)) - (BLOCK_PATHS - n_here)
        room.race[rival, block] = so_far


@loop
def _sum(values: Floats, n: int) -> float:
    total = 0.0
    for path in range(n):
        total += np.float64(values[path])
    return total


@loop
def _are_equal(values: Floats, others: Floats) -> bool:
    n_different = 0
    for path in range(BLOCK_PATHS):
        n_different += 1 if values[path] != others[path] else 0
    return n_different == 0


@loop
def _count_not_below(values: Floats, level: np.float32) -> int:
    count = 0
    for path in range(BLOCK_PATHS):
        count += 0 if values[path] < level else 1
    return count


@loop
def select(bits: Masks, rank: int) -> np.float32:
    """The value of the given rank among non-negative float32 numbers given as their bits.

    Such numbers are ordered as their bits are, so the value is built bit by bit from counts: loops that become SIMD. The
    leading bits are those that the smallest and the largest share.
    """
    smallest = largest = bits[0]
    for path in range(bits.shape[0]):
        smallest, largest = min(smallest, bits[path]), max(largest, bits[path])
    n_open = 31
    while n_open > 0 and smallest >> (n_open - 1) == largest >> (n_open - 1):
        n_open -= 1
    found = np.int32(smallest >> n_open << n_open)
    for place in range(n_open - 1, -1, -1):
        trial, n_below = np.int32(found | (1 << place)), np.int32(0)
        for path in range(bits.shape[0]):
            n_below = np.int32(n_below + (1 if bits[path] < trial else 0))
        if n_below <= rank:
            found = trial
    return np.int32(found).view(np.float32)


@kernel
def tail_mean(cost: Floats, value: np.float32, n_tail: int, n_paths: int) -> float:
    """Mean of the `n_tail` largest costs, of which `value` is the smallest."""
    excess = 0.0
    for path in range(n_paths):
        excess += max(np.float64(cost[path]) - np.float64(value), 0.0)
    return np.float64(value) + excess / n_tail


@kernel
def score_all(form: PolicyForm, candidates: IntArray, objective: ObjectiveTerms, paths: PathBlocks, terms: SkuTerms) -> Doubles:
    """Score in full of every candidate `(n_candidates,)` of the policy; other arguments as of `score_or_lose`."""
    room, scores = new_workspace(paths), np.empty(candidates.shape[0])
    for candidate in range(candidates.shape[0]):
        plan_orders(form, candidates[candidate], terms.orders, room.plan)
        scores[candidate] = score_or_lose(objective, paths, terms, room, np.inf, 0)
    return scores
