"""The slow, obvious twin of `sources.market.kernels.stock`: one dictionary per day and lane, no arrays of state, no rows reserved ahead."""

import math
from collections import defaultdict
from typing import NamedTuple

from sources.market.kernels.stock import Habits, Opening, Sundays, Wishes


class NaiveJournal(NamedTuple):
    sold: dict[tuple[int, int], int]
    on_hand: dict[tuple[int, int], int]
    shipments: list[tuple[int, ...]]
    returns: list[tuple[int, int, int]]


def operate_slowly(wishes: Wishes, opening: Opening, sundays: Sundays, habits: Habits) -> NaiveJournal:
    n_lanes, n_days = wishes.units.shape
    lags = {lane: list(wishes.return_lag_days[wishes.first_unit[lane] :]) for lane in range(n_lanes)}
    journal = NaiveJournal({}, {}, [], [])
    for lane in range(n_lanes):
        journal.shipments.append((lane, int(opening.ordered_day[lane]), int(opening.day[lane]), int(opening.day[lane]), int(opening.units[lane])))
    stock: dict[int, int] = defaultdict(int)
    expected = {lane: float(opening.expected_units[lane]) for lane in range(n_lanes)}
    newest = dict(expected)
    for day in range(n_days):
        for lane in range(n_lanes):
            stock[lane] += sum(row[4] for row in journal.shipments if row[0] == lane and row[3] == day)
            sold = min(stock[lane], int(wishes.units[lane, day]))
            journal.returns.extend((lane, day, day + int(lags[lane].pop(0))) for _ in range(sold))
            stock[lane] -= sold
            stock[lane] += sum(1 for row in journal.returns if row[0] == lane and row[2] == day and row[1] < day)
            journal.sold[lane, day], journal.on_hand[lane, day] = sold, stock[lane]
        if day % 7 == 6:
            for lane in range(n_lanes):
                if opening.day[lane] <= day:
                    learn(lane, day, journal, habits, expected=expected, newest=newest)
            order(day, journal, sundays, habits, stock=stock, expected=expected, newest=newest)
    kept_out = [row for row in journal.returns if row[2] > row[1]]  # a lag of 0 days: the unit is kept
    return journal._replace(returns=kept_out)


def learn(lane: int, sunday: int, journal: NaiveJournal, habits: Habits, *, expected: dict[int, float], newest: dict[int, float]) -> None:
    week = range(sunday - 6, sunday + 1)
    open_days = [day for day in week if journal.sold[lane, day] + journal.on_hand[lane, day] > 0]
    if open_days:
        sales = float(sum(journal.sold[lane, day] for day in week))
        newest[lane] = sales * 7.0 / len(open_days) if habits.corrects_stock_outs else sales
        expected[lane] += habits.smoothing * (newest[lane] - expected[lane])


def order(
    day: int, journal: NaiveJournal, sundays: Sundays, habits: Habits, *, stock: dict[int, int], expected: dict[int, float], newest: dict[int, float]
) -> None:
    money = habits.budget_eur
    for lane in habits.order_of_attention.tolist():
        in_transit = sum(row[4] for row in journal.shipments if row[0] == lane and row[3] > day)
        rate = max(expected[lane] + habits.reaction * (newest[lane] - expected[lane]), 0.0)
        weeks = float(sundays.level_weeks[lane, day // 7])
        level, position = max(weeks * rate, 1.0), stock[lane] + in_transit
        units = 0
        if weeks > 0 and level - position >= 0.5 and position <= habits.trigger_share * level:
            pack = int(habits.pack_size_units[lane])
            units = math.ceil(max(level - position, float(habits.minimum_order_quantity_units[lane])) / pack) * pack
        if units * habits.unit_cost_eur[lane] > money:
            units = 0
        money -= units * habits.unit_cost_eur[lane]
        units += int(sundays.planned_units[lane, day // 7])
        if units:
            journal.shipments.append((lane, day, day + habits.expected_days, day + int(sundays.lead_days[lane, day // 7]), units))
