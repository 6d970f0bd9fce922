"""A forecast against what happened: one row per series, over the weeks whose demand is known."""

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_COLUMNS
from domain.stage_tables import ForecastAccuracy
from ml.metrics import interval_shares, pinball_losses
from ml.preprocessing import without_unit_errors
from ml.preprocessing.visible import SERIES_KEY


def score_forecast(forecast: pl.DataFrame, weekly_demand: pl.DataFrame) -> pl.DataFrame:
    """How the forecast fared in the weeks that `weekly_demand` (of a later cutoff) knows.

    Weeks that are unknown, cut off by stock or flagged as unit errors are not judged; a series without any week to judge keeps its row with
    `n_weeks` 0, so nobody mistakes a missing series for a good one.

    Returns:
        `stage_tables.ForecastAccuracy`, sorted by series.
    """
    known = without_unit_errors(weekly_demand).filter(pl.col("sales_units").is_not_null(), ~pl.col("is_censored")).select(*SERIES_KEY, "week", "sales_units")
    rows = forecast.sort(*SERIES_KEY, "week").join(known, on=[*SERIES_KEY, "week"], how="left", maintain_order="left")
    judged = pl.col("sales_units").is_not_null()
    actual = rows["sales_units"].cast(pl.Float64).fill_null(0.0).to_numpy()
    quantiles = rows.select(QUANTILE_COLUMNS).to_numpy()
    losses = pinball_losses(actual, quantiles).mean(axis=1)
    scores = (
        rows.with_columns(loss=pl.Series(np.asarray(losses)), covered=pl.Series(interval_shares(actual, quantiles)))
        .group_by(*SERIES_KEY, "cutoff", "model", "segment", maintain_order=True)
        .agg(
            n_weeks=judged.sum().cast(pl.Int64),
            actual_units=pl.col("sales_units").sum(),
            forecast_units=pl.col("demand_mean_units").filter(judged).sum(),
            absolute_error_units=(pl.col("sales_units") - pl.col("demand_q500")).abs().sum(),
            pinball_loss_units=pl.col("loss").filter(judged).sum(),
            covered_weeks=pl.col("covered").filter(judged).sum(),
        )
    )
    return ForecastAccuracy.validate(scores.select(ForecastAccuracy.column_names()).sort(SERIES_KEY))
