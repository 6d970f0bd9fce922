"""The whole forecast in one call, without an orchestrator: what `replenish forecast` and the tests run."""

from collections.abc import Callable, Mapping
from datetime import date

import polars as pl

from domain.settings import ForecastSettings, Settings
from domain.stage_tables import HORIZON_WEEKS, FlaggedForecasts
from ml.forecasting import forecast_demand, train_models
from ml.forecasting.analogues import count_launches, forecast_unsold, unsold_articles
from ml.preprocessing import build_weekly_demand, with_flags, without_unit_errors
from ml.preprocessing.visible import SERIES_KEY
from ml.transformation import build_inference_rows, build_training_sample

Progress = Callable[[str], None]
"""Told the name of each step as it begins."""


def forecast_from_tables(
    tables: Mapping[str, pl.DataFrame], *, cutoff: date, settings: Settings, horizon_weeks: int = HORIZON_WEEKS, on_progress: Progress | None = None
) -> pl.DataFrame:
    """Raw tables → forecast of one cutoff, also of articles on sale that never sold.

    Articles with a sale get the same rows as shard by shard through the platform.

    Args:
        tables: The nine contract tables; rows after the cutoff week are not looked at.
        cutoff: Monday of the last week that may be seen.
        settings: Everything that can be set; `settings.forecast` counts here.
        horizon_weeks: Weeks to forecast.
        on_progress: Called with each step's name.

    Returns:
        `stage_tables.FlaggedForecasts`, sorted by series and week.
    """
    tell = on_progress or (lambda _: None)
    tell("weekly demand")
    weekly_demand = build_weekly_demand(tables, cutoff=cutoff, history_weeks=settings.forecast.history_weeks)
    sold = forecast_from_demand(weekly_demand, cutoff=cutoff, settings=settings.forecast, horizon_weeks=horizon_weeks, on_progress=on_progress)
    unsold = unsold_articles(tables["articles"], weekly_demand, cutoff=cutoff)
    if unsold.is_empty() or weekly_demand.is_empty():
        return sold
    tell("articles without a sale")
    first_week = weekly_demand["week"].min()
    counts = count_launches(without_unit_errors(weekly_demand), tables["articles"], cutoff=cutoff, first_week=first_week)  # type: ignore[arg-type]
    brand_new = forecast_unsold(unsold, counts, cutoff=cutoff, horizon_weeks=horizon_weeks)
    return pl.concat([sold, brand_new.with_columns(flags=pl.lit("never_sold")).select(sold.columns)]).sort(*SERIES_KEY, "horizon_week")


def forecast_from_demand(
    weekly_demand: pl.DataFrame, *, cutoff: date, settings: ForecastSettings, horizon_weeks: int = HORIZON_WEEKS, on_progress: Progress | None = None
) -> pl.DataFrame:
    """The weekly series of a whole market → its forecast; rows after the cutoff are not looked at."""
    tell = on_progress or (lambda _: None)
    flagged, weekly_demand = weekly_demand, without_unit_errors(weekly_demand)
    tell("training sample")
    # The models do not depend on how many weeks are asked: six weeks are the first six of twelve.
    sample = build_training_sample(weekly_demand, cutoff=cutoff, settings=settings, horizon_weeks=max(horizon_weeks, HORIZON_WEEKS))
    tell("models")
    models = train_models(sample, settings=settings)
    tell("inference rows")
    inference_rows = build_inference_rows(weekly_demand, cutoff=cutoff, settings=settings, horizon_weeks=horizon_weeks)
    tell("forecast")
    forecast = forecast_demand(weekly_demand, inference_rows, models, cutoff=cutoff, settings=settings, horizon_weeks=horizon_weeks)
    return FlaggedForecasts.validate(with_flags(forecast, flagged, cutoff=cutoff))
