"""How often drift checks of forecasts and of decisions alarm in 52 quiet weeks: a small market, forecast every week by models trained once, decided every day."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from benchmarks.drift_detection import N_QUIET_WEEKS, alerts_by_check
from domain.calendar import ONE_DAY, ONE_WEEK, cutoff_for, sunday_of
from domain.settings import Settings
from domain.stage_tables import Policies
from domain.tables import WeeklySales
from feature_store import assemble_vectors
from ml.forecasting import forecast_demand, train_models
from ml.monitoring import tally_newest_week
from ml.preprocessing import build_weekly_demand, estimate_merchant_profiles, without_unit_errors
from ml.transformation import build_inference_rows, build_training_sample
from quality.drift.decision_checks import DayOfTallies, judge_decisions
from quality.drift.decision_tallies import PastDecisions, tally_decisions
from quality.drift.forecast_checks import WeekOfTallies, judge_forecast
from simulation.batch import optimize_vectors
from sources.market import build_market

LAST_WEEK = date(2026, 8, 3)
_PAST_WEEKS, _PAST_DAYS, _COST_DAYS = 26, 33, 84
_SERIES_KEY = ["merchant_id", "article_id"]


class Quiet(NamedTuple):
    """Alerts by check, as `drift_detection.alerts_by_check` counts them."""

    forecasts: pl.DataFrame
    decisions: pl.DataFrame


def quiet_alerts(seed: int, settings: Settings, *, n_merchants: int = 3, n_articles: int = 120, n_decided: int = 20) -> Quiet:
    """52 quiet weeks after as many as the checks look back at.

    Args:
        seed: Of the market.
        settings: Thresholds, and how thoroughly orders are optimised.
        n_merchants: Merchants.
        n_articles: Articles of each that are forecast.
        n_decided: Articles of each that are decided on.
    """
    tables = build_market(n_merchants=n_merchants, n_articles=n_articles, n_weeks=156, seed=seed, last_day=sunday_of(LAST_WEEK) + ONE_WEEK)
    weeks = [LAST_WEEK - back * ONE_WEEK for back in range(N_QUIET_WEEKS + _PAST_WEEKS, -1, -1)]
    forecasts = dict(_forecasts(tables, weeks, settings))
    is_decided = pl.col("article_id") <= f"A{n_decided:06d}"
    few = {"weekly_sales": WeeklySales.create_empty()} | {
        name: frame.filter(is_decided) if "article_id" in frame.columns and name != "cost_rates" else frame for name, frame in tables.items()
    }
    of_few = {week: _Known(known.demand.filter(is_decided), known.forecast.filter(is_decided), known.profiles) for week, known in forecasts.items()}
    return Quiet(_quiet_forecasts(forecasts, settings), _quiet_decisions(few, of_few, settings))


_Tables = Mapping[str, pl.DataFrame]


class _Known(NamedTuple):
    """What a cutoff knows."""

    demand: pl.DataFrame
    forecast: pl.DataFrame
    profiles: pl.DataFrame


def _forecasts(tables: _Tables, weeks: list[date], settings: Settings) -> Iterator[tuple[date, _Known]]:
    """By cutoff; the models are those of the first."""
    first = without_unit_errors(build_weekly_demand(tables, cutoff=weeks[0], history_weeks=settings.forecast.history_weeks))
    models = train_models(build_training_sample(first, cutoff=weeks[0], settings=settings.forecast), settings=settings.forecast)
    for week in weeks:
        flagged = build_weekly_demand(tables, cutoff=week, history_weeks=settings.forecast.history_weeks)
        demand = without_unit_errors(flagged)
        rows = build_inference_rows(demand, cutoff=week, settings=settings.forecast)
        forecast = forecast_demand(demand, rows, models, cutoff=week, settings=settings.forecast)
        yield week, _Known(flagged, forecast, estimate_merchant_profiles(tables, cutoff=week))


def _quiet_forecasts(forecasts: Mapping[date, _Known], settings: Settings) -> pl.DataFrame:
    judged = [
        WeekOfTallies(week, [tally_newest_week(forecasts[week - ONE_WEEK].forecast, known.demand, week=week)])
        for week, known in forecasts.items()
        if week - ONE_WEEK in forecasts
    ]
    verdicts = [
        judge_forecast(judged[: place + 1], week=judged[place].week, settings=settings.drift) for place in range(len(judged) - N_QUIET_WEEKS, len(judged))
    ]
    return alerts_by_check(pl.concat(verdicts), step=ONE_WEEK)


def _quiet_decisions(tables: _Tables, forecasts: Mapping[date, _Known], settings: Settings) -> pl.DataFrame:
    last = sunday_of(LAST_WEEK) + ONE_DAY
    first_judged = last - N_QUIET_WEEKS * ONE_WEEK
    decided: dict[date, tuple[pl.DataFrame, pl.DataFrame]] = {}
    tallies: list[DayOfTallies] = []
    verdicts = []
    for day in _days(first_judged - timedelta(days=_PAST_DAYS + _COST_DAYS), last):
        decided[day] = _decisions(tables, forecasts, day, settings)
        policies = decided[day][0]
        before = decided.get(day - ONE_DAY)
        past = PastDecisions(
            order_changes=None if before is None else _changes(policies, before[0]),
            week_ago=decided[day - ONE_WEEK][0] if day - ONE_WEEK in decided else None,
            horizon_ago=decided.pop(day - timedelta(days=_COST_DAYS), None),
        )
        tallies.append(DayOfTallies(day, [tally_decisions(policies, past, tables, on=day, settings=settings.drift)]))
        if day > first_judged:
            verdicts.append(judge_decisions(tallies[-_PAST_DAYS - 1 :], on=day, settings=settings.drift))
    return alerts_by_check(pl.concat(verdicts), step=ONE_DAY)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + number * ONE_DAY for number in range((last - first).days + 1))


def _decisions(tables: _Tables, forecasts: Mapping[date, _Known], day: date, settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Policies and vectors of a day."""
    known = forecasts[cutoff_for(day)]
    vectors = assemble_vectors(tables, known.demand, known.forecast, known.profiles, decision_date=day, settings=settings)
    found = optimize_vectors(vectors, settings, merchants=tables["merchants"])
    return found.select(Policies.column_names()), vectors


def _changes(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Orders that differ from the day before, with the columns that the tallies read."""
    earlier = before.select(*_SERIES_KEY, order_day_before_units="order_now_units")
    return now.join(earlier, on=_SERIES_KEY).filter(pl.col("order_now_units") != pl.col("order_day_before_units"))
