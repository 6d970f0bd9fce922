"""The contract in SQL against dataframely's own verdict: each column of each table broken in each way, one cell per row."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dataframely as dy
import duckdb
import polars as pl
import pytest

from domain.stage_tables import STAGE_TABLES
from domain.tables import RAW_TABLES
from quality.suites.contracts import contract_expectations, key_of

CONTRACTS = {**{f"raw/{name}": schema for name, schema in RAW_TABLES.items()}, **STAGE_TABLES}
N_GOOD = 3
MONDAY = date(2025, 1, 6)
MATCHING = {"counted": "weeks", "policy": "extended", "trigger": "position", "objective": "p75", "time_zone": "Europe/Berlin"}
ODD = {
    dy.String: ["", "no such word"],
    dy.Float64: [-1.0, 0.0, 1.5, 99.0, float("nan"), float("inf"), float("-inf")],
    dy.Float32: [-1.0, 0.0, 1.5, 99.0, float("nan"), float("inf"), float("-inf")],
    dy.Int64: [-1, 0, 2, 60],
    dy.UInt64: [0],
    dy.Date: [MONDAY + timedelta(days=1)],
    dy.Datetime: [datetime(1970, 1, 1, tzinfo=UTC)],
    dy.Bool: [False],
}


def good(column: dy.Column, row: int, *, name: str, is_key: bool) -> Any:
    """A value that every contract takes; keys differ from row to row."""
    if isinstance(column, dy.List):
        return [good(column.inner, row, name="", is_key=False)] * 2
    if isinstance(column, dy.Struct):
        return {inner: good(field, row, name=inner, is_key=False) for inner, field in column.inner.items()}
    of_key = {dy.String: MATCHING.get(name, f"k{row}"), dy.Date: MONDAY + timedelta(weeks=row), dy.Int64: 1 + row}
    usual = {dy.String: MATCHING.get(name, "x"), dy.Date: MONDAY, dy.Datetime: datetime(2025, 1, 6, tzinfo=UTC), dy.Bool: True}
    numbers = {dy.Float32: 0.5, dy.Float64: 0.5, dy.Int64: 1, dy.UInt64: 1}
    return (of_key if is_key else usual | numbers)[type(column)]


def odd(column: dy.Column, value: Any) -> Iterator[Any]:
    """Values that some contract refuses: null, and what is unusual for the type, at every depth."""
    yield None
    if isinstance(column, dy.List):
        yield from ([value[0], inner] for inner in odd(column.inner, value[0]))
    elif isinstance(column, dy.Struct):
        yield from ({**value, name: inner} for name, field in column.inner.items() for inner in odd(field, value[name]))
    else:
        yield from ODD[type(column)]


def frame_of(contract: type[dy.Schema], key: tuple[str, ...]) -> pl.DataFrame:
    columns = contract.columns()
    if "constraints_units" in columns:  # the causes add up to a change of nothing
        return pl.DataFrame(list(rows_of(columns, key, zero={"constraints_units": -7})), schema=pl.Schema(contract), orient="row")
    return pl.DataFrame(list(rows_of(columns, key, zero={})), schema=pl.Schema(contract), orient="row")


def rows_of(columns: dict[str, dy.Column], key: tuple[str, ...], *, zero: dict[str, Any]) -> Iterator[dict[str, Any]]:
    changes: list[dict[str, Any]] = [{}] * N_GOOD
    for name, column in columns.items():
        changes += [{name: value} for value in odd(column, good(column, 0, name=name, is_key=False))]
    for row, change in enumerate(changes):
        yield {name: good(column, row, name=name, is_key=name in key) for name, column in columns.items()} | zero | change


@pytest.mark.parametrize("table", CONTRACTS)
def test_the_same_rows_break_the_contract_in_sql(table: str) -> None:
    contract, key = CONTRACTS[table], key_of(table)
    frame = frame_of(contract, key)
    refused = rows_refused(contract, frame, key)
    assert refused.isdisjoint(range(N_GOOD))
    assert refused
    rules = [one for one in contract_expectations(contract, key=key) if one.name not in {"columns", "types", "key is unique"}]
    with duckdb.connect() as connection:
        connection.register("rows", frame.with_row_index("_index").to_arrow())
        connection.execute("CREATE TABLE t AS SELECT * FROM rows")
        wrong = [row for rule in rules for row in connection.execute(f"SELECT _index FROM ({rule.breaches.format(batch='t')})").fetchall()]  # noqa: S608
    assert {index for (index,) in wrong} == refused


def rows_refused(contract: type[dy.Schema], frame: pl.DataFrame, key: tuple[str, ...]) -> set[int]:
    """By the key, which is different in every row; row by row where there is none."""
    if not key:
        return {index for index in range(frame.height) if not contract.filter(frame[index])[0].height}
    accepted = set(contract.filter(frame)[0].select(key).iter_rows())
    return {index for index, of_row in enumerate(frame.select(key).iter_rows()) if of_row not in accepted}


@pytest.mark.parametrize("table", [table for table in CONTRACTS if key_of(table)])
def test_the_same_keys_are_doubled_in_sql(table: str) -> None:
    contract, key = CONTRACTS[table], key_of(table)
    frame = frame_of(contract, key).head(N_GOOD)
    doubled = pl.concat([frame, frame.head(2)])
    assert contract.filter(doubled)[0].height == N_GOOD - 2
    (rule,) = [one for one in contract_expectations(contract, key=key) if one.name == "key is unique"]
    with duckdb.connect() as connection:
        connection.register("rows", doubled.with_columns(_part=pl.lit("00")).to_arrow())
        connection.register("other_part", pl.concat([frame.with_columns(_part=pl.lit("00")), frame.with_columns(_part=pl.lit("01"))]).to_arrow())
        assert [row[-1] for row in connection.execute(rule.breaches.format(batch="rows")).fetchall()] == [2, 2]
        assert connection.execute(rule.breaches.format(batch="other_part")).fetchall() == []
