"""What an afternoon with MLForecast and LightGBM gives: the set-up that the product's forecaster has to beat.

Lags, rolling means and date features as in the libraries' own guides, LightGBM's default trees, one model per level,
recursive prediction (MLForecast's default), unknown weeks taken as zero. No scaling, calibration, blending or rounding.
"""

from datetime import date
from typing import Any, cast

import lightgbm as lgb
import numpy as np
import polars as pl
from mlforecast import MLForecast
from mlforecast.lag_transforms import ExpandingMean, RollingMean

from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS
from domain.stage_tables import HORIZON_WEEKS
from ml.preprocessing.visible import SERIES_KEY

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
SEPARATOR = "\x1f"
FEWEST_WEEKS = 14


def plain_forecast(weekly_demand: pl.DataFrame, cutoff: date, *, n_threads: int = 2) -> pl.DataFrame:
    """Twelve weeks of 39 quantiles for every series with 14 weeks or more; younger ones repeat their median week.

    Returns:
        merchant_id, article_id, horizon_week and the quantile columns.
    """
    visible = weekly_demand.filter(pl.col("week") <= cutoff).sort(*SERIES_KEY, "week")
    frame = visible.select(
        unique_id=pl.concat_str(SERIES_KEY, separator=SEPARATOR),
        ds=pl.col("week").cast(pl.Datetime("us")),
        y=pl.col("sales_units").fill_null(0).cast(pl.Float64),
    )
    long_enough = pl.len().over("unique_id") >= FEWEST_WEEKS
    old, young = frame.filter(long_enough), frame.filter(~long_enough)
    parts = [_predict(old, n_threads=n_threads)] if old.height else []
    parts += [_repeat_median(young)] if young.height else []
    rows = pl.concat(parts)
    quantiles = np.sort(rows.select(str(level) for level in LEVELS).to_numpy(), axis=1)
    wide = np.array([np.interp(QUANTILE_LEVELS, LEVELS, row) for row in np.maximum(quantiles, 0.0)])
    names = pl.col("unique_id").str.split_exact(SEPARATOR, 1).struct.rename_fields(SERIES_KEY)
    return rows.select(names.alias("key"), "horizon_week").unnest("key").hstack(pl.DataFrame(wide, schema=QUANTILE_COLUMNS))


def _predict(frame: pl.DataFrame, *, n_threads: int) -> pl.DataFrame:
    same: dict[str, Any] = {"n_estimators": 100, "verbosity": -1, "num_threads": n_threads, "deterministic": True, "force_row_wise": True}
    forecaster = MLForecast(
        models={str(level): lgb.LGBMRegressor(objective="quantile", alpha=level, **same) for level in LEVELS},
        freq="1w",
        lags=[1, 2, 3, 4, 8, 13],
        lag_transforms={1: [RollingMean(4, min_samples=1), RollingMean(13, min_samples=1), ExpandingMean()]},
        date_features=["month", "week"],
        num_threads=n_threads,
    )
    forecaster.fit(frame, static_features=[])
    predicted = cast("pl.DataFrame", forecaster.predict(HORIZON_WEEKS))
    return predicted.sort("unique_id", "ds").with_columns(horizon_week=pl.int_range(1, HORIZON_WEEKS + 1).over("unique_id")).drop("ds")


def _repeat_median(frame: pl.DataFrame) -> pl.DataFrame:
    medians = frame.group_by("unique_id").agg(median=pl.col("y").median()).sort("unique_id")
    weeks = pl.DataFrame({"horizon_week": range(1, HORIZON_WEEKS + 1)}, schema={"horizon_week": pl.Int64})
    every = medians.join(weeks, how="cross").sort("unique_id", "horizon_week")
    return every.select("unique_id", *(pl.col("median").alias(str(level)) for level in LEVELS), "horizon_week")
