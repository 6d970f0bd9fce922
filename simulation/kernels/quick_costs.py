"""The cost of a block of paths, quickly: what the search scores candidates by.

The same weeks as `weekly_simulation.py`, in lanes (`lanes.py`): nothing is kept but the cost. Of a plan that orders one
quantity over and over the open orders are a bit per week, so that what arrives is a count of bits times the quantity,
whatever the lead times; the kick-start goes out on all paths at once and is looked up by its age. Of a plan that orders up
to levels the orders of the last three weeks stay in registers. Any other plan takes the loop over paths.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel, loop
from simulation.kernels.lane_instructions import LANES
from simulation.kernels.lanes import a_week_older, ceiling, floor, has_bit, larger, load, n_common, no_bits, smaller, splat, store, times_plus, where
from simulation.kernels.order_plans import AT_ONCE, BELOW_ON_HAND, BELOW_POSITION, BLOCK_PATHS, NOTHING, UP_TO_LEVEL, Floats, OrderPlan, in_whole_packs
from simulation.kernels.weekly_simulation import Flows, Masks, PathBlocks, SkuTerms, simulate_block

_LAGS, _NEAR_LEADS = 4, 4
"""Return lags in registers, and lead times 0 … 3; orders of more weeks ago are read from memory, which is faster than handing them on in registers."""

_NEVER = np.float32(-1)
"""A trigger below every stock."""


class QuickPlan(NamedTuple):
    """How a plan orders, if it is of a quick kind."""

    is_one_quantity: bool
    is_up_to_levels: bool
    kick_start_epoch: int
    """The epoch at which all paths order; the horizon = none."""
    kind: int
    """Of the trigger."""
    units: np.float32
    """Quantity of each later order."""


@loop
def quick_plan(plan: OrderPlan, terms: SkuTerms, needs_flows: bool) -> QuickPlan:
    """Whether a plan is of a quick kind.

    One quantity: one order of all paths at most, and one quantity whenever a trigger is breached. Up to levels: whatever is
    missing, in whole packs.

    Args:
        plan: Orders by epoch.
        terms: The SKU; where the warehouse's capacity cuts orders, paths differ in their quantities.
        needs_flows: Whether the flows of units are wanted, too.
    """
    n_weeks, orders = plan.kind.shape[0], terms.orders
    is_plain = not needs_flows and terms.n_lags <= _LAGS and not orders.storage_units < np.inf
    is_one, is_levels, kick_start, kind, units = is_plain, is_plain, n_weeks, NOTHING, np.float32(0)
    for week in range(n_weeks):
        is_levels = is_levels and (plan.kind[week] == NOTHING or plan.kind[week] == AT_ONCE or plan.kind[week] == UP_TO_LEVEL)
        if plan.kind[week] == AT_ONCE:
            is_one = is_one and kick_start == n_weeks
            kick_start = week
        elif plan.kind[week] != NOTHING:
            is_first = kind == NOTHING
            is_known = plan.kind[week] == BELOW_POSITION or plan.kind[week] == BELOW_ON_HAND
            is_one = is_one and is_known and (is_first or (plan.kind[week] == kind and plan.amount_units[week] == units))
            kind, units = plan.kind[week], plan.amount_units[week]
    return QuickPlan(is_one, is_levels and not is_one, kick_start, kind, units)


@kernel
def cost_of_block(quick: QuickPlan, plan: OrderPlan, block: int, paths: PathBlocks, terms: SkuTerms, flows: Flows, cost: Floats) -> None:
    """Each path's cost, EUR, into `cost` `(BLOCK_PATHS,)`: equal to that of `simulate_block` within `path_costs.COST_BOUND`.

    `flows` hold nothing of use after it.
    """
    demand, arrivals, inbound = paths.demand_units[block].reshape(-1), paths.arrivals[block].reshape(-1), paths.inbound_units[block].reshape(-1)
    offset, has_returns = paths.return_offset[block], terms.n_lags > 0 or terms.returns_due_units.any()
    if quick.is_one_quantity:
        _cost_of_one_quantity(has_returns, quick, plan, demand, arrivals, inbound, offset, terms, cost)
    elif quick.is_up_to_levels:
        longest, orders = int(paths.longest_lead_weeks), flows.arriving
        if has_returns:
            _cost_of_level_weeks(True, longest, plan, demand, arrivals, inbound, offset, terms, orders, cost)
        else:
            _cost_of_level_weeks(False, longest, plan, demand, arrivals, inbound, offset, terms, orders, cost)
    else:
        simulate_block(plan, block, paths, terms, flows, cost)


@loop
def _cost_of_one_quantity(
    has_returns: bool, quick: QuickPlan, plan: OrderPlan, demand: Floats, arrivals: Masks, inbound: Floats, offset: Floats, terms: SkuTerms, cost: Floats
) -> None:
    """Its four cases, each compiled by itself."""
    if has_returns:
        if quick.kind == BELOW_ON_HAND:
            _cost_of_weeks(True, True, quick, plan, demand, arrivals, inbound, offset, terms, cost)
        else:
            _cost_of_weeks(False, True, quick, plan, demand, arrivals, inbound, offset, terms, cost)
    elif quick.kind == BELOW_ON_HAND:
        _cost_of_weeks(True, False, quick, plan, demand, arrivals, inbound, offset, terms, cost)
    else:
        _cost_of_weeks(False, False, quick, plan, demand, arrivals, inbound, offset, terms, cost)


@loop
def _cost_of_weeks(
    on_hand_counts: bool,
    has_returns: bool,
    quick: QuickPlan,
    plan: OrderPlan,
    demand: Floats,
    arrivals: Masks,
    inbound: Floats,
    offset: Floats,
    terms: SkuTerms,
    cost: Floats,
) -> None:
    """All weeks of 32 paths, then of the next 32. The first two arguments are constants where it is called: each call is compiled for its case."""
    nothing, half, share, quantity = splat(np.float32(0)), splat(np.float32(0.5)), splat(terms.inbound_share_before_demand), splat(quick.units)
    weights, rates, kick_start = terms.return_weights, terms.week_rates_eur, quick.kick_start_epoch
    weight_1, weight_2, weight_3, weight_4 = splat(weights[0]), splat(weights[1]), splat(weights[2]), splat(weights[3])
    for first in range(0, BLOCK_PATHS, LANES):
        on_hand = splat(terms.on_hand_units)
        position = on_hand + splat(terms.in_transit_units)
        carried, total, placed, kick_start_units = load(offset, first), nothing, no_bits(), nothing
        sold_1 = sold_2 = sold_3 = sold_4 = nothing
        for week in range(plan.kind.shape[0]):
            here, holding, inbound_rate, outbound = week * BLOCK_PATHS + first, rates[week, 0], rates[week, 1], rates[week, 2]
            handling, lost_margin, fixed = rates[week, 3], rates[week, 4], rates[week, 5]
            due, wanted = load(arrivals, here), load(demand, here)
            # 0. Orders. Of what arrives, all but this week's own order is known before the decision: bit ℓ of `placed` is the order ℓ weeks ago.
            trigger = splat(plan.trigger_units[week] if plan.kind[week] > AT_ONCE else _NEVER)
            ordered = where(on_hand <= trigger, where(position == on_hand, quantity)) if on_hand_counts else where(position <= trigger, quantity)
            arrived = times_plus(n_common(placed, due), quantity, load(inbound, here)) + where(has_bit(due, 1), ordered)
            placed = a_week_older(placed, nothing < ordered)
            order_cost = where(nothing < ordered, splat(quick.units * inbound_rate + fixed))
            if week == kick_start:
                ordered = kick_start_units = splat(plan.amount_units[week])
                order_cost = where(nothing < ordered, splat(plan.amount_units[week] * inbound_rate + fixed))
            if week >= kick_start:
                arrived = arrived + where(has_bit(due, 1 << (week - kick_start)), kick_start_units)
            # Returns.
            returned = nothing
            if has_returns:
                earlier = times_plus(weight_2, sold_2, times_plus(weight_3, sold_3, weight_4 * sold_4))
                expected = times_plus(weight_1, sold_1, earlier + (carried + splat(terms.returns_due_units[week])))
                returned = floor(expected)
                carried = expected - returned
            # 1. to 3.
            delivered = arrived + returned
            served = smaller(on_hand + floor(times_plus(share, delivered, half)), wanted)
            on_hand = on_hand + delivered - served
            position = position + ordered - served + returned
            sold_4, sold_3, sold_2, sold_1 = sold_3, sold_2, sold_1, served
            # 4. Costs on the end-of-week state.
            moved = times_plus(splat(outbound), served, order_cost)
            if has_returns:
                moved = times_plus(splat(handling), returned, moved)
            total = times_plus(splat(lost_margin), wanted - served, total) + times_plus(splat(holding), on_hand, moved)
        store(cost, first, total)


@loop
def _cost_of_level_weeks(
    has_returns: bool,
    longest: int,
    plan: OrderPlan,
    demand: Floats,
    arrivals: Masks,
    inbound: Floats,
    offset: Floats,
    terms: SkuTerms,
    orders: Floats,
    cost: Floats,
) -> None:
    """All weeks of 32 paths, then of the next 32; `ordered_ℓ` was ordered ℓ weeks ago, row w of `orders` in week w. The first argument is a constant where it is called."""
    nothing, half, share = splat(np.float32(0)), splat(np.float32(0.5)), splat(terms.inbound_share_before_demand)
    weights, rates = terms.return_weights, terms.week_rates_eur
    weight_1, weight_2, weight_3, weight_4 = splat(weights[0]), splat(weights[1]), splat(weights[2]), splat(weights[3])
    minimum, pack, in_packs = splat(terms.orders.minimum_units), splat(terms.orders.pack_units), in_whole_packs(terms.orders)
    most = splat(np.float32(np.floor(terms.orders.maximum_units / terms.orders.pack_units) * terms.orders.pack_units))
    for first in range(0, BLOCK_PATHS, LANES):
        on_hand = splat(terms.on_hand_units)
        position = on_hand + splat(terms.in_transit_units)
        carried, total = load(offset, first), nothing
        sold_1 = sold_2 = sold_3 = sold_4 = nothing
        ordered_1 = ordered_2 = ordered_3 = nothing
        for week in range(plan.kind.shape[0]):
            here, holding, inbound_rate, outbound = week * BLOCK_PATHS + first, rates[week, 0], rates[week, 1], rates[week, 2]
            handling, lost_margin, fixed = rates[week, 3], rates[week, 4], rates[week, 5]
            due, wanted, amount = load(arrivals, here), load(demand, here), splat(plan.amount_units[week])
            # 0. Orders.
            ordered = nothing
            if plan.kind[week] == AT_ONCE:
                ordered = amount
            elif plan.kind[week] == UP_TO_LEVEL:
                missing = amount - position
                accepted = smaller(ceiling(larger(missing, minimum) / pack) * pack, most) if in_packs else missing
                ordered = where(position <= splat(plan.trigger_units[week]), where(nothing < missing, accepted))
            near = where(has_bit(due, 1), ordered) + where(has_bit(due, 2), ordered_1)
            arrived = load(inbound, here) + near + (where(has_bit(due, 4), ordered_2) + where(has_bit(due, 8), ordered_3))
            ordered_3, ordered_2, ordered_1 = ordered_2, ordered_1, ordered
            store(orders, week * LANES, ordered)
            for lead in range(_NEAR_LEADS, min(week, longest) + 1):
                arrived = arrived + where(has_bit(due, 1 << lead), load(orders, (week - lead) * LANES))
            # Returns.
            returned = nothing
            if has_returns:
                earlier = times_plus(weight_2, sold_2, times_plus(weight_3, sold_3, weight_4 * sold_4))
                expected = times_plus(weight_1, sold_1, earlier + (carried + splat(terms.returns_due_units[week])))
                returned = floor(expected)
                carried = expected - returned
            # 1. to 3.
            delivered = arrived + returned
            served = smaller(on_hand + floor(times_plus(share, delivered, half)), wanted)
            on_hand = on_hand + delivered - served
            position = position + ordered - served + returned
            sold_4, sold_3, sold_2, sold_1 = sold_3, sold_2, sold_1, served
            # 4. Costs on the end-of-week state.
            moved = times_plus(splat(outbound), served, times_plus(splat(inbound_rate), ordered, where(nothing < ordered, splat(fixed))))
            if has_returns:
                moved = times_plus(splat(handling), returned, moved)
            total = times_plus(splat(lost_margin), wanted - served, total) + times_plus(splat(holding), on_hand, moved)
        store(cost, first, total)
