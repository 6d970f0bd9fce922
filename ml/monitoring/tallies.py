"""A past forecast against what came, added up by segment and week ahead.

Sums are kept in whole numbers (losses of whole-unit quantiles are multiples of 1/1560, shares are rounded to millionths), so the sums of shards
add up to those of the whole to the last bit.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.forecast_tables import ForecastTallies
from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS
from ml.metrics import cumulative_probability, pinball_losses
from ml.preprocessing import without_unit_errors
from ml.preprocessing.visible import SERIES_KEY

FloatArray = npt.NDArray[np.float64]

PARTS_PER_UNIT = 1_560
"""40 · 39: a pinball loss of whole units, averaged over 39 levels that are multiples of 1/40, is a multiple of its inverse."""
PARTS_PER_CELL = 1_000_000
_SUMS = ["n_cells", "actual_units", "loss_parts", "absolute_error_units", "mean_error_milliunits"]


def tally_forecast(forecast: pl.DataFrame, weekly_demand: pl.DataFrame) -> pl.DataFrame:
    """Sums over the cells (series × week) whose demand is known.

    Args:
        forecast: `stage_tables.Forecasts` of one past cutoff; may be empty.
        weekly_demand: Series up to a later cutoff. Weeks that are unknown, cut off by stock or flagged as unit errors are not judged.

    Returns:
        `forecast_tables.ForecastTallies`, sorted.
    """
    known = without_unit_errors(weekly_demand).filter(pl.col("sales_units").is_not_null(), ~pl.col("is_censored")).select(*SERIES_KEY, "week", "sales_units")
    cells = forecast.join(known, on=[*SERIES_KEY, "week"], how="inner")
    actual, quantiles = cells["sales_units"].cast(pl.Float64).to_numpy(), cells.select(QUANTILE_COLUMNS).to_numpy()
    loss = pinball_losses(actual, quantiles).mean(axis=1)
    median = quantiles[:, int(np.searchsorted(QUANTILE_LEVELS, 0.5))]
    columns = {
        "n_cells": np.ones(cells.height, dtype=np.int64),
        "actual_units": cells["sales_units"].to_numpy(),
        "loss_parts": _whole(loss * PARTS_PER_UNIT),
        "absolute_error_units": _whole(np.abs(actual - median)),
        "mean_error_milliunits": _whole((cells["demand_mean_units"].to_numpy() - actual) * 1_000),
    }
    below = _whole(shares_below(actual, quantiles) * PARTS_PER_CELL)
    frame = cells.select("cutoff", "segment", "horizon_week").with_columns(
        **{name: pl.Series(values, dtype=pl.Int64) for name, values in columns.items()},
        **{name: pl.Series(below[:, place], dtype=pl.Int64) for place, name in enumerate(_BELOW)},
    )
    sums = frame.group_by("cutoff", "segment", "horizon_week").agg(pl.col(*_SUMS, *_BELOW).sum()).sort("segment", "horizon_week")
    return ForecastTallies.validate(sums.with_columns(below_parts=pl.concat_list(_BELOW)).select(ForecastTallies.column_names()))


_BELOW = [f"below_{place}" for place in range(len(QUANTILE_LEVELS))]


def shares_below(actual: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Share of each cell's randomised PIT at or below each level `(n, 39)`: its expectation over V, without drawing V."""
    low, high = (cumulative_probability(quantiles, actual + half)[:, None] for half in (-0.5, 0.5))
    width = high - low
    share = np.divide(QUANTILE_LEVELS - low, width, out=(low <= QUANTILE_LEVELS).astype(np.float64), where=width > 0)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _whole(values: FloatArray) -> npt.NDArray[np.int64]:
    return np.asarray(np.round(values), dtype=np.int64)
