"""The only file that imports Great Expectations: a DuckDB of this process, and Great Expectations' way to it.

Importing it takes 5–8 seconds: nothing but `running.run_suite` may lead here.
"""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from uuid import uuid4

import polars as pl

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what it imports itself
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults, ProgressBarsConfig
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

from quality.suites import duckdb_dialect
from quality.suites.expectation import PART, Expectation

_THREADS, _MEMORY = 2, "1500MB"
"""Of DuckDB; beyond the memory it spills into a temporary folder."""


class ExpectNoRows(UnexpectedRowsExpectation):
    """The query of breaches returns no row. Unlike its parent it only counts: examples are looked up where there are any."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> Any:
        n_rows = metrics["unexpected_rows_query.row_count"]
        return {"success": n_rows == 0, "result": {"observed_value": n_rows}}


def configuration() -> DataContextConfig:
    """Nothing on disk, nothing over the network, no bars on the terminal."""
    bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return DataContextConfig(store_backend_defaults=InMemoryStoreBackendDefaults(), analytics_enabled=False, progress_bars=bars)


class SuiteDatabase:
    """The judged table and those it is compared with, as views; gone when closed."""

    def __init__(self, folder: str) -> None:
        duckdb_dialect.register()
        self._context = gx.get_context(mode="ephemeral", project_config=configuration())
        self._source = self._context.data_sources.add_sql("suites", connection_string=f"{duckdb_dialect.NAME}:///:memory:{uuid4().hex}")
        self._engine = self._source.get_engine()
        self._pooled = self._engine.raw_connection()
        self._connection: Any = self._pooled.driver_connection
        for setting in (f"threads = {_THREADS}", f"memory_limit = '{_MEMORY}'", f"temp_directory = '{folder}'", "preserve_insertion_order = false"):
            self.execute(f"SET {setting}")

    def execute(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query.

        Raises:
            duckdb.Error: DuckDB cannot run it.
        """
        rows: list[tuple[Any, ...]] = self._connection.execute(query).fetchall()
        return rows

    def names(self, query: str) -> list[str]:
        """Column names of a query."""
        return [name for name, *_ in self.execute(f"DESCRIBE {query}")]

    def add(self, name: str, parts: Mapping[str, str | pl.DataFrame]) -> None:
        """A view over files, or a table of rows where they are not files of this machine.

        Raises:
            duckdb.Error: A file cannot be read.
        """
        files = [part for part in parts.values() if isinstance(part, str)]
        if files:
            listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
            self.execute(f'CREATE VIEW "{name}" AS SELECT *, filename AS {PART} FROM read_parquet([{listed}], hive_partitioning = false)')  # noqa: S608
            return
        for index, (part, rows) in enumerate(parts.items()):
            self._connection.register("rows_of_part", rows.to_arrow())  # type: ignore[union-attr]
            insert = f'INSERT INTO "{name}"' if index else f'CREATE TABLE "{name}" AS'
            self.execute(f"{insert} SELECT *, '{part}' AS {PART} FROM rows_of_part")  # noqa: S608
            self._connection.unregister("rows_of_part")

    def validate(self, view: str, queries: Sequence[tuple[Expectation, str]]) -> dict[str, tuple[bool, str]]:
        """By expectation: whether it is met, and why it could not be judged.

        Args:
            view: Of the judged table.
            queries: Expectations, each with the query that returns a row where it is not met.
        """
        batch = self._source.add_table_asset(view, table_name=view).add_batch_definition_whole_table("all").get_batch()
        suite = gx.ExpectationSuite(name=view, expectations=[_as_theirs(expectation, query) for expectation, query in queries])
        result = batch.validate(suite, result_format="BOOLEAN_ONLY")
        configs = ((one.expectation_config, one) for one in result.results)
        return {config.meta["name"]: (bool(one.success), _fault(one.exception_info)) for config, one in configs if config}

    def close(self) -> None:
        """Let go of every connection; the database is gone with the last."""
        with suppress(Exception):  # its own engine may never have been opened
            self._source.get_execution_engine().close()
        self._pooled.close()
        self._engine.dispose()


def _as_theirs(expectation: Expectation, query: str) -> Any:
    """Great Expectations' own kind where there is one; it insists on `{batch}` in a query, and would put a subquery there that cannot be named again."""
    marked = query.replace("{", "{{").replace("}", "}}") + " /* {batch} */"
    kind, arguments = expectation.native or ("expect_no_rows", {"unexpected_rows_query": marked})
    severity = FailureSeverity.CRITICAL if expectation.is_blocking else FailureSeverity.WARNING
    meta = {"name": expectation.name}
    return ExpectationConfiguration(type=kind, kwargs=dict(arguments), description=expectation.description, severity=severity, meta=meta).to_domain_obj()


def _fault(exception_info: Mapping[str, Any]) -> str:
    """Why an expectation could not be judged; empty = it could."""
    infos = [exception_info, *(info for info in exception_info.values() if isinstance(info, dict))]
    raised = [str(info["exception_message"]) for info in infos if info.get("raised_exception")]
    return raised[0].splitlines()[0] if raised else ""
