"""The simulation: the weeks of one SKU on all its paths, in the order of events of method §3.

Weeks are the outer loop and paths the inner one: paths are independent, so the inner loop runs in SIMD without changing
a single sum. Paths come in blocks of `BLOCK_PATHS`, whose state stays in the processor's first cache. Units are whole
numbers held as float32, exact below 2²⁴; shares and return weights are multiples of a power of two
(`simulation/sku_terms.py`), so that every sum of units is exact in any order. Its slow, obvious twin is
`tests/reference/naive_simulation.py`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.kernels import kernel, loop
from simulation.kernels.order_plans import BLOCK_PATHS, NOTHING, Floats, OrderPlan, OrderTerms, decide

_NEAR_LEADS, _NEAR_LAGS = 8, 4
"""Lead times 0 … 7 and return lags 1 … 4 are unrolled in the loop over paths; longer ones are added up before it."""

Doubles = npt.NDArray[np.float64]
Masks = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint32]


class PathBlocks(NamedTuple):
    """Futures of one SKU in blocks of paths, `(n_blocks, n_weeks, BLOCK_PATHS)` unless said otherwise. The last block is filled up with paths without demand."""

    demand_units: Floats
    arrivals: Masks
    """Bit ℓ of week w is set where an order placed at epoch w − ℓ arrives in week w."""
    inbound_units: Floats
    """Shipments in transit at epoch 0, by week of arrival."""
    return_offset: Floats
    """`(n_blocks, BLOCK_PATHS)` in [0, 1), multiples of 1/256: where a path's returns round to whole units [u]."""
    longest_lead_weeks: int
    """No bit above this one is set."""
    n_paths: int


class SkuTerms(NamedTuple):
    """All the numbers of one SKU that a simulated week uses."""

    on_hand_units: np.float32
    """Stock at epoch 0."""
    in_transit_units: np.float32
    """On order at epoch 0, also what arrives beyond the horizon."""
    returns_due_units: Floats
    """`(n_weeks,)` expected returns of units sold before epoch 0, multiples of a power of two."""
    return_weights: Floats
    """`(n_weeks,)` expected returns per unit sold 1, 2, … weeks before, multiples of a power of two."""
    n_lags: int
    """Weights beyond this many are 0."""
    inbound_share_before_demand: np.float32
    """A multiple of 1/64."""
    orders: OrderTerms
    week_rates_eur: Floats
    """`(n_weeks, 6)` discounted cost of a unit (of an order for the last): holding, inbound, outbound, returns, lost sales, fixed."""
    cost_rates_eur: Doubles
    """`(7,)` per unit (per order for the last), in the order of `path_costs.COST_TERMS`."""
    discount_weights: Doubles
    """`(n_weeks,)` γ⁰, γ¹, …"""


class Flows(NamedTuple):
    """What happened on a block of paths, in whole units, row after row of `BLOCK_PATHS` numbers: one row per week.

    Rows lie one behind the other in one dimension, so that the loop over paths reaches the weeks before by a constant
    distance from a single address. `by_week` shows them as matrices.
    """

    on_hand: Floats
    """n_weeks + 1 rows, at each epoch: row j is left by week j − 1."""
    position: Floats
    """n_weeks + 1 rows: on hand + on order at each epoch."""
    ordered: Floats
    """7 + n_weeks rows, ordered at the epoch before each week; seven rows of zeros come first."""
    sold: Floats
    """4 + n_weeks rows; four rows of zeros come first."""
    carried: Floats
    """One row: part of a returned unit that is carried on to the next week."""
    arriving: Floats
    """n_weeks rows: what arrives in each week beside the near orders, where lead times are long."""


@kernel
def new_flows(n_weeks: int) -> Flows:
    """Room for a block's flows."""
    state, orders, sales = n_weeks + 1, _NEAR_LEADS - 1 + n_weeks, _NEAR_LAGS + n_weeks
    return Flows(aligned_rows(state), aligned_rows(state), aligned_rows(orders), aligned_rows(sales), aligned_rows(1), aligned_rows(n_weeks))


@kernel
def aligned_rows(n_rows: int) -> Floats:
    """Rows of zeros that begin on a cache line: a vector across two lines is read twice (a seventh slower, measured)."""
    room = np.zeros(n_rows * BLOCK_PATHS + 16, np.float32)
    first = (-room.ctypes.data % 64) // 4
    return room[first : first + n_rows * BLOCK_PATHS]


@kernel
def by_week(rows: Floats, n_weeks: int) -> Floats:
    """The last `n_weeks` rows as a matrix `(n_weeks, BLOCK_PATHS)`."""
    return rows[rows.size - n_weeks * BLOCK_PATHS :].reshape(n_weeks, BLOCK_PATHS)


@kernel
def simulate_block(plan: OrderPlan, block: int, paths: PathBlocks, terms: SkuTerms, flows: Flows, cost: Floats) -> None:
    """Run one plan on a block of paths; write what happened into `flows` and each path's cost, EUR, into `cost` `(BLOCK_PATHS,)`.

    The cost is a sum of non-negative float32 terms: `path_costs.COST_BOUND` says how close it is to the exact one.
    """
    n_weeks, row = paths.demand_units.shape[1], BLOCK_PATHS
    has_far_leads = paths.longest_lead_weeks >= _NEAR_LEADS
    arriving = paths.inbound_units[block].reshape(-1)
    if has_far_leads:
        flows.arriving[:] = arriving
        arriving = flows.arriving
    on_hand, position, orders, sales, carried, weights = flows.on_hand, flows.position, flows.ordered, flows.sold, flows.carried, terms.return_weights
    _start(terms.on_hand_units, terms.in_transit_units, paths.return_offset[block], on_hand, position, carried, cost)
    for week in range(n_weeks):  # slices are written where they are used: a name for one would be counted as a reference, every week
        here, now, then = week * row, (week + _NEAR_LEADS - 1) * row, (week + _NEAR_LAGS) * row
        # 0. At the epoch before the week: decide from the stock the last week left and what is on order.
        decide(plan.kind[week], plan.trigger_units[week], plan.amount_units[week], terms.orders, on_hand[here:], position[here:], orders[now:])
        # What is due from further back than the loop below looks.
        if has_far_leads and plan.kind[week] != NOTHING:
            _send_far(week, paths.longest_lead_weeks, orders[now:], paths.arrivals[block], flows.arriving)
        for lag in range(_NEAR_LAGS + 1, min(week, terms.n_lags) + 1):
            _add_scaled(carried, weights[lag - 1], sales[then - lag * row :])
        # 1. to 5. for the week.
        _week(
            orders[here:],
            sales[here:],
            weights,
            terms.returns_due_units[week],
            terms.inbound_share_before_demand,
            terms.week_rates_eur[week],
            paths.demand_units[block, week],
            paths.arrivals[block, week],
            arriving[here:],
            on_hand[here:],
            position[here:],
            carried,
            cost,
        )


@loop
def _week(
    orders: Floats,
    sales: Floats,
    weights: Floats,
    returns_due: np.float32,
    share: np.float32,
    rates: Floats,
    demand: Floats,
    arrivals: Masks,
    arriving: Floats,
    on_hand: Floats,
    position: Floats,
    carried: Floats,
    cost: Floats,
) -> None:
    """One week of a block of paths.

    `orders` are rows of the seven epochs before and this one, `sales` of the four weeks before and (written) this one;
    the first row of `on_hand` and `position` is the state before the week, the second (written) the one after it.
    """
    row = BLOCK_PATHS
    weight_1, weight_2, weight_3, weight_4 = weights[0], weights[1], weights[2], weights[3]
    holding, inbound, outbound, handling, lost_margin, fixed = rates[0], rates[1], rates[2], rates[3], rates[4], rates[5]
    nothing, half = np.float32(0), np.float32(0.5)
    for path in range(row):
        # Arrivals A: an order placed ℓ epochs ago arrives now where bit ℓ is set.
        due, ordered = arrivals[path], orders[7 * row + path]
        arrived = arriving[path]
        arrived += ordered if due & 1 else nothing
        arrived += orders[6 * row + path] if due & 2 else nothing
        arrived += orders[5 * row + path] if due & 4 else nothing
        arrived += orders[4 * row + path] if due & 8 else nothing
        arrived += orders[3 * row + path] if due & 16 else nothing
        arrived += orders[2 * row + path] if due & 32 else nothing
        arrived += orders[row + path] if due & 64 else nothing
        arrived += orders[path] if due & 128 else nothing
        # Returns B of units sold in earlier weeks (step 5), by keyed cumulative rounding: whole units, the rest is carried on.
        expected = carried[path] + returns_due
        expected += weight_1 * sales[3 * row + path] + weight_2 * sales[2 * row + path] + weight_3 * sales[row + path] + weight_4 * sales[path]
        returned = np.floor(expected)
        carried[path] = expected - returned
        # 1. Part of A + B is on hand before demand: ⌊share · (A + B) + ½⌋.
        delivered = arrived + returned
        early = np.floor(share * delivered + half)
        available = on_hand[path] + early
        # 2. Sell what is on hand, lose the rest of the demand. 3. The rest of A + B comes in.
        served = min(available, demand[path])
        left = available - served + (delivered - early)
        sales[4 * row + path] = served
        on_hand[row + path] = left
        position[row + path] = position[path] + ordered - served + returned
        # 4. Costs on the end-of-week state.
        week_cost = left * holding + ordered * inbound + served * outbound + returned * handling + (demand[path] - served) * lost_margin
        cost[path] += week_cost + (fixed if ordered > nothing else nothing)


@loop
def _start(on_hand_units: np.float32, in_transit_units: np.float32, offset: Floats, on_hand: Floats, position: Floats, carried: Floats, cost: Floats) -> None:
    """Epoch 0 on a block of paths: all start alike but for where their returns round."""
    for path in range(BLOCK_PATHS):
        on_hand[path] = on_hand_units
        position[path] = on_hand_units + in_transit_units
        carried[path] = offset[path]
        cost[path] = np.float32(0)


@loop
def _send_far(epoch: int, longest_lead: int, ordered: Floats, arrivals: Masks, arriving: Floats) -> None:
    """Orders of this epoch that arrive more than seven weeks later."""
    for lead in range(_NEAR_LEADS, min(longest_lead, arrivals.shape[0] - 1 - epoch) + 1):
        bit, due, target = np.int32(1 << lead), arrivals[epoch + lead], arriving[(epoch + lead) * BLOCK_PATHS :]
        for path in range(BLOCK_PATHS):
            target[path] += ordered[path] if due[path] & bit else np.float32(0)


@loop
def _add_scaled(total: Floats, factor: np.float32, summand: Floats) -> None:
    for path in range(BLOCK_PATHS):
        total[path] += factor * summand[path]
