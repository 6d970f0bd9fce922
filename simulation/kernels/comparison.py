"""Several order plans on the same futures: what each costs and serves, and how far it is from the first one, path by path.

All plans share the futures, so a difference of costs is known far better than either cost: most of the luck of a path
is common to both.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel, loop
from simulation.kernels.objectives import MEAN, PERCENTILE, ObjectiveTerms, select, tail_mean
from simulation.kernels.order_plans import AT_ONCE, BLOCK_PATHS, Floats, IntArray, OrderPlan, OrderTerms, PolicyForm, accepted_units, plan_orders
from simulation.kernels.path_costs import new_workspace
from simulation.kernels.weekly_simulation import Doubles, PathBlocks, SkuTerms, by_week, simulate_block


class PlanFigures(NamedTuple):
    """Of each plan, `(n_plans,)`, EUR where no unit is named. Costs are float32 on each path (`path_costs.COST_BOUND`), added up in float64."""

    mean_cost: Doubles
    objective: Doubles
    """What the merchant minimises."""
    percentile_cost: Doubles
    """At the rank asked for."""
    mean_difference: Doubles
    """Of cost from the first plan."""
    difference_deviation: Doubles
    """Standard deviation over paths of that difference."""
    sold_units: Doubles
    """On the mean path."""
    order_now_units: Doubles
    """What is ordered at epoch 0: the same on every path, for all of them start alike."""


@kernel
def placed_orders(quantities_units: Doubles, position_units: float, terms: OrderTerms) -> IntArray:
    """Today's orders that come of wished quantities: `order_plans.accept_orders` for one inventory position and many quantities."""
    placed, pack = np.zeros(quantities_units.shape[0], np.int64), terms.pack_units
    room = np.floor(max(terms.storage_units - np.float32(position_units), np.float32(0)) / pack) * pack
    for k in range(placed.shape[0]):
        accepted = min(accepted_units(np.float32(quantities_units[k]), terms), room)
        placed[k] = np.int64(accepted) if accepted >= terms.minimum_units else 0
    return placed


@kernel
def plan_first_orders(form: PolicyForm, theta: IntArray, orders_units: IntArray, n_weeks: int, terms: OrderTerms) -> OrderPlan:
    """Plans that order given quantities today and decide every later order as the policy does, `(n_orders, n_weeks)`; a negative quantity is the policy's own."""
    n = orders_units.shape[0]
    plans = OrderPlan(np.empty((n, n_weeks), np.int64), np.empty((n, n_weeks), np.float32), np.empty((n, n_weeks), np.float32))
    for k in range(n):
        plan = OrderPlan(plans.kind[k], plans.trigger_units[k], plans.amount_units[k])
        plan_orders(form, theta, terms, plan)
        if orders_units[k] >= 0:
            plan.kind[0], plan.trigger_units[0], plan.amount_units[0] = AT_ONCE, np.inf, orders_units[k]
    return plans


@kernel
def compare_plans(plans: OrderPlan, objective: ObjectiveTerms, rank: int, paths: PathBlocks, terms: SkuTerms) -> PlanFigures:
    """Simulate every plan on every path.

    Args:
        plans: `(n_plans, n_weeks)`; differences are from the first.
        objective: What is minimised; its floor is not looked at.
        rank: The percentile is the cost of this many-th cheapest path less one.
        paths: The futures.
        terms: The SKU.
    """
    n_plans, n_blocks, n_weeks = plans.kind.shape[0], paths.demand_units.shape[0], paths.demand_units.shape[1]
    room, row = new_workspace(paths), BLOCK_PATHS
    figures: PlanFigures = _new_figures(n_plans)
    cost = np.empty((n_plans, n_blocks * row), np.float32)
    sums = np.zeros((4 * n_plans, row))
    for block in range(n_blocks):
        n_here = min(row, paths.n_paths - block * row)
        first_cost = cost[0, block * row : (block + 1) * row]
        for k in range(n_plans):
            plan, here = OrderPlan(plans.kind[k], plans.trigger_units[k], plans.amount_units[k]), cost[k, block * row : (block + 1) * row]
            simulate_block(plan, block, paths, terms, room.flows, here)
            figures.order_now_units[k] = by_week(room.flows.ordered, n_weeks)[0, 0]
            for sales in by_week(room.flows.sold, n_weeks):
                _add_floats(sums[4 * k + 3], sales, n_here)
            _add_costs(here, first_cost, n_here, sums[4 * k], sums[4 * k + 1], sums[4 * k + 2])
            for path in range(n_here, row):
                here[path] = np.inf
    for k in range(n_plans):
        _summarize(k, cost[k], sums[4 * k : 4 * k + 4], objective, rank, paths.n_paths, figures)
    return figures


@kernel
def _new_figures(n_plans: int) -> PlanFigures:
    rows = np.zeros((7, n_plans))
    return PlanFigures(rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6])


@kernel
def _summarize(k: int, cost: Floats, sums: Doubles, objective: ObjectiveTerms, rank: int, n_paths: int, figures: PlanFigures) -> None:
    totals = np.zeros(4)
    for i in range(4):
        for lane in range(BLOCK_PATHS):
            totals[i] += sums[i, lane]
    mean, difference = totals[0] / n_paths, totals[1] / n_paths
    figures.mean_cost[k], figures.mean_difference[k], figures.sold_units[k] = mean, difference, totals[3] / n_paths
    figures.difference_deviation[k] = np.sqrt(max(totals[2] - n_paths * difference * difference, 0.0) / max(n_paths - 1, 1))
    bits = cost.view(np.int32)
    figures.percentile_cost[k] = select(bits, rank)
    if objective.kind == MEAN:
        figures.objective[k] = mean
        return
    value = select(bits, objective.rank)
    figures.objective[k] = np.float64(value) if objective.kind == PERCENTILE else tail_mean(cost, value, n_paths - objective.rank, n_paths)


@loop
def _add_costs(cost: Floats, first: Floats, n: int, total: Doubles, difference: Doubles, square: Doubles) -> None:
    for path in range(n):
        apart = np.float64(cost[path]) - np.float64(first[path])
        total[path] += np.float64(cost[path])
        difference[path] += apart
        square[path] += apart * apart


@loop
def _add_floats(total: Doubles, summand: Floats, n: int) -> None:
    for path in range(n):
        total[path] += np.float64(summand[path])
