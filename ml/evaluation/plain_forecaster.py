"""What an afternoon with MLForecast and LightGBM gives: the set-up that the product's forecaster has to beat.

Lags, rolling means and date features as in the libraries' own guides, LightGBM's default trees, one model per level,
unknown weeks taken as zero. No scaling, calibration, blending or rounding. It predicts directly, with the week ahead as
a feature: MLForecast's default, recursion, widens the tails and is an easier opponent.
"""

from datetime import date
from typing import Any

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
MOST_ROWS = 240_000
"""Sampled pairs of a week and a week ahead to learn from: as many as the product's."""


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
    rows = pl.concat(parts, how="diagonal")
    quantiles = np.sort(rows.select(str(level) for level in LEVELS).to_numpy(), axis=1)
    wide = np.array([np.interp(QUANTILE_LEVELS, LEVELS, row) for row in np.maximum(quantiles, 0.0)])
    names = pl.col("unique_id").str.split_exact(SEPARATOR, 1).struct.rename_fields(SERIES_KEY)
    return rows.select(names.alias("key"), "horizon_week").unnest("key").hstack(pl.DataFrame(wide, schema=QUANTILE_COLUMNS))


def _predict(frame: pl.DataFrame, *, n_threads: int) -> pl.DataFrame:
    # MLForecast's row of a week holds lags from the week before on: the row of the first unseen week is what the cutoff knows.
    unseen = frame.group_by("unique_id").agg(pl.col("ds").max().dt.offset_by("1w"), y=pl.lit(0.0))
    forecaster = MLForecast(
        models=[],
        freq="1w",
        lags=[1, 2, 3, 4, 8, 13],
        lag_transforms={1: [RollingMean(4, min_samples=1), RollingMean(13, min_samples=1), ExpandingMean()]},
        date_features=["month", "week"],
        num_threads=n_threads,
    )
    both = pl.concat([frame, unseen]).sort("unique_id", "ds")
    prepared: Any = forecaster.preprocess(both, static_features=[], dropna=False, validate_data=False)
    is_unseen = pl.col("ds") == pl.col("ds").max().over("unique_id")
    rows = prepared.filter(is_unseen).drop("y").join(_weeks_ahead(), how="cross").sort("unique_id", "horizon_week")
    sample = _sample(prepared.filter(~is_unseen))
    names = [*prepared.columns[3:], "horizon_week"]
    features, learnt = rows.select(names).to_numpy(), sample.select(names).to_numpy()
    same: dict[str, Any] = {"n_estimators": 100, "verbosity": -1, "num_threads": n_threads, "deterministic": True, "force_row_wise": True}
    models = {level: lgb.LGBMRegressor(objective="quantile", alpha=level, **same).fit(learnt, sample["target"].to_numpy()) for level in LEVELS}
    predicted = {str(level): pl.Series(np.asarray(model.booster_.predict(features))) for level, model in models.items()}
    keys: pl.DataFrame = rows.select("unique_id", "horizon_week")
    return keys.with_columns(**predicted)


def _weeks_ahead() -> pl.DataFrame:
    return pl.DataFrame({"horizon_week": range(1, HORIZON_WEEKS + 1)}, schema={"horizon_week": pl.Int64})


def _sample(prepared: pl.DataFrame) -> pl.DataFrame:
    """Random pairs of a week and a week ahead whose demand is over."""
    generator = np.random.default_rng(0)
    last = prepared.select(last=(pl.len().over("unique_id") - pl.int_range(pl.len()).over("unique_id") - 1))["last"].to_numpy()
    n_rows = min(MOST_ROWS, prepared.height * HORIZON_WEEKS)
    row, horizon = (generator.integers(low, high, n_rows) for low, high in ((0, prepared.height), (1, HORIZON_WEEKS + 1)))
    over = horizon - 1 <= last[row]
    row, horizon = row[over], horizon[over]
    return prepared[row].with_columns(horizon_week=pl.Series(horizon), target=prepared["y"].gather(row + horizon - 1))


def _repeat_median(frame: pl.DataFrame) -> pl.DataFrame:
    medians = frame.group_by("unique_id").agg(median=pl.col("y").median()).sort("unique_id")
    every = medians.join(_weeks_ahead(), how="cross").sort("unique_id", "horizon_week")
    return every.select("unique_id", *(pl.col("median").alias(str(level)) for level in LEVELS), "horizon_week")
