"""Values that cannot be, or that are not maintained: how each is read, what is said about it, and what stays as it is."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sources.folder import RawTables, read_source

TODAY = dt.date(2026, 12, 1)
FIRST = dt.date(2026, 1, 5)
N_DAYS = 200


def shop(tmp_path: Path, *more: dict[str, Any], tables: dict[str, str] | None = None) -> RawTables:
    """A CUP a day at 9 EUR, and further sales; other tables as the text of their CSV file."""
    cups = [
        {"transaction_id": f"T{day}", "occurred_at": f"{FIRST + dt.timedelta(days=day)} 10:00", "article_id": "CUP", "quantity_units": 1 + day % 3}
        for day in range(N_DAYS)
    ]
    extra = [
        {"transaction_id": f"X{number}", "occurred_at": "2026-06-01 11:00", "article_id": "CUP", "quantity_units": 1} | row for number, row in enumerate(more)
    ]
    rows = [{"merchant_id": "shop", "unit_price_eur": 9.0} | row for row in [*cups, *extra]]
    pl.DataFrame(rows, infer_schema_length=None).write_csv(tmp_path / "sales_transactions.csv")
    for name, text in (tables or {}).items():
        (tmp_path / f"{name}.csv").write_text(text)
    return read_source(str(tmp_path), today=TODAY)


def said(read: RawTables) -> list[tuple[str, str, str | None, str | None, int]]:
    return read.readings.select("reading", "table", "column", "article_id", "n_rows").rows()


@pytest.mark.parametrize(("article", "n_other_lines"), [("CUP", N_DAYS), ("NEWPOT", 2), ("NEWPOT", 1)])
@pytest.mark.parametrize("barcode", [96_385_074, 123_456_789, 250_000])
def test_a_barcode_as_quantity_costs_its_row_also_in_a_young_series(tmp_path: Path, article: str, n_other_lines: int, barcode: int) -> None:
    young = [{"article_id": article, "quantity_units": 2}] * (n_other_lines if article != "CUP" else 0)
    read = shop(tmp_path, {"article_id": article, "quantity_units": barcode}, *young)
    assert read.rejects_by_rule == {"sales_transactions: quantity_units|implausible": 1}
    assert str(barcode) in read.rejects["row"][0]
    assert said(read) == [("implausible", "sales_transactions", "quantity_units", article, 1)]
    assert read.rows_accepted + read.rows_rejected == read.rows_read


@pytest.mark.parametrize(("units", "readings"), [(150, []), (5_000, ["unusual_quantity"]), (99_999, ["unusual_quantity"])])
def test_a_large_true_sale_is_kept(tmp_path: Path, units: int, readings: list[str]) -> None:
    read = shop(tmp_path, {"quantity_units": units})
    assert read.rows_rejected == 0
    assert read.frames["sales_transactions"]["quantity_units"].max() == units
    assert read.readings["reading"].to_list() == readings


def test_a_wholesaler_may_sell_millions(tmp_path: Path) -> None:
    read = shop(
        tmp_path, *({"article_id": "SCREW", "quantity_units": 90_000 + number} for number in range(9)), {"article_id": "SCREW", "quantity_units": 2_000_000}
    )
    assert read.rows_rejected == 0
    assert read.frames["sales_transactions"]["quantity_units"].max() == 2_000_000


@pytest.mark.parametrize(
    ("price", "column", "reading"),
    [(96_385_074.0, None, "unusable_cell"), (90_000.0, None, "implausible"), (900.0, 900.0, "unusual_amount"), (99.0, 99.0, None)],
)
def test_a_price_far_above_the_usual_is_emptied_or_said(tmp_path: Path, price: float, column: float | None, reading: str | None) -> None:
    read = shop(tmp_path, {"unit_price_eur": price})
    sale = read.frames["sales_transactions"].row(by_predicate=pl.col("transaction_id") == "X0", named=True)
    assert (sale["quantity_units"], sale["unit_price_eur"]) == (1, column)
    assert said(read) == ([(reading, "sales_transactions", "unit_price_eur", "CUP", 1)] if reading else [])


def stock(units: str) -> dict[str, str]:
    return {"stock_levels": f"merchant_id,article_id,date,on_hand_units\nshop,CUP,2026-07-23,{units}\n"}


@pytest.mark.parametrize("units", ["999999", "9999999", "1000000", "1000000000000000", "2147483647", "9223372036854775807", "88888888"])
def test_unlimited_stock_is_a_stock_that_needs_no_order(tmp_path: Path, units: str) -> None:
    read = shop(tmp_path, tables=stock(units))
    assert read.frames["stock_levels"]["on_hand_units"].to_list() == [100_000]
    assert said(read) == [("unlimited_stock", "stock_levels", "on_hand_units", "CUP", 1)]


@pytest.mark.parametrize(
    ("units", "reading"),
    [("96385074", "implausible"), ("4006381333931", "unusable_cell"), ("4611686018427387904", "unusable_cell")],
)
def test_a_barcode_as_stock_is_no_count(tmp_path: Path, units: str, reading: str) -> None:
    read = shop(tmp_path, tables=stock(units))
    assert read.frames["stock_levels"]["on_hand_units"].to_list() == [None]
    assert said(read) == [(reading, "stock_levels", "on_hand_units", "CUP", 1)]


@pytest.mark.parametrize("units", [40, 0, -15, 3_900])
def test_ordinary_stock_stays_as_it_is_also_below_zero(tmp_path: Path, units: int) -> None:
    read = shop(tmp_path, tables=stock(str(units)))
    assert read.frames["stock_levels"]["on_hand_units"].to_list() == [units]
    assert said(read) == []


def test_lots_of_one_day_add_up_and_copies_do_not(tmp_path: Path) -> None:
    lots = "merchant_id,article_id,date,on_hand_units,lot\nshop,CUP,2026-07-23,10,L1\nshop,CUP,2026-07-23,10,L2\nshop,CUP,2026-07-23,10,L2\nshop,CUP,2026-07-23,,L3\nshop,CUP,2026-07-22,7,L1\n"
    read = shop(tmp_path, tables={"stock_levels": lots})
    assert read.frames["stock_levels"].select("date", "on_hand_units").rows() == [(dt.date(2026, 7, 22), 7), (dt.date(2026, 7, 23), 20)]
    assert read.rejects_by_rule == {"stock_levels: primary_key": 1}
    assert said(read) == [("lots_added_up", "stock_levels", "on_hand_units", "CUP", 3)]
    assert read.rows_accepted + read.rows_rejected == read.rows_read


def test_zeros_that_are_not_maintained_are_read_as_empty_and_the_rest_of_the_row_is_kept(tmp_path: Path) -> None:
    articles = "merchant_id,article_id,unit_price_eur,unit_cost_eur,minimum_order_quantity_units,pack_size_units\nshop,CUP,0,0,0,0\nshop,POT,19,7,6,6\n"
    merchants = "merchant_id,lead_time_weeks,lead_time_cv,minimum_order_quantity_units,budget_eur_per_week\nshop,0,0,0,500\n"
    read = shop(tmp_path, {"unit_price_eur": 0.0}, tables={"articles": articles, "merchants": merchants})
    columns = ["unit_price_eur", "unit_cost_eur", "minimum_order_quantity_units", "pack_size_units"]
    assert read.frames["articles"].select(columns).rows() == [(None, None, None, None), (19.0, 7.0, 6, 6)]
    merchant = read.frames["merchants"].row(0, named=True)
    assert (merchant["lead_time_weeks"], merchant["lead_time_cv"], merchant["minimum_order_quantity_units"], merchant["budget_eur_per_week"]) == (
        None,
        0.0,
        None,
        500.0,
    )
    assert set(read.readings["reading"]) == {"zero_not_maintained"}
    assert read.readings["n_rows"].sum() == 7
    assert read.rows_rejected == 0


def test_a_limit_of_zero_stays_and_is_said(tmp_path: Path) -> None:
    read = shop(tmp_path, tables={"merchants": "merchant_id,budget_eur_per_week\nshop,0\n"})
    assert read.frames["merchants"]["budget_eur_per_week"].to_list() == [0.0]
    assert said(read) == [("limit_of_zero", "merchants", "budget_eur_per_week", None, 1)]


def test_terms_far_from_prices_and_sales_are_emptied_or_said(tmp_path: Path) -> None:
    articles = "merchant_id,article_id,unit_price_eur,unit_cost_eur,minimum_order_quantity_units\nshop,CUP,9,40000,5000\n"
    rates = "merchant_id,holding_rate_eur_per_unit_week,inbound_rate_eur_per_unit,fixed_order_cost_eur\nshop,50000,30,20000\n"
    read = shop(tmp_path, tables={"articles": articles, "cost_rates": rates})
    assert read.frames["articles"].select("unit_price_eur", "unit_cost_eur", "minimum_order_quantity_units").row(0) == (9.0, None, 5000)
    assert read.frames["cost_rates"].select("holding_rate_eur_per_unit_week", "inbound_rate_eur_per_unit", "fixed_order_cost_eur").row(0) == (
        None,
        30.0,
        20_000.0,
    )
    assert [(line[0], line[2]) for line in said(read)] == [
        ("implausible", "unit_cost_eur"),
        ("implausible", "holding_rate_eur_per_unit_week"),
        ("unusual_amount", "fixed_order_cost_eur"),
        ("unusual_amount", "inbound_rate_eur_per_unit"),
        ("unusual_order_terms", "minimum_order_quantity_units"),
    ]


@pytest.mark.parametrize(
    ("price", "cost", "odd"), [("9", "4", []), ("4", "9", ["unit_cost_eur"]), ("", "9.5", ["unit_cost_eur"]), ("", "0.01", ["unit_cost_eur"])]
)
def test_a_cost_above_the_price_or_next_to_nothing_is_said(tmp_path: Path, price: str, cost: str, odd: list[str]) -> None:
    read = shop(tmp_path, tables={"articles": f"merchant_id,article_id,unit_price_eur,unit_cost_eur\nshop,CUP,{price},{cost}\n"})
    assert read.readings["column"].to_list() == odd
    assert read.frames["articles"]["unit_cost_eur"].to_list() == [float(cost)]


def test_sales_of_what_the_lists_do_not_know_are_kept_and_said(tmp_path: Path) -> None:
    lists = {"articles": "merchant_id,article_id\nshop,CUP\n", "merchants": "merchant_id\nshop\n"}
    read = shop(tmp_path, {"article_id": "CUPP"}, {"merchant_id": "shop ", "article_id": "CUP"}, tables=lists)
    assert read.rows_rejected == 0
    assert [(line[2], line[4]) for line in said(read)] == [("article_id", 1), ("article_id", 1), ("merchant_id", 1)]
    assert set(read.readings["reading"]) == {"not_listed"}


@pytest.mark.parametrize("day", ["2026-09-19", "2026-11-19", "2026-08-20"])
def test_one_row_far_behind_all_others_is_refused_by_name(tmp_path: Path, day: str) -> None:
    read = shop(tmp_path, {"occurred_at": f"{day} 10:00"})
    assert read.rejects_by_rule == {"sales_transactions: occurred_at|isolated_date": 1}
    assert read.frames["sales_transactions"]["occurred_at"].max().date() == FIRST + dt.timedelta(days=N_DAYS - 1)  # type: ignore[union-attr]
    assert day in read.readings["evidence"][0]


@pytest.mark.parametrize("day", ["1990-01-02", "2016-06-01", "2025-06-01"])
def test_one_row_far_before_all_others_is_refused_by_name(tmp_path: Path, day: str) -> None:
    read = shop(tmp_path, {"occurred_at": f"{day} 10:00"})
    assert read.rejects_by_rule == {"sales_transactions: occurred_at|isolated_date": 1}


@pytest.mark.parametrize("table", ["stock_levels", "returns", "inbound_shipments"])
def test_one_late_row_of_any_table_does_not_move_the_newest_day(tmp_path: Path, table: str) -> None:
    counts = [f"shop,{article},2026-07-{day},5" for day in (21, 22, 23) for article in ("CUP", "POT", "PAN", "LID")]
    rows = {
        "stock_levels": "\n".join(["merchant_id,article_id,date,on_hand_units", *counts, "shop,CUP,2026-10-21,5"]),
        "returns": "return_id,returned_at,merchant_id,article_id,quantity_units\n1,2026-10-21,shop,CUP,1",
        "inbound_shipments": "shipment_id,merchant_id,article_id,ordered_at,expected_at,received_at,quantity_units\n1,shop,CUP,2026-10-21,,,5",
    }
    assert [rule.rsplit("|")[1] for rule in shop(tmp_path, tables={table: rows[table]}).rejects_by_rule] == ["isolated_date"]


def test_news_after_a_pause_and_stock_newer_than_the_sales_are_kept(tmp_path: Path) -> None:
    reopened = [{"occurred_at": f"2026-09-0{day} 10:00"} for day in range(1, 8)]
    assert shop(tmp_path, *reopened).rows_rejected == 0
    assert shop(tmp_path, tables=stock("5")).rows_rejected == 0
    newer = "merchant_id,article_id,date,on_hand_units\nshop,CUP,2026-10-21,5\n"
    assert shop(tmp_path, tables={"stock_levels": newer}).rows_rejected == 0


def test_the_order_of_rows_does_not_show_in_the_readings(tmp_path: Path) -> None:
    read = shop(tmp_path, {"quantity_units": 5_000}, {"quantity_units": 7_000}, {"unit_price_eur": 0.0}, {"unit_price_eur": -1.0})
    file = tmp_path / "sales_transactions.csv"
    pl.read_csv(file, infer_schema=False).reverse().write_csv(file)
    assert read_source(str(tmp_path), today=TODAY).readings.equals(read.readings)
