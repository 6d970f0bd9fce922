"""Faults of the world: customers who do not ask, and customers who cannot buy. Both take units away from some lanes and days."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sources.market.assortment import Assortment, Period
from sources.market.demand import Lanes
from sources.market.faults import CensoredSales, DemandDrop, Fault, WorldFault
from sources.market.merchants import Merchant

BoolArray = npt.NDArray[np.bool_]
Int32Array = npt.NDArray[np.int32]
Int16Array = npt.NDArray[np.int16]


class Demand(NamedTuple):
    """What customers want and may buy."""

    wanted: Int32Array
    """`(n_lanes, n_days)` units asked for: the truth."""
    buyable: Int32Array
    """`(n_lanes, n_days)` units of them that find a shop that sells."""
    return_lag_days: Int16Array
    """Of each buyable unit, lane after lane."""
    n_units_lost: tuple[int, ...]
    """Buyable units each fault took away, 0 for faults of the records."""


def thin_demand(
    stream: np.random.Generator,
    units: Int32Array,
    lags: Int16Array,
    faults: Iterable[Fault],
    *,
    lanes: Lanes,
    assortment: Assortment,
    merchant: Merchant,
    period: Period,
) -> Demand:
    """The demand that faults leave. Days without a fault keep every unit and its return.

    Args:
        stream: Randomness.
        units: `(n_lanes, n_days)` asked for without faults.
        lags: Return lags of those units, lane after lane.
        faults: In their order.
        lanes: Articles in warehouses.
        assortment: The articles.
        merchant: The merchant.
        period: The days.
    """
    wanted, buyable, lost = units, units, []
    for fault in faults:
        before = buyable
        if isinstance(fault, WorldFault):
            cells = _in_scope(fault, lanes, assortment, merchant)[:, None] & _days_of(fault, period)
            if isinstance(fault, DemandDrop):
                wanted = _fewer(stream, wanted, cells, fault.factor)
                buyable = np.minimum(buyable, wanted)
            else:
                buyable = np.where(cells, np.int32(0), buyable)
        lost.append(int((before - buyable).sum()))
    left = lags if buyable is units else _lags_of(units, buyable, lags)
    return Demand(wanted, buyable, left, tuple(lost))


def _fewer(stream: np.random.Generator, units: Int32Array, cells: BoolArray, share: float) -> Int32Array:
    left = units.copy()
    left[cells] = stream.binomial(units[cells], share)
    return left


def _in_scope(fault: WorldFault, lanes: Lanes, assortment: Assortment, merchant: Merchant) -> BoolArray:
    """Lanes concerned, `(n_lanes,)`."""
    if fault.merchants and merchant.merchant_id not in fault.merchants:
        return np.zeros(lanes.article.size, dtype=bool)
    names = [category.name for category in merchant.kind.categories]
    concerned = np.array([not fault.categories or name in fault.categories for name in names])
    return np.asarray(concerned[assortment.category[lanes.article]], dtype=bool)


def _days_of(fault: WorldFault, period: Period) -> BoolArray:
    """Days concerned, `(n_days,)`."""
    days = np.datetime64(period.first_week) + np.arange(period.n_days)
    within = (days >= np.datetime64(fault.first_day)) & (days < np.datetime64(fault.end_day))
    if isinstance(fault, CensoredSales):
        within &= np.arange(period.n_days) % 7 >= 7 - fault.days_per_week
    return np.asarray(within)


def _lags_of(units: Int32Array, left: Int32Array, lags: Int16Array) -> Int16Array:
    """The lags of the units that are left: of each lane and day the first ones."""
    per_cell = units.ravel()
    first = np.cumsum(per_cell, dtype=np.int64) - per_cell
    rank = np.arange(lags.size) - np.repeat(first, per_cell)
    return lags[rank < np.repeat(left.ravel(), per_cell)]
