"""Several days of automation: nothing is sent while nothing happens, and a source that restates its past sends one offer."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from domain.calendar import cutoff_for
from domain.settings import load_settings
from orchestration.alert_sensors import ALERT_DELIVERY, ALERT_FRESHNESS, ALERT_RUNS
from orchestration.definitions import build_definitions
from orchestration.in_process import InProcess
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, WEEKLY_FORECAST
from orchestration.partitions import day_range, shard_range, week_range
from orchestration.staleness_checks import report_staleness
from sources.market import build_market

SUNDAY = date(2026, 9, 27)
N_SHARDS = 2
HAPPENS = {"sales_transactions": "occurred_at", "returns": "returned_at", "stock_levels": "date", "inbound_shipments": "ordered_at"}
SIZES: dict[str, Any] = {"profile": "tiny", "n_shards": N_SHARDS}


class Platform:
    """A platform whose source grows by a day each day, with automation and alerts on."""

    def __init__(self, folder: Path) -> None:
        self._tables = build_market(n_merchants=2, n_articles=12, n_weeks=60, seed=7)
        self._source = folder / "source"
        self._source.mkdir()
        self._settings = load_settings(data=str(folder / "data"), source=str(self._source), **SIZES)
        self._cutoffs: set[date] = set()

    def live(self, day: date, *, restated: bool = False) -> list[dict[str, Any]]:
        """One day: the source as it was the evening before, the jobs that are due, and every sensor of alerts; all messages so far."""
        for name, frame in self._tables.items():
            known_until(frame, name, day - timedelta(days=1), restated=restated).write_parquet(self._source / f"{name}.parquet")
        instance = self._run(INGEST, shard_range(N_SHARDS))
        report_staleness(instance, self._settings)
        if cutoff_for(day) not in self._cutoffs:
            self._cutoffs.add(cutoff_for(day))
            self._run(WEEKLY_FORECAST, week_range(cutoff_for(day), n_shards=N_SHARDS))
        self._run(DAILY_OPTIMIZATION, day_range(day, n_shards=N_SHARDS))
        return list(self._messages(instance))

    def _run(self, job: str, tags: dict[str, str]) -> dg.DagsterInstance:
        platform = InProcess(self._settings, reason="test", on_progress=lambda _: None)
        platform.run(job, tags)
        return platform.instance

    def _messages(self, instance: dg.DagsterInstance) -> Iterator[dict[str, Any]]:
        definitions = build_definitions(self._settings)
        for name in (ALERT_RUNS, ALERT_FRESHNESS, ALERT_DELIVERY):
            with dg.build_sensor_context(instance=instance) as context:
                definitions.resolve_sensor_def(name)(context)
        file = Path(instance.root_directory) / "alerts.jsonl"
        yield from map(json.loads, file.read_text().splitlines() if file.exists() else [])


def known_until(frame: pl.DataFrame, name: str, day: date, *, restated: bool) -> pl.DataFrame:
    """A table as it stood on an evening; restated, the first sale of five weeks ago was of one unit more."""
    if name in HAPPENS:
        frame = frame.filter(pl.col(HAPPENS[name]).cast(pl.Date) <= day)
    if name == "inbound_shipments":
        frame = frame.with_columns(received_at=pl.when(pl.col("received_at").cast(pl.Date) <= day).then("received_at"))
    if name == "sales_transactions" and restated:
        is_it = (pl.col("occurred_at").cast(pl.Date) >= SUNDAY - timedelta(weeks=5)).cum_sum() == 1
        frame = frame.with_columns(quantity_units=pl.when(is_it).then(pl.col("quantity_units") + 1).otherwise("quantity_units"))
    return frame


def test_quiet_days_send_nothing_and_a_restated_source_one_offer(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    days = [SUNDAY + timedelta(days=ahead) for ahead in (1, 2, 3)]
    assert [platform.live(day) for day in days] == [[]] * len(days)
    messages = platform.live(days[-1] + timedelta(days=1), restated=True)
    assert [message["key"] for message in messages] == ["repair_offered"], messages
    (message,), (group,) = messages, messages[0]["alerts"]
    assert (message["severity"], len(group["worst"])) == ("warning", 3)
    assert group["n_partitions"] > 3
