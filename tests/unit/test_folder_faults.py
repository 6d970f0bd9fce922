"""Faults of a table: the reading stops and says which file, column and rule, and what to do."""

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
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


def test_an_optional_table_that_is_a_header_only_is_empty_and_said(source: Path) -> None:
    (source / "returns.csv").write_text("return_id,returned_at,merchant_id,article_id,quantity_units\n")
    read = read_source(str(source), today=TODAY)
    assert read.frames["returns"].is_empty()
    assert "returns" in read.present
    assert read.readings.select("reading", "table", "n_rows").rows() == [("empty_table", "returns", 0)]


@pytest.mark.parametrize("spoil", ["nothing", "folder", "link", "pipe"])
@pytest.mark.parametrize("name", ["stock_levels.csv", "stock_levels.parquet"])
def test_what_is_named_like_a_table_and_is_none_is_never_taken_for_absent(source: Path, spoil: str, name: str) -> None:
    file = source / name
    {
        "nothing": lambda: file.write_bytes(b""),
        "folder": file.mkdir,
        "link": lambda: file.symlink_to(source / "absent"),
        "pipe": lambda: os.mkfifo(file),
    }[spoil]()
    assert name in refusal(source)


def sales_of(rows: list[str], source: Path) -> None:
    (source / "weekly_sales.parquet").unlink(missing_ok=True)
    (source / "sales_transactions.csv").write_text("transaction_id,occurred_at,merchant_id,article_id,quantity_units\n" + "\n".join(rows) + "\n")


def test_a_key_that_restarts_is_a_fault_of_the_table(source: Path) -> None:
    sales_of([f"{number % 20},2026-06-{1 + number // 20:02d},m,a,1" for number in range(40)], source)
    message = refusal(source)
    assert "rule primary_key refuses 20 of 40 rows (50%)" in message
    assert '"transaction_id": "0"' in message


def test_an_export_that_was_appended_twice_is_read_once(source: Path) -> None:
    sales_of([f"{number},2026-06-01,m,a,1" for number in range(20)] * 2, source)
    read = read_source(str(source), today=TODAY)
    assert (read.rows_accepted, read.rejects_by_rule) == (20, {"sales_transactions: primary_key": 20})


@pytest.mark.parametrize(("n_bad", "stops"), [(5, True), (4, False)])
def test_five_rows_and_more_than_a_tenth_are_a_fault_of_the_table(source: Path, n_bad: int, *, stops: bool) -> None:
    sales_of([f"{number},2026-06-01,m,a,{-1 if number < n_bad else 1}" for number in range(49)], source)
    if stops:
        assert "rule quantity_units|min refuses 5 of 49 rows (10%)" in refusal(source)
    else:
        assert read_source(str(source), today=TODAY).rows_rejected == n_bad


@pytest.mark.parametrize("zone", ["+05:30", "CEST", "Mars/Olympus", "Europe/Berlin", "UTC"])
def test_an_instant_is_read_whatever_zone_it_is_shown_in(tmp_path: Path, zone: str) -> None:
    instants = pa.array([1_780_000_000_000_000], pa.timestamp("us", tz=zone))
    columns = {"transaction_id": ["1"], "occurred_at": instants, "merchant_id": ["m"], "article_id": ["a"], "quantity_units": [1]}
    pq.write_table(pa.table(columns), tmp_path / "sales_transactions.parquet")
    read = read_source(str(tmp_path), today=TODAY)
    assert read.frames["sales_transactions"]["occurred_at"].to_list() == [dt.datetime(2026, 5, 28, 20, 26, 40, tzinfo=dt.UTC)]


@pytest.mark.parametrize("values", [[dt.timedelta(1)] * 2, [[1], [2]], [b"\xff"] * 2, [{"a": 1}] * 2, [dt.time(1)] * 2])
def test_a_strange_column_beside_the_lots_is_no_obstacle(source: Path, values: list[object]) -> None:
    stock = {"merchant_id": ["m"] * 2, "article_id": ["a"] * 2, "date": [dt.date(2026, 6, 1)] * 2, "on_hand_units": [1, 2], "beside": values}
    pl.DataFrame(stock).write_parquet(source / "stock_levels.parquet")
    assert read_source(str(source), today=TODAY).frames["stock_levels"]["on_hand_units"].to_list() == [3]


def test_commas_at_the_end_of_lines_add_no_field(tmp_path: Path) -> None:
    (tmp_path / "weekly_sales.csv").write_text("merchant_id,article_id,week,sales_units,,\nm,a,2026-06-01,1,,\nm,b,2026-06-01,2\nm,c,2026-06-01,3,,,\n")
    read = read_source(str(tmp_path), today=TODAY)
    assert read.frames["weekly_sales"]["sales_units"].to_list() == [1, 2, 3]
    assert read.not_read == []


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
