"""The whole forecast in one call, without an orchestrator: what `replenish forecast` and the tests run."""

from collections.abc import Callable, Mapping
from datetime import date

import polars as pl

from domain.calendar import ONE_WEEK
from domain.settings import ForecastSettings, Settings
from domain.stage_tables import HORIZON_WEEKS, FlaggedForecasts
from ml.forecasting import forecast_demand, train_models
from ml.forecasting.analogues import unsold_articles, with_unsold
from ml.forecasting.ended import with_ended
from ml.forecasting.launches import count_launches, first_known_week
from ml.preprocessing import build_weekly_demand, market_facts_of, with_flags, without_unit_errors
from ml.transformation import build_group_weeks, build_inference_rows, build_training_sample, merge_group_weeks

Progress = Callable[[str], None]
"""Told the name of each step as it begins."""


def forecast_from_tables(
    tables: Mapping[str, pl.DataFrame], *, cutoff: date, settings: Settings, horizon_weeks: int = HORIZON_WEEKS, on_progress: Progress | None = None
) -> pl.DataFrame:
    """Raw tables → forecast of one cutoff, also of articles on sale that never sold, and of those that have ended.

    The same rows as shard by shard through the platform.

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
    market = market_facts_of(tables, before=cutoff + ONE_WEEK, reading=settings.reading)
    flagged = build_weekly_demand(tables, cutoff=cutoff, history_weeks=settings.forecast.history_weeks, market=market)
    weekly_demand, articles = without_unit_errors(flagged), tables["articles"]
    groups = build_group_weeks(weekly_demand, cutoff=cutoff)
    sold = _forecast_sold(weekly_demand, groups, cutoff=cutoff, settings=settings.forecast, horizon_weeks=horizon_weeks, tell=tell)
    forecast = with_ended(sold, weekly_demand, articles, cutoff=cutoff)
    if unsold_articles(articles, weekly_demand, cutoff=cutoff, horizon_weeks=horizon_weeks).height:
        tell("articles without a sale")
        counts = count_launches(weekly_demand, articles, cutoff=cutoff, first_week=first_known_week([groups]))
        forecast = with_unsold(forecast, weekly_demand, articles, counts, cutoff=cutoff, horizon_weeks=horizon_weeks)
    return FlaggedForecasts.validate(with_flags(forecast, flagged, cutoff=cutoff))


def forecast_from_demand(
    weekly_demand: pl.DataFrame,
    *,
    cutoff: date,
    settings: ForecastSettings,
    articles: pl.DataFrame | None = None,
    horizon_weeks: int = HORIZON_WEEKS,
    on_progress: Progress | None = None,
) -> pl.DataFrame:
    """The weekly series of a whole market → their forecast; rows after the cutoff are not looked at, nor articles without a sale."""
    cleaned = without_unit_errors(weekly_demand)
    groups = build_group_weeks(cleaned, cutoff=cutoff)
    tell = on_progress or (lambda _: None)
    forecast = _forecast_sold(cleaned, groups, cutoff=cutoff, settings=settings, horizon_weeks=horizon_weeks, tell=tell)
    if articles is not None:
        forecast = with_ended(forecast, cleaned, articles, cutoff=cutoff)
    return FlaggedForecasts.validate(with_flags(forecast, weekly_demand, cutoff=cutoff))


def _forecast_sold(
    weekly_demand: pl.DataFrame, group_weeks: pl.DataFrame, *, cutoff: date, settings: ForecastSettings, horizon_weeks: int, tell: Progress
) -> pl.DataFrame:
    """Sample, models, features, quantiles of the series with a sale."""
    groups = merge_group_weeks([group_weeks])
    tell("training sample")
    # The models do not depend on how many weeks are asked: six weeks are the first six of twelve.
    sample = build_training_sample(weekly_demand, cutoff=cutoff, settings=settings, horizon_weeks=max(horizon_weeks, HORIZON_WEEKS), group_weeks=groups)
    tell("models")
    models = train_models(sample, settings=settings)
    tell("inference rows")
    rows = build_inference_rows(weekly_demand, cutoff=cutoff, settings=settings, horizon_weeks=horizon_weeks, group_weeks=groups)
    tell("forecast")
    return forecast_demand(weekly_demand, rows, models, cutoff=cutoff, settings=settings, horizon_weeks=horizon_weeks)
