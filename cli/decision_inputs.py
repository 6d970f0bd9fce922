"""From a source to the feature vectors of a decision day, for the commands that decide without the platform around them."""

from datetime import date
from typing import NamedTuple

import polars as pl

from cli.source_reading import check_cutoff
from cli.terminal import progress
from domain.calendar import ONE_WEEK, cutoff_for
from domain.settings import Settings
from feature_store import DefaultUsed, assemble_vectors, defaults_used, market_context_of, read_day
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand, estimate_merchant_profiles, market_facts_of
from sources.folder import RawTables


class DecisionInputs(NamedTuple):
    """What a day's decisions are made from."""

    cutoff: date
    vectors: pl.DataFrame
    """Rows of `stage_tables.SkuVectors`."""
    defaults: list[DefaultUsed]
    """What the source does not say."""
    forecast: pl.DataFrame
    """Rows of `stage_tables.Forecasts` of the cutoff."""
    demand: pl.DataFrame
    """`stage_tables.WeeklyDemand` up to the cutoff."""
    readings: pl.DataFrame
    """Rows of `stage_tables.Readings` of the day, beside those of the source."""


def decision_inputs(raw: RawTables, day: date, *, settings: Settings, forecast: pl.DataFrame | None = None) -> DecisionInputs:
    """Forecast every series from the newest cutoff before the day and assemble the vectors.

    Args:
        raw: The source.
        day: Decision day; nothing dated on or after it is looked at.
        settings: The platform's.
        forecast: Of an earlier call for a day with the same cutoff; `None` = forecast now.

    Raises:
        UsageError: The source knows nothing about the day's cutoff.
    """
    cutoff = cutoff_for(day)
    check_cutoff(raw, cutoff, option="cutoff")
    market = market_facts_of(raw.frames, before=cutoff + ONE_WEEK, reading=settings.reading)
    demand = build_weekly_demand(raw.frames, cutoff=cutoff, history_weeks=settings.forecast.history_weeks, market=market)
    rows = forecast_from_tables(raw.frames, cutoff=cutoff, settings=settings, on_progress=progress) if forecast is None else forecast
    profiles = estimate_merchant_profiles(raw.frames, cutoff=cutoff)
    context = market_context_of(raw.frames, decision_date=day, settings=settings)
    vectors = assemble_vectors(raw.frames, demand, rows, profiles, decision_date=day, settings=settings, market=context)
    readings = read_day(raw.frames, demand, vectors, decision_date=day, settings=settings, market=context)
    return DecisionInputs(cutoff, vectors, defaults_used(raw.frames, demand, rows, profiles, decision_date=day, settings=settings), rows, demand, readings)
