"""SQLAlchemy's door to DuckDB for Great Expectations: nothing begins, commits or rolls back, and columns are read with DESCRIBE.

Great Expectations closes its connection before it fetches; SQLAlchemy then rolls back, and DuckDB drops the pending result. Suites only read, so that
transactions can be left out. duckdb-engine 0.17 reflects through pg_catalog, which SQLAlchemy 2.1 no longer does as it expects.
"""

from typing import Any

import duckdb_engine
import sqlalchemy as sa
from sqlalchemy.dialects import registry

NAME = "replenish_duckdb"
"""Of the dialect in connection strings."""
_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "UBIGINT": sa.BIGINT,
    "BIGINT": sa.BIGINT,
    "DOUBLE": sa.DOUBLE,
    "FLOAT": sa.FLOAT,
    "DATE": sa.DATE,
    "BOOLEAN": sa.BOOLEAN,
    "TIMESTAMP WITH TIME ZONE": sa.TIMESTAMP,
}


class ReadOnlyDuckDB(duckdb_engine.Dialect):
    """DuckDB without transactions."""

    supports_statement_cache = True

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """A connection that reads days as UTC, wherever the machine stands, and draws no bars."""
        connection = super().connect(*arguments, **options)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        return connection

    def do_begin(self, dbapi_connection: Any) -> None:
        """Nothing to begin."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Nothing to commit."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Nothing to roll back; a result that waits to be fetched is kept."""

    def get_columns(self, connection: Any, table_name: str, *_: Any, **__: Any) -> Any:
        """Names and types of a view's columns."""
        rows = connection.exec_driver_sql(f'DESCRIBE "{table_name}"').fetchall()
        rest = {"nullable": True, "default": None, "autoincrement": False, "comment": None}
        return [{"name": name, "type": _TYPES.get(dtype, sa.VARCHAR)(), **rest} for name, dtype, *_ in rows]

    def get_pk_constraint(self, *_: Any, **__: Any) -> Any:
        """Views have no key."""
        return {"constrained_columns": [], "name": None}


def register() -> None:
    """Make the dialect known to SQLAlchemy; once or many times."""
    registry.register(NAME, __name__, ReadOnlyDuckDB.__name__)
