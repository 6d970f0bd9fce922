"""What every asset declares alike: key, group, owners, kinds, column schema and the policy "one run, many partitions"."""

from typing import Any

import dagster as dg
import dataframely as dy

from domain.stage_tables import STAGE_TABLES
from domain.tables import RAW_TABLES

OWNERS = ["team:replenishment"]
RAW = {f"raw/{name}": schema for name, schema in RAW_TABLES.items()}


def contract_of(table: str) -> type[dy.Schema] | None:
    """The contract of a table ("stage/name"), where it has one."""
    return (RAW | {**STAGE_TABLES}).get(table)


def declaration(table: str, partitions_def: dg.PartitionsDefinition, *, kinds: set[str] | None = None, code_version: str = "1") -> dict[str, Any]:
    """Arguments of `dg.asset` for the table ("stage/name"): the stage is the group, the contract the column schema."""
    return {
        "key": table.split("/"),
        "group_name": table.split("/", maxsplit=1)[0],
        "partitions_def": partitions_def,
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "owners": OWNERS,
        "kinds": {"polars", "parquet"} | (kinds or set()),
        "code_version": code_version,
        "metadata": column_metadata(table),
    }


def from_table(table: str, mapping: dg.PartitionMapping | None = None) -> dg.AssetIn:
    """An input: the upstream table and which of its partitions are read (by default the same ones)."""
    return dg.AssetIn(key=table.split("/"), partition_mapping=mapping)


def from_raw(*names: str, mapping: dg.PartitionMapping) -> dict[str, dg.AssetIn]:
    """Inputs from raw tables, named after them."""
    return {name: from_table(f"raw/{name}", mapping) for name in names}


def column_metadata(table: str) -> dict[str, Any]:
    """The contract's columns as Dagster shows them: name, type, description, nullability."""
    contract = contract_of(table)
    return {"dagster/column_schema": _column_schema(contract)} if contract else {}


def _column_schema(contract: type[dy.Schema]) -> dg.TableSchema:
    columns = [
        dg.TableColumn(name, type=str(column.dtype), description=column.description, constraints=dg.TableColumnConstraints(nullable=column.nullable))
        for name, column in contract.columns().items()
    ]
    return dg.TableSchema(columns=columns)
