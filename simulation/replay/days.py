"""The world of a replay day by day: a decision every morning, sales every day, deliveries on the day they come.

A week's demand is spread evenly over its days and a delivery comes on a day of its week of arrival, keyed, so every rhythm of deciding
meets the same world. Costs are charged by week, as in `world.py`; returns come in the middle of the week.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.replay.game import Decider, Played
from simulation.replay.world import FloatArray, IntArray, Shipments, World, WorldFacts

N_DAYS = 7
_DAY_OF_RETURNS = 3


class DayFacts(NamedTuple):
    """What is true within the weeks."""

    demand_offset: FloatArray
    """`(n_skus,)` in [0, 1): where a day's share of the week's demand rounds."""
    weekday_of_arrival: IntArray
    """`(n_skus, n_weeks)` day of each week on which deliveries come."""


class DailyWorld(World):
    """Reality, day by day.

    Args:
        facts: What is true by week.
        days: What is true within the weeks.
        shows_demand: Whether deciders are told what customers asked for.
    """

    def __init__(self, facts: WorldFacts, days: DayFacts, *, shows_demand: bool) -> None:
        super().__init__(facts, shows_demand=shows_demand)
        self._days = days

    def run_day(self) -> None:
        """The next day: deliveries and returns in the morning, then its customers."""
        week, weekday, journal = self._week, self._weekday, self._journal
        received = self._received()
        returned = self._returns() if weekday == _DAY_OF_RETURNS else np.zeros_like(received)
        available, demand = self._on_hand + received + returned, self._demand(week, weekday)
        sold = np.minimum(available, demand)
        self._on_hand = available - sold
        for rows, units in zip(journal, (demand, sold, np.zeros_like(sold), received, returned), strict=False):
            rows[week] += units
        journal.shelf_was_emptied[week] |= (sold == available) & (demand > 0)
        self._weekday = (weekday + 1) % N_DAYS
        if self._weekday == 0:
            journal.on_hand_units[week] = self._on_hand
            self._week += 1

    def _is_open(self, shipments: Shipments) -> npt.NDArray[np.bool_]:
        return np.asarray(self._day_of_arrival(shipments) >= N_DAYS * self._week + self._weekday)

    def _received(self) -> IntArray:
        today, received = N_DAYS * self._week + self._weekday, np.zeros_like(self._on_hand)
        for shipments in self._on_the_way:
            now = self._day_of_arrival(shipments) == today
            np.add.at(received, shipments.sku[now], shipments.units[now])
        return received

    def _day_of_arrival(self, shipments: Shipments) -> IntArray:
        known = np.minimum(shipments.arrival_week, self._facts.n_weeks - 1)
        return np.asarray(N_DAYS * shipments.arrival_week + self._days.weekday_of_arrival[shipments.sku, known])

    def _demand(self, week: int, weekday: int) -> IntArray:
        """Of a day `(n_skus,)`: the days of a week add up to its demand."""
        units, offset = self._facts.demand_units[:, week], self._days.demand_offset
        upto, before = (np.floor(units * day / N_DAYS + offset) for day in (weekday + 1, weekday))
        return np.asarray(upto - before, dtype=np.int64)


def play_days(
    facts: WorldFacts,
    days: DayFacts,
    decide: Decider,
    *,
    n_orders: int,
    weekdays: Sequence[int],
    shows_demand: bool,
    on_progress: Callable[[str], None] | None = None,
) -> Played:
    """Play all weeks, deciding on some days of each.

    Args:
        facts: The world.
        days: The same within the weeks.
        decide: Asked on the weekdays of weeks 0 … `n_orders` − 1.
        n_orders: Weeks with decisions, at most those played.
        weekdays: 0 = Monday.
        shows_demand: Whether the decider is told what customers asked for, or what was sold.
        on_progress: Told each week's orders.
    """
    world, orders, epochs = DailyWorld(facts, days, shows_demand=shows_demand), [], []
    for week in range(facts.n_weeks):
        for weekday in range(N_DAYS):
            if week < n_orders and weekday in weekdays:
                decided = decide(world.seen())
                orders.append(world.ship(decided) if isinstance(decided, Shipments) else world.place(decided))
                epochs.append(week)
            world.run_day()
        if on_progress is not None and week < n_orders:
            on_progress(f"week {week + 1} of {n_orders}: {world.journal.n_orders[week].sum():,} orders, {world.journal.ordered_units[week].sum():,} units")
    return Played(world.journal, tuple(orders), tuple(epochs))
