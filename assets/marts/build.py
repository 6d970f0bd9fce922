"""Build the analysts' DuckDB file: stage tables as views over Parquet, marts as tables, every column documented.

Marts are small and asked often: as tables they are fast and need no other file. Stage tables are large: as views they cost
no space. Under an s3:// root they are tables, but for the histories, which only the marts read there: DuckDB's S3 extension
cannot be counted on to be installed.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from assets.marts.dictionary import DICTIONARY, add_dictionary, comment_on, read_dictionary
from assets.marts.marts import load_marts
from assets.marts.parquet_files import keep_files
from assets.marts.versions import next_version
from assets.marts.views import STAGE_VIEWS, StageView, partitions_shown
from quality.reference_docs import DocumentedColumn
from sources.storage import is_remote, join, publish_file

ANALYTICS_FILE = "replenish.duckdb"
_CONFIG: Mapping[str, str | bool | int | float | list[str]] = {"threads": 2, "memory_limit": "2GB"}
_EXACT_SUM = "CREATE TEMP MACRO exact_sum(x) AS sum(x::DECIMAL(30, 6))::DOUBLE"
"""A sum to a millionth that does not depend on the order of rows, hence neither on threads nor on the number of shards."""


def build_analytics(root: str, *, n_shards: int) -> tuple[str, dict[str, int]]:
    """Write the next version of `<root>/analytics/replenish.duckdb` over what the stages have written.

    Returns:
        Its location, and the number of rows by table.

    Raises:
        StaleInputError: A stage has not been materialised.
        StorageError: The folder cannot be written.
    """
    location = join(root, "analytics", ANALYTICS_FILE)
    if is_remote(root):
        with tempfile.TemporaryDirectory(prefix="replenish-") as folder:
            file = Path(folder, ANALYTICS_FILE)
            rows = _build(file, root, n_shards=n_shards)
            publish_file(file, location)
        return location, rows
    with next_version(Path(location).absolute()) as file:
        rows = _build(file, root, n_shards=n_shards)
    return location, rows


def describe_tables() -> list[DocumentedColumn]:
    """The data dictionary of a local root, without any data: of a database whose stage tables are empty."""
    with duckdb.connect(config=dict(_CONFIG)) as connection:
        for name, view in STAGE_VIEWS.items():
            connection.register("no_rows", view.contract.create_empty().to_arrow())
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM no_rows")  # noqa: S608
            _comment_on_stage(connection, name, kind="TABLE")
            connection.unregister("no_rows")
        _add_marts(connection)
        return read_dictionary(connection)


def _build(file: Path, root: str, *, n_shards: int) -> dict[str, int]:
    with duckdb.connect(str(file), config=dict(_CONFIG)) as connection:
        connection.begin()  # one transaction: a commit per comment would take a second
        for name, view in STAGE_VIEWS.items():
            shown = partitions_shown(root, view, n_shards=n_shards)
            files = keep_files(root, view.table, shown, folder=file.parent / view.table.split("/")[1])
            _add_stage_view(connection, name, files, kind=_kind(view, root))
        names = _add_marts(connection)
        rows = {name: connection.table(name).count("*").fetchall()[0][0] for name in names}
        connection.commit()
    return rows


def _kind(view: StageView, root: str) -> str:
    if is_remote(root):
        return "TEMP VIEW" if view.is_history else "TABLE"
    return "VIEW"


def _add_stage_view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], *, kind: str) -> None:
    listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    connection.execute(f"CREATE {kind} {name} AS SELECT * FROM read_parquet([{listed}], hive_partitioning = false)")  # noqa: S608
    if not kind.startswith("TEMP"):
        _comment_on_stage(connection, name, kind=kind)


def _comment_on_stage(connection: duckdb.DuckDBPyConnection, name: str, *, kind: str) -> None:
    view = STAGE_VIEWS[name]
    columns = {column: definition.description or "" for column, definition in view.contract.columns().items()}
    comment_on(connection, name, kind=kind, description=view.description, columns=columns)


def _add_marts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Compute the marts from the stage views of a database, and its data dictionary from all comments.

    Returns:
        The names of all its tables and views.
    """
    connection.execute(_EXACT_SUM)
    for mart in load_marts():
        connection.execute(f"CREATE TABLE {mart.name} AS {mart.query}")
        columns = {name: column.description for name, column in mart.columns.items()}
        comment_on(connection, mart.name, kind="TABLE", description=mart.description, columns=columns)
    add_dictionary(connection)
    names = connection.execute(f"SELECT DISTINCT table_name FROM {DICTIONARY} ORDER BY table_name").fetchall()  # noqa: S608
    return [name for (name,) in names]
