"""Build the DuckDB file beside its place and swap it in: a reader sees the old file or the new one, never half of one.

Under a local root the stage tables are views over the Parquet files (nothing is copied; moving the root means
building again). Under an s3:// root they are tables: DuckDB's S3 extension cannot be counted on to be installed.
"""

import os
import tempfile
from pathlib import Path

import duckdb

from assets.layout import PartitionKey, newest_partition, partition_location, read_partitions, shard_names
from assets.marts.views import STAGE_VIEWS, StageView, derived_views
from domain.errors import StaleInputError
from domain.stage_tables import STAGE_TABLES
from domain.tables import RAW_TABLES
from sources.storage import exists, is_remote, join, publish_file

ANALYTICS_FILE = "replenish.duckdb"


def build_analytics(root: str, *, n_shards: int) -> tuple[str, dict[str, int]]:
    """Write `<root>/analytics/replenish.duckdb` over the newest week and day.

    Returns:
        Its location, and the number of rows by view.

    Raises:
        StaleInputError: A stage has not been materialised.
    """
    location = join(root, "analytics", ANALYTICS_FILE)
    folder = Path(tempfile.mkdtemp(prefix="replenish-")) if is_remote(root) else Path(location).parent
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".part-{os.getpid()}-{ANALYTICS_FILE}"
    temporary.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(temporary)) as connection:
            connection.begin()  # one transaction: a commit per comment would take a second
            rows = _fill(connection, root, n_shards=n_shards)
            connection.commit()
        publish_file(temporary, location)
    finally:
        temporary.unlink(missing_ok=True)
    return location, rows


def _fill(connection: duckdb.DuckDBPyConnection, root: str, *, n_shards: int) -> dict[str, int]:
    for name, view in STAGE_VIEWS.items():
        _add_stage_view(connection, name, _keys(root, view, n_shards=n_shards), root=root)
    for derived in derived_views():
        connection.execute(f"CREATE VIEW {derived.name} AS {derived.query}")
        _comment(connection, derived.name, kind="VIEW", description=derived.description, columns=dict(derived.columns))
    names = [*STAGE_VIEWS, *(derived.name for derived in derived_views())]
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in names}  # noqa: S608


def _keys(root: str, view: StageView, *, n_shards: int) -> list[PartitionKey]:
    shards = shard_names(n_shards)[: 1 if view.is_replicated else None]
    if view.dimension is None:
        return [{"shard": shard} for shard in shards]
    newest = newest_partition(root, view.table, view.dimension)
    if newest is None:
        raise StaleInputError(f"{view.table} has no partition yet", remedy=f"Materialise {view.table} first.")
    return [{view.dimension: newest, "shard": shard} for shard in shards]


def _add_stage_view(connection: duckdb.DuckDBPyConnection, name: str, keys: list[PartitionKey], *, root: str) -> None:
    table = STAGE_VIEWS[name].table
    if is_remote(root):
        connection.register("rows_read", read_partitions(root, table, keys).to_arrow())
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows_read")  # noqa: S608
        connection.unregister("rows_read")
    else:
        files = [str(Path(partition_location(root, table, key)).resolve()) for key in keys]
        missing = [file for file in files if not exists(file)]
        if missing:
            raise StaleInputError(f"{table} is not complete", got=f"nothing at {missing[0]}", remedy=f"Materialise all shards of {table}.")
        listed = ", ".join(_quoted(file) for file in files)
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}], hive_partitioning = false)")  # noqa: S608
    schema = RAW_TABLES.get(table.removeprefix("raw/")) or STAGE_TABLES[table]
    columns = {column: definition.description or "" for column, definition in schema.columns().items()}
    _comment(connection, name, kind="TABLE" if is_remote(root) else "VIEW", description=(schema.__doc__ or "").strip(), columns=columns)


def _comment(connection: duckdb.DuckDBPyConnection, name: str, *, kind: str, description: str, columns: dict[str, str]) -> None:
    connection.execute(f"COMMENT ON {kind} {name} IS {_quoted(description)}")
    for column, text in columns.items():
        connection.execute(f'COMMENT ON COLUMN {name}."{column}" IS {_quoted(text)}')


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
