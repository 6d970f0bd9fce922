"""The platform as it is operated: the UI's server and daemon, backfills through its API, and a run that is killed."""

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.layout import list_partitions
from assets.lineage import LINEAGE, LOOKING_BACK
from assets.staleness import stale_partitions
from domain.settings import Settings, load_settings
from orchestration.definitions import build_definitions
from orchestration.failure_log import FILE_NAME
from orchestration.instance import open_instance
from orchestration.jobs import INGEST, WEEKLY_FORECAST
from orchestration.partitions import shard_range
from orchestration.repair import repair
from orchestration.run_tags import RANGE_END_TAG, RANGE_START_TAG
from sources.market import write_market
from tests.dagster_server import DagsterServer, serve

WEEKLY_TABLES = [table for table, lineage in LINEAGE.items() if lineage.rhythm == "weekly"]
TABLES_LOOKING_BACK = {table for table, lineage in LINEAGE.items() if not LOOKING_BACK.isdisjoint(lineage.inputs.values())}
THESE_AND_BELOW = set(TABLES_LOOKING_BACK)
while more := {table for table, lineage in LINEAGE.items() if not THESE_AND_BELOW.isdisjoint(lineage.inputs)} - THESE_AND_BELOW:
    THESE_AND_BELOW |= more
SHARDS = ("00", "01")
TWO_WEEKS, ANOTHER_WEEK = ("2026-08-31", "2026-09-07"), ("2026-09-14",)
SIZES = {"n_shards": len(SHARDS), "profile": "tiny", "forecast": {"n_trees": 8, "n_threads": 1}}
ENVIRONMENT = {
    "REPLENISH_N_SHARDS": "2",
    "REPLENISH_PROFILE": "tiny",
    "REPLENISH_FORECAST__N_TREES": "8",
    "REPLENISH_FORECAST__N_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
}

BROWSERS = (
    {},
    {"Host": "localhost:3000", "Origin": "http://localhost:3000"},
    {"Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "evil.example", "Origin": "http://evil.example"},
)
"""Headers of a program, of a page of the UI (through a tunnel), and of pages of another site."""


def run_job(settings: Settings, job: str, tags: Mapping[str, str]) -> None:
    with open_instance(settings.data) as instance:
        build_definitions(settings).resolve_job_def(job).execute_in_process(instance=instance, tags=dict(tags))


def keys_of_weeks(weeks: tuple[str, ...]) -> list[str]:
    return [str(dg.MultiPartitionKey({"week": week, "shard": shard})) for week in weeks for shard in SHARDS]


def written(root: str, weeks: tuple[str, ...]) -> dict[str, bytes]:
    files = [path for week in weeks for path in Path(root).glob(f"*/*/week={week}/shard=*/part.parquet")]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def processes_of(home: Path) -> list[int]:
    """Processes that were started with this folder as their DAGSTER_HOME."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = environ.read_bytes().split(b"\0")
        except OSError:  # it has just ended, or is somebody else's
            continue
        if f"DAGSTER_HOME={home}".encode() in variables:
            found.append(int(environ.parent.name))
    return found


def kill_in_the_middle(server: DagsterServer, backfill: str) -> str:
    """Kill the backfill's run as soon as one of its steps is done; return its id."""

    def some_done() -> Mapping[str, Any] | None:
        runs = [run for run in server.runs_of(backfill) if run["status"] == "STARTED"]
        return runs[0] if runs and any(step["status"] == "SUCCESS" for step in runs[0]["stepStats"]) else None

    run = server.wait_for(some_done)
    pid = server.process_of(run["runId"])
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return str(run["runId"])


def test_a_backfill_succeeds_and_a_killed_run_converges_to_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_market(n_merchants=2, n_articles=6, n_weeks=40, seed=3, out=source)
    served, undisturbed = (load_settings(data=str(tmp_path / name), source=str(source), **SIZES) for name in ("served", "undisturbed"))
    run_job(served, INGEST, shard_range(len(SHARDS)))
    with serve(Path(served.data), source, environment=ENVIRONMENT) as server:
        everything = keys_of_weeks((*TWO_WEEKS, *ANOTHER_WEEK))
        run_job(undisturbed, INGEST, shard_range(len(SHARDS)))
        run_job(undisturbed, WEEKLY_FORECAST, {RANGE_START_TAG: everything[0], RANGE_END_TAG: everything[-1]})
        server.wait_until_ready()
        assert [server.refusal("{ version }", **headers) for headers in BROWSERS] == [0, 0, 403, 403, 400]
        first = server.launch_backfill(WEEKLY_TABLES, keys_of_weeks(TWO_WEEKS))
        second = server.launch_backfill(WEEKLY_TABLES, keys_of_weeks(ANOTHER_WEEK))
        killed = kill_in_the_middle(server, second)
        partial = written(served.data, ANOTHER_WEEK)
        assert server.wait_for_backfill(first) == "COMPLETED_SUCCESS"
        assert server.wait_for_backfill(second) == "COMPLETED_SUCCESS"
        runs = server.runs_of(second)
        report = server.wait_for(lambda: reports[0] if (reports := failures(Path(served.data) / "dagster")) else None)
    assert {run["runId"]: run["status"] for run in runs if run["parentRunId"] is None} == {killed: "FAILURE"}
    assert [run["status"] for run in runs if run["parentRunId"] == killed] == ["SUCCESS"]
    assert (report["run_id"], report["is_retried"]) == (killed, True)
    assert "process died" in report["fact"]
    assert len(partial) < len(written(served.data, ANOTHER_WEEK)) == len(WEEKLY_TABLES) * len(SHARDS)
    all_weeks = (*TWO_WEEKS, *ANOTHER_WEEK)
    assert {key["week"] for table in WEEKLY_TABLES for key in list_partitions(served.data, table)} == set(all_weeks)
    # Two backfills at once do not wait for each other: what looks back may have come before what it looks at, is stale then, and is made again,
    # and what is made from it.
    assert list(stale_partitions(undisturbed)) == []
    assert set(repair(served).by_table) <= THESE_AND_BELOW
    assert written(served.data, all_weeks) == written(undisturbed.data, all_weeks)
    assert processes_of(Path(served.data) / "dagster") == []


def failures(home: Path) -> list[dict[str, Any]]:
    file = home / FILE_NAME
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
