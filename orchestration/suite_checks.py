"""The check `suite` of each table: Great Expectations over the partitions of the run, week by week or day by day, and nothing else.

A breach of the contract fails it with severity ERROR and stops the stages below; something unusual fails it with WARN and stops nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import dagster as dg
import polars as pl

from assets.layout import PartitionKey, partition_location, read_partition
from assets.lineage import LINEAGE
from assets.partitioned import day_of
from assets.source_days import source_days
from domain.calendar import cutoff_for
from domain.settings import Settings
from orchestration.suite_reports import is_raw, keep_reports
from quality.suites import SuiteReport, run_suite, suite_of
from sources.storage import exists, is_remote

CHECK_NAME = "suite"
LASTING = "lasting_only"
"""Whether all that is unusual will be so for months, as a short history is: no alert."""
_LISTED = 10
_DESCRIPTION = (
    "Everything that is expected of the table: its contract, which blocks, and what is usual, which warns. Examples and trends: the page in the metadata."
)


def suite_spec(table: str, partitions_def: dg.PartitionsDefinition | None) -> dg.AssetCheckSpec:
    """The check's declaration; it blocks where a result's severity says so."""
    return dg.AssetCheckSpec(CHECK_NAME, asset=dg.AssetKey(table.split("/")), description=_DESCRIPTION, blocking=True, partitions_def=partitions_def)


def suite_result(settings: Settings, table: str, keys: Sequence[PartitionKey]) -> dg.AssetCheckResult:
    """Judge some partitions of a table, keep the reports, and say what is not met."""
    reports = list(judge_partitions(settings, table, keys))
    page = keep_reports(settings.data, reports)
    blocks = any(report.state == "blocked" for report in reports)
    failing = [(report.partition, finding) for report in reports for finding in report.failing]
    lines = [f"{finding.name} ({finding.state}, {partition}): {finding.got}; wanted {finding.wanted}" for partition, finding in failing]
    return dg.AssetCheckResult(
        passed=not failing,
        asset_key=dg.AssetKey(table.split("/")),
        check_name=CHECK_NAME,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        description=_remedy(blocks=blocks) if failing else None,
        metadata={
            "not_met": " · ".join([*lines[:_LISTED], *([f"and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else [])]) or "none",
            "rules": len(reports[0].findings),
            "rows": sum(report.n_rows for report in reports),
            "partitions": ", ".join(report.partition for report in reports),
            LASTING: dg.MetadataValue.bool(bool(failing) and all(finding.is_lasting for _, finding in failing)),
            "page": dg.MetadataValue.path(page),
        },
    )


def judge_partitions(settings: Settings, table: str, keys: Sequence[PartitionKey]) -> Iterator[SuiteReport]:
    """A report per cutoff or decision day over the shards among the keys; raw tables have one, named by the source's last day."""
    suite = suite_of(table, settings.suites)
    for moment, of_moment in groupby(keys, key=_moment):
        shards = list(of_moment)
        parts = {table: _parts(settings.data, table, shards)} | {other: _parts(settings.data, other, _keys_of(other, shards)) for other in suite.others}
        yield run_suite(suite, parts, partition=moment or _last_day(settings), shards=[key["shard"] for key in shards])


def _moment(key: PartitionKey) -> str:
    return key.get("week") or key.get("day") or ""


def _last_day(settings: Settings) -> str:
    days = source_days(settings)
    return days.last_day.isoformat() if days else "no-sales"


def _keys_of(other: str, keys: Sequence[PartitionKey]) -> list[PartitionKey]:
    """The partitions of another table that belong to some partitions: the same shards, week or day; of a weekly one the day's cutoff."""
    return [_key_of(other, key) for key in keys]


def _key_of(other: str, key: PartitionKey) -> PartitionKey:
    if is_raw(other):
        return {"shard": key["shard"]}
    if "day" in key and LINEAGE[other].rhythm == "weekly":
        return {"week": cutoff_for(day_of(key)).isoformat(), "shard": key["shard"]}
    return key


def _parts(root: str, table: str, keys: Sequence[PartitionKey]) -> Mapping[str, str | pl.DataFrame]:
    """Those of the partitions that have been written: as files of this machine, else as rows (DuckDB needs an extension to read an object store)."""
    located = {"/".join(key.values()): (key, partition_location(root, table, key)) for key in keys}
    written = {name: (key, location) for name, (key, location) in located.items() if exists(location)}
    return {name: read_partition(root, table, key) if is_remote(root) else location for name, (key, location) in written.items()}


def _remedy(*, blocks: bool) -> str:
    if blocks:
        return "The contract is broken: the stages below do not run. docs/how-to/suites.md says what to do."
    return "Unusual, not wrong by itself: the stages below run. docs/how-to/suites.md says what to look at."
