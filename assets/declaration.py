"""What every asset declares alike: key, group, owners, kinds, column schema and the policy "one run, many partitions"."""

from typing import Any

import dagster as dg
import dataframely as dy

from assets.lineage import LINEAGE, Lineage, Scope
from assets.partitioned import Partitions
from assets.provenance import code_version
from domain.stage_tables import STAGE_TABLES
from domain.tables import RAW_TABLES

OWNERS = ["team:replenishment"]
INPUT_MONITORING, MONITORING = "input_monitoring", "monitoring"
_GROUPS = {
    "series/input_tallies": INPUT_MONITORING,
    "series/input_drift": INPUT_MONITORING,
    "evaluation/newest_week_tallies": MONITORING,
    "evaluation/forecast_accuracy": MONITORING,
    "evaluation/forecast_drift": MONITORING,
    "evaluation/decision_tallies": MONITORING,
    "evaluation/decision_drift": MONITORING,
}
"""Tables that watch the flow, apart from it in the UI; any other's group is its stage."""
RAW = {f"raw/{name}": schema for name, schema in RAW_TABLES.items()}


def contract_of(table: str) -> type[dy.Schema] | None:
    """The contract of a table ("stage/name"), where it has one."""
    return (RAW | {**STAGE_TABLES}).get(table)


def group_of(table: str) -> str:
    """The group of a table ("stage/name") in the UI."""
    return _GROUPS.get(table, table.split("/", maxsplit=1)[0])


def declaration(table: str, partitions: Partitions, *, kinds: set[str] | None = None) -> dict[str, Any]:
    """Arguments of `dg.asset` for a table of the lineage: its group, the contract as its column schema.

    Inputs arrive as arguments named after their tables; gates are waited for.
    """
    lineage = LINEAGE[table]
    return {
        "key": table.split("/"),
        "group_name": group_of(table),
        "partitions_def": partitions.weekly if lineage.rhythm == "weekly" else partitions.daily,
        "ins": {argument_name(name, lineage): _input(name, scope, partitions) for name, scope in lineage.inputs.items()},
        "deps": [gate.split("/") for gate in lineage.gates],
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "pool": lineage.rhythm,
        "owners": OWNERS,
        "kinds": {"polars", "parquet"} | (kinds or set()),
        "code_version": code_version(table),
        "metadata": column_metadata(table),
    }


def argument_name(table: str, lineage: Lineage) -> str:
    """The part after the slash; where two inputs share it, the stage before it: raw_readings, vectors_readings."""
    names = [other.split("/")[1] for other in lineage.inputs]
    own = table.split("/")[1]
    return own if names.count(own) == 1 else table.replace("/", "_")


def _input(table: str, scope: Scope, partitions: Partitions) -> dg.AssetIn:
    return dg.AssetIn(key=table.split("/"), partition_mapping=partitions.mappings.get(scope))


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
