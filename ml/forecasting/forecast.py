"""The forecast of a cutoff: every series, twelve weeks, 39 quantiles. Which route a series takes is decided here."""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.errors import StaleInputError
from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS, mean_of_quantiles
from domain.settings import ForecastSettings
from domain.stage_tables import HORIZON_WEEKS, Forecasts
from ml.forecasting.empirical import empirical_quantiles
from ml.forecasting.prediction import predict_quantiles
from ml.forecasting.segments import describe_series
from ml.preprocessing.visible import SERIES_KEY

FloatArray = npt.NDArray[np.float64]

FEWEST_WEEKS_FOR_TREES = 1
"""Observed weeks from which the trees forecast a series. With the article's level in the scale they beat the empirical route already after
one week: docs/explanation/forecast.md, "Young series"."""


def forecast_demand(
    weekly_demand: pl.DataFrame,
    inference_rows: pl.DataFrame,
    models: pl.DataFrame,
    *,
    cutoff: date,
    settings: ForecastSettings,
    horizon_weeks: int = HORIZON_WEEKS,
) -> pl.DataFrame:
    """`horizon_weeks` rows for every series of `inference_rows`, none missing.

    Args:
        weekly_demand: Series up to the cutoff; later rows are not looked at.
        inference_rows: Rows of `build_inference_rows` for the same cutoff.
        models: Rows of `train_models`; zero rows send every series down the empirical route.
        cutoff: Monday of the last week that may be seen.
        settings: Threads.
        horizon_weeks: Weeks ahead in `inference_rows`.

    Returns:
        `stage_tables.Forecasts`, sorted by series and week. Quantiles are whole units (rounding the finished quantiles lowers the
        loss of whole-unit demand); `demand_mean_units` is the mean before rounding.

    Raises:
        StaleInputError: The inference rows are of another cutoff or horizon, or the models of other features.
    """
    _check_rows(inference_rows, cutoff=cutoff, horizon_weeks=horizon_weeks)
    described = describe_series(weekly_demand, cutoff=cutoff)
    rows = inference_rows.sort(*SERIES_KEY, "horizon_week").join(described, on=SERIES_KEY, how="left", maintain_order="left")
    by_trees = np.zeros(rows.height, dtype=bool) if models.is_empty() else (rows["n_observed_weeks"] >= FEWEST_WEEKS_FOR_TREES).to_numpy()
    quantiles = np.empty((rows.height, len(QUANTILE_LEVELS)))
    if by_trees.any():
        of_trees = inference_rows.sort(*SERIES_KEY, "horizon_week").filter(by_trees)
        quantiles[by_trees] = predict_quantiles(models, of_trees, n_threads=settings.n_threads)
    if not by_trees.all():
        first_week = rows.filter(~by_trees).filter(pl.col("horizon_week") == 1)
        quantiles[~by_trees] = np.repeat(empirical_quantiles(first_week), horizon_weeks, axis=0)
    return Forecasts.validate(_as_forecasts(rows, quantiles, by_trees))


def _as_forecasts(rows: pl.DataFrame, quantiles: FloatArray, by_trees: npt.NDArray[np.bool_]) -> pl.DataFrame:
    whole_units = np.floor(quantiles + 0.5)
    keys = rows.select(
        *SERIES_KEY,
        cutoff="origin",
        week=pl.col("origin") + pl.duration(weeks=pl.col("horizon_week")),
        horizon_week="horizon_week",
    )
    return keys.hstack(
        [
            pl.Series("demand_mean_units", mean_of_quantiles(quantiles)),
            *(pl.Series(name, whole_units[:, position]) for position, name in enumerate(QUANTILE_COLUMNS)),
            pl.Series("model", np.where(by_trees, "lightgbm", "empirical"), dtype=pl.String),
            rows["segment"],
        ]
    )


def _check_rows(inference_rows: pl.DataFrame, *, cutoff: date, horizon_weeks: int) -> None:
    origins = inference_rows["origin"].unique().to_list()
    n_series = inference_rows.select(pl.struct(SERIES_KEY).n_unique()).item() if inference_rows.height else 0
    if origins not in ([], [cutoff]) or inference_rows.height != n_series * horizon_weeks:
        raise StaleInputError(
            "the inference rows do not fit the forecast",
            got=f"origins {', '.join(map(str, sorted(origins)))}; {inference_rows.height} rows for {n_series} series",
            wanted=f"origin {cutoff}; {horizon_weeks} rows per series",
            remedy="Build the inference rows again for this cutoff.",
        )
