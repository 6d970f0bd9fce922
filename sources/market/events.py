"""What happened, as a merchant records it: the kernel's journal → rows of the contract's tables, sorted by their keys."""

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.tables import RAW_TABLES
from sources.market.assortment import Assortment, Period
from sources.market.demand import Lanes
from sources.market.kernels.stock import Journal
from sources.market.profiles import REGIONS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TRUTH_TABLE = "weekly_demand"

_ORDER_HOUR, _RECEIPT_HOUR, _OPENING_HOUR, _RETURN_HOUR = 22, 6, 8, 21
_OPENING_MINUTES = 12 * 60
_EARLIEST_ORDER_DAY = -1000
"""Shipment ids count days from here, so that they sort by the day of the order."""


def sales_rows(stream: np.random.Generator, journal: Journal, lanes: Lanes, prices_eur: FloatArray, period: Period) -> pl.DataFrame:
    """`sales_transactions`: one line per article, warehouse and day with sales, at some minute of the opening hours."""
    lane, day = np.nonzero(journal.sold)
    article, region = lanes.article[lane], lanes.region[lane]
    frame = pl.DataFrame(
        {
            "article": article,
            "number": day * len(REGIONS) + region,
            "day": day,
            "warehouse_id": _regions().gather(region),
            "minute": stream.integers(0, _OPENING_MINUTES, day.size),
            "quantity_units": journal.sold[lane, day],
            "unit_price_eur": prices_eur[article, day // 7],
        }
    ).sort("article", "number")
    return frame.select(
        "article",
        _day_ids("T", period.n_days).gather(frame["number"]).alias("transaction_id"),
        (_at(period, "day", _OPENING_HOUR) + pl.duration(minutes="minute")).alias("occurred_at"),
        "warehouse_id",
        "quantity_units",
        "unit_price_eur",
    )


def return_rows(journal: Journal, lanes: Lanes, sales: pl.DataFrame, period: Period) -> pl.DataFrame:
    """`returns`: the units of a sale that come back on one day."""
    units = pl.DataFrame(journal.returns, schema={"lane": pl.Int64, "sold": pl.Int64, "day": pl.Int64}).filter(pl.col("day") < period.n_days)
    lines = units.group_by("lane", "sold", "day").agg(pl.len().alias("quantity_units"))
    lines = lines.with_columns(pl.Series("article", lanes.article).gather(lines["lane"]), pl.Series("region", lanes.region).gather(lines["lane"]))
    lines = lines.with_columns((pl.col("sold") * len(REGIONS) + pl.col("region")).alias("number")).sort("article", "day", "number")
    ids = _day_ids("T", period.n_days).gather(lines["number"])
    rows = lines.select(
        "article",
        (_day_ids("R", period.n_days).gather(lines["day"] * len(REGIONS) + lines["region"]) + "-" + ids).alias("return_id"),
        _at(period, "day", _RETURN_HOUR).alias("returned_at"),
        "quantity_units",
        ids.alias("transaction_id"),
    )
    sold_at = sales.select("article", "transaction_id", pl.col("occurred_at").alias("sold_at"))
    return rows.join(sold_at, on=["article", "transaction_id"], how="left", maintain_order="left").sort("article", "return_id")


def stock_rows(journal: Journal, lanes: Lanes, assortment: Assortment, period: Period) -> pl.DataFrame:
    """`stock_levels`: counted on Sundays and on the last day, from the launch on; what is delisted, once more after it has sold out."""
    days = np.union1d(np.arange(6, period.n_days, 7), [period.n_days - 1])
    counts = journal.on_hand[:, days]
    launch, end = (week[lanes.article, None] * 7 for week in (assortment.first_week, assortment.end_week))
    had_stock = np.concatenate([np.zeros((counts.shape[0], 1), dtype=bool), counts[:, :-1] > 0], axis=1)
    lane, column = np.nonzero((days >= launch) & ((days < end) | (counts > 0) | had_stock))
    return pl.DataFrame(
        {
            "article": lanes.article[lane],
            "warehouse_id": _regions().gather(lanes.region[lane]),
            "date": _days(period).gather(days[column]),
            "on_hand_units": counts[lane, column],
        }
    )


def shipment_rows(journal: Journal, lanes: Lanes, period: Period) -> pl.DataFrame:
    """`inbound_shipments`: orders placed up to the last day; what arrives later is still in transit."""
    lane, ordered, expected, arrival, units = journal.shipments.T.astype(np.int64)
    number = (ordered - _EARLIEST_ORDER_DAY) * len(REGIONS) + lanes.region[lane]
    frame = pl.DataFrame(
        {"article": lanes.article[lane], "lane": lane, "number": number, "ordered": ordered, "expected": expected, "arrival": arrival, "units": units}
    )
    frame = frame.filter(pl.col("ordered") < period.n_days).sort("article", "number")
    return frame.select(
        "article",
        _day_ids("S", period.n_days - _EARLIEST_ORDER_DAY).gather(frame["number"]).alias("shipment_id"),
        _regions().gather(pl.Series(lanes.region).gather(frame["lane"])).alias("warehouse_id"),
        _at(period, "ordered", _ORDER_HOUR).alias("ordered_at"),
        _at(period, "expected", _RECEIPT_HOUR).alias("expected_at"),
        pl.when(pl.col("arrival") < period.n_days).then(_at(period, "arrival", _RECEIPT_HOUR)).alias("received_at"),
        pl.col("units").alias("quantity_units"),
    )


def truth_rows(units: npt.NDArray[np.int32], lanes: Lanes, n_articles: int, period: Period) -> pl.DataFrame:
    """`truth/weekly_demand`: what customers wanted in complete weeks, all warehouses together, a row also where it is zero."""
    n_weeks = period.n_complete_weeks
    by_lane = units[:, : 7 * n_weeks].reshape(lanes.article.size, n_weeks, 7).sum(axis=2, dtype=np.int64)
    by_article = np.add.reduceat(by_lane, np.flatnonzero(lanes.is_main), axis=0)
    article, week = np.divmod(np.arange(n_articles * n_weeks), n_weeks)
    return pl.DataFrame({"article": article, "week": _days(period).gather(week * 7), "demand_units": by_article.ravel()})


def named_rows(table: str, frame: pl.DataFrame, *, merchant_id: str, article_ids: pl.Series) -> pl.DataFrame:
    """The rows with ids in place of the column `article`, in the contract's columns and types."""
    named = frame.with_columns(pl.lit(merchant_id).alias("merchant_id"), article_ids.gather(frame["article"]).alias("article_id")).drop("article")
    return typed_rows(table, named)


def typed_rows(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in the contract's columns and types; the truth has no contract and keeps its own."""
    if table == TRUTH_TABLE:
        return frame.select("merchant_id", "article_id", "week", "demand_units")
    empty: pl.DataFrame = RAW_TABLES[table].create_empty()
    return pl.concat([empty, frame.cast({name: empty.schema[name] for name in frame.columns})], how="diagonal")


def _regions() -> pl.Series:
    return pl.Series(REGIONS, dtype=pl.String)


def _days(period: Period) -> pl.Series:
    return pl.date_range(period.first_week, period.last_day, "1d", eager=True)


def _day_ids(prefix: str, n_days: int) -> pl.Series:
    """Ids of every day and region: they sort by day, then region."""
    return pl.Series([f"{prefix}{day:05d}{region[0].upper()}" for day in range(n_days) for region in REGIONS], dtype=pl.String)


def _at(period: Period, day: str, hour: int) -> pl.Expr:
    return pl.lit(dt.datetime.combine(period.first_week, dt.time(hour), dt.UTC)) + pl.duration(days=pl.col(day))
