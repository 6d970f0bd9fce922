"""Lead times in force, recent sales, and what is on its way back on the morning of a decision day."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS

SERIES_KEY = ["merchant_id", "article_id"]
FloatArray = npt.NDArray[np.float64]


def lead_times(tables: Mapping[str, pl.DataFrame], merchant_ids: pl.Series, *, settings: Settings) -> pl.DataFrame:
    """Mean lead time per merchant in weeks [L], whether it is the platform's default, and the dispersion that is set (null = none is)."""
    rows = {row["merchant_id"]: row for row in tables["merchants"].iter_rows(named=True)}
    inventories = [settings.for_merchant_if_usable(merchant_id, rows.get(merchant_id))[0].inventory for merchant_id in merchant_ids]
    own = [
        rows.get(merchant_id, {}).get("lead_time_weeks") is not None or "lead_time_weeks" in settings.merchants.get(merchant_id, {})
        for merchant_id in merchant_ids
    ]
    columns = {
        "merchant_id": merchant_ids,
        "lead_time_weeks": pl.Series([inventory.lead_time_weeks for inventory in inventories], dtype=pl.Float64),
        "lead_time_is_default": ~pl.Series(own, dtype=pl.Boolean),
        "lead_time_cv": pl.Series([inventory.lead_time_cv for inventory in inventories], dtype=pl.Float64),
    }
    return pl.DataFrame(columns)


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
