"""Drift, beside the stages it watches: what arrived (stage series), what was forecast and what was decided (stage evaluation). Verdicts are the same in each shard."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.lineage import earlier
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, day_of, keys_of, week_of
from assets.plots import markdown_table
from domain.calendar import ONE_DAY, ONE_WEEK
from domain.forecast_tables import NewestWeekTallies
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from ml.monitoring import tally_newest_week
from quality.drift.decision_checks import DayOfTallies, judge_decisions
from quality.drift.decision_tallies import PastDecisions, tally_decisions
from quality.drift.forecast_checks import WeekOfTallies, judge_forecast
from quality.drift.input_checks import judge_input
from quality.drift.input_tallies import tally_input


def build_input_drift(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """What arrived, and whether it is what usually arrives."""

    @dg.asset(**declaration("series/input_tallies", partitions))
    def input_tallies(context: dg.AssetExecutionContext, weekly_demand: PartitionReader, **raw: PartitionReader) -> PartitionedFrames:
        """What arrived in each of the last 60 weeks, by merchant and category, in sums that shards add up exactly."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            return tally_input({name: reader.read(shard=key["shard"]) for name, reader in raw.items()}, weekly_demand.read(**key), cutoff=week_of(key))

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("series/input_drift", partitions))
    def input_drift(context: dg.AssetExecutionContext, input_tallies: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """The newest week's input against its own past: feeds that break, distributions that shift, levels that jump. Broken feeds stop the forecast."""

        @lru_cache(maxsize=1)
        def of_week(week: str) -> pl.DataFrame:
            return judge_input(input_tallies.read_each(week=week), week=date.fromisoformat(week), settings=settings.drift)

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: of_week(key["week"]), _verdicts)

    return [input_tallies, input_drift]


def build_forecast_drift(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Whether forecasts still hold, by the week that has just come."""

    @dg.asset(**declaration("evaluation/newest_week_tallies", partitions))
    def newest_week_tallies(context: dg.AssetExecutionContext, quantiles: PartitionReader, weekly_demand: PartitionReader) -> PartitionedFrames:
        """The forecast of a week ago against the week that came, beside the mean of the 8 weeks before; no rows where none was made."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            made = quantiles.read_if_present(**earlier(key, ONE_WEEK))
            return NewestWeekTallies.create_empty() if made is None else tally_newest_week(made, weekly_demand.read(**key), week=week_of(key))

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("evaluation/forecast_drift", partitions))
    def forecast_drift(context: dg.AssetExecutionContext, newest_week_tallies: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """Loss, error, bias and coverage a week ahead, against the half year before and against the simplest forecast."""

        @lru_cache(maxsize=1)
        def of_week(week: str) -> pl.DataFrame:
            past = _past(newest_week_tallies, _until(week, ONE_WEEK, _PAST_WEEKS), "week")
            return judge_forecast([WeekOfTallies(on, parts) for on, parts in past], week=date.fromisoformat(week), settings=settings.drift)

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: of_week(key["week"]), _verdicts)

    return [newest_week_tallies, forecast_drift]


def build_decision_drift(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Whether decisions are what they usually are, are followed, and cost what they promised."""

    @dg.asset(**declaration("evaluation/decision_tallies", partitions))
    def decision_tallies(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **inputs: PartitionReader) -> PartitionedFrames:
        """The day's orders, what became of those a week before, and what 12 weeks have cost; sums by merchant."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            tables = {name: inputs[name].read(shard=key["shard"]) for name in _EVENT_TABLES}
            return tally_decisions(inputs["policies"].read(**key), _past_decisions(inputs, key), tables, on=day_of(key), settings=settings.drift)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("evaluation/decision_drift", partitions))
    def decision_drift(context: dg.AssetExecutionContext, decision_tallies: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """Changed orders, their value, adherence and cost, against the days before."""

        @lru_cache(maxsize=1)
        def of_day(day: str) -> pl.DataFrame:
            past = _past(decision_tallies, _until(day, ONE_DAY, _PAST_DAYS), "day")
            return judge_decisions([DayOfTallies(on, parts) for on, parts in past], on=date.fromisoformat(day), settings=settings.drift)

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: of_day(key["day"]), _verdicts)

    return [decision_tallies, decision_drift]


_PAST_WEEKS = 26
_PAST_DAYS = 33
"""26 to compare with, and for each the day a week before."""
_EVENT_TABLES = ("sales_transactions", "weekly_sales", "returns", "stock_levels", "inbound_shipments")


def _past_decisions(inputs: dict[str, PartitionReader], key: PartitionKey) -> PastDecisions:
    """What was decided for the shard a day, a week and 12 weeks before, as far as it was."""

    def of(table: str, back: timedelta) -> pl.DataFrame | None:
        return inputs[table].read_if_present(**earlier(key, back))

    policies, vectors = (of(table, HORIZON_WEEKS * ONE_WEEK) for table in ("policies", "sku_vectors"))
    was_decided = of("policies", ONE_DAY) is not None
    return PastDecisions(
        order_changes=inputs["order_changes"].read(**key) if was_decided else None,
        week_ago=of("policies", ONE_WEEK),
        horizon_ago=None if policies is None or vectors is None else (policies, vectors),
    )


def _until(last: str, step: timedelta, n_before: int) -> list[date]:
    return [date.fromisoformat(last) - back * step for back in range(n_before, -1, -1)]


def _past(reader: PartitionReader, times: Sequence[date], dimension: str) -> Iterator[tuple[date, list[pl.DataFrame]]]:
    """Those weeks or days of which all shards are written, oldest first."""
    for when in times:
        parts = list(reader.read_each_if_complete(**{dimension: when.isoformat()}))
        if parts:
            yield when, parts


def _verdicts(frame: pl.DataFrame) -> Metadata:
    breached = frame.filter("is_breached")
    rows = frame.sort("is_breached", "check", "scope", descending=[True, False, False]).with_columns(pl.col(pl.Float64).round(3))
    columns = ("check", "scope", "statistic", "reference", "threshold", "is_breached", "is_blocking")
    return {
        "n_judged": frame.height,
        "n_breached": breached.height,
        "breached": "; ".join(f"{check} {scope}" for check, scope in breached.select("check", "scope").iter_rows()) or "none",
        "checks": markdown_table(("check", "scope", "statistic", "usual", "limit", "breached", "blocks"), rows.select(columns).rows()),
    }
