"""The data dictionary: what every table and column of the DuckDB file means, as comments, as a table, and as rows for the page."""

import re
from collections.abc import Mapping

import duckdb
import polars as pl

from assets.marts.marts import load_marts
from assets.marts.views import STAGE_VIEWS
from domain.tables import ROW_KEYS
from quality.reference_docs import DocumentedColumn

DICTIONARY = "data_dictionary"
_DESCRIPTION = "Every table and column of this file: what it means, its type and its unit."
_COLUMNS: Mapping[str, tuple[str, str]] = {
    "table_name": ("VARCHAR", "Table or view."),
    "column_name": ("VARCHAR", "Column."),
    "position": ("INTEGER", "Its place in the table, from 1."),
    "type": ("VARCHAR", "Type in DuckDB."),
    "unit": ("VARCHAR", "Unit of the quantity; null = not a quantity."),
    "is_key": ("BOOLEAN", "One of the columns that together identify a row."),
    "description": ("VARCHAR", "What the column means."),
    "table_kind": ("VARCHAR", "mart = computed for analysts, stage = as a stage wrote it, dictionary = this table."),
    "table_description": ("VARCHAR", "What the table shows."),
}
_UNITS: tuple[tuple[str, str], ...] = (
    (r"n_.*|expected_orders", "count"),
    (r".*_eur_per_unit_week", "EUR per unit and week"),
    (r".*_eur_per_week", "EUR per week"),
    (r".*_eur_per_unit|unit_(price|cost|value)_eur", "EUR per unit"),
    (r".*_eur", "EUR"),
    (r".*_units_per_week", "units per week"),
    (r".*_amount", "of the constraint"),
    (r".*_units|demand_q\d{3}", "units"),
    (r".*_weeks?|weeks_of_cover.*", "weeks"),
)
"""Units by the names of columns, which end in them; the first that fits."""
_NUMBERS_WITHOUT_UNIT = {"seed", "schema_version", "position", "statistic", "reference", "threshold"}


def comment_on(connection: duckdb.DuckDBPyConnection, name: str, *, kind: str, description: str, columns: Mapping[str, str]) -> None:
    """Write the meaning of a table or view and of its columns into the database."""
    connection.execute(f"COMMENT ON {kind} {name} IS {_quoted(description)}")
    for column, text in columns.items():
        connection.execute(f'COMMENT ON COLUMN {name}."{column}" IS {_quoted(text)}')


def add_dictionary(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the table `data_dictionary`, itself included, from the comments in the database."""
    definitions = ", ".join(f"{name} {kind}" for name, (kind, _) in _COLUMNS.items())
    connection.execute(f"CREATE TABLE {DICTIONARY} ({definitions})")
    comment_on(connection, DICTIONARY, kind="TABLE", description=_DESCRIPTION, columns={name: text for name, (_, text) in _COLUMNS.items()})
    connection.register("rows_found", pl.DataFrame(_rows(connection), schema=list(_COLUMNS), orient="row").to_arrow())
    connection.execute(f"INSERT INTO {DICTIONARY} SELECT * FROM rows_found")  # noqa: S608
    connection.unregister("rows_found")


def read_dictionary(connection: duckdb.DuckDBPyConnection) -> list[DocumentedColumn]:
    """The rows of the table `data_dictionary`: marts first, then stage tables in the order of the data flow."""
    return [DocumentedColumn(*row) for row in connection.execute(f"SELECT * FROM {DICTIONARY}").fetchall()]  # noqa: S608


def unit_of(column: str, *, type_name: str) -> str | None:
    """Unit of a column by its name and DuckDB type; a number without a suffix is a fraction, text and dates have none."""
    if not type_name.startswith(("BIGINT", "DOUBLE", "FLOAT", "INTEGER")) or column in _NUMBERS_WITHOUT_UNIT:
        return None
    return next((unit for pattern, unit in _UNITS if re.fullmatch(pattern, column)), "fraction")


def _rows(connection: duckdb.DuckDBPyConnection) -> list[DocumentedColumn]:
    """From the comments: marts first, then stage tables in the order of the data flow."""
    found = connection.execute(
        """
        SELECT c.table_name, c.column_name, c.column_index, c.data_type, c.comment, t.comment
        FROM duckdb_columns() AS c
        JOIN (SELECT table_name, comment FROM duckdb_tables() UNION ALL SELECT view_name, comment FROM duckdb_views()) AS t USING (table_name)
        WHERE NOT c.internal AND c.database_name = current_database()
        """
    ).fetchall()
    keys = _keys()
    rows = [
        DocumentedColumn(table, column, position, kind, unit_of(column, type_name=kind), column in keys[table], text, _kind_of(table), table_text)
        for table, column, position, kind, text, table_text in found
    ]
    order = [*sorted(mart.name for mart in load_marts()), *STAGE_VIEWS, DICTIONARY]
    return sorted(rows, key=lambda row: (order.index(row.table_name), row.position))


def _keys() -> dict[str, tuple[str, ...]]:
    """The columns that identify a row, by table."""
    of_marts = {mart.name: tuple(name for name, column in mart.columns.items() if column.is_key) for mart in load_marts()}
    of_views = {name: ROW_KEYS.get(view.table.removeprefix("raw/")) or tuple(view.contract.primary_key()) for name, view in STAGE_VIEWS.items()}
    dimension = {
        "forecasts_history": "cutoff",
        "forecast_accuracy_history": "cutoff",
        "policies_history": "date",
        "model_promotions": "cutoff",
        "input_drift": "date",
        "forecast_drift": "date",
        "decision_drift": "date",
        "constraint_prices_history": "date",
    }
    of_histories = {name: (column, *of_views[name]) for name, column in dimension.items()}
    return of_views | of_histories | of_marts | {DICTIONARY: ("table_name", "column_name")}


def _kind_of(table: str) -> str:
    if table == DICTIONARY:
        return "dictionary"
    return "stage" if table in STAGE_VIEWS else "mart"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
