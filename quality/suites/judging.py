"""Run a suite over a database: figures once, then Great Expectations' verdicts without asking for rows, then a look at what breaks, and only at that."""

import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import polars as pl

from quality.suites.expectation import PART, Expectation, Suite, view_name
from quality.suites.findings import Finding
from quality.suites.suite_database import SuiteDatabase

_N_EXAMPLES, _N_COLUMNS, _N_CHARACTERS = 5, 12, 60
_FIGURES = "suite_figures"

Parts = Mapping[str, Mapping[str, str | pl.DataFrame]]


def judge(suite: Suite, parts: Parts) -> tuple[int, list[Finding]]:
    """Number of rows, and a finding per expectation.

    Args:
        suite: What is expected.
        parts: By table, then by partition: files of this machine or rows.

    Raises:
        duckdb.IOException: A file cannot be reached, which may pass by itself.
    """
    known = [expectation for expectation in suite.expectations if all(parts.get(table) for table in expectation.needs)]
    skipped = [_not_judged(expectation) for expectation in suite.expectations if expectation not in known]
    with warnings.catch_warnings(), _opened() as database:
        warnings.simplefilter("ignore")  # deprecations between Great Expectations, SQLAlchemy and duckdb-engine
        try:
            n_rows = _load(database, suite, parts)
        except duckdb.IOException:
            raise
        except duckdb.Error as error:
            return 0, [_unreadable(error)]
        figures = _keep_figures(database, suite, known)
        verdicts = database.validate(view_name(suite.table), [(expectation, _query(suite, expectation)) for expectation in known])
        return n_rows, [*(_finding(database, suite, expectation, verdicts[expectation.name], figures) for expectation in known), *skipped]


@contextmanager
def _opened() -> Iterator[SuiteDatabase]:
    with tempfile.TemporaryDirectory(prefix="replenish-suite-") as folder:
        database = SuiteDatabase(folder)
        try:
            yield database
        finally:
            database.close()


def _load(database: SuiteDatabase, suite: Suite, parts: Parts) -> int:
    """Views of all tables and what is prepared from them; the number of rows of the judged one."""
    for table, of_table in parts.items():
        if of_table:
            database.add(view_name(table), of_table)
    n_rows = int(database.execute(_on(suite, "SELECT count(*) FROM {batch}"))[0][0])
    with suppress(duckdb.ProgrammingError):  # a column is missing: what needs the table will say that it could not be judged
        for name, query in suite.prepared.items():
            database.execute(f"CREATE TABLE {name} AS {query}")
    return n_rows


def _unreadable(error: duckdb.Error) -> Finding:
    detail = str(error).splitlines()[0]
    return Finding("can be read", "Its files can be read as one table.", is_blocking=True, passed=False, wanted="readable files", detail=detail)


def _keep_figures(database: SuiteDatabase, suite: Suite, expectations: Sequence[Expectation]) -> dict[str, float | None]:
    """Compute each figure once, keep it in a table for the verdicts, and return what could be computed."""
    database.execute(f"CREATE TABLE {_FIGURES} (name VARCHAR, value DOUBLE, is_known BOOLEAN)")
    known: dict[str, float | None] = {}
    for expectation in expectations:
        if expectation.figure:
            with suppress(duckdb.Error):
                rows = database.execute(_on(suite, expectation.figure))
                known[expectation.name] = None if not rows or rows[0][0] is None else float(rows[0][0])
            value = known.get(expectation.name)
            database.execute(f"INSERT INTO {_FIGURES} VALUES ({_text(expectation.name)}, {'NULL' if value is None else value}, {expectation.name in known})")  # noqa: S608
    return known


def _query(suite: Suite, expectation: Expectation) -> str:
    """Returns a row where the expectation is not met: the rows in breach; of a figure, the figure out of its bounds or the failure to compute it."""
    if not expectation.figure:
        return _on(suite, expectation.breaches)
    limits = (("<", expectation.at_least), (">", expectation.at_most))
    bounds = " OR ".join(f"value {comparison} {limit}" for comparison, limit in limits if limit is not None)
    return f"SELECT value FROM {_FIGURES} WHERE name = {_text(expectation.name)} AND (NOT is_known OR {bounds})"  # noqa: S608


def _finding(database: SuiteDatabase, suite: Suite, expectation: Expectation, verdict: tuple[bool, str], figures: Mapping[str, float | None]) -> Finding:
    passed, fault = verdict
    found: dict[str, Any] = {"value": figures.get(expectation.name), "is_lasting": expectation.is_lasting}
    if not passed and expectation.breaches:
        try:
            found |= _look_up(database, suite, expectation)
        except duckdb.Error as error:
            fault = fault or str(error).splitlines()[0]
    if fault:
        found["detail"] = f"could not be judged: {fault}"
    return Finding(expectation.name, expectation.description, expectation.is_blocking, passed, expectation.wanted, **found)


def _look_up(database: SuiteDatabase, suite: Suite, expectation: Expectation) -> dict[str, Any]:
    """How many rows are in breach, in which columns, and some of them."""
    breaches = _on(suite, expectation.breaches)
    found: dict[str, Any] = {"n_breaches": int(database.execute(f"SELECT count(*) FROM ({breaches})")[0][0])}  # noqa: S608
    if expectation.by_column:
        counts = ", ".join(f"count(*) FILTER ({condition})" for condition in expectation.by_column.values())
        by_column = zip(expectation.by_column, database.execute(_on(suite, f"SELECT {counts} FROM {{batch}}"))[0], strict=True)  # noqa: S608
        found["detail"] = "; ".join(f"{name} {count:,}" for name, count in by_column if count)
    shown = _columns_shown(database.names(breaches), suite.key, expectation)
    listed = ", ".join(f'"{name}"' for name in shown)
    rows = database.execute(f"SELECT {listed} FROM ({breaches}) ORDER BY {expectation.worst_first} LIMIT {_N_EXAMPLES}")  # noqa: S608
    found["examples"] = tuple({name: _as_text(value) for name, value in zip(shown, row, strict=True)} for row in rows)
    return found


def _columns_shown(names: Sequence[str], key: Sequence[str], expectation: Expectation) -> list[str]:
    """The key, the columns the expectation names, then the others, as far as there is room."""
    text = f"{expectation.breaches} {expectation.name}"
    ranked = sorted((name for name in names if name != PART), key=lambda name: (name not in key, name not in text))
    return ranked[:_N_COLUMNS]


def _not_judged(expectation: Expectation) -> Finding:
    reason = f"not judged: {', '.join(expectation.needs)} not written yet"
    return Finding(expectation.name, expectation.description, expectation.is_blocking, passed=True, wanted=expectation.wanted, detail=reason)


def _on(suite: Suite, query: str) -> str:
    return query.replace("{batch}", view_name(suite.table))


def _text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def _as_text(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= _N_CHARACTERS else text[: _N_CHARACTERS - 1] + "…"
