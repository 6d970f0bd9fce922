"""Expectations generated from a table's contract: columns and types, what each column may hold, the key, the rules over several columns.

All of them block. They say what `contract.validate` says, in SQL; a test compares the two on rows that are broken on purpose.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from domain.quantiles import QUANTILE_COLUMNS
from domain.stage_tables import CHANGE_CAUSES, STAGE_TABLES
from domain.tables import ONE_OF, RAW_TABLES, ROW_KEYS
from quality.suites.expectation import PART, Expectation, rows_where

_ONE_BY_ONE = 3
"""Up to so many columns under the same rule are expectations of their own; more are one, so that 39 quantiles are not 39 lines."""
_FLAT_TYPES: Mapping[type[pl.DataType], str] = {
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Int64: "BIGINT",
    pl.UInt64: "UBIGINT",
    pl.Float32: "FLOAT",
    pl.Float64: "DOUBLE",
    pl.Date: "DATE",
}
_CROSSING = " OR ".join(f'"{low}" > "{high}"' for low, high in itertools.pairwise(QUANTILE_COLUMNS))
_SUM_OF_CAUSES = " + ".join(f"coalesce({cause}_units, 0)" for cause in CHANGE_CAUSES)
RULES_IN_SQL: Mapping[str, tuple[str, str]] = {
    "week_is_monday": ("A week is named by its Monday.", "isodow(week) <> 1"),
    "quantiles_do_not_cross": ("Each quantile is at least its lower neighbour.", _CROSSING),
    "causes_add_up": (
        "The causes' contributions are the change.",
        f"{CHANGE_CAUSES[0]}_units IS NOT NULL AND {_SUM_OF_CAUSES} + constraints_units <> order_now_units - order_day_before_units",
    ),
}
"""The contracts' rules over several columns, by name: meaning, and condition of a breach. `row_key` is the key of tables whose key may hold nulls."""


class _Rule(NamedTuple):
    """What one column must keep."""

    text: str
    breach: str
    """Condition of a breach."""
    native: tuple[str, Mapping[str, Any]] | None = None


def contract_of(table: str) -> type[dy.Schema]:
    """The contract of a raw or stage table ("stage/name")."""
    return STAGE_TABLES.get(table) or RAW_TABLES[table.removeprefix("raw/")]


def contract_expectations(contract: type[dy.Schema], *, key: tuple[str, ...]) -> tuple[Expectation, ...]:
    """Everything the contract says about a table.

    Args:
        contract: Of the table.
        key: Columns that identify a row within a partition; empty = rows may repeat.

    Raises:
        NotImplementedError: A rule over several columns, or a type, has not been said in SQL yet.
    """
    columns = contract.columns()
    types = {name: duckdb_type(dtype) for name, dtype in pl.Schema(contract).items()}
    rules = [_of_rows(name) for name in contract._schema_validation_rules() if name != "row_key"]
    return (*columns_expected(types), *_column_expectations(columns), *([unique_key(key)] if key else []), *rules)


def key_of(table: str) -> tuple[str, ...]:
    """Columns that identify a row of a table within a partition."""
    name = table.removeprefix("raw/")
    own = {"fingerprints": ("table", "event", "day")}.get(name, ())
    return ROW_KEYS.get(name, ()) or own or tuple(contract_of(table).primary_key())


def columns_expected(types: Mapping[str, str]) -> tuple[Expectation, Expectation]:
    """The table has these columns and no others, in these types of DuckDB's."""
    listed = ", ".join(f"('{name}', '{dtype.replace(chr(39), chr(39) * 2)}')" for name, dtype in types.items())
    found = f"(SELECT column_name, column_type FROM (DESCRIBE {{batch}}) WHERE column_name <> '{PART}')"  # noqa: S608
    expected = f"(SELECT * FROM (VALUES {listed}) AS contract(column_name, column_type))"  # noqa: S608
    names = ("expect_table_columns_to_match_set", {"column_set": [*types, PART], "exact_match": True})
    other_type = f"SELECT * FROM {found} AS found JOIN {expected} AS wanted USING (column_name) WHERE found.column_type <> wanted.column_type"  # noqa: S608
    other_name = f"SELECT column_name FROM {found} AS found FULL JOIN {expected} AS wanted USING (column_name) WHERE found.column_type IS NULL OR wanted.column_type IS NULL"  # noqa: S608
    return (
        Expectation("columns", "The columns of the contract, and no others.", is_blocking=True, breaches=other_name, native=names),
        Expectation("types", "Every column is of its type.", is_blocking=True, breaches=other_type),
    )


def unique_key(key: tuple[str, ...]) -> Expectation:
    """No two rows of a partition have the same key; a null counts as a value.

    Hashes are grouped instead of keys, which takes a fraction of the memory; keys whose hashes meet are then compared themselves.
    """
    columns = ", ".join(f'"{name}"' for name in key)
    digest = f"hash({PART}, {columns})"
    doubled = f"SELECT {digest} AS digest FROM {{batch}} GROUP BY digest HAVING count(*) > 1"  # noqa: S608
    breaches = f"SELECT {columns}, count(*) AS n_rows FROM {{batch}} WHERE {digest} IN ({doubled}) GROUP BY {PART}, {columns} HAVING count(*) > 1"  # noqa: S608
    return Expectation("key is unique", f"A row per {', '.join(key)}.", is_blocking=True, breaches=breaches)


def duckdb_type(dtype: pl.DataType) -> str:
    """DuckDB's name of a type, as Parquet files of it are read.

    Raises:
        NotImplementedError: No contract has used the type so far.
    """
    if isinstance(dtype, pl.List):
        return f"{duckdb_type(dtype.inner)}[]"  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return f"STRUCT({', '.join(f'{field.name} {duckdb_type(field.dtype)}' for field in dtype.fields)})"  # type: ignore[arg-type]
    if isinstance(dtype, pl.Datetime):
        return "TIMESTAMP WITH TIME ZONE" if dtype.time_zone else "TIMESTAMP"
    try:
        return _FLAT_TYPES[type(dtype)]
    except KeyError:
        raise NotImplementedError(f"no type of DuckDB's is known for {dtype}: add it to {__name__}") from None


def _of_rows(rule: str) -> Expectation:
    if rule not in RULES_IN_SQL:
        raise NotImplementedError(f"the contracts' rule {rule!r} has no SQL: add it to RULES_IN_SQL in {__name__}")
    text, breach = RULES_IN_SQL[rule]
    return Expectation(rule.replace("_", " "), text, is_blocking=True, breaches=rows_where(breach))


def _column_expectations(columns: Mapping[str, dy.Column]) -> Iterator[Expectation]:
    by_text: dict[str, dict[str, _Rule]] = {}
    for name, column in columns.items():
        for rule in _rules_of(column, f'"{name}"', name):
            by_text.setdefault(rule.text, {})[name] = rule
    for text, rules in by_text.items():
        if len(rules) > _ONE_BY_ONE:
            yield _of_many(text, rules)
        else:
            yield from (_of_one(name, rule, columns[name].description) for name, rule in rules.items())


def _of_one(name: str, rule: _Rule, description: str | None) -> Expectation:
    return Expectation(f"{name} {rule.text}", description or name, is_blocking=True, breaches=rows_where(rule.breach), native=rule.native)


def _of_many(text: str, rules: Mapping[str, _Rule]) -> Expectation:
    conditions = {name: rule.breach for name, rule in rules.items()}
    breaches = rows_where(" OR ".join(f"({condition})" for condition in conditions.values()))
    return Expectation(
        f"{len(rules)} columns {text}", f"{text[0].upper()}{text[1:]}: {', '.join(rules)}.", is_blocking=True, breaches=breaches, by_column=conditions
    )


def _rules_of(column: dy.Column, value: str, name: str) -> Iterator[_Rule]:
    """The rules of a column, or of an element of a list (which has no name)."""
    native = {"column": name}
    if not column.nullable:
        yield _Rule("filled", f"{value} IS NULL", ("expect_column_values_to_not_be_null", native) if name else None)
    yield from _bounds(column, value, native if name else None)
    if isinstance(column, dy.Float32 | dy.Float64) and not (column.allow_nan and column.allow_inf):
        yield _Rule("finite", f"NOT isfinite({value})")
    if isinstance(column, dy.String):
        yield from _text_rules(column, value, native if name else None)
    if isinstance(column, dy.List):
        inner = [rule.breach for rule in _rules_of(column.inner, "element", "")]
        if inner:
            yield _Rule("elements as in the contract", f"len(list_filter({value}, lambda element: {' OR '.join(inner)})) > 0")
    if isinstance(column, dy.Struct):
        yield from (rule for field, inner_column in column.inner.items() for rule in _rules_of(inner_column, f'{value}."{field}"', ""))


def _bounds(column: dy.Column, value: str, native: Mapping[str, Any] | None) -> Iterator[_Rule]:
    for bound, words, comparison, argument in (("min", "at least", "<", "min_value"), ("max", "at most", ">", "max_value")):
        limit = getattr(column, bound, None)
        if limit is not None:
            between = ("expect_column_values_to_be_between", {**native, argument: limit}) if native else None
            yield _Rule(f"{words} {limit:g}", f"{value} {comparison} {limit}", between)


def _text_rules(column: dy.String, value: str, native: Mapping[str, Any] | None) -> Iterator[_Rule]:
    if column.min_length is not None:
        lengths = ("expect_column_value_lengths_to_be_between", {**native, "min_value": column.min_length}) if native else None
        yield _Rule("not empty" if column.min_length == 1 else f"at least {column.min_length} characters", f"length({value}) < {column.min_length}", lengths)
    if (allowed := (column.metadata or {}).get(ONE_OF)) is not None:
        listed = ", ".join(f"'{name}'" for name in allowed())
        yield _Rule(f"one of {len(allowed())} names", f"{value} NOT IN ({listed})")
    if column.regex is not None:
        pattern = column.regex.replace("'", "''")
        yield _Rule(f"like {column.regex}", f"NOT regexp_matches({value}, '{pattern}')")
