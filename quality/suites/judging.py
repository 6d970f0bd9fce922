"""The only file that imports Great Expectations: a suite of ours becomes one of theirs and is run on views over Parquet in DuckDB.

The suite runs without asking for rows, so that all counts are taken in few scans; what breaks is then looked up, and only that.
"""

import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar
from uuid import uuid4

import duckdb
import polars as pl

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what it imports itself
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

from quality.suites import duckdb_dialect
from quality.suites.expectation import PART, Expectation, Suite, view_name
from quality.suites.findings import Finding

_THREADS, _MEMORY = 2, "2GB"
"""Of DuckDB; beyond the memory it spills into a temporary folder."""
_N_EXAMPLES, _N_COLUMNS, _N_CHARACTERS = 5, 12, 60
_READABLE = "can be read"

Parts = Mapping[str, Mapping[str, str | pl.DataFrame]]


class ExpectNoRows(UnexpectedRowsExpectation):
    """The query of breaches returns no row. Unlike its parent it only counts: examples are looked up where there are any."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], **_: Any) -> Any:
        n_rows = metrics["unexpected_rows_query.row_count"]
        return {"success": n_rows == 0, "result": {"observed_value": n_rows}}


class _Database:
    """A DuckDB of this process with the judged table and those it is compared with, and Great Expectations' way to it."""

    def __init__(self, folder: str) -> None:
        duckdb_dialect.register()
        self._context = gx.get_context(mode="ephemeral")
        self._context.enable_analytics(enable=False)
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        self._source = self._context.data_sources.add_sql("suites", connection_string=f"{duckdb_dialect.NAME}:///:memory:{uuid4().hex}")
        self._engine = self._source.get_engine()
        self._pooled = self._engine.raw_connection()
        self._connection: Any = self._pooled.driver_connection
        for setting in (f"threads = {_THREADS}", f"memory_limit = '{_MEMORY}'", f"temp_directory = '{folder}'", "TimeZone = 'UTC'"):
            self.execute(f"SET {setting}")

    def execute(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        rows: list[tuple[Any, ...]] = self._connection.execute(query).fetchall()
        return rows

    def names(self, query: str) -> list[str]:
        """Column names of a query."""
        return [name for name, *_ in self._connection.execute(f"DESCRIBE {query}").fetchall()]

    def add(self, name: str, parts: Mapping[str, str | pl.DataFrame]) -> None:
        """A view over files, or a table of rows where they are not files of this machine."""
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

    def validate(self, name: str, expectations: Sequence[Expectation]) -> dict[str, tuple[bool, str]]:
        """By expectation: whether it is met, and why it could not be judged."""
        batch = self._source.add_table_asset(name, table_name=name).add_batch_definition_whole_table("all").get_batch()
        suite = gx.ExpectationSuite(name=name, expectations=[_as_theirs(expectation) for expectation in expectations])
        result = batch.validate(suite, result_format="BOOLEAN_ONLY")
        configs = ((one.expectation_config, one) for one in result.results)
        return {config.meta["name"]: (bool(one.success), _fault(one.exception_info)) for config, one in configs if config}

    def close(self) -> None:
        """Let go of every connection; the database is gone with the last."""
        with suppress(Exception):  # its own engine may never have been opened
            self._source.get_execution_engine().close()
        self._pooled.close()
        self._engine.dispose()


def judge(suite: Suite, parts: Parts) -> tuple[int, list[Finding]]:
    """Number of rows, and a finding per expectation.

    Args:
        suite: What is expected.
        parts: By table, then by partition: files of this machine or rows.
    """
    known = [expectation for expectation in suite.expectations if all(parts.get(table) for table in expectation.needs)]
    skipped = [_not_judged(expectation) for expectation in suite.expectations if expectation not in known]
    with warnings.catch_warnings(), _opened() as database:
        warnings.simplefilter("ignore")  # deprecations between Great Expectations, SQLAlchemy and duckdb-engine
        try:
            for table, of_table in parts.items():
                database.add(view_name(table), of_table)
            n_rows = int(database.execute(f"SELECT count(*) FROM {view_name(suite.table)}")[0][0])  # noqa: S608
            for name, query in suite.prepared.items():
                database.execute(f"CREATE TABLE {name} AS {query}")
        except duckdb.IOException:
            raise  # may pass by itself: the caller tries again
        except duckdb.Error as error:
            return 0, [
                Finding(_READABLE, "Its files can be read and have the columns that the suite asks for.", True, False, "readable", detail=_first_line(error))
            ]
        verdicts = database.validate(view_name(suite.table), known)
        return n_rows, [*(_finding(database, suite, expectation, *verdicts[expectation.name]) for expectation in known), *skipped]


@contextmanager
def _opened() -> Iterator[_Database]:
    with tempfile.TemporaryDirectory(prefix="replenish-suite-") as folder:
        database = _Database(folder)
        try:
            yield database
        finally:
            database.close()


def _as_theirs(expectation: Expectation) -> Any:
    kind, arguments = expectation.native or ("expect_no_rows", {"unexpected_rows_query": _judged_query(expectation)})
    severity = FailureSeverity.CRITICAL if expectation.is_blocking else FailureSeverity.WARNING
    meta = {"name": expectation.name}
    return ExpectationConfiguration(type=kind, kwargs=dict(arguments), description=expectation.description, severity=severity, meta=meta).to_domain_obj()


def _judged_query(expectation: Expectation) -> str:
    """The rows in breach; of a figure: the figure, where it is out of its bounds."""
    if not expectation.figure:
        return expectation.breaches
    bounds = [
        f"value < {expectation.at_least}" if expectation.at_least is not None else "",
        f"value > {expectation.at_most}" if expectation.at_most is not None else "",
    ]
    return f"SELECT value, '{{batch}}' AS of_table FROM ({expectation.figure}) AS figure WHERE {' OR '.join(filter(None, bounds)) or 'false'}"  # noqa: S608


def _finding(database: _Database, suite: Suite, expectation: Expectation, passed: bool, fault: str) -> Finding:
    found: dict[str, Any] = {"detail": f"could not be judged: {fault}"} if fault else {}
    with suppress(duckdb.Error):  # what cannot be judged cannot be looked up either; the fault says why
        if expectation.figure:
            value = database.execute(_on(suite, expectation.figure))[0][0]
            found["value"] = None if value is None else float(value)
        if not passed and expectation.breaches:
            found |= _look_up(database, suite, expectation)
    return Finding(expectation.name, expectation.description, expectation.is_blocking, passed, expectation.wanted, **found)


def _look_up(database: _Database, suite: Suite, expectation: Expectation) -> dict[str, Any]:
    """How many rows are in breach, in which columns, and some of them."""
    breaches = _on(suite, expectation.breaches)
    found: dict[str, Any] = {"n_breaches": int(database.execute(f"SELECT count(*) FROM ({breaches})")[0][0])}  # noqa: S608
    if expectation.by_column:
        counts = ", ".join(f"count(*) FILTER ({condition})" for condition in expectation.by_column.values())
        by_column = zip(expectation.by_column, database.execute(_on(suite, f"SELECT {counts} FROM {{batch}}"))[0], strict=True)  # noqa: S608
        found["detail"] = "; ".join(f"{name} {count:,}" for name, count in by_column if count)
    shown = _columns_shown(database.names(breaches), suite.key, expectation)
    listed = ", ".join(f'"{name}"' for name in shown)
    rows = database.execute(f"SELECT {listed} FROM ({breaches}) ORDER BY ALL LIMIT {_N_EXAMPLES}")  # noqa: S608
    found["examples"] = tuple({name: _as_text(value) for name, value in zip(shown, row, strict=True)} for row in rows)
    return found


def _columns_shown(names: Sequence[str], key: Sequence[str], expectation: Expectation) -> list[str]:
    """The key, the columns the expectation names, then the others, as far as there is room."""
    text = f"{expectation.breaches} {expectation.name}"
    ranked = sorted((name for name in names if name != PART), key=lambda name: (name not in key, name not in text))
    return ranked[:_N_COLUMNS]


def _not_judged(expectation: Expectation) -> Finding:
    reason = f"not judged: {', '.join(expectation.needs)} not written yet"
    return Finding(expectation.name, expectation.description, expectation.is_blocking, True, expectation.wanted, detail=reason)


def _on(suite: Suite, query: str) -> str:
    return query.replace("{batch}", view_name(suite.table)).replace("{{", "{").replace("}}", "}")


def _fault(exception_info: Mapping[str, Any]) -> str:
    """Why an expectation could not be judged; empty = it could."""
    infos = [exception_info, *(info for info in exception_info.values() if isinstance(info, dict))]
    raised = [str(info["exception_message"]) for info in infos if info.get("raised_exception")]
    return raised[0].splitlines()[0] if raised else ""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _as_text(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= _N_CHARACTERS else text[: _N_CHARACTERS - 1] + "…"
