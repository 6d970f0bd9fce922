"""Where history begins and ends: read from the fingerprints, and the partitions that follow from it."""

import warnings
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.layout import partition_location
from assets.source_days import SourceDays, source_days
from domain.calendar import EARLIEST_DATE
from domain.settings import Settings
from domain.stage_tables import Fingerprints
from orchestration.definitions import build_definitions
from orchestration.partitions import build_partitions, first_week
from sources.storage import write_parquet


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path), n_shards=2)


def deliver(settings: Settings, shard: str, *rows: tuple[str, date | None]) -> None:
    frame = pl.DataFrame(
        [{"table": table, "event": "day" if day else "", "day": day, "n_rows": 1, "rows_hash": 1, "has_left": False} for table, day in rows],
        schema=Fingerprints.create_empty().schema,
    )
    write_parquet(frame, partition_location(settings.data, "raw/fingerprints", {"shard": shard}))


def test_sales_begin_a_source_and_any_event_ends_it(settings: Settings) -> None:
    deliver(settings, "00", ("sales_transactions", date(2024, 3, 6)), ("stock_levels", date(2024, 1, 1)), ("articles", None))
    deliver(settings, "01", ("sales_transactions", date(2024, 5, 1)), ("returns", date(2024, 5, 9)), ("external_signals", date(2025, 1, 1)))
    assert source_days(settings) == SourceDays(date(2024, 3, 6), date(2024, 5, 9))
    assert first_week(settings) == date(2024, 3, 4)


def test_an_empty_root_and_a_source_without_sales_have_no_days(settings: Settings) -> None:
    assert source_days(settings) is None
    assert first_week(settings) == EARLIEST_DATE
    deliver(settings, "00", ("stock_levels", date(2024, 1, 1)))
    assert source_days(settings) is None


def test_history_never_shrinks(settings: Settings) -> None:
    """A source that keeps a sliding window must not take the partitions of older forecasts away."""
    deliver(settings, "00", ("sales_transactions", date(2024, 3, 6)))
    write_parquet(pl.DataFrame(), partition_location(settings.data, "series/weekly_demand", {"week": "2022-01-03", "shard": "00"}))
    assert first_week(settings) == date(2022, 1, 3)


@pytest.mark.parametrize("first", [date(1990, 1, 1), date(2024, 3, 4)])
def test_partitions_begin_with_the_first_week(first: date) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        partitions = build_partitions(1, first_week=first)
    assert partitions.weekly.get_first_partition_key() == f"00|{first}"
    assert partitions.daily.get_first_partition_key() == f"{date.fromordinal(first.toordinal() + 7)}|00"


def test_a_source_of_this_week_has_definitions_too(settings: Settings) -> None:
    deliver(settings, "00", ("sales_transactions", date.today()))  # noqa: DTZ011
    dg.Definitions.validate_loadable(build_definitions(settings))


def test_every_asset_says_until_when_it_is_fresh(settings: Settings) -> None:
    policies = {node.key.path[0]: node.freshness_policy for node in build_definitions(settings).resolve_asset_graph().asset_nodes}
    assert policies["raw"].deadline_cron == policies["policy"].deadline_cron == "0 8 * * *"
    assert policies["forecast"].deadline_cron == "0 8 * * 1"
    late_night = settings.model_copy(update={"operations": settings.operations.model_copy(update={"due_hour_utc": 23})})
    policies = {node.key.path[0]: node.freshness_policy for node in build_definitions(late_night).resolve_asset_graph().asset_nodes}
    assert policies["raw"].deadline_cron == "0 23 * * *"


@pytest.mark.parametrize(("late_rows", "expected"), [(1, date(2024, 3, 31)), (40, date(2024, 5, 20))])
def test_a_stray_row_does_not_move_the_newest_day_and_a_new_week_does(settings: Settings, late_rows: int, expected: date) -> None:
    days = [(date(2024, 3, day), 10) for day in range(1, 32)] + [(date(2024, 5, 20), late_rows)]
    rows = [{"table": "sales_transactions", "event": "occurred_at", "day": day, "n_rows": n, "rows_hash": 1, "has_left": False} for day, n in days]
    write_parquet(Fingerprints.cast(pl.DataFrame(rows)), partition_location(settings.data, "raw/fingerprints", {"shard": "00"}))
    assert source_days(settings) == SourceDays(date(2024, 3, 1), expected)


def test_a_day_that_an_export_window_left_behind_is_no_first_day(settings: Settings) -> None:
    days = [(date(2024, 1, 1), True), (date(2024, 3, 6), False)]
    rows = [{"table": "sales_transactions", "event": "occurred_at", "day": day, "n_rows": 1, "rows_hash": 1, "has_left": left} for day, left in days]
    write_parquet(Fingerprints.cast(pl.DataFrame(rows)), partition_location(settings.data, "raw/fingerprints", {"shard": "00"}))
    assert source_days(settings) == SourceDays(date(2024, 3, 6), date(2024, 3, 6))
