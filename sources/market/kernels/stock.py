"""The stock of one buyer's articles, week by week: goods arrive, customers buy what is there, some comes back, people order.

A lane is an article in a warehouse. Within a day: deliveries, then sales, then returns (on sale again the next day);
on Sunday night, after the count, orders. Units are conserved exactly on every lane and day:
stock(t) = stock(t − 1) + received + returned − sold. The slow, obvious twin is `tests/reference/naive_market_stock.py`.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sources.market.kernels import kernel

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
Int16Array = npt.NDArray[np.int16]


class Wishes(NamedTuple):
    """What customers want."""

    units: Int32Array
    """`(n_lanes, n_days)`"""
    return_lag_days: Int16Array
    """Days after which each unit asked for would come back, lane after lane; 0 = it is kept."""
    first_unit: IntArray
    """`(n_lanes,)` index of each lane's first unit in `return_lag_days`."""


class Opening(NamedTuple):
    """The first shipment of each lane, `(n_lanes,)`."""

    day: IntArray
    """It arrives on this day, before the first customer."""
    ordered_day: IntArray
    units: IntArray
    expected_units: FloatArray
    """Weekly sales that people expect before they have seen any."""


class Sundays(NamedTuple):
    """What people bring to the orders of every Sunday, `(n_lanes, n_weeks)`."""

    level_weeks: Float32Array
    """Weeks of expected sales that stock and orders shall cover; 0 = nobody thinks of it."""
    planned_units: Int32Array
    """Ordered whatever the stock, beyond the budget: pre-season buys."""
    lead_days: Int16Array
    """Days from this Sunday to the receipt of an order."""


class Habits(NamedTuple):
    """How people order; arrays are `(n_lanes,)`."""

    smoothing: float
    reaction: float
    trigger_share: float
    corrects_stock_outs: bool
    budget_eur: float
    """To be spent per Sunday; infinite = no limit."""
    expected_days: int
    """Days from an order to its receipt, as the supplier announces them."""
    order_of_attention: IntArray
    """Lanes in the order in which they are looked at: the money goes to the first."""
    unit_cost_eur: FloatArray
    pack_size_units: IntArray
    minimum_order_quantity_units: IntArray


class Journal(NamedTuple):
    """What happened, in units."""

    sold: Int32Array
    """`(n_lanes, n_days)`"""
    on_hand: Int32Array
    """`(n_lanes, n_days)` at the end of the day, after returns."""
    shipments: Int32Array
    """`(n_shipments, 5)`: lane, day ordered, day expected, day of arrival, units."""
    returns: Int32Array
    """`(n_returned_units, 3)`: lane, day of sale, day of return; also those that come back after the last day."""


class _State(NamedTuple):
    stock: IntArray
    on_order: IntArray
    expected: FloatArray
    """Weekly sales that people expect."""
    newest: FloatArray
    """Sales of the newest week, as they understand them."""
    next_unit: IntArray
    received: Int32Array
    """`(n_lanes, n_days)` deliveries booked so far."""
    due_back: Int32Array
    """`(n_lanes, n_days)` returns booked so far."""
    counts: IntArray
    """Rows of the journal that are filled: shipments, returns."""


@kernel
def operate(wishes: Wishes, opening: Opening, sundays: Sundays, habits: Habits) -> Journal:
    """Run all lanes over all days.

    Args:
        wishes: What customers want.
        opening: What the lanes start with.
        sundays: What people bring to each Sunday.
        habits: How they order.
    """
    n_lanes, n_days = wishes.units.shape
    journal = Journal(
        np.zeros((n_lanes, n_days), np.int32),
        np.zeros((n_lanes, n_days), np.int32),
        np.zeros((n_lanes * (1 + n_days // 7), 5), np.int32),
        np.zeros((np.count_nonzero(wishes.return_lag_days), 3), np.int32),
    )
    state = _State(
        np.zeros(n_lanes, np.int64),
        np.zeros(n_lanes, np.int64),
        opening.expected_units.copy(),
        opening.expected_units.copy(),
        wishes.first_unit.copy(),
        np.zeros((n_lanes, n_days), np.int32),
        np.zeros((n_lanes, n_days), np.int32),
        np.zeros(2, np.int64),
    )
    for lane in range(n_lanes):
        _book(journal, state, lane, opening.units[lane], (opening.ordered_day[lane], opening.day[lane], opening.day[lane]))
    for week in range((n_days + 6) // 7):
        first_day, end_day = 7 * week, min(7 * week + 7, n_days)
        for lane in range(n_lanes):
            _trade(lane, (first_day, end_day), wishes, journal, state)
            if end_day == first_day + 7 and opening.day[lane] < end_day:
                _learn(lane, first_day, habits, journal, state)
        if end_day == first_day + 7:
            _order(week, sundays, habits, journal, state)
    return Journal(journal.sold, journal.on_hand, journal.shipments[: state.counts[0]], journal.returns[: state.counts[1]])


@kernel
def _trade(lane: int, days: tuple[int, int], wishes: Wishes, journal: Journal, state: _State) -> None:
    """The days of one week on one lane; `days`: first, one after the last."""
    for day in range(days[0], days[1]):
        received = state.received[lane, day]
        stock = state.stock[lane] + received
        state.on_order[lane] -= received
        sold = min(stock, wishes.units[lane, day])
        for unit in range(state.next_unit[lane], state.next_unit[lane] + sold):
            if wishes.return_lag_days[unit] > 0:
                _send_back(lane, day, day + wishes.return_lag_days[unit], journal, state)
        state.next_unit[lane] += sold
        state.stock[lane] = stock - sold + state.due_back[lane, day]
        journal.sold[lane, day] = sold
        journal.on_hand[lane, day] = state.stock[lane]


@kernel
def _send_back(lane: int, day: int, return_day: int, journal: Journal, state: _State) -> None:
    row = state.counts[1]
    journal.returns[row, 0], journal.returns[row, 1], journal.returns[row, 2] = lane, day, return_day
    state.counts[1] = row + 1
    if return_day < state.due_back.shape[1]:
        state.due_back[lane, return_day] += 1


@kernel
def _learn(lane: int, first_day: int, habits: Habits, journal: Journal, state: _State) -> None:
    """What the week that ends tells people about weekly sales; a week with empty shelves tells nothing."""
    sold, days_in_stock = 0, 0
    for day in range(first_day, first_day + 7):
        sold += journal.sold[lane, day]
        if journal.sold[lane, day] > 0 or journal.on_hand[lane, day] > 0:
            days_in_stock += 1
    if days_in_stock == 0:
        return
    newest = float(sold)
    if habits.corrects_stock_outs:
        newest = newest * 7.0 / days_in_stock
    state.newest[lane] = newest
    state.expected[lane] += habits.smoothing * (newest - state.expected[lane])


@kernel
def _order(week: int, sundays: Sundays, habits: Habits, journal: Journal, state: _State) -> None:
    """Sunday night: lane after lane as long as there is money, in whole packs, at least the minimum."""
    today, money = 7 * week + 6, habits.budget_eur
    for lane in habits.order_of_attention:
        units = _wanted_units(lane, week, sundays, habits, state)
        cost = units * habits.unit_cost_eur[lane]
        if cost > money:
            units = 0
        else:
            money -= cost
        units += sundays.planned_units[lane, week]
        if units > 0:
            _book(journal, state, lane, units, (today, today + habits.expected_days, today + sundays.lead_days[lane, week]))


@kernel
def _wanted_units(lane: int, week: int, sundays: Sundays, habits: Habits, state: _State) -> int:
    """Order up to a level of so many weeks of expected sales, at least one unit, once the position has fallen far enough below it."""
    weeks = sundays.level_weeks[lane, week]
    if weeks <= 0.0:
        return 0
    rate = max(state.expected[lane] + habits.reaction * (state.newest[lane] - state.expected[lane]), 0.0)
    level = max(weeks * rate, 1.0)
    position = state.stock[lane] + state.on_order[lane]
    wanted = level - position
    if wanted < 0.5 or position > habits.trigger_share * level:
        return 0
    pack: int = habits.pack_size_units[lane]
    packs: int = math.ceil(max(wanted, float(habits.minimum_order_quantity_units[lane])) / pack)
    return packs * pack


@kernel
def _book(journal: Journal, state: _State, lane: int, units: int, days: tuple[int, int, int]) -> None:
    """Write an order down and put it on its way; `days`: ordered, expected, arrival."""
    row = state.counts[0]
    shipment = journal.shipments[row]
    shipment[0], shipment[1], shipment[2], shipment[3], shipment[4] = lane, days[0], days[1], days[2], units
    state.counts[0] = row + 1
    state.on_order[lane] += units
    if days[2] < state.received.shape[1]:
        state.received[lane, days[2]] += units
