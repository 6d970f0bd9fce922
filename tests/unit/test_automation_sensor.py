"""The sensor `automation` over the real definitions: what it finds in Dagster's records, and what it asks for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest

from assets.layout import partition_location
from assets.lineage import LINEAGE
from domain.calendar import cutoff_for
from domain.settings import Settings
from domain.stage_tables import Fingerprints
from orchestration.definitions import build_definitions
from orchestration.due_runs import DueRun, platform_day
from orchestration.platform_state import _ingested_at, read_platform_state
from orchestration.run_tags import CAUSE, DAY, RANGE_END_TAG, RANGE_START_TAG, REASON, WEEK
from orchestration.sensors import AUTOMATION, run_request
from sources.storage import write_parquet

NOW = datetime.now(UTC)  # materialisations carry the time at which they are reported
SHARDS = ("00", "01")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path), n_shards=len(SHARDS))


@pytest.fixture
def today(settings: Settings) -> date:
    return platform_day(NOW, settings.operations)


def deliver_until(last_day: date, settings: Settings) -> None:
    """What an ingestion leaves of a source that reaches to a day."""
    days = [last_day - timedelta(weeks=30), last_day]
    rows = [{"table": "sales_transactions", "event": "occurred_at", "day": day, "n_rows": 1, "rows_hash": 1, "has_left": False} for day in days]
    for shard in SHARDS:
        frame = Fingerprints.cast(pl.DataFrame(rows))
        write_parquet(frame, partition_location(settings.data, "raw/fingerprints", {"shard": shard}))


def report(instance: dg.DagsterInstance, table: str, key: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(table.split("/")), partition=key))


def report_all(instance: dg.DagsterInstance, rhythm: str, dimension: str, value: date, *, shards: tuple[str, ...] = SHARDS) -> None:
    for table in (table for table, lineage in LINEAGE.items() if lineage.rhythm == rhythm):
        for shard in shards:
            report(instance, table, str(dg.MultiPartitionKey({dimension: value.isoformat(), "shard": shard})))


def ingest(instance: dg.DagsterInstance, last_day: date, settings: Settings) -> None:
    deliver_until(last_day, settings)
    for shard in SHARDS:
        report(instance, "raw/fingerprints", shard)


def look(instance: dg.DagsterInstance, settings: Settings) -> list[dg.RunRequest]:
    """What the sensor of the real definitions asks for."""
    with dg.build_sensor_context(instance=instance) as context:
        result = build_definitions(settings).resolve_sensor_def(AUTOMATION)(context)
    assert isinstance(result, dg.SensorResult)
    assert bool(result.run_requests) != bool(result.skip_reason)
    return list(result.run_requests or [])


def run_with_cause(instance: dg.DagsterInstance, cause: str, *, succeeds: bool, **tags: str) -> None:
    """A run that automation has started, as it stands in Dagster's records."""

    @dg.op
    def work() -> None:
        if not succeeds:
            raise RuntimeError("failed")

    @dg.job
    def any_job() -> None:
        work()

    any_job.execute_in_process(instance=instance, tags={CAUSE: cause, **tags}, raise_on_error=False)


def test_it_goes_from_ingestion_to_forecast_to_decision(instance: dg.DagsterInstance, settings: Settings, today: date) -> None:
    (request,) = look(instance, settings)
    assert (request.job_name, request.run_key) == ("ingest", f"ingest/{today}/1")
    ingest(instance, today - timedelta(days=1), settings)
    (request,) = look(instance, settings)
    cutoff = cutoff_for(today)
    assert (request.job_name, request.tags[WEEK]) == ("weekly_forecast", cutoff.isoformat())
    report_all(instance, "weekly", "week", cutoff)
    (request,) = look(instance, settings)
    assert (request.job_name, request.tags[DAY]) == ("daily_optimization", today.isoformat())
    assert request.tags[REASON] == "automation: due"
    report_all(instance, "daily", "day", today)
    assert look(instance, settings) == []


def test_a_cutoff_without_all_shards_is_not_complete(instance: dg.DagsterInstance, settings: Settings, today: date) -> None:
    ingest(instance, today - timedelta(days=1), settings)
    report_all(instance, "weekly", "week", cutoff_for(today), shards=("01",))
    assert [request.job_name for request in look(instance, settings)] == ["weekly_forecast"]


def test_an_ingestion_of_one_shard_is_not_the_days_ingestion(instance: dg.DagsterInstance, settings: Settings, today: date) -> None:
    deliver_until(today - timedelta(days=1), settings)
    report(instance, "raw/fingerprints", "00")
    assert [request.job_name for request in look(instance, settings)] == ["ingest"]


def test_an_ingestion_is_as_old_as_its_oldest_shard(settings: Settings) -> None:
    records = [SimpleNamespace(partition_key=shard, timestamp=at) for shard, at in (("01", 2_000.0), ("00", 1_000.0), ("00", 500.0))]
    instance = SimpleNamespace(fetch_materializations=lambda *_, **__: SimpleNamespace(records=records))
    assert _ingested_at(instance, len(SHARDS)) == datetime.fromtimestamp(1_000.0, UTC)  # type: ignore[arg-type]


def test_a_demo_that_ended_long_ago_asks_for_nothing_more(instance: dg.DagsterInstance, settings: Settings, today: date) -> None:
    ingest(instance, today - timedelta(days=50), settings)
    report_all(instance, "daily", "day", today - timedelta(days=49))
    assert look(instance, settings) == []


def test_newer_days_start_first(instance: dg.DagsterInstance, settings: Settings, today: date) -> None:
    ingest(instance, today - timedelta(days=1), settings)
    for day in (today, today - timedelta(days=3)):
        report_all(instance, "weekly", "week", cutoff_for(day))
    report_all(instance, "daily", "day", today - timedelta(days=3))
    requests = [request for request in look(instance, settings) if request.job_name == "daily_optimization"]
    by_priority = sorted(requests, key=lambda request: -int(request.tags["dagster/priority"]))
    assert by_priority[0].tags[DAY] == today.isoformat()
    assert [request.tags[DAY] for request in by_priority] == sorted((request.tags[DAY] for request in requests), reverse=True)


def test_attempts_are_read_from_the_runs(instance: dg.DagsterInstance, settings: Settings, today: date) -> None:
    cause = f"ingest/{today}"
    run_with_cause(instance, cause, succeeds=False)
    (failed,) = read_platform_state(instance, settings, now=NOW).attempts.values()
    assert (failed.n_runs, failed.is_open, failed.is_given_up) == (1, False, False)
    assert failed.failed_at is not None
    assert look(instance, settings) == []  # its pause is not over
    run_with_cause(instance, cause, succeeds=False, **{"dagster/will_retry": "true"})
    assert read_platform_state(instance, settings, now=NOW).attempts[cause].is_open
    run_with_cause(instance, "ingest/2001-01-01", succeeds=True)
    assert read_platform_state(instance, settings, now=NOW).attempts["ingest/2001-01-01"].failed_at is None
    assert read_platform_state(instance, settings, now=NOW + timedelta(days=30)).attempts == {}


@pytest.mark.parametrize(
    "due", [DueRun("ingest", date(2026, 10, 5), ""), DueRun("weekly_forecast", date(2026, 9, 28), ""), DueRun("daily_optimization", date(2026, 10, 6), "")]
)
def test_a_request_covers_all_shards_of_partitions_that_exist(due: DueRun, settings: Settings) -> None:
    deliver_until(date(2026, 10, 4), settings)
    request = run_request(due, n_shards=len(SHARDS))
    job = build_definitions(settings).resolve_job_def(due.job)
    assert job.partitions_def is not None
    keys = job.partitions_def.get_partition_keys()
    assert {request.tags[RANGE_START_TAG], request.tags[RANGE_END_TAG]} <= set(keys)
    assert [request.tags[tag].replace(due.date.isoformat(), "").strip("|") for tag in (RANGE_START_TAG, RANGE_END_TAG)] == ["00", "01"]
