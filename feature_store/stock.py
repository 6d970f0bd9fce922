"""Stock on hand, in transit and on its way back on the morning of a decision day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.calendar import first_horizon_week
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS

SERIES_KEY = ["merchant_id", "article_id"]
LATEST_WEEK = 63
"""Shipments expected later still are counted in this week: beyond every lead time of the contract."""

FloatArray = npt.NDArray[np.float64]


def on_hand_units(tables: Mapping[str, pl.DataFrame], *, decision_date: date) -> pl.DataFrame:
    """Latest known level of each warehouse dated before the decision day, summed; a series without one has no row."""
    before = tables["stock_levels"].filter(pl.col("date") < decision_date, pl.col("on_hand_units").is_not_null())
    latest = before.group_by(*SERIES_KEY, "warehouse_id").agg(pl.col("on_hand_units").sort_by("date").last())
    return latest.group_by(SERIES_KEY).agg(pl.col("on_hand_units").sum())


def lead_times(tables: Mapping[str, pl.DataFrame], merchant_ids: pl.Series, *, settings: Settings) -> pl.DataFrame:
    """Mean lead time per merchant in weeks [L], whether it is the platform's default, and whether its dispersion is set."""
    rows = {row["merchant_id"]: row for row in tables["merchants"].iter_rows(named=True)}
    inventories = [settings.for_merchant(merchant_id, rows.get(merchant_id)).inventory for merchant_id in merchant_ids]
    own = [
        rows.get(merchant_id, {}).get("lead_time_weeks") is not None or "lead_time_weeks" in settings.merchants.get(merchant_id, {})
        for merchant_id in merchant_ids
    ]
    columns = {
        "merchant_id": merchant_ids,
        "lead_time_weeks": pl.Series([inventory.lead_time_weeks for inventory in inventories], dtype=pl.Float64),
        "lead_time_is_default": ~pl.Series(own, dtype=pl.Boolean),
        "lead_time_cv_is_set": pl.Series([inventory.lead_time_cv is not None for inventory in inventories], dtype=pl.Boolean),
    }
    return pl.DataFrame(columns)


def inbound_units(tables: Mapping[str, pl.DataFrame], lead_time_weeks: pl.DataFrame, *, decision_date: date, cutoff: date) -> pl.DataFrame:
    """Units in transit on the decision day by week of expected arrival, one list of 12 per series that has any, and those expected later.

    In transit = ordered before the decision day and not received before it. Where one of the two dates is missing it
    is inferred from the other and the merchant's lead time; a shipment with neither date cannot be placed and is left
    out. Overdue shipments are expected in week 0.
    """
    start = datetime.combine(decision_date, time(), tzinfo=UTC)
    on_the_way = pl.duration(weeks=pl.col("lead_time_weeks").round().cast(pl.Int64) + 1)
    shipments = (
        tables["inbound_shipments"]
        .join(lead_time_weeks, on="merchant_id", how="inner")
        .with_columns(
            ordered=pl.coalesce("ordered_at", pl.col("expected_at") - on_the_way),
            expected=pl.coalesce("expected_at", pl.col("ordered_at") + on_the_way),
        )
    )
    in_transit = shipments.filter(pl.col("ordered") < start, pl.col("received_at").is_null() | (pl.col("received_at") >= start))
    first_week = pl.lit(first_horizon_week(cutoff))
    week = ((pl.col("expected").cast(pl.Date).dt.truncate("1w") - first_week).dt.total_days() // 7).clip(lower_bound=0)
    placed = in_transit.with_columns(horizon=week.clip(upper_bound=LATEST_WEEK))
    by_week = [pl.col("quantity_units").filter(pl.col("horizon") == index).sum() for index in range(LATEST_WEEK + 1)]
    listed = placed.group_by(SERIES_KEY).agg(units=pl.concat_list(by_week), n_weeks=pl.col("horizon").filter(pl.col("quantity_units") > 0).max() + 1)
    later = pl.col("units").list.slice(HORIZON_WEEKS, (pl.col("n_weeks").fill_null(0) - HORIZON_WEEKS).clip(lower_bound=0))
    return listed.select(*SERIES_KEY, inbound_units=pl.col("units").list.head(HORIZON_WEEKS), inbound_later_units=later)


def last_orders(tables: Mapping[str, pl.DataFrame], *, decision_date: date) -> pl.DataFrame:
    """Day of each series' last order before the decision day, cancelled ones left out; a series without one has no row."""
    day = pl.col("ordered_at").dt.date()
    placed = tables["inbound_shipments"].filter(day < decision_date, pl.col("quantity_units") > 0)
    return placed.group_by(SERIES_KEY).agg(last_order_date=day.max())


def recent_sales(series: pl.DataFrame, weekly_demand: pl.DataFrame, *, cutoff: date) -> FloatArray:
    """Sales of the last 12 weeks `(n_series, 12)`, oldest first, NaN = unknown, in the order of `series`."""
    out = np.full((series.height, HORIZON_WEEKS), np.nan)
    first = cutoff - timedelta(weeks=HORIZON_WEEKS - 1)
    recent = weekly_demand.filter(pl.col("week").is_between(first, cutoff), pl.col("sales_units").is_not_null())
    placed = recent.join(series.with_row_index("position"), on=SERIES_KEY, how="inner")
    column = placed.select((pl.col("week") - first).dt.total_days() // 7).to_series().to_numpy()
    out[placed["position"].to_numpy(), column] = placed["sales_units"].to_numpy()
    return out


def returns_due_units(sales_units: FloatArray, return_rate: FloatArray, lag_weights: FloatArray) -> FloatArray:
    """Expected returns of units already sold, by week 0 … 11: Σ over past weeks of rate × weight(lag) × units sold.

    Args:
        sales_units: `(n, 12)` sales of the last 12 weeks, oldest first; NaN counts as nothing sold.
        return_rate: `(n,)`.
        lag_weights: `(n, n_lags)` share of returns by weeks since the sale.
    """
    sold = np.nan_to_num(sales_units)
    due = np.zeros((len(sold), HORIZON_WEEKS))
    for week in range(HORIZON_WEEKS):
        for weeks_ago in range(sold.shape[1]):
            lag = week + weeks_ago + 1
            if lag < lag_weights.shape[1]:
                due[:, week] += return_rate * lag_weights[:, lag] * sold[:, -1 - weeks_ago]
    return due
