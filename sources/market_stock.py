"""The stock of one synthetic merchant, day by day: people order, goods arrive, customers buy what is there, some comes back.

Within a day: deliveries, then sales, then returns (on sale again the next day). Units are conserved exactly:
stock(t) = stock(t − 1) + received + returned − sold.
"""

import datetime as dt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_RETURN_LAG_WEEKS = np.array([0.35, 0.30, 0.20, 0.10, 0.05])
"""Share of returns 1 … 5 weeks after the sale."""
_SMOOTHING = 0.25
_REVIEW_HOUR, _RECEIPT_HOUR, _OPENING_HOUR, _RETURN_HOUR = 5, 6, 8, 21


class Supply(NamedTuple):
    """How one merchant replenishes; arrays are `(n_articles,)`."""

    lead_time_weeks: float
    lead_time_cv: float
    review_period_weeks: int
    cover_weeks: float
    """Weeks of expected demand kept above what lead time and review period need: the merchant's skill."""
    judgement_noise: float
    """Standard deviation of the people's error in their order-up-to level, as a logarithm."""
    expected_rate_units: FloatArray
    """Weekly sales they expect of an article before they have seen any."""
    launch_day: IntArray
    end_day: IntArray
    pack_size_units: IntArray
    minimum_order_quantity_units: IntArray
    return_rate: FloatArray


class History(NamedTuple):
    """What happened; matrices are `(n_days, n_articles)` units."""

    sold: IntArray
    returned: IntArray
    on_hand: IntArray
    """At the end of the day."""
    returned_of_sold: IntArray
    """Units of the day's sale that are sent back, sooner or later."""
    return_day: IntArray
    """Day on which they come back."""
    shipments: IntArray
    """`(n_shipments, 5)`: article, day ordered, day expected, day of arrival, units."""


def operate(demand: IntArray, supply: Supply, *, generator: np.random.Generator) -> History:
    """Run the stock of all articles over the days of `demand`, `(n_days, n_articles)` units."""
    n_days, n_articles = demand.shape
    sold, on_hand, sent_back = np.zeros_like(demand), np.zeros_like(demand), np.zeros_like(demand)
    lag_weeks = generator.choice(np.arange(1, _RETURN_LAG_WEEKS.size + 1), p=_RETURN_LAG_WEEKS, size=demand.shape)
    return_day = np.arange(n_days)[:, None] + lag_weeks * 7 + generator.integers(-3, 4, size=demand.shape)
    due_back = np.zeros((n_days + int(lag_weeks.max()) * 7 + 4, n_articles), dtype=np.int64)
    arrivals = np.zeros((n_days, n_articles), dtype=np.int64)
    expected_sales = supply.expected_rate_units.copy()
    on_order = np.zeros(n_articles, dtype=np.int64)
    stock = np.zeros(n_articles, dtype=np.int64)
    shipments = [_first_shipments(supply)]
    _book(shipments[0], arrivals, on_order)
    articles = np.arange(n_articles)
    for day in range(n_days):
        if day % 7 == 0 and day:
            week = slice(day - 7, day)
            in_stock = (on_hand[week] > 0).any(axis=0) & (supply.launch_day < day)
            expected_sales = np.where(in_stock, expected_sales + _SMOOTHING * (sold[week].sum(axis=0) - expected_sales), expected_sales)
        if day and day % (7 * supply.review_period_weeks) == 0:
            shipments.append(_review(day, stock + on_order, expected_sales, supply, generator))
            _book(shipments[-1], arrivals, on_order)
        stock = stock + arrivals[day]
        on_order -= arrivals[day]
        sold[day] = np.minimum(demand[day], stock)
        sent_back[day] = generator.binomial(sold[day], supply.return_rate)
        due_back[return_day[day], articles] += sent_back[day]
        stock = stock - sold[day] + due_back[day]
        on_hand[day] = stock
    return History(sold, due_back[:n_days], on_hand, sent_back, return_day, np.concatenate(shipments))


def _first_shipments(supply: Supply) -> IntArray:
    """The stock an article starts with, at least one order's worth: it arrives on the first day of the history or of its life."""
    weeks = supply.lead_time_weeks + supply.review_period_weeks + supply.cover_weeks
    units = _whole_packs(np.maximum(supply.expected_rate_units * weeks, 1.0), supply)
    ordered = supply.launch_day - round(supply.lead_time_weeks * 7)
    return np.column_stack([np.arange(units.size), ordered, supply.launch_day, supply.launch_day, units])


def _review(day: int, position: IntArray, expected_sales: FloatArray, supply: Supply, generator: np.random.Generator) -> IntArray:
    """Order up to a level of so many weeks of expected sales, misjudged a little."""
    weeks = supply.lead_time_weeks + supply.review_period_weeks + supply.cover_weeks
    level = expected_sales * weeks * generator.lognormal(0.0, supply.judgement_noise, position.size)
    shape = 1 / supply.lead_time_cv**2
    lead_days = np.maximum(np.rint(generator.gamma(shape, supply.lead_time_weeks * 7 / shape, position.size)), 1).astype(np.int64)
    alive = (supply.launch_day < day) & (supply.end_day > day + supply.lead_time_weeks * 7)
    units = _whole_packs(np.where(alive, level - position, 0.0), supply)
    article = np.flatnonzero(units)
    expected = np.full(article.size, day + round(supply.lead_time_weeks * 7))
    return np.column_stack([article, np.full(article.size, day), expected, day + lead_days[article], units[article]])


def _whole_packs(wanted: FloatArray, supply: Supply) -> IntArray:
    """Units to order: half a unit or more wanted, at least the minimum, in whole packs."""
    at_least = np.maximum(wanted, supply.minimum_order_quantity_units)
    packs = np.ceil(at_least / supply.pack_size_units) * supply.pack_size_units
    return np.where(wanted >= 0.5, packs, 0).astype(np.int64)


def _book(shipments: IntArray, arrivals: IntArray, on_order: IntArray) -> None:
    np.add.at(on_order, shipments[:, 0], shipments[:, 4])
    arriving = shipments[shipments[:, 3] < arrivals.shape[0]]
    np.add.at(arrivals, (arriving[:, 3], arriving[:, 0]), arriving[:, 4])


def merchant_events(history: History, supply: Supply, *, first_day: dt.date, prices_eur: FloatArray, generator: np.random.Generator) -> dict[str, pl.DataFrame]:
    """What the merchant records: contract tables with the column `article` (index) in place of the ids.

    Args:
        history: What happened.
        supply: The merchant.
        first_day: Date of day 0, a Monday.
        prices_eur: `(n_weeks, n_articles)` selling price.
        generator: For the time of day of a sale.
    """
    n_days = history.sold.shape[0]
    day, article = np.nonzero(history.sold)
    sales = pl.DataFrame(
        {
            "article": article,
            "day": day,
            "minute": generator.integers(0, 12 * 60, day.size),
            "quantity_units": history.sold[day, article],
            "unit_price_eur": prices_eur[day // 7, article],
            "returned": history.returned_of_sold[day, article],
            "return_day": history.return_day[day, article],
        }
    ).with_columns(pl.format("T{}", "day").alias("transaction_id"), (_at(first_day, "day", _OPENING_HOUR) + pl.duration(minutes="minute")).alias("occurred_at"))
    returns = sales.filter((pl.col("returned") > 0) & (pl.col("return_day") < n_days)).select(
        "article",
        pl.format("R{}", "day").alias("return_id"),
        _at(first_day, "return_day", _RETURN_HOUR).alias("returned_at"),
        pl.col("returned").alias("quantity_units"),
        "transaction_id",
        pl.col("occurred_at").alias("sold_at"),
    )
    return {
        "sales_transactions": sales.select("article", "transaction_id", "occurred_at", "quantity_units", "unit_price_eur"),
        "returns": returns,
        "stock_levels": _stock_levels(history.on_hand, supply, first_day),
        "inbound_shipments": _shipments(history.shipments, n_days, first_day),
    }


def _at(first_day: dt.date, day: str, hour: int) -> pl.Expr:
    midnight = pl.lit(dt.datetime.combine(first_day, dt.time(hour), dt.UTC))
    return midnight + pl.duration(days=pl.col(day))


def _stock_levels(on_hand: IntArray, supply: Supply, first_day: dt.date) -> pl.DataFrame:
    """Counted on Sundays and on the last day, from an article's launch on."""
    days = np.union1d(np.arange(6, on_hand.shape[0], 7), [on_hand.shape[0] - 1])
    article, day = np.meshgrid(np.arange(on_hand.shape[1]), days)
    counted = day >= supply.launch_day[article]
    frame = pl.DataFrame({"article": article[counted], "day": day[counted], "on_hand_units": on_hand[day[counted], article[counted]]})
    return frame.select("article", (pl.lit(first_day) + pl.duration(days="day")).alias("date"), "on_hand_units")


def _shipments(shipments: IntArray, n_days: int, first_day: dt.date) -> pl.DataFrame:
    """Orders placed up to the last day; what arrives later is still in transit."""
    columns = ["article", "ordered", "expected", "arrival", "quantity_units"]
    frame = pl.DataFrame(shipments, schema=dict.fromkeys(columns, pl.Int64)).filter(pl.col("ordered") < n_days)
    return frame.select(
        "article",
        pl.format("S{}", pl.col("ordered") + pl.lit(1000)).alias("shipment_id"),
        _at(first_day, "ordered", _REVIEW_HOUR).alias("ordered_at"),
        _at(first_day, "expected", _RECEIPT_HOUR).alias("expected_at"),
        pl.when(pl.col("arrival") < n_days).then(_at(first_day, "arrival", _RECEIPT_HOUR)).alias("received_at"),
        "quantity_units",
    )
