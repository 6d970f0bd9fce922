"""Faults of a table: the reading stops and says which file, column and rule, and what to do."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from domain.errors import DataError
from sources.folder import read_source

TODAY = dt.date(2026, 6, 30)
WEEKS = pl.DataFrame({"merchant_id": ["m"] * 4, "article_id": list("abcd"), "week": [dt.date(2026, 6, 1)] * 4, "sales_units": [1, 2, 3, 4]})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    WEEKS.write_parquet(tmp_path / "weekly_sales.parquet")
    return tmp_path


def refusal(source: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_source(str(source), today=TODAY)
    assert caught.value.remedy
    return str(caught.value)


def test_missing_folder(tmp_path: Path) -> None:
    assert "absent is not a folder" in refusal(tmp_path / "absent")


def test_neither_table_of_sales(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("a\n1\n")
    message = refusal(tmp_path)
    assert "neither" in message
    assert "sales.csv" in message
    assert "sales_transactions.parquet" in message


def test_both_tables_of_sales(source: Path) -> None:
    (source / "sales_transactions.csv").write_text("transaction_id\n")
    message = refusal(source)
    assert "sales_transactions.csv" in message
    assert "weekly_sales.parquet" in message


def test_one_table_in_two_files(source: Path) -> None:
    WEEKS.write_csv(source / "weekly_sales.csv")
    assert "weekly_sales.parquet and weekly_sales.csv" in refusal(source)


@pytest.mark.parametrize("column", ["merchant_id", "article_id", "week", "sales_units"])
def test_missing_required_column(source: Path, column: str) -> None:
    WEEKS.drop(column).write_parquet(source / "weekly_sales.parquet")
    message = refusal(source)
    assert "weekly_sales" in message
    assert f"wanted: {column}" in message


def test_missing_required_column_of_an_optional_table(source: Path) -> None:
    (source / "returns.csv").write_text("return_id,returned_at,merchant_id,article_id\n")
    assert "quantity_units" in refusal(source)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("sales_units", pl.Series([[1]] * 4)),
        ("sales_units", pl.Series([True] * 4)),
        ("sales_units", pl.Series([b"1"] * 4)),
        ("sales_units", pl.Series([dt.date(2026, 6, 1)] * 4)),
        ("merchant_id", pl.Series([{"id": 1}] * 4)),
        ("week", pl.Series([20_260_601] * 4)),
        ("week", pl.Series([True] * 4)),
    ],
)
def test_a_type_that_can_never_fit(source: Path, column: str, values: pl.Series) -> None:
    WEEKS.with_columns(values.alias(column)).write_parquet(source / "weekly_sales.parquet")
    message = refusal(source)
    assert f"column {column}" in message
    assert "can never be" in message


def test_a_type_that_loses_most_of_its_values_shows_two_of_them(source: Path) -> None:
    WEEKS.with_columns(pl.Series("sales_units", ["1", "two", "three", "four"])).write_parquet(source / "weekly_sales.parquet")
    message = refusal(source)
    assert "3 of 4 values" in message
    assert "'four', 'three'" in message


def test_half_of_the_values_may_be_rejects(source: Path) -> None:
    WEEKS.with_columns(pl.Series("sales_units", ["1", "two", "three", "4"])).write_parquet(source / "weekly_sales.parquet")
    assert read_source(str(source), today=TODAY).rejects_by_rule == {"weekly_sales: sales_units|castable": 2}


@pytest.mark.parametrize("keep", [0, 3, 100, -8])
def test_truncated_parquet(source: Path, keep: int) -> None:
    file = source / "weekly_sales.parquet"
    file.write_bytes(file.read_bytes()[:keep])
    message = refusal(source)
    assert "weekly_sales.parquet is not a whole Parquet file" in message


def test_csv_that_is_not_utf_8(source: Path) -> None:
    (source / "articles.csv").write_bytes("merchant_id,article_id,brand\nm,a,é\n".encode("cp1252"))
    assert "articles.csv is not UTF-8" in refusal(source)


@pytest.mark.parametrize("content", ["", "merchant_id,article_id,week,sales_units\n"])
def test_empty_sales(tmp_path: Path, content: str) -> None:
    (tmp_path / "weekly_sales.csv").write_text(content)
    assert "weekly_sales" in refusal(tmp_path)


def test_empty_sales_in_parquet(source: Path) -> None:
    WEEKS.clear().write_parquet(source / "weekly_sales.parquet")
    assert "is empty" in refusal(source)


@pytest.mark.parametrize("content", ["", "return_id,returned_at,merchant_id,article_id,quantity_units\n"])
def test_an_empty_optional_table_is_fine(source: Path, content: str) -> None:
    (source / "returns.csv").write_text(content)
    read = read_source(str(source), today=TODAY)
    assert read.frames["returns"].is_empty()
    assert "returns" in read.present


@pytest.mark.parametrize("write", [pl.DataFrame.write_csv, pl.DataFrame.write_parquet])
def test_an_optional_table_without_any_known_column_is_not_taken_for_empty(source: Path, write: Callable[[pl.DataFrame, Path], None]) -> None:
    write(pl.DataFrame({"shop": ["m"], "item": ["a"]}), source / ("articles.csv" if write is pl.DataFrame.write_csv else "articles.parquet"))
    assert "got: shop, item" in refusal(source)


def test_sales_of_which_every_row_was_rejected(source: Path) -> None:
    WEEKS.with_columns(pl.Series("sales_units", [-1, -1, -1, 1]), pl.Series("article_id", ["a", "b", "c", None])).write_parquet(source / "weekly_sales.parquet")
    message = refusal(source)
    assert "all of its 4 rows were rejected" in message
    assert "weekly_sales: sales_units|min: 3" in message


def test_the_truth_is_never_opened(source: Path) -> None:
    (source / "truth").mkdir()
    (source / "truth" / "sales_transactions.parquet").write_bytes(b"not for us")
    assert read_source(str(source), today=TODAY).present == ("weekly_sales",)


def test_another_separator_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "weekly_sales.csv").write_text("merchant_id;article_id;week;sales_units\nm;a;2026-06-01;1\n")
    assert "Write the file with commas between its columns, not ';'" in refusal(tmp_path)


def test_a_decimal_comma_is_answered_with_the_spelling_wanted(tmp_path: Path) -> None:
    (tmp_path / "weekly_sales.csv").write_text('merchant_id,article_id,week,sales_units,unit_price_eur\nm,a,2026-06-01,1,"9,90"\n')
    assert "18.5, not 18,5" in refusal(tmp_path)


def test_names_that_the_contract_does_not_know_are_reported(source: Path) -> None:
    (source / "stock_level.csv").write_text("merchant_id\nm\n")
    (source / "rejects.parquet").write_bytes(b"what a conversion refused is no stranger")
    (source / "notes.txt").write_text("nor is what is no table")
    (source / "merchants.csv").write_text("merchant_id,leadtime_weeks\nm,3\n")
    assert read_source(str(source), today=TODAY).not_read == ["stock_level.csv", "merchants.leadtime_weeks"]
