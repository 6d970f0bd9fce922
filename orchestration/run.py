"""The main job, in this process: ingest → forecast → policies → analytics, and the figures of the day.

`replenish run` calls it. The same jobs run on schedules and backfills from the UI.
"""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, date, datetime

import dagster as dg
import duckdb
import polars as pl

from assets.layout import PartitionKey, read_partitions, shard_names
from assets.partitioned import Progress
from domain.calendar import ONE_WEEK, cutoff_for, weeks_between
from domain.errors import ReplenishError, StorageError
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from orchestration.definitions import build_definitions
from orchestration.instance import open_instance
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, LOGS_TO_INSTANCE, WEEKLY_FORECAST
from orchestration.partitions import day_range, shard_range, week_range
from orchestration.summary import RunSummary, source_report, summarize_run
from quality.source_checks import data_span, decision_day

__all__ = ["RunSummary", "run_platform"]

FEWEST_HISTORY_WEEKS = 16
"""History a judged forecast must have had: with less, its accuracy says little about today's."""
_CALENDAR_COLUMNS: Mapping[str, list[str]] = {
    "sales_transactions": ["occurred_at"],
    "weekly_sales": ["week"],
    "returns": ["returned_at"],
    "stock_levels": ["date"],
    "inbound_shipments": ["ordered_at", "received_at"],
}


def run_platform(settings: Settings, *, on_progress: Progress | None = None) -> RunSummary:
    """Run the whole graph for the newest complete week and the day after the last day with data.

    The forecast of 12 weeks before is made too, where enough history lies before it, so that its accuracy is known.

    Raises:
        ReplenishError: As the failing step raised it.
        StorageError: The data root is full or read-only.
    """
    try:
        return _run(settings, on_progress or (lambda _: None))
    except Exception as error:
        known = _known_error(error, root=settings.data)
        if known is None or known is error:
            raise
        raise known from error


def _run(settings: Settings, tell: Progress) -> RunSummary:
    platform = _Platform(settings, tell)
    ingest = platform.run(INGEST, shard_range(settings.n_shards))
    today = datetime.now(UTC).date()
    first_sale, last_day = data_span(_calendar_columns(settings), today=today)
    day = decision_day(first_sale, last_day, today=today)
    cutoff = cutoff_for(day)
    for week in _cutoffs(first_sale, cutoff):
        tell(f"forecast from cutoff {week}")
        platform.run(WEEKLY_FORECAST, week_range(week, n_shards=settings.n_shards))
    tell(f"orders for {day}")
    platform.run(DAILY_OPTIMIZATION, day_range(day, n_shards=settings.n_shards))
    return summarize_run(settings, cutoff=cutoff, decision_date=day, source_report=source_report(ingest))


def _cutoffs(first_sale: date, newest: date) -> list[date]:
    """Cutoffs to forecast from, the one to be judged first."""
    judged = newest - HORIZON_WEEKS * ONE_WEEK
    return [judged, newest] if weeks_between(first_sale, judged) + 1 >= FEWEST_HISTORY_WEEKS else [newest]


class _Platform:
    """The definitions and the instance of one run."""

    def __init__(self, settings: Settings, tell: Progress) -> None:
        self._definitions = build_definitions(settings, on_progress=tell)
        self._instance = open_instance(settings.data)

    def run(self, job_name: str, tags: Mapping[str, str]) -> dg.ExecuteInProcessResult:
        """One job over the partitions that the tags name."""
        job = self._definitions.resolve_job_def(job_name)
        return job.execute_in_process(instance=self._instance, tags=dict(tags), run_config=LOGS_TO_INSTANCE)


def _known_error(error: BaseException | None, *, root: str) -> ReplenishError | None:
    """The error of ours that Dagster wrapped, or what a full or read-only disk did to its records; `None` = a defect."""
    while error is not None:
        if isinstance(error, ReplenishError):
            return error
        if isinstance(error, sqlite3.OperationalError | duckdb.IOException):
            return StorageError(
                f"cannot write below {root}",
                got=str(error).splitlines()[0],
                wanted="a writable folder with space left",
                remedy="Free space or name another data root.",
            )
        error = error.__cause__ or error.__context__
    return None


def _calendar_columns(settings: Settings) -> dict[str, pl.DataFrame]:
    keys: list[PartitionKey] = [{"shard": shard} for shard in shard_names(settings.n_shards)]
    return {name: read_partitions(settings.data, f"raw/{name}", keys, columns=columns) for name, columns in _CALENDAR_COLUMNS.items()}
