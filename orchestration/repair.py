"""Repair: make again exactly the partitions that are stale, stage by stage, in this process.

A stage is looked at only when those above it are done: where a partition comes out the same, nothing below it is made again. A partition that is
gone although others are made from it is made again, too: without it, they could not be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

import dagster as dg

from assets.layout import PartitionKey, newest_partition
from assets.lineage import LINEAGE
from assets.partitioned import Progress
from assets.raw import FIRST_SHARD
from assets.staleness import DATA_REASONS, Reason, lost_partitions, partition_name, stale_partitions
from domain.settings import Settings
from orchestration.in_process import InProcess, errors_of_ours
from orchestration.jobs import INGEST
from orchestration.partitions import shard_range
from orchestration.run_tags import RANGE_END_TAG, RANGE_START_TAG
from orchestration.staleness_checks import report_staleness

_STEP = {"week": timedelta(weeks=1), "day": timedelta(days=1)}


@dataclass(frozen=True)
class RepairReport:
    """What a repair has made again."""

    n_partitions: int
    by_table: dict[str, list[str]] = field(default_factory=dict)
    """Partitions by table, as "2026-09-21 shard 00"."""


def repair(settings: Settings, *, reasons: frozenset[Reason] = DATA_REASONS, ingest: bool = False, on_progress: Progress | None = None) -> RepairReport:
    """Make every partition again that is stale for one of these reasons, and those below it whose inputs then differ.

    Args:
        settings: Of the platform.
        reasons: What counts.
        ingest: Read the source first.
        on_progress: Told one line per table written.

    Raises:
        ReplenishError: As the failing step raised it; a repair that ends early goes on where it stopped when started again.
    """
    tell: Progress = on_progress or (lambda _: None)
    with errors_of_ours(root=settings.data):
        if ingest:
            InProcess(settings, reason="replenish repair", on_progress=tell).run(INGEST, shard_range(settings.n_shards))
        platform = InProcess(settings, reason="replenish repair", on_progress=tell)
        by_table = {table: keys for table, keys in _repaired(settings, reasons, platform) if keys}
        if by_table:
            _refresh_analytics(settings, platform)
        report_staleness(platform.instance, settings, made_again=[(table, key) for table, keys in by_table.items() for key in keys])
    return RepairReport(sum(map(len, by_table.values())), {table: [partition_name(key) for key in keys] for table, keys in by_table.items()})


def _repaired(settings: Settings, reasons: frozenset[Reason], platform: InProcess) -> Iterator[tuple[str, list[PartitionKey]]]:
    lost = lost_partitions(settings)
    for table in LINEAGE:
        # An input made again a moment ago counts, whatever made it stale.
        stale = [found.key for found in stale_partitions(settings, tables=(table,)) if found.is_for(reasons | {Reason.UPSTREAM})]
        keys = sorted([*lost[table], *stale], key=partition_name)
        for tags in ranges(keys):
            platform.materialize(table, tags)
        yield table, keys


def _refresh_analytics(settings: Settings, platform: InProcess) -> None:
    day = newest_partition(settings.data, "policy/policies", "day")
    if day is not None:
        key = str(dg.MultiPartitionKey({"day": day, "shard": FIRST_SHARD}))
        platform.materialize("analytics/duckdb", {RANGE_START_TAG: key, RANGE_END_TAG: key})


def ranges(keys: Sequence[PartitionKey]) -> Iterator[dict[str, str]]:
    """Run tags of as few runs as cover exactly these partitions: adjacent weeks (or days) with the same adjacent shards."""
    if not keys:
        return
    dimension = "week" if "week" in keys[0] else "day"
    shards_at = {value: sorted(key["shard"] for key in group) for value, group in groupby(keys, key=lambda key: key[dimension])}
    first: str | None = None
    for value, following in zip(shards_at, [*list(shards_at)[1:], None], strict=True):
        first = first or value
        if following is not None and shards_at[following] == shards_at[value] and _next(value, dimension) == following:
            continue
        for run in _adjacent(shards_at[value]):
            start, end = (dg.MultiPartitionKey({dimension: at, "shard": shard}) for at, shard in ((first, run[0]), (value, run[-1])))
            yield {RANGE_START_TAG: str(start), RANGE_END_TAG: str(end)}
        first = None


def _next(value: str, dimension: str) -> str:
    return (date.fromisoformat(value) + _STEP[dimension]).isoformat()


def _adjacent(shards: Sequence[str]) -> Iterator[list[str]]:
    """Runs of consecutive shard names."""
    for _, run in groupby(enumerate(shards), key=lambda pair: int(pair[1]) - pair[0]):
        yield [shard for _, shard in run]
