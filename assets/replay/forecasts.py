"""The forecasts of a replay: whoever makes them, trained once or every week, each cutoff computed once."""

from collections.abc import Callable
from datetime import date
from functools import partial

import numpy as np
import polars as pl

from assets.replay.terms import Retrain
from domain.errors import UsageError
from domain.quantiles import QUANTILE_COLUMNS, mean_of_quantiles
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS, Forecasts
from feature_store.stock import SERIES_KEY
from ml.evaluation.baselines import BASELINES
from ml.evaluation.library_baselines import LIBRARY_BASELINES
from ml.evaluation.walk_forward import MODEL, forecasters_of
from ml.forecasting import forecast_demand, train_models
from ml.forecasting.ended import with_ended
from ml.pipeline import forecast_from_demand
from ml.preprocessing import without_unit_errors
from ml.transformation import build_inference_rows, build_training_sample
from simulation.sampling.paths import FloatArray

CHAMPION = "champion"
Progress = Callable[[str], None]
Forecaster = Callable[[pl.DataFrame, date], pl.DataFrame]
"""Weekly demand up to a cutoff, and the cutoff → `stage_tables.Forecasts`."""


def forecaster_named(name: str, *, articles: pl.DataFrame, settings: Settings, retrain: Retrain, on_progress: Progress) -> Forecaster:
    """The product's own forecaster (`champion`) or a baseline.

    Args:
        name: Of either.
        articles: The contract's table, from which the product knows what has ended by a cutoff.
        settings: Of the forecast.
        retrain: Whether the product learns once or every week.
        on_progress: Told each step.

    Raises:
        UsageError: The name is unknown.
    """
    check_forecaster(name)
    if name in (CHAMPION, MODEL):
        if retrain == "once":
            return _FrozenModels(settings, articles, on_progress)
        return partial(_trained_anew, articles=articles, settings=settings, on_progress=on_progress)
    return partial(_baseline, name, settings=settings)


def check_forecaster(name: str) -> None:
    """Refuse a name nobody forecasts under.

    Raises:
        UsageError: The name is unknown.
    """
    known = (CHAMPION, MODEL, *BASELINES, *LIBRARY_BASELINES)
    if name not in known:
        raise UsageError("the forecaster is unknown", got=repr(name), wanted=", ".join(known), remedy="Choose one of them.")


class _FrozenModels:
    """Trained at the first cutoff it is asked for, never again; features are of every cutoff."""

    def __init__(self, settings: Settings, articles: pl.DataFrame, on_progress: Progress) -> None:
        self._settings, self._articles, self._tell = settings.forecast, articles, on_progress
        self._models: pl.DataFrame | None = None

    def __call__(self, demand: pl.DataFrame, cutoff: date) -> pl.DataFrame:
        demand = without_unit_errors(demand)
        if self._models is None:
            self._tell(f"training on {cutoff}")
            self._models = train_models(build_training_sample(demand, cutoff=cutoff, settings=self._settings), settings=self._settings)
        self._tell(f"forecast of {cutoff}")
        rows = build_inference_rows(demand, cutoff=cutoff, settings=self._settings)
        forecast = forecast_demand(demand, rows, self._models, cutoff=cutoff, settings=self._settings)
        return with_ended(forecast, demand, self._articles, cutoff=cutoff)


def _trained_anew(demand: pl.DataFrame, cutoff: date, *, articles: pl.DataFrame, settings: Settings, on_progress: Progress) -> pl.DataFrame:
    def tell(step: str) -> None:
        on_progress(f"forecast of {cutoff}: {step}")

    return forecast_from_demand(demand, cutoff=cutoff, settings=settings.forecast, articles=articles, on_progress=tell)


def _baseline(name: str, demand: pl.DataFrame, cutoff: date, *, settings: Settings) -> pl.DataFrame:
    """A baseline's answer as a whole forecast."""
    answer = forecasters_of(settings, with_library=True)[name](demand, cutoff)
    rows = answer.with_columns(
        cutoff=pl.lit(cutoff),
        week=pl.lit(cutoff) + pl.duration(weeks=pl.col("horizon_week")),
        demand_mean_units=pl.Series(mean_of_quantiles(answer.select(QUANTILE_COLUMNS).to_numpy())),
        model=pl.lit(name),
        segment=pl.lit("not classified"),
    )
    return Forecasts.validate(rows.select(Forecasts.column_names()).sort(*SERIES_KEY, "week"), cast=True)


def quantile_matrix(forecast: pl.DataFrame) -> FloatArray:
    """`(n_skus, 12, 39)` in the order of the keys."""
    ordered = forecast.sort(*SERIES_KEY, "horizon_week")
    return np.ascontiguousarray(ordered.select(QUANTILE_COLUMNS).to_numpy().reshape(-1, HORIZON_WEEKS, len(QUANTILE_COLUMNS)))
