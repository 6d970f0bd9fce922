"""Stock on hand on the morning of a decision day: the last counts, old ones moved forward by what is on record since."""

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from domain.calendar import ONE_WEEK
from ml.preprocessing.stock_counts import last_counts
from ml.preprocessing.stock_reports import StockReports
from ml.preprocessing.visible import SERIES_KEY

_LANE_OF_ARTICLE = [*SERIES_KEY, "warehouse_id"]


def on_hand_units(tables: Mapping[str, pl.DataFrame], *, decision_date: date, reports: StockReports) -> pl.DataFrame:
    """Units on hand of every series that was ever counted, its warehouses added up; a warehouse that reports no more does not count.

    Args:
        tables: The nine contract tables; what is dated on or after the day is not looked at.
        decision_date: The day.
        reports: Of the whole market, as known before the day.
    """
    counts = counts_brought_forward(tables, decision_date=decision_date, reports=reports)
    units = pl.when(~pl.col("has_stopped")).then("on_hand_units").fill_null(0)
    return counts.group_by(SERIES_KEY).agg(on_hand_units=units.sum()).sort(SERIES_KEY)


def counts_brought_forward(tables: Mapping[str, pl.DataFrame], *, decision_date: date, reports: StockReports) -> pl.DataFrame:
    """The last counts (`last_counts`); one older than a week with what was sold, returned and received since, never below zero: `moved_units`."""
    counts = last_counts(tables["stock_levels"], reports, before=decision_date)
    is_old = (pl.col("date") < decision_date - ONE_WEEK) & ~pl.col("has_stopped").fill_null(value=False)
    counts = counts.with_columns(has_stopped=pl.col("has_stopped").fill_null(value=False), is_old=is_old)
    if not counts["is_old"].any():
        return counts.with_columns(moved_units=pl.lit(0, pl.Int64))
    moved = _moved_units(tables, counts, before=decision_date)
    joined = counts.join(moved, on=_LANE_OF_ARTICLE, how="left", nulls_equal=True, maintain_order="left").with_columns(pl.col("moved_units").fill_null(0))
    return joined.with_columns(on_hand_units=(pl.col("on_hand_units") + pl.col("moved_units")).clip(lower_bound=0))


def _moved_units(tables: Mapping[str, pl.DataFrame], counts: pl.DataFrame, *, before: date) -> pl.DataFrame:
    """Net units that came (+) and went (−) since each old count; a movement without a warehouse of the article is the newest counted one's."""
    old = counts.filter("is_old")
    movements = _movements(tables, before=before).join(old.select(SERIES_KEY).unique(), on=SERIES_KEY, how="semi")
    lanes = counts.filter(~pl.col("has_stopped")).select(*_LANE_OF_ARTICLE, "date", "is_old")
    newest = lanes.sort("date").unique(SERIES_KEY, keep="last", maintain_order=True)
    own = movements.join(lanes, on=_LANE_OF_ARTICLE, nulls_equal=True)
    others = movements.join(lanes, on=_LANE_OF_ARTICLE, how="anti", nulls_equal=True).drop("warehouse_id").join(newest, on=SERIES_KEY)
    placed = pl.concat([own, others.select(own.columns)]).filter("is_old", pl.col("from_day") > pl.col("date"))
    return placed.group_by(_LANE_OF_ARTICLE).agg(moved_units=pl.col("units").sum())


def _movements(tables: Mapping[str, pl.DataFrame], *, before: date) -> pl.DataFrame:
    """Every movement before a day: key, warehouse_id, first day of it, units."""
    nowhere = pl.lit(None, pl.String)

    def rows(name: str, column: str, units: pl.Expr, *, warehouse: pl.Expr = nowhere, days: int = 0) -> pl.DataFrame:
        day = pl.col(column).cast(pl.Date)
        seen = tables[name].lazy().filter(day + timedelta(days=days) < before)
        return seen.select(*SERIES_KEY, warehouse_id=warehouse, from_day=day, units=units).collect()

    units = pl.col("quantity_units")
    return pl.concat(
        [
            rows("sales_transactions", "occurred_at", -units, warehouse=pl.col("warehouse_id")),
            rows("weekly_sales", "week", -pl.col("sales_units").fill_null(0), days=6),
            rows("returns", "returned_at", units),
            rows("inbound_shipments", "received_at", units, warehouse=pl.col("warehouse_id")),
        ]
    )
