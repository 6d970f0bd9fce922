"""What the simulated weeks cost, per path: quickly for the search, in full for the figures that are reported."""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.order_plans import AT_ONCE, BLOCK_PATHS, Floats, IntArray, OrderPlan, PolicyForm, new_plan, plan_orders
from simulation.kernels.weekly_simulation import Doubles, Flows, PathBlocks, SkuTerms, aligned_rows, by_week, new_flows, simulate_block

COST_BOUND = 2e-6
"""Largest relative error of a path's float32 cost: a sum of non-negative terms, each rounded at most 20 times by 2⁻²⁴."""

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
    """Room to simulate one candidate: made once per SKU, so that a candidate allocates nothing."""

    plan: OrderPlan
    flows: Flows
    cost: Floats
    """`(n_blocks, BLOCK_PATHS)` cost of each path, EUR."""
    race: Doubles
    """`(n_blocks,)` where the incumbent stood after each block (`objectives.note_incumbent`)."""


@kernel
def new_workspace(paths: PathBlocks) -> Workspace:
    """Room for the paths of one SKU."""
    n_blocks, n_weeks = paths.demand_units.shape[:2]
    return Workspace(new_plan(n_weeks), new_flows(n_weeks), aligned_rows(n_blocks).reshape(n_blocks, BLOCK_PATHS), np.full(n_blocks, np.inf))


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
        for block in range(paths.demand_units.shape[0]):
            simulate_block(room.plan, block, paths, terms, room.flows, room.cost[block])
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
            for sales in by_week(room.flows.sold, n_weeks):
                for path in range(n_here):
                    sold[order] += sales[path]
        flat = room.cost.reshape(-1)
        for path in range(paths.n_paths):
            path_cost[order, path] = flat[path]
    return path_cost, sold / paths.n_paths


@kernel
def evaluate_paths(form: PolicyForm, theta: IntArray, paths: PathBlocks, terms: SkuTerms) -> tuple[Doubles, Doubles]:
    """One policy in detail, in float64.

    Returns:
        Cost by term and path, EUR `(7, n_paths)`, and `SERVICE_SUMS` per path `(9, n_paths)`.
    """
    room = new_workspace(paths)
    plan_orders(form, theta, terms.orders, room.plan)
    cost, sums = _evaluate_plan(room, paths, terms)
    return cost, sums


@kernel
def evaluate_first_order(form: PolicyForm, theta: IntArray, order_units: int, paths: PathBlocks, terms: SkuTerms) -> tuple[Doubles, Doubles]:
    """The same, with another order today; the policy decides every later one."""
    room = new_workspace(paths)
    plan_orders(form, theta, terms.orders, room.plan)
    room.plan.kind[0] = AT_ONCE
    room.plan.amount_units[0] = np.float32(order_units)
    cost, sums = _evaluate_plan(room, paths, terms)
    return cost, sums


@kernel
def _evaluate_plan(room: Workspace, paths: PathBlocks, terms: SkuTerms) -> tuple[Doubles, Doubles]:
    n_blocks = paths.demand_units.shape[0]
    cost, sums = np.zeros((7, n_blocks * BLOCK_PATHS)), np.zeros((9, n_blocks * BLOCK_PATHS))
    for block in range(n_blocks):
        simulate_block(room.plan, block, paths, terms, room.flows, room.cost[block])
        _add_flows(paths.demand_units[block], terms.discount_weights, room.flows, cost, sums, block * BLOCK_PATHS)
    for term in range(7):
        cost[term] *= terms.cost_rates_eur[term]
    return cost[:, : paths.n_paths].copy(), sums[:, : paths.n_paths].copy()


@kernel
def _add_flows(demand: Floats, weights: Doubles, flows: Flows, units: Doubles, sums: Doubles, first: int) -> None:
    """Add up a block's flows: what each cost term is charged on, discounted, into `units`; service into `sums`. Both come in as zeros."""
    n_weeks = demand.shape[0]
    on_hand, position, orders, sales = (
        by_week(flows.on_hand, n_weeks + 1),
        by_week(flows.position, n_weeks + 1),
        by_week(flows.ordered, n_weeks),
        by_week(flows.sold, n_weeks),
    )
    for week in range(n_weeks):
        weight = weights[week]
        for lane in range(BLOCK_PATHS):
            path, ordered, sold, demanded = first + lane, orders[week, lane], sales[week, lane], demand[week, lane]
            before, left = on_hand[week, lane], on_hand[week + 1, lane]
            returned = position[week + 1, lane] - position[week, lane] - ordered + sold
            units[_HOLDING, path] += weight * left
            units[_INBOUND, path] += weight * ordered
            units[_OUTBOUND, path] += weight * sold
            units[_RETURNS, path] += weight * returned
            units[_LOST_SALES, path] += weight * (demanded - sold)
            units[_FIXED_ORDER, path] += weight if ordered > 0 else 0.0
            sums[_DEMANDED, path] += demanded
            sums[_SOLD, path] += sold
            sums[_RECEIVED, path] += left - before - returned + sold
            sums[_RETURNED, path] += returned
            sums[_ORDERED, path] += ordered
            sums[_STOCK_OUT_WEEKS, path] += 1.0 if sold < demanded else 0.0
            sums[_ORDERS, path] += 1.0 if ordered > 0 else 0.0
    for lane in range(BLOCK_PATHS):
        units[_OVERSTOCK, first + lane] = weights[n_weeks - 1] * on_hand[n_weeks, lane]
        sums[_END, first + lane] = on_hand[n_weeks, lane]
        sums[_ORDERED_NOW, first + lane] = orders[0, lane]
