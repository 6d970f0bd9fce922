"""The simulation: 12 weeks of one SKU on all its paths, in the order of events of method §3.

Weeks are the outer loop and paths the inner one: paths are independent, so the inner loops run in SIMD without
changing a single sum. Each step is a small loop over few arrays because the compiler must prove that they do not
overlap and gives up beyond a handful. Units are whole numbers held as float64 (exact below 2⁵³), so that floors and
costs need no conversion. Its slow, obvious twin is `tests/reference/naive_simulation.py`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.kernels import kernel
from simulation.kernels.order_rules import accept_orders, decide

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class SkuTerms(NamedTuple):
    """All the numbers of one SKU that a simulated week uses."""

    on_hand_units: float
    """Stock at epoch 0."""
    inbound_units: FloatArray
    """`(n_weeks,)` in transit at epoch 0, by week of arrival."""
    returns_due_units: FloatArray
    """`(n_weeks,)` expected returns of units sold before epoch 0."""
    return_weights: FloatArray
    """`(n_lags,)` expected returns per unit sold, 1, 2, … weeks after the sale; empty = none."""
    review_period_weeks: int
    minimum_order_quantity_units: float
    pack_size_units: float
    inbound_share_before_demand: float
    cost_rates_eur: FloatArray
    """`(7,)` per unit (per order for the last), in the order of `path_costs.COST_TERMS`."""
    discount_weights: FloatArray
    """`(n_weeks,)` γ⁰, γ¹, …"""
    first_decision_epoch: int = 0
    """Nothing is ordered before this epoch: 1 = today's order was refused."""


class Flows(NamedTuple):
    """What happened: whole units, a row per week, a column per path. Lost sales are demand − sold."""

    stock_units: FloatArray
    """`(n_weeks + 1, n_paths)` on hand at each epoch: row j is left by week j − 1, row 0 is the start."""
    ordered_units: FloatArray
    """`(n_weeks, n_paths)` ordered at the epoch before the week."""
    received_units: FloatArray
    """`(n_weeks + 1, n_paths)` arrived in the week; the last row collects what arrives beyond the horizon."""
    returned_units: FloatArray
    """`(n_weeks, n_paths)`"""
    sold_units: FloatArray
    """`(n_weeks, n_paths)`"""


class State(NamedTuple):
    """What a path carries through a week, `(n_paths,)` each; scratch space of the simulation."""

    on_order: FloatArray
    """Ordered and not yet arrived, also what will arrive beyond the horizon."""
    before_demand: FloatArray
    """On hand when the week's demand comes."""
    after_demand: FloatArray
    """Arrivals and returns of the week that come too late for its demand."""
    returns_expected: FloatArray
    """Expected returns due so far [C]."""
    returns_booked: FloatArray
    """Whole units returned so far, ⌊C + u⌋."""


@kernel
def new_flows(n_weeks: int, n_paths: int) -> Flows:
    """Room for the flows of one policy."""
    stock, received = np.empty((n_weeks + 1, n_paths)), np.empty((n_weeks + 1, n_paths))
    return Flows(stock, np.empty((n_weeks, n_paths)), received, np.empty((n_weeks, n_paths)), np.empty((n_weeks, n_paths)))


@kernel
def new_state(n_paths: int) -> State:
    """Room for the state of all paths."""
    return State(np.empty(n_paths), np.empty(n_paths), np.empty(n_paths), np.empty(n_paths), np.empty(n_paths))


@kernel
def simulate(
    rule: int, theta: IntArray, demand_units: IntArray, lead_time_weeks: IntArray, return_offset: FloatArray, terms: SkuTerms, flows: Flows, state: State
) -> None:
    """Run one policy on every path and write what happened into `flows`.

    Args:
        rule: Order rule (`order_rules`).
        theta: Its parameters [θ].
        demand_units: `(n_weeks, n_paths)`.
        lead_time_weeks: `(n_weeks, n_paths)` of an order placed at each epoch.
        return_offset: `(n_paths,)` in [0, 1) [u].
        terms: The SKU.
        flows: Written.
        state: Overwritten.
    """
    _start(terms, flows, state)
    for week in range(demand_units.shape[0]):
        stock, ordered, sold = flows.stock_units[week], flows.ordered_units[week], flows.sold_units[week]
        received, returned = flows.received_units[week], flows.returned_units[week]
        # 0. At the epoch before the week: decide from the stock the last week left and what is on order.
        is_review = week % terms.review_period_weeks == 0
        if week >= terms.first_decision_epoch and decide(rule, theta, week, is_review, stock, state.on_order, ordered):
            accept_orders(ordered, terms.minimum_order_quantity_units, terms.pack_size_units)
            _place_orders(ordered, week, lead_time_weeks[week], flows.received_units, state.on_order)
        else:
            fill(ordered, 0.0)
        # 1. Part of the week's arrivals and returns is on hand before its demand, the rest after.
        _book_returns(week, terms, flows.sold_units, return_offset, state.returns_expected, state.returns_booked, returned)
        _receive(received, returned, terms.inbound_share_before_demand, stock, state.before_demand, state.after_demand)
        add_scaled(state.on_order, -1.0, received)
        # 2. Sell what is on hand, lose the rest of the demand. 3. The rest of the arrivals and returns comes in.
        _sell(demand_units[week], state.before_demand, state.after_demand, sold, flows.stock_units[week + 1])
        # 4. Costs are charged on these flows by `path_costs`. 5. Units sold come back in later weeks' step 1.


@kernel
def _start(terms: SkuTerms, flows: Flows, state: State) -> None:
    """Epoch 0: stock on hand, and shipments in transit that will arrive in their weeks."""
    fill(flows.stock_units[0], terms.on_hand_units)
    fill(state.returns_expected, 0.0)
    fill(state.returns_booked, 0.0)
    fill(state.on_order, 0.0)
    n_weeks = terms.inbound_units.shape[0]
    for week in range(n_weeks):
        fill(flows.received_units[week], terms.inbound_units[week])
        add_scaled(state.on_order, 1.0, flows.received_units[week])
    fill(flows.received_units[n_weeks], 0.0)


@kernel
def _place_orders(ordered: FloatArray, epoch: int, lead_time_weeks: IntArray, received: FloatArray, on_order: FloatArray) -> None:
    """Put each path's order on its way: an order at epoch j with lead time ℓ arrives in week j + ℓ."""
    add_scaled(on_order, 1.0, ordered)
    beyond_horizon = received.shape[0] - 1
    for path in range(ordered.shape[0]):
        week = min(epoch + lead_time_weeks[path], beyond_horizon)
        received[np.uintp(week), path] += ordered[path]  # unsigned: spares the test for an index from the end


@kernel
def _book_returns(
    week: int, terms: SkuTerms, sold: FloatArray, return_offset: FloatArray, expected: FloatArray, booked: FloatArray, returned: FloatArray
) -> None:
    """Whole units that come back in the week, by keyed cumulative rounding: ⌊C_j + u⌋ − ⌊C_{j−1} + u⌋.

    C grows in a fixed order (returns of earlier sales first, then sales by rising lag), so that twins agree to the bit.
    A lag of 0 weeks counts as 1: units sold in a week are not sold again in it.
    """
    due = terms.returns_due_units[week]
    for path in range(expected.shape[0]):
        expected[path] += due
    for lag in range(1, min(week, terms.return_weights.shape[0]) + 1):
        add_scaled(expected, terms.return_weights[lag - 1], sold[week - lag])
    for path in range(returned.shape[0]):
        whole = np.floor(expected[path] + return_offset[path])
        returned[path] = whole - booked[path]
        booked[path] = whole


@kernel
def _receive(received: FloatArray, returned: FloatArray, share: float, stock: FloatArray, before_demand: FloatArray, after_demand: FloatArray) -> None:
    """Split the week's arrivals and returns in whole units: ⌊share · (A + B) + ½⌋ before demand, the rest after."""
    for path in range(stock.shape[0]):
        delivered = received[path] + returned[path]
        early = np.floor(share * delivered + 0.5)
        before_demand[path] = stock[path] + early
        after_demand[path] = delivered - early


@kernel
def _sell(demand: IntArray, before_demand: FloatArray, after_demand: FloatArray, sold: FloatArray, left: FloatArray) -> None:
    """Serve demand from stock (lost sales, no backorders), then add what came too late for it."""
    for path in range(sold.shape[0]):
        served = min(before_demand[path], float(demand[path]))
        sold[path] = served
        left[path] = before_demand[path] - served + after_demand[path]


@kernel
def add_scaled(total: FloatArray, factor: float, summand: FloatArray) -> None:
    """`total` += factor × `summand`, path by path."""
    for path in range(total.shape[0]):
        total[path] += factor * summand[path]


@kernel
def fill(target: FloatArray, value: float) -> None:
    """`target` = value. A loop, because numba compiles a slice assignment ten times as long."""
    for path in range(target.shape[0]):
        target[path] = value
