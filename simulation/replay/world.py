"""The real world of a replay: what customers ask, what arrives when, what comes back, and what all of it costs.

Weeks are numbered from 0, the week after the start; epoch j lies before week j. The order of events within a week and the units of
account are those of the simulation (method §3), so a plan costs here what the simulation says it costs on the same path. The engine never
sees an object of this module but `Seen`. `days.py` is the same world day by day.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from domain.stage_tables import HORIZON_WEEKS
from simulation.kernels.path_costs import COST_TERMS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Shipments(NamedTuple):
    """Units on their way, one entry each, `(n_shipments,)`."""

    sku: IntArray
    units: IntArray
    expected_week: IntArray
    """What the supplier announced."""
    arrival_week: IntArray
    """When they arrive; at its start."""


NEVER = -1

NO_SHIPMENTS = Shipments(*(np.zeros(0, dtype=np.int64),) * 4)


class WorldFacts(NamedTuple):
    """All that is true of `n_skus` SKUs over the weeks of a replay."""

    demand_units: IntArray
    """`(n_skus, n_weeks)`"""
    on_hand_units: IntArray
    """`(n_skus,)` at epoch 0."""
    in_transit: Shipments
    """At epoch 0."""
    lead_time_weeks: IntArray
    """`(n_skus, n_orders)` of an order placed at each epoch."""
    announced_lead_time_weeks: IntArray
    """`(n_skus,)` whole weeks, what is expected of every order."""
    returns_due_units: FloatArray
    """`(n_skus, n_weeks)` returns of units sold before epoch 0."""
    return_weights: FloatArray
    """`(n_skus, n_lags)` returns per unit sold 1, 2, … weeks before."""
    return_offset: FloatArray
    """`(n_skus,)` in [0, 1): where whole returned units round."""
    inbound_share_before_demand: FloatArray
    """`(n_skus,)`"""
    cost_rates_eur: FloatArray
    """`(n_skus, 7)` in the order of `path_costs.COST_TERMS`."""

    @property
    def n_weeks(self) -> int:
        """Weeks that are played."""
        return int(self.demand_units.shape[1])


class Journal(NamedTuple):
    """What happened, in units, `(n_weeks, n_skus)` each; orders stand in the week after the epoch that placed them."""

    demand_units: IntArray
    sold_units: IntArray
    on_hand_units: IntArray
    """At the end of the week."""
    received_units: IntArray
    returned_units: IntArray
    ordered_units: IntArray
    n_orders: IntArray
    """How many were placed; several where there are several order days."""
    shelf_was_emptied: npt.NDArray[np.bool_]
    """Whether all that was on hand for the week's demand was sold: all a shop can see of a lost sale."""


class Seen(NamedTuple):
    """What a decider may know at an epoch. Weeks of arrays by week are counted from the epoch on."""

    epoch: int
    on_hand_units: IntArray
    """`(n_skus,)`"""
    inbound_units: IntArray
    """`(n_skus, 12)` in transit, by week in which it is expected; what is overdue is expected at once."""
    journal: Journal
    """The weeks that have been played; demand is what was sold where the world does not show it."""
    last_order_day: IntArray
    """`(n_skus,)` day of the game's last order, counted from the Monday of week 0; `NEVER` = none."""
    weekday: int = 0
    """Days of the week that have gone by."""


class World:
    """Reality, week by week.

    Args:
        facts: What is true.
        shows_demand: Whether deciders are told what customers asked for; else what was sold, cut off by the stock of this game.
    """

    def __init__(self, facts: WorldFacts, *, shows_demand: bool) -> None:
        self._facts, self._shows_demand = facts, shows_demand
        shape = (facts.n_weeks, len(facts.on_hand_units))
        units = [np.zeros(shape, dtype=np.int64) for _ in range(7)]
        self._journal = Journal._make([*units, np.zeros(shape, dtype=np.bool_)])
        self._on_hand = facts.on_hand_units.copy()
        self._on_the_way = [facts.in_transit]
        self._carried = facts.return_offset.copy()
        self._week, self._weekday = 0, 0
        self._last_order_day = np.full(shape[1], NEVER)

    def seen(self) -> Seen:
        """What may be known before the next week."""
        week = self._week
        inbound = np.zeros((len(self._on_hand), HORIZON_WEEKS), dtype=np.int64)
        for shipments in self._on_the_way:
            ahead = np.maximum(shipments.expected_week - week, 0)
            shown = self._is_open(shipments) & (ahead < HORIZON_WEEKS)
            np.add.at(inbound, (shipments.sku[shown], ahead[shown]), shipments.units[shown])
        played = Journal._make(rows[:week] for rows in self._journal)
        played = played if self._shows_demand else played._replace(demand_units=played.sold_units)
        return Seen(week, self._on_hand.copy(), inbound, played, self._last_order_day.copy(), self._weekday)

    def place(self, units: IntArray) -> Shipments:
        """Order now, `(n_skus,)`; the world says when it arrives."""
        sku = np.flatnonzero(units)
        expected = self._week + self._facts.announced_lead_time_weeks[sku]
        return self.ship(Shipments(sku, units[sku], expected, self._week + self._facts.lead_time_weeks[sku, self._week]))

    def ship(self, shipments: Shipments) -> Shipments:
        """Send on their way what was ordered now, its arrival known."""
        np.add.at(self._journal.ordered_units[self._week], shipments.sku, shipments.units)
        np.add.at(self._journal.n_orders[self._week], shipments.sku, shipments.units > 0)
        self._last_order_day[shipments.sku[shipments.units > 0]] = 7 * self._week + self._weekday
        self._on_the_way.append(shipments)
        return shipments

    def _is_open(self, shipments: Shipments) -> npt.NDArray[np.bool_]:
        """Not yet arrived."""
        return np.asarray(shipments.arrival_week >= self._week)

    def run_week(self) -> None:
        """The next week: arrivals and returns, demand, the rest of the arrivals (method §3, steps 1 to 5)."""
        facts, week = self._facts, self._week
        received = np.zeros_like(self._on_hand)
        for shipments in self._on_the_way:
            now = shipments.arrival_week == week
            np.add.at(received, shipments.sku[now], shipments.units[now])
        returned = self._returns()
        delivered = received + returned
        early = np.floor(facts.inbound_share_before_demand * delivered + 0.5).astype(np.int64)
        available = self._on_hand + early
        demand = facts.demand_units[:, week]
        sold = np.minimum(available, demand)
        self._on_hand = available - sold + delivered - early
        written = (demand, sold, self._on_hand, received, returned)
        for rows, values in zip(self._journal, written, strict=False):
            rows[week] = values
        self._journal.shelf_was_emptied[week] = sold == available
        self._week += 1

    def _returns(self) -> IntArray:
        """Whole units that come back this week; the rest is carried on."""
        self._carried += self._facts.returns_due_units[:, self._week]
        for lag in range(1, min(self._week, self._facts.return_weights.shape[1]) + 1):
            self._carried += self._facts.return_weights[:, lag - 1] * self._journal.sold_units[self._week - lag]
        returned = np.floor(self._carried)
        self._carried -= returned
        return returned.astype(np.int64)

    @property
    def journal(self) -> Journal:
        """All that has happened."""
        return self._journal


def week_costs(journal: Journal, cost_rates_eur: FloatArray) -> dict[str, FloatArray]:
    """EUR by term of `COST_TERMS`, `(n_weeks, n_skus)` each, not discounted: this is what was paid. Mark-downs fall into the last week."""
    left = np.zeros_like(journal.on_hand_units)
    left[-1:] = journal.on_hand_units[-1:]
    charged = {
        "holding": journal.on_hand_units,
        "inbound": journal.ordered_units,
        "outbound": journal.sold_units,
        "returns": journal.returned_units,
        "lost_sales": journal.demand_units - journal.sold_units,
        "overstock": left,
        "fixed_order": journal.n_orders,
    }
    return {term: charged[term] * cost_rates_eur[:, place] for place, term in enumerate(COST_TERMS)}
