"""What exists, read from Dagster's records and the fingerprints of the source: the input of `due_runs`."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import dagster as dg

from assets.layout import shard_names
from assets.lineage import LINEAGE
from assets.source_days import FINGERPRINTS, source_days
from domain.settings import Settings
from orchestration.due_runs import Attempts, PlatformState
from orchestration.run_tags import CAUSE, RETRIED_BY, WILL_RETRY

_REMEMBERED = timedelta(days=3)
"""Beyond the catch-up window; an older attempt has no bearing on what is due."""
_RECORDS_PER_SHARD = 4
"""A shard ingested again by itself must not hide the others' records."""


def read_platform_state(instance: dg.DagsterInstance, settings: Settings, *, now: datetime) -> PlatformState:
    """What exists now.

    Args:
        instance: Dagster's records.
        settings: Of the data root.
        now: UTC; attempts are read back to the catch-up window before it.
    """
    days = source_days(settings)
    return PlatformState(
        ingested_at=_ingested_at(instance, settings.n_shards),
        source_until=days.last_day if days else None,
        cutoffs=_complete_dates(instance, "weekly", settings.n_shards),
        days=_complete_dates(instance, "daily", settings.n_shards),
        attempts=_attempts(instance, since=now - timedelta(days=settings.operations.catch_up_days) - _REMEMBERED),
    )


def _ingested_at(instance: dg.DagsterInstance, n_shards: int) -> datetime | None:
    """When the shard that was ingested longest ago was ingested last."""
    records = instance.fetch_materializations(dg.AssetKey(FINGERPRINTS.split("/")), limit=_RECORDS_PER_SHARD * n_shards).records
    newest: dict[str, float] = {}
    for record in records:
        newest.setdefault(str(record.partition_key), record.timestamp)
    return datetime.fromtimestamp(min(newest.values()), UTC) if newest.keys() >= set(shard_names(n_shards)) else None


def _complete_dates(instance: dg.DagsterInstance, rhythm: str, n_shards: int) -> frozenset[date]:
    """Cutoffs or days of which every table of the rhythm has every shard."""
    shards = set(shard_names(n_shards))
    tables = [table for table, lineage in LINEAGE.items() if lineage.rhythm == rhythm]
    keys = set[str].intersection(*(set(instance.get_materialized_partitions(dg.AssetKey(table.split("/")))) for table in tables))
    pairs = sorted(_date_and_shard(key, shards) for key in keys)
    return frozenset(day for day, found in groupby(pairs, key=lambda pair: pair[0]) if {shard for _, shard in found} >= shards)


def _date_and_shard(key: str, shards: set[str]) -> tuple[date, str]:
    """The dimensions of a key, which Dagster orders by their names: `day|shard` but `shard|week`."""
    first, second = key.split("|")
    return (date.fromisoformat(second), first) if first in shards else (date.fromisoformat(first), second)


def _attempts(instance: dg.DagsterInstance, *, since: datetime) -> dict[str, Attempts]:
    records = [record for record in instance.get_run_records(dg.RunsFilter(created_after=since)) if CAUSE in record.dagster_run.tags]
    records.sort(key=lambda record: (record.dagster_run.tags[CAUSE], record.create_timestamp))
    return {cause: _summary(list(runs)) for cause, runs in groupby(records, key=lambda record: record.dagster_run.tags[CAUSE])}


def _summary(records: list[dg.RunRecord]) -> Attempts:
    last = records[-1]
    has_failed = last.dagster_run.status == dg.DagsterRunStatus.FAILURE
    return Attempts(
        n_runs=sum(record.dagster_run.parent_run_id is None for record in records),
        is_open=_is_open(record.dagster_run for record in records),
        failed_at=datetime.fromtimestamp(last.end_time or last.update_timestamp.timestamp(), UTC) if has_failed else None,
        is_given_up=last.dagster_run.status == dg.DagsterRunStatus.CANCELED,
    )


def _is_open(runs: Iterable[dg.DagsterRun]) -> bool:
    return any(not run.is_finished or (run.tags.get(WILL_RETRY) == "true" and RETRIED_BY not in run.tags) for run in runs)
