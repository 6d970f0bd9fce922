"""Faults of single rows: each becomes one reject with the first rule it broke."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from domain.tables import RAW_TABLES
from sources.folder import RawTables, read_source

TODAY = dt.date(2026, 6, 30)
MONDAY = dt.date(2026, 6, 1)
SALE = {"transaction_id": "t", "occurred_at": "2026-06-01 10:00", "merchant_id": "m", "article_id": "a", "quantity_units": "2", "unit_price_eur": "3.5"}
WEEK: dict[str, Any] = {"merchant_id": "m", "article_id": "a", "week": MONDAY, "sales_units": 2.0, "unit_price_eur": 3.5, "promotion": 0.0}


def read_sales(tmp_path: Path, *bad: dict[str, Any]) -> RawTables:
    """A CSV of four good sales and the bad ones, each like the good with the given values instead."""
    good = [{**SALE, "transaction_id": f"good-{number}"} for number in range(4)]
    pl.DataFrame([*good, *({**SALE, **row} for row in bad)], infer_schema_length=None).write_csv(tmp_path / "sales_transactions.csv")
    return read_source(str(tmp_path), today=TODAY)


def read_weeks(tmp_path: Path, *bad: dict[str, Any]) -> RawTables:
    good = [{**WEEK, "article_id": f"good-{number}"} for number in range(4)]
    pl.DataFrame([*good, *({**WEEK, **row} for row in bad)], infer_schema_length=None).write_parquet(tmp_path / "weekly_sales.parquet")
    return read_source(str(tmp_path), today=TODAY)


def assert_only_reject(read: RawTables, table: str, rule: str) -> None:
    assert read.rejects_by_rule == {f"{table}: {rule}": 1}
    assert (read.rows_read, read.rows_accepted, read.rows_rejected) == (5, 4, 1)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("merchant_id", None, "merchant_id|nullability"),
        ("transaction_id", None, "transaction_id|nullability"),
        ("quantity_units", None, "quantity_units|nullability"),
        ("occurred_at", None, "occurred_at|nullability"),
        ("quantity_units", "-1", "quantity_units|min"),
        ("quantity_units", "0", "quantity_units|min"),
        ("quantity_units", "1.5", "quantity_units|castable"),
        ("quantity_units", "abc", "quantity_units|castable"),
        ("quantity_units", "1000000001", "quantity_units|max"),
        ("quantity_units", "4006381333931", "quantity_units|max"),
        ("quantity_units", "1e308", "quantity_units|castable"),
        ("quantity_units", "nan", "quantity_units|castable"),
        ("occurred_at", "someday", "occurred_at|castable"),
        ("occurred_at", "1989-12-31 23:59", "occurred_at|not_before_1990"),
        ("occurred_at", "2026-07-01 00:00", "occurred_at|not_in_the_future"),
    ],
)
def test_a_bad_sale_is_one_reject(tmp_path: Path, column: str, value: str | None, rule: str) -> None:
    read = read_sales(tmp_path, {column: value})
    assert_only_reject(read, "sales_transactions", rule)
    assert json.loads(read.rejects["row"][0])[column] == value


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("sales_units", -1.0, "sales_units|min"),
        ("sales_units", 1.5, "sales_units|castable"),
        ("sales_units", float("nan"), "sales_units|castable"),
        ("article_id", "", "article_id|min_length"),
        ("week", None, "week|nullability"),
        ("week", dt.date(2026, 6, 2), "week_is_monday"),
        ("week", dt.date(2026, 7, 6), "week|not_in_the_future"),
        ("week", dt.date(1989, 12, 25), "week|not_before_1990"),
    ],
)
def test_a_bad_week_is_one_reject(tmp_path: Path, column: str, value: Any, rule: str) -> None:
    assert_only_reject(read_weeks(tmp_path, {column: value}), "weekly_sales", rule)


def test_the_last_instant_of_today_and_the_first_of_1990_are_accepted(tmp_path: Path) -> None:
    read = read_sales(tmp_path, {"occurred_at": "2026-06-30 23:59:59"}, {"transaction_id": "u", "occurred_at": "1990-01-01"})
    assert read.rows_rejected == 0


def test_unknown_sales_of_a_week_are_accepted(tmp_path: Path) -> None:
    assert read_weeks(tmp_path, {"sales_units": None}).rows_rejected == 0


def test_a_row_with_many_faults_counts_once_against_the_first(tmp_path: Path) -> None:
    read = read_sales(tmp_path, {"quantity_units": "-3", "unit_price_eur": "-1", "merchant_id": None, "occurred_at": "2050-01-01"})
    assert_only_reject(read, "sales_transactions", "occurred_at|not_in_the_future")


def test_an_unparsable_line_is_kept_as_it_stands(tmp_path: Path) -> None:
    read_sales(tmp_path)
    with (tmp_path / "sales_transactions.csv").open("a") as file:
        file.write("t9,2026-06-01,m,a\n")
    read = read_source(str(tmp_path), today=TODAY)
    assert_only_reject(read, "sales_transactions", "line|parsable")
    assert json.loads(read.rejects["row"][0]) == {"line": "t9,2026-06-01,m,a"}


def test_of_duplicates_the_one_that_sorts_first_is_kept_and_a_bad_row_evicts_nobody(tmp_path: Path) -> None:
    read = read_sales(tmp_path, {"quantity_units": "9"}, {"quantity_units": "5"}, {"quantity_units": "7"}, {"quantity_units": "-1"})
    assert read.frames["sales_transactions"].filter(pl.col("transaction_id") == "t")["quantity_units"].to_list() == [5]
    assert read.rejects_by_rule == {"sales_transactions: primary_key": 2, "sales_transactions: quantity_units|min": 1}


def test_no_warehouse_is_a_warehouse_of_its_own(tmp_path: Path) -> None:
    read_weeks(tmp_path)
    row = {"merchant_id": "m", "article_id": "a", "date": MONDAY, "on_hand_units": 3}
    pl.DataFrame([{**row, "warehouse_id": name} for name in (None, "w1", "w2", "w1", None)]).write_parquet(tmp_path / "stock_levels.parquet")
    pl.DataFrame({"merchant_id": ["m", "m", "m"], "article_id": [None, "a", None]}).write_parquet(tmp_path / "cost_rates.parquet")
    read = read_source(str(tmp_path), today=TODAY)
    assert read.frames["stock_levels"]["warehouse_id"].to_list() == [None, "w1", "w2"]
    assert read.rejects_by_rule == {"cost_rates: primary_key": 1, "stock_levels: primary_key": 2}


def test_plans_may_lie_in_the_future(tmp_path: Path) -> None:
    read_weeks(tmp_path)
    future = dt.date(2027, 1, 4)
    shipment = {
        "shipment_id": "s",
        "merchant_id": "m",
        "article_id": "a",
        "ordered_at": MONDAY,
        "expected_at": future,
        "received_at": None,
        "quantity_units": 4,
    }
    article = {"merchant_id": "m", "article_id": "a", "launch_date": future, "end_of_life_date": future}
    pl.DataFrame([shipment, {**shipment, "shipment_id": "u", "received_at": future}]).write_parquet(tmp_path / "inbound_shipments.parquet")
    pl.DataFrame([article]).write_parquet(tmp_path / "articles.parquet")
    pl.DataFrame([{"week": future, "name": "rain", "value": 1.0, "known_from": future}]).write_parquet(tmp_path / "external_signals.parquet")
    read = read_source(str(tmp_path), today=TODAY)
    assert read.rejects_by_rule == {"inbound_shipments: received_at|not_in_the_future": 1}


@pytest.mark.parametrize("price", ["-0.01", "NaN", "inf", "free", "1e308", "4006381333931"])
def test_a_bad_optional_cell_never_costs_a_sale(tmp_path: Path, price: str) -> None:
    read = read_sales(tmp_path, {"unit_price_eur": price})
    assert (read.rows_accepted, read.rows_rejected) == (5, 0)
    sale = read.frames["sales_transactions"].row(by_predicate=pl.col("transaction_id") == "t", named=True)
    assert (sale["quantity_units"], sale["unit_price_eur"]) == (2, None)
    assert read.readings.select("reading", "table", "column", "merchant_id", "article_id", "n_rows").rows() == [
        ("unusable_cell", "sales_transactions", "unit_price_eur", "m", "a", 1)
    ]
    assert price.lower() in read.readings["evidence"][0].lower()


@pytest.mark.parametrize(("column", "value"), [("unit_price_eur", float("nan")), ("unit_price_eur", float("inf")), ("promotion", 1.5)])
def test_a_bad_optional_cell_never_costs_a_week(tmp_path: Path, column: str, value: float) -> None:
    read = read_weeks(tmp_path, {column: value})
    week = read.frames["weekly_sales"].row(by_predicate=pl.col("article_id") == "a", named=True)
    assert (week["sales_units"], week[column], read.rows_rejected) == (2, None, 0)
    assert read.readings["column"].to_list() == [column]


def test_a_bad_cell_of_a_merchant_keeps_the_other_cells(tmp_path: Path) -> None:
    read_weeks(tmp_path)
    (tmp_path / "merchants.csv").write_text("merchant_id,lead_time_weeks,policy,review_period_weeks,budget_eur_per_week\nm,8,min_max,0,100\nn,2,extended,1,\n")
    read = read_source(str(tmp_path), today=TODAY)
    merchant = read.frames["merchants"].row(by_predicate=pl.col("merchant_id") == "m", named=True)
    assert (merchant["lead_time_weeks"], merchant["budget_eur_per_week"], merchant["policy"], merchant["review_period_weeks"]) == (8.0, 100.0, None, None)
    assert read.readings.select("column", "merchant_id", "n_rows").rows() == [("policy", "m", 1), ("review_period_weeks", "m", 1)]


def test_a_bad_key_still_costs_the_row(tmp_path: Path) -> None:
    read_weeks(tmp_path)
    (tmp_path / "cost_rates.csv").write_text("merchant_id,article_id,fixed_order_cost_eur\nm,,5\n,a,7\nn,a,-1\n")
    read = read_source(str(tmp_path), today=TODAY)
    assert read.rejects_by_rule == {"cost_rates: merchant_id|nullability": 1}
    assert read.frames["cost_rates"]["fixed_order_cost_eur"].to_list() == [5.0, None]


def test_a_series_with_one_observation_and_absent_columns(tmp_path: Path) -> None:
    pl.DataFrame([{"merchant_id": 7, "article_id": 12.0, "week": MONDAY, "sales_units": 1, "extra": [1]}]).write_parquet(tmp_path / "weekly_sales.parquet")
    (tmp_path / "notes.txt").write_text("ignored")
    read = read_source(str(tmp_path), today=TODAY)
    assert read.frames["weekly_sales"].rows() == [("7", "12", MONDAY, 1, None, None, None)]
    assert read.missing_optional == [
        *("returns", "stock_levels", "inbound_shipments", "articles", "merchants", "cost_rates", "external_signals"),
        *("weekly_sales.available_share", "weekly_sales.unit_price_eur", "weekly_sales.promotion"),
    ]
    assert list(read.frames) == list(RAW_TABLES)
    for table, schema in RAW_TABLES.items():
        schema.validate(read.frames[table])
