"""Rows as they were read → accepted rows in the contract's types, and rejects with the one rule that refused each.

Order of the rules: column by column in the contract's order (castable, not null, bounds, dates), then the rules over
several columns, then the key. A row counts against the first rule it breaks; a row without fault is never evicted by
a faulty one, because keys are compared last. A bad value of an optional column costs the cell, not the row.
"""

import copy
import datetime as dt
import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from domain.calendar import EARLIEST_DATE
from domain.errors import DataError
from domain.stage_tables import Rejects
from domain.tables import ADDED_UP, RAW_TABLES, ROW_KEYS, refusable_cells
from sources.casting import Cast, as_text, cast_losslessly, family_fits
from sources.cells import MarkedCells, bad_cells, beyond_bounds, cap_unlimited, closing_zeros, empty_cells, readings_of_cells, zeros
from sources.stock_lots import add_up

_ROW = "_row"
_KEY_RULE = "primary_key"
_OWN_RULES = {f"{_ROW}|nullability", "row_key"}
"""Rules of the derived contract that say nothing about a single row."""
_NOT_OBSERVED = {
    ("inbound_shipments", "expected_at"),
    ("articles", "launch_date"),
    ("articles", "end_of_life_date"),
    ("external_signals", "week"),
    ("external_signals", "known_from"),
}
"""Dates that are plans: they may lie in the future."""
_TABLES_OF_TERMS = ("articles", "merchants", "cost_rates")
"""A few rows of many optional cells: one bad cell is no sign of a wrong column."""

_SPELLINGS: Mapping[type[pl.DataType], str] = {
    pl.Float64: "with a decimal point: 18.5, not 18,5",
    pl.Int64: "without separators: 1250, not 1.250",
    pl.Date: "for example 2026-01-31",
    pl.Datetime: "for example 2026-01-31 14:05",
}
"""How the text of a CSV file must spell a type."""


class Filtered(NamedTuple):
    """Rows of one table, each either accepted or rejected: `accepted.height + n_added_up + rejects.height` rows were read."""

    accepted: pl.DataFrame
    """In the contract's columns and types, sorted by `ROW_KEYS`."""
    rejects: pl.DataFrame
    """`stage_tables.Rejects`, sorted."""
    readings: list[pl.DataFrame]
    """`stage_tables.Readings`: cells read as empty, rows added up."""
    n_repeated: int = 0
    """Rejects that repeat an accepted row in every column: no fault of the table, however many."""
    n_added_up: int = 0
    """Accepted rows that were added to another of their key."""


def filter_rows(table: str, raw: pl.DataFrame, *, today: dt.date, location: str) -> Filtered:
    """Cast the rows losslessly, apply the contract's rules and split them.

    Args:
        table: Name in `RAW_TABLES`.
        raw: Rows as read, in columns of the contract; absent ones are null, others are ignored.
        today: Last day on which something can have happened.
        location: Where the rows come from, for messages.

    Raises:
        DataError: A column is of a type that its values show to be the wrong one.
    """
    schema = RAW_TABLES[table]
    typed = _typed_rows(table, raw, today=today, location=location)
    faults = _first_faults(typed.broken, typed.rows.columns)
    numbered = typed.rows.with_row_index(_ROW)
    good = numbered.join(faults, on=_ROW, how="anti", maintain_order="left")
    duplicates = _duplicate_rows(table, good, raw)
    kept = good.join(duplicates, on=_ROW, how="anti")
    readings = readings_of_cells(table, kept, [*typed.cells, *closing_zeros(table, typed.rows)], row=_ROW)
    readings += readings_of_cells(table, numbered, beyond_bounds(typed.broken, typed.rows), row=_ROW)
    whole, added_up = add_up(table, kept.drop(_ROW))
    known = raw.select(name for name in schema.column_names() if name in raw.columns)
    rejects = rejected_rows(table, known, pl.concat([faults, duplicates.drop("repeats")]))
    accepted = schema.validate(whole.sort(ROW_KEYS[table], nulls_last=False).rechunk())
    return Filtered(accepted, rejects, [*readings, *added_up], int(duplicates["repeats"].sum()), kept.height - whole.height)


class _TypedRows(NamedTuple):
    rows: pl.DataFrame
    """All rows in the contract's types, cells that were refused or not maintained empty."""
    broken: dict[str, pl.Series]
    """Row numbers by the rule that costs their row."""
    cells: list[MarkedCells]
    """Cells that were emptied."""


def _typed_rows(table: str, raw: pl.DataFrame, *, today: dt.date, location: str) -> _TypedRows:
    lone = table in _TABLES_OF_TERMS
    casts = {name: cast_column(raw, name, dtype, where=f"{location}, column {name}", lone_cell=lone) for name, dtype in pl.Schema(RAW_TABLES[table]).items()}
    typed = cap_unlimited(table, pl.DataFrame([cast.values.alias(name) for name, cast in casts.items()]))
    unset = zeros(table, typed)
    maintained = empty_cells(typed, unset)
    broken = _broken_rules(table, maintained, {name: cast.failed for name, cast in casts.items()}, today)
    bad = bad_cells(table, broken, raw)
    costly = {rule: rows for rule, rows in broken.items() if rule.partition("|")[0] not in refusable_cells(table)}
    return _TypedRows(empty_cells(maintained, bad), costly, [*unset, *bad])


def rejected_rows(table: str, raw: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """Rejects of the rows that `faults` (`_row`, `rule`) names, each with its content as JSON."""
    texts = _json_rows(raw[faults[_ROW]], name="row")
    return Rejects.validate(faults.select(pl.lit(table).alias("table"), "rule", texts).sort(Rejects.column_names()))


def rejected_lines(table: str, lines: list[str]) -> pl.DataFrame:
    """Rejects of CSV lines that are no rows."""
    texts = pl.DataFrame({"row": [_to_json({"line": line}) for line in lines]}, schema={"row": pl.String})
    return Rejects.validate(texts.select(pl.lit(table).alias("table"), pl.lit("line|parsable").alias("rule"), "row"))


def _json_rows(rows: pl.DataFrame, *, name: str) -> pl.Series:
    readable = [as_text(column) if column.dtype.is_temporal() else column for column in rows]
    return pl.Series(name, [_to_json(row) for row in pl.DataFrame(readable).iter_rows(named=True)], dtype=pl.String)


def _whole_rows(rows: pl.DataFrame) -> pl.Series:
    """Each row as one text, all columns of its file in it that can be read as text: equal for copies only."""
    readable = [as_text(column) for column in rows if family_fits(column.dtype, pl.String())]
    return pl.DataFrame(readable).select(_text=pl.concat_str(pl.all().fill_null("\x00"), separator="\x1f")).to_series()


def _to_json(row: Mapping[str, Any]) -> str:
    """A row as JSON: numbers and text as they are, everything else as its text."""
    plain = {name: value if value is None or isinstance(value, (bool, int, str)) or _is_finite(value) else str(value) for name, value in row.items()}
    return json.dumps(plain, ensure_ascii=False)


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def cast_column(raw: pl.DataFrame, name: str, dtype: pl.DataType, *, where: str, lone_cell: bool = False) -> Cast:
    """A column in the wanted type; an absent one is null. With `lone_cell` a single bad value never condemns its column.

    Raises:
        DataError: Its type can never be the wanted one, or more than half of its values cannot be cast.
    """
    if name not in raw.columns:
        return Cast(pl.Series(name, [None], dtype=dtype).new_from_index(0, raw.height), pl.Series([False]).new_from_index(0, raw.height))
    column = raw[name]
    spelling = _SPELLINGS.get(dtype.base_type())
    remedy = f"Write the column as {dtype}{f', {spelling}' if spelling else ''} (the data contract lists every column's type)."
    if not family_fits(column.dtype, dtype):
        raise DataError(f"{where}: type {column.dtype} can never be {dtype}", got=str(column.dtype), wanted=str(dtype), remedy=remedy)
    cast = cast_losslessly(column, dtype)
    n_values = column.len() - column.null_count()
    if cast.failed.sum() * 2 > n_values and cast.failed.sum() > lone_cell:
        examples = as_text(column.filter(cast.failed)).unique().sort().head(2).to_list()
        raise DataError(
            f"{where}: rule castable: {cast.failed.sum()} of {n_values} values cannot be read as {dtype} without loss",
            got=", ".join(repr(example) for example in examples),
            wanted=str(dtype),
            remedy=remedy,
        )
    return cast


def _broken_rules(table: str, typed: pl.DataFrame, uncastable: Mapping[str, pl.Series], today: dt.date) -> dict[str, pl.Series]:
    """Row numbers that break each rule, in the order of the module's docstring."""
    broken = _broken_contract_rules(table, typed)
    for name, failed in uncastable.items():
        broken[f"{name}|castable"] = failed.arg_true()
    for name, dtype in typed.schema.items():
        if dtype.is_temporal():
            day = typed[name].cast(pl.Date)
            broken[f"{name}|not_before_1990"] = (day < EARLIEST_DATE).arg_true()
            broken[f"{name}|not_in_the_future"] = ((day > today) & ((table, name) not in _NOT_OBSERVED)).arg_true()
    return {rule: broken[rule].cast(pl.UInt32) for rule in sorted(broken, key=lambda rule: _position(rule, typed.columns))}


def _first_faults(broken: Mapping[str, pl.Series], columns: list[str]) -> pl.DataFrame:
    """The first rule that each faulty row breaks: `_row`, `rule`, one line per faulty row."""
    order = sorted(broken, key=lambda rule: _position(rule, columns))
    lines = [pl.DataFrame({_ROW: broken[rule]}).with_columns(pl.lit(rule).alias("rule")) for rule in order]
    return pl.concat(lines).unique(_ROW, keep="first", maintain_order=True)


def _position(rule: str, columns: list[str]) -> tuple[int, int]:
    """Place of a rule in the order of the module's docstring; rules of one column keep the contract's order."""
    column, _, kind = rule.partition("|")
    return (columns.index(column), 0 if kind == "castable" else 1) if kind else (len(columns), 0)


def _broken_contract_rules(table: str, typed: pl.DataFrame) -> dict[str, pl.Series]:
    """Row numbers that break each rule of the contract, the key's left out."""
    numbered = typed.with_row_index(_ROW)
    _, failure = _rules_without_key(table).filter(numbered)
    details = failure.details()
    rules = [name for name in details.columns if name not in numbered.columns and name not in _OWN_RULES]
    return {rule: details.filter(pl.col(rule) == "invalid")[_ROW] for rule in rules}


@cache
def _rules_without_key(table: str) -> type[dy.Schema]:
    """The table's contract with numbered rows and without its key: dataframely's key rule would refuse all of the duplicates."""
    schema = RAW_TABLES[table]
    columns: dict[str, dy.Column] = {_ROW: dy.UInt32(nullable=False)}
    for name, column in schema.columns().items():
        columns[name] = copy.copy(column)
        columns[name].primary_key = False
    return type(f"{schema.__name__}WithoutKey", (schema,), columns)


def _duplicate_rows(table: str, good: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Rows to refuse of those that share a key: all but the one that sorts first over all its columns; of rows that add up, its copies only.

    Returns:
        `_row`, `rule` and `repeats`, whether the row is a copy of an accepted one in every column of its file.
    """
    key = list(ROW_KEYS[table])
    suspects = good.filter(pl.struct(key).is_duplicated())
    texts = _whole_rows(raw[suspects[_ROW]])
    ordered = suspects.with_columns(texts).sort([*key, *(name for name in good.columns if name not in {*key, _ROW}), "_text"])
    judged = ordered.with_columns(repeats=~pl.struct(*key, "_text").is_first_distinct(), shares_key=~pl.struct(key).is_first_distinct())
    refused = judged.filter("repeats" if table in ADDED_UP else "shares_key")
    return refused.select(_ROW, pl.lit(_KEY_RULE).alias("rule"), "repeats")
