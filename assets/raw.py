"""Stage raw: the source's tables, filtered by the data contract and split by shard."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl

from assets.declaration import OWNERS, column_metadata
from assets.layout import PartitionKey
from assets.partitioned import Metadata, PartitionedFrames, Partitions, keys_of
from assets.plots import markdown_table
from assets.sharding import assign_shards, rows_of_shard
from domain.settings import Settings
from domain.tables import RAW_TABLES
from quality.source_checks import check_merchant_settings
from sources.folder import RawTables, read_source

FIRST_SHARD = "00"


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The nine tables of the contract and the rejects, written by one step that reads the source once."""

    @dg.multi_asset(
        name="raw_tables",
        outs={
            **{name: _out(name, schema.__doc__) for name, schema in RAW_TABLES.items()},
            "rejects": _out("rejects", "Every row that was refused, with its rule."),
        },
        partitions_def=partitions.shard,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def raw_tables(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Any:
        """Read the source once, keep what the contract accepts, split it by shard."""
        raw = read_source(settings.source, today=datetime.now(UTC).date())
        check_merchant_settings(raw.frames, settings)
        yield from _outputs(raw, keys=keys_of(context.partition_keys), n_shards=settings.n_shards)

    return [raw_tables]


def _out(name: str, description: str | None) -> dg.AssetOut:
    table = f"raw/{name}"
    return dg.AssetOut(
        key=table.split("/"),
        group_name="raw",
        description=description,
        owners=OWNERS,
        kinds={"polars", "parquet"},
        code_version="1",
        metadata=column_metadata(table),
    )


def _outputs(raw: RawTables, *, keys: list[PartitionKey], n_shards: int) -> Any:
    shards = assign_shards(raw.frames, n_shards=n_shards)

    def tables_of(frame: pl.DataFrame) -> PartitionedFrames:
        return PartitionedFrames(keys, lambda key: rows_of_shard(frame, shards, shard=key["shard"]))

    for name in RAW_TABLES:
        yield dg.Output(tables_of(raw.frames[name]), output_name=name)
    rejects = raw.rejects
    yield dg.Output(
        PartitionedFrames(keys, lambda key: rejects if key["shard"] == FIRST_SHARD else rejects.clear(), lambda _: _report(raw)), output_name="rejects"
    )


def _report(raw: RawTables) -> Metadata:
    return {
        "rows_read": raw.rows_read,
        "rows_accepted": raw.rows_accepted,
        "rows_rejected": raw.rows_rejected,
        "rejects_by_rule": markdown_table(("rule", "rows"), sorted(raw.rejects_by_rule.items())),
        "missing_optional_tables": ", ".join(raw.missing_optional) or "none",
    }
