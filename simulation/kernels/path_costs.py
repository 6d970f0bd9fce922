"""What the simulated weeks cost, per path: quickly for the search, in full for the figures that are reported."""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel, loop
from simulation.kernels.order_plans import AT_ONCE, BLOCK_PATHS, Floats, IntArray, OrderPlan, PolicyForm, new_plan, plan_orders
from simulation.kernels.quick_costs import cost_of_block, quick_plan
from simulation.kernels.weekly_simulation import Doubles, Flows, PathBlocks, SkuTerms, aligned_rows, new_flows, simulate_block

COST_BOUND = 2e-6
"""Largest relative error of a path's float32 cost: a sum of non-negative terms, each rounded at most 20 times by 2⁻²⁴."""

N_RIVALS = 12
"""Incumbents that candidates may be raced against."""

COST_TERMS = ("holding", "inbound", "outbound", "returns", "lost_sales", "overstock", "fixed_order")
"""Terms of a path's cost, in the order in which they are added up."""

_HOLDING, _INBOUND, _OUTBOUND, _RETURNS, _LOST_SALES, _OVERSTOCK, _FIXED_ORDER = 0, 1, 2, 3, 4, 5, 6

SERVICE_SUMS = (
    "demanded_units",
    "sold_units",
    "received_units",
    "returned_units",
    "ordered_units",
    "ordered_now_units",
    "end_units",
    "stock_out_weeks",
    "n_orders",
)
"""What is added up over a path's weeks beside its cost; `ordered_now` and `end` are taken at one moment."""

_DEMANDED, _SOLD, _RECEIVED, _RETURNED, _ORDERED, _ORDERED_NOW, _END, _STOCK_OUT_WEEKS, _ORDERS = 0, 1, 2, 3, 4, 5, 6, 7, 8


class Workspace(NamedTuple):
    """Room to simulate one candidate: made once for many, so that a candidate allocates nothing."""

    plan: OrderPlan
    flows: Flows
    cost: Floats
    """`(n_blocks, BLOCK_PATHS)` cost of each path, EUR."""
    race: Doubles
    """`(N_RIVALS, n_blocks)` where each incumbent stood after each block (`objectives.note_incumbent`)."""
    incumbent: Floats
    """`(N_RIVALS, BLOCK_PATHS)` each incumbent's cost on the first block."""


@kernel
def new_workspace(paths: PathBlocks) -> Workspace:
    """Room for the paths of one SKU."""
    n_blocks, n_weeks = paths.demand_units.shape[:2]
    cost, race = aligned_rows(n_blocks).reshape(n_blocks, BLOCK_PATHS), np.full((N_RIVALS, n_blocks), np.inf)
    return Workspace(new_plan(n_weeks), new_flows(n_weeks), cost, race, aligned_rows(N_RIVALS).reshape(N_RIVALS, BLOCK_PATHS))


@kernel
def score_candidates(form: PolicyForm, candidates: IntArray, paths: PathBlocks, terms: SkuTerms) -> Floats:
    """Cost of every candidate policy on every path, EUR `(n_candidates, n_paths)`: all see the same paths.

    Args:
        form: The policy.
        candidates: `(n_candidates, n_parameters)` [θ].
        paths: The SKU's futures.
        terms: The SKU.
    """
    room, path_cost = new_workspace(paths), np.empty((candidates.shape[0], paths.n_paths), np.float32)
    for candidate in range(candidates.shape[0]):
        plan_orders(form, candidates[candidate], terms.orders, room.plan)
        quick = quick_plan(room.plan, terms, False)
        for block in range(paths.demand_units.shape[0]):
            cost_of_block(quick, room.plan, block, paths, terms, room.flows, room.cost[block])
        flat = room.cost.reshape(-1)
        for path in range(paths.n_paths):
            path_cost[candidate, path] = flat[path]
    return path_cost


@kernel
def score_first_orders(form: PolicyForm, theta: IntArray, orders_units: IntArray, paths: PathBlocks, terms: SkuTerms) -> tuple[Floats, Doubles]:
    """What each of several orders today leads to, if the policy decides every later one.

    Args:
        form: The policy.
        theta: Its parameters.
        orders_units: `(n_orders,)` today's orders, as the supplier accepts them.
        paths: The SKU's futures.
        terms: The SKU.

    Returns:
        Cost on every path, EUR `(n_orders, n_paths)`, and units sold on the mean path `(n_orders,)`.
    """
    n_weeks = paths.demand_units.shape[1]
    room, path_cost, sold = new_workspace(paths), np.empty((orders_units.shape[0], paths.n_paths), np.float32), np.zeros(orders_units.shape[0])
    plan_orders(form, theta, terms.orders, room.plan)
    room.plan.kind[0] = AT_ONCE
    for order in range(orders_units.shape[0]):
        room.plan.amount_units[0] = np.float32(orders_units[order])
        for block in range(paths.demand_units.shape[0]):
            simulate_block(room.plan, block, paths, terms, room.flows, room.cost[block])
            n_here = min(BLOCK_PATHS, paths.n_paths - block * BLOCK_PATHS)
            sales = room.flows.sold
            for week in range(sales.size // BLOCK_PATHS - n_weeks, sales.size // BLOCK_PATHS):
                for path in range(n_here):
                    sold[order] += sales[week * BLOCK_PATHS + path]
        flat = room.cost.reshape(-1)
        for path in range(paths.n_paths):
            path_cost[order, path] = flat[path]
    return path_cost, sold / paths.n_paths


@kernel
def evaluate_paths(form: PolicyForm, theta: IntArray, paths: PathBlocks, terms: SkuTerms) -> tuple[Doubles, Doubles]:
    """One policy in detail, in float64, path by path.

    Returns:
        Cost by term and path, EUR `(7, n_paths)`, and `SERVICE_SUMS` per path `(9, n_paths)`.
    """
    room, n_paths = new_workspace(paths), paths.n_paths
    cost, sums = np.empty((7, n_paths)), np.empty((9, n_paths))
    block_cost, block_sums = np.empty(7 * BLOCK_PATHS), np.empty(9 * BLOCK_PATHS)
    plan_orders(form, theta, terms.orders, room.plan)
    for block in range(paths.demand_units.shape[0]):
        _evaluate_block(room, block, paths, terms, block_cost, block_sums)
        first, n_here = block * BLOCK_PATHS, min(BLOCK_PATHS, n_paths - block * BLOCK_PATHS)
        cost[:, first : first + n_here] = block_cost.reshape(7, BLOCK_PATHS)[:, :n_here]
        sums[:, first : first + n_here] = block_sums.reshape(9, BLOCK_PATHS)[:, :n_here]
    return cost, sums


@kernel
def evaluate_policy(form: PolicyForm, theta: IntArray, paths: PathBlocks, terms: SkuTerms) -> tuple[Doubles, Doubles, Doubles]:
    """One policy in float64: what is reported of it.

    Returns:
        Cost of each path, EUR `(n_paths,)`; mean cost by term, EUR `(7,)`; mean of `SERVICE_SUMS` `(9,)`.
    """
    room = new_workspace(paths)
    plan_orders(form, theta, terms.orders, room.plan)
    path_cost, cost, sums = _evaluate_plan(room, paths, terms)
    return path_cost, cost, sums


@kernel
def evaluate_first_order(form: PolicyForm, theta: IntArray, order_units: int, paths: PathBlocks, terms: SkuTerms) -> tuple[Doubles, Doubles, Doubles]:
    """The same, with another order today; the policy decides every later one."""
    room = new_workspace(paths)
    plan_orders(form, theta, terms.orders, room.plan)
    room.plan.kind[0] = AT_ONCE
    room.plan.amount_units[0] = np.float32(order_units)
    path_cost, cost, sums = _evaluate_plan(room, paths, terms)
    return path_cost, cost, sums


@kernel
def _evaluate_plan(room: Workspace, paths: PathBlocks, terms: SkuTerms) -> tuple[Doubles, Doubles, Doubles]:
    """The plan in `room`."""
    n_paths = paths.n_paths
    path_cost, cost, sums = np.empty(n_paths), np.zeros(7 * BLOCK_PATHS), np.zeros(9 * BLOCK_PATHS)
    block_cost, block_sums = np.empty(7 * BLOCK_PATHS), np.empty(9 * BLOCK_PATHS)
    for block in range(paths.demand_units.shape[0]):
        _evaluate_block(room, block, paths, terms, block_cost, block_sums)
        first, n_here = block * BLOCK_PATHS, min(BLOCK_PATHS, n_paths - block * BLOCK_PATHS)
        for term in range(7):
            _add(cost[term * BLOCK_PATHS :], block_cost[term * BLOCK_PATHS :], n_here)
        for name in range(9):
            _add(sums[name * BLOCK_PATHS :], block_sums[name * BLOCK_PATHS :], n_here)
        _add_terms(path_cost[first:], block_cost, n_here)
    return path_cost, _row_means(cost, n_paths), _row_means(sums, n_paths)


@kernel
def _row_means(rows: Doubles, n_paths: int) -> Doubles:
    means = np.zeros(rows.shape[0] // BLOCK_PATHS)
    for row in range(means.shape[0]):
        for lane in range(BLOCK_PATHS):
            means[row] += rows[row * BLOCK_PATHS + lane]
        means[row] /= n_paths
    return means


@loop
def _add(total: Doubles, summand: Doubles, n: int) -> None:
    for path in range(n):
        total[path] += summand[path]


@loop
def _add_terms(path_cost: Doubles, cost: Doubles, n: int) -> None:
    """Add up the terms of each path one by one: the order of the sum is part of the result."""
    row = BLOCK_PATHS
    for path in range(n):
        first_three = 0.0 + cost[path] + cost[row + path] + cost[2 * row + path]
        path_cost[path] = first_three + cost[3 * row + path] + cost[4 * row + path] + cost[5 * row + path] + cost[6 * row + path]


@kernel
def _evaluate_block(room: Workspace, block: int, paths: PathBlocks, terms: SkuTerms, cost: Doubles, sums: Doubles) -> None:
    """Simulate a block with the plan in `room`; write cost by term, row after row `(7 · BLOCK_PATHS,)`, and service `(9 · BLOCK_PATHS,)`."""
    n_weeks, row, flows = paths.demand_units.shape[1], BLOCK_PATHS, room.flows
    simulate_block(room.plan, block, paths, terms, flows, room.cost[block])
    orders, sales = flows.ordered[flows.ordered.size - n_weeks * row :], flows.sold[flows.sold.size - n_weeks * row :]
    cost[:], sums[:] = 0.0, 0.0
    for week in range(n_weeks):
        here = week * row
        _add_week(
            terms.discount_weights[week],
            paths.demand_units[block, week],
            orders[here:],
            sales[here:],
            flows.on_hand[here:],
            flows.position[here:],
            cost,
            sums,
        )
    _add_end(terms.discount_weights[n_weeks - 1], flows.on_hand[n_weeks * row :], orders, cost, sums)
    for term in range(7):
        _scale(cost[term * row :], terms.cost_rates_eur[term])


@loop
def _add_week(weight: float, demand: Floats, orders: Floats, sales: Floats, on_hand: Floats, position: Floats, units: Doubles, sums: Doubles) -> None:
    """Add a week's flows: what each cost term is charged on, discounted, into `units`; service into `sums`. State is that before the week, then after."""
    row = BLOCK_PATHS
    for path in range(row):
        ordered, sold, demanded = np.float64(orders[path]), np.float64(sales[path]), np.float64(demand[path])
        before, left = np.float64(on_hand[path]), np.float64(on_hand[row + path])
        returned = np.float64(position[row + path]) - np.float64(position[path]) - ordered + sold
        orders_now = 1.0 if ordered > 0.0 else 0.0
        units[_HOLDING * row + path] += weight * left
        units[_INBOUND * row + path] += weight * ordered
        units[_OUTBOUND * row + path] += weight * sold
        units[_RETURNS * row + path] += weight * returned
        units[_LOST_SALES * row + path] += weight * (demanded - sold)
        units[_FIXED_ORDER * row + path] += weight * orders_now
        sums[_DEMANDED * row + path] += demanded
        sums[_SOLD * row + path] += sold
        sums[_RECEIVED * row + path] += left - before - returned + sold
        sums[_RETURNED * row + path] += returned
        sums[_ORDERED * row + path] += ordered
        sums[_STOCK_OUT_WEEKS * row + path] += 1.0 if sold < demanded else 0.0
        sums[_ORDERS * row + path] += orders_now


@loop
def _add_end(weight: float, on_hand: Floats, orders: Floats, units: Doubles, sums: Doubles) -> None:
    row = BLOCK_PATHS
    for path in range(row):
        units[_OVERSTOCK * row + path] = weight * on_hand[path]
        sums[_END * row + path] = on_hand[path]
        sums[_ORDERED_NOW * row + path] = orders[path]


@loop
def _scale(values: Doubles, factor: float) -> None:
    for path in range(BLOCK_PATHS):
        values[path] *= factor
