"""Stage raw: the source's tables, filtered by the data contract and split by shard."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from assets.declaration import OWNERS, column_metadata
from assets.layout import PartitionKey, check_market, read_partition_if_present, shard_names
from assets.partitioned import Metadata, PartitionedFrames, Partitions, keys_of
from assets.plots import markdown_table
from assets.provenance import code_version
from assets.sharding import assign_shards, rows_of_shard
from assets.transient_faults import transient_faults_retried
from domain.settings import Settings
from domain.stage_tables import STAGE_TABLES, Fingerprints
from domain.tables import RAW_TABLES
from quality.source_checks import check_emptied, check_merchant_settings, ids_without_sales, sold_merchants
from sources.fingerprints import fingerprint, keep_left_days, restated_days, window_starts
from sources.folder import RawTables, read_source
from sources.local_time import on_merchants_clocks

FIRST_SHARD = "00"
_VERSION_BY_DAY = "see raw/fingerprints"
"""Dagster would call every past week out of sync after each ingestion; what a week saw is told by the check `is_current`."""


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The nine tables of the contract, the rejects, the readings and the fingerprints, written by one step that reads the source once."""

    @dg.multi_asset(
        name="raw_tables",
        outs={
            **{name: _out(name, schema.__doc__) for name, schema in RAW_TABLES.items()},
            **{name: _out(name, STAGE_TABLES[f"raw/{name}"].__doc__) for name in ("rejects", "readings", "fingerprints")},
        },
        partitions_def=partitions.shard,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool="ingest",
    )
    def raw_tables(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Any:
        """Read the source once, keep what the contract accepts, split it by shard."""
        with transient_faults_retried(context.op_execution_context.retry_number):
            read = read_source(settings.source, today=datetime.now(UTC).date())
        raw = replace(read, frames=on_merchants_clocks(read.frames, default_time_zone=settings.reading.time_zone))
        check_merchant_settings(raw.frames, settings)
        check_market(settings.data, sold_merchants(raw.frames))
        before = [read_partition_if_present(settings.data, "raw/fingerprints", {"shard": shard}) for shard in shard_names(settings.n_shards)]
        check_emptied(
            raw.frames,
            pl.concat([Fingerprints.create_empty(), *(part for part in before if part is not None and part.columns == Fingerprints.column_names())]),
            settings=settings,
        )
        yield from _outputs(raw, keys=keys_of(context.partition_keys), settings=settings)

    return [raw_tables]


def _out(name: str, description: str | None) -> dg.AssetOut:
    table = f"raw/{name}"
    return dg.AssetOut(
        key=table.split("/"),
        group_name="raw",
        description=description,
        owners=OWNERS,
        kinds={"polars", "parquet"},
        code_version=code_version(table),
        metadata=column_metadata(table),
    )


def _outputs(raw: RawTables, *, keys: list[PartitionKey], settings: Settings) -> Any:
    shards = assign_shards({**raw.frames, "readings": raw.readings}, n_shards=settings.n_shards)

    def rows_of(name: str, key: PartitionKey) -> pl.DataFrame:
        return rows_of_shard(raw.frames[name], shards, shard=key["shard"])

    for name in RAW_TABLES:
        yield _output(name, PartitionedFrames(keys, partial(rows_of, name)))
    rejects = raw.rejects
    yield _output("rejects", PartitionedFrames(keys, lambda key: rejects if key["shard"] == FIRST_SHARD else rejects.clear(), lambda _: _report(raw)))
    yield _output("readings", PartitionedFrames(keys, lambda key: _readings(raw.readings, shards, key)))
    yield _output("fingerprints", _fingerprints(keys, rows_of, window_starts(raw.frames), root=settings.data))


def _readings(readings: pl.DataFrame, shards: pl.DataFrame, key: PartitionKey) -> pl.DataFrame:
    """Readings about the shard's series; those about a merchant or the whole source stand in the first shard."""
    mine = rows_of_shard(readings, shards, shard=key["shard"])
    return mine if key["shard"] == FIRST_SHARD else mine.filter(pl.col("article_id").is_not_null())


def _output(name: str, frames: PartitionedFrames) -> dg.Output[PartitionedFrames]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # data versions are beta in Dagster 1.13; the version is pinned
        return dg.Output(frames, output_name=name, data_version=dg.DataVersion(_VERSION_BY_DAY))


def _fingerprints(keys: list[PartitionKey], rows_of: Callable[[str, PartitionKey], pl.DataFrame], starts: pl.DataFrame, *, root: str) -> PartitionedFrames:
    """What the rows are by day, and which days the source has restated since the ingestion before."""
    restated: list[pl.DataFrame] = []

    def compute(key: PartitionKey) -> pl.DataFrame:
        now = fingerprint({name: rows_of(name, key) for name in RAW_TABLES})
        before = read_partition_if_present(root, "raw/fingerprints", key)
        if before is None or before.columns != now.columns:
            restated.append(now.select("table", "day").clear())
            return now
        now = keep_left_days(before, now, starts)
        restated.append(restated_days(before, now))
        return now

    return PartitionedFrames(keys, compute, lambda _: _restatement(restated[-1]))


def _restatement(days: pl.DataFrame) -> Metadata:
    by_table = days.group_by("table").agg(pl.len(), first=pl.col("day").min(), last=pl.col("day").max()).sort("table")
    return {"restated_days": days.height, "restated": markdown_table(("table", "days", "first", "last"), by_table.rows())}


def _report(raw: RawTables) -> Metadata:
    return {
        "rows_read": raw.rows_read,
        "rows_accepted": raw.rows_accepted,
        "rows_rejected": raw.rows_rejected,
        "rejects_by_rule": markdown_table(("rule", "rows"), sorted(raw.rejects_by_rule.items())),
        "missing_optional_tables": _listed(raw.missing_optional),
        "not_read": _listed(raw.not_read),
        "ids_without_sales": _listed(ids_without_sales(raw.frames), separator="; "),
    }


def _listed(names: list[str], *, separator: str = ", ") -> str:
    return separator.join(names) or "none"
