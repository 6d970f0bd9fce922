"""What stock reports say: omissions, lots, counts below zero, old counts, warehouses that fell silent."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from domain.settings import StockReporting
from feature_store.stock_on_hand import on_hand_units
from ml.preprocessing import build_weekly_demand, market_facts_of
from ml.preprocessing.stock_reports import find_stock_reports, known_counts, tally_stock_reports
from tests.weekly_tables import tables_of, week

MONDAY = week(10)
"""The decision day."""


def days_ago(number: int) -> date:
    return MONDAY - timedelta(days=number)


def daily(article: str, *, until: int, units: int = 5, since: int = 40, warehouse: str | None = None) -> list[dict[str, Any]]:
    """A count a day from `since` to `until` days before the Monday."""
    return [
        {"article_id": article, "warehouse_id": warehouse, "date": days_ago(number), "on_hand_units": units + number // 10}
        for number in range(since, until - 1, -1)
    ]


def snapshots_without_zeros(*, vanished: int) -> list[dict[str, Any]]:
    """Five articles, reported daily; the article "gone" vanishes so many days before the Monday."""
    return [row for number in range(4) for row in daily(f"a{number}", until=1)] + daily("gone", until=vanished)


def stock(rows: list[dict[str, Any]], *, reporting: StockReporting | None = None, **tables: list[dict[str, Any]]) -> Mapping[str, int]:
    found = tables_of(stock_levels=rows, **tables)
    reports = find_stock_reports([tally_stock_reports(found["stock_levels"], before=MONDAY)], before=MONDAY, reporting=reporting)
    return dict(on_hand_units(found, decision_date=MONDAY, reports=reports).select("article_id", "on_hand_units").iter_rows())


def test_what_a_snapshot_omits_is_not_there() -> None:
    assert stock(snapshots_without_zeros(vanished=15))["gone"] == 0
    assert stock(snapshots_without_zeros(vanished=15), reporting="changes")["gone"] == 6


def test_a_report_of_changes_or_one_that_lists_zeros_says_nothing_of_what_it_omits() -> None:
    zeros = [row | {"on_hand_units": 0} if row["article_id"] == "a0" else row for row in snapshots_without_zeros(vanished=15)]
    assert stock(zeros)["gone"] == 6
    every_tenth = [
        row for row in snapshots_without_zeros(vanished=15) if (row["date"].toordinal() + len(row["article_id"]) + ord(row["article_id"][-1])) % 10 == 0
    ]
    assert stock(every_tenth)["gone"] > 0


def test_a_report_of_a_single_article_is_a_correction_and_not_a_snapshot() -> None:
    rows = [row for row in snapshots_without_zeros(vanished=2) if row["date"] < days_ago(1)]
    assert stock([*rows, {"article_id": "a0", "date": days_ago(1), "on_hand_units": 9}]) == {"a0": 9, "a1": 5, "a2": 5, "a3": 5, "gone": 5}


def test_weeks_in_which_a_snapshot_omits_an_article_are_stock_outs_and_no_zeros() -> None:
    sales = [{"transaction_id": f"{name}{at}", "article_id": name, "occurred_at": week(at), "quantity_units": 3} for name in ("a0", "gone") for at in range(8)]
    tables = tables_of(stock_levels=snapshots_without_zeros(vanished=16), sales_transactions=sales)
    demand = build_weekly_demand(tables, cutoff=week(9), history_weeks=52).filter(pl.col("article_id") == "gone").tail(3)
    # Sold in week 7 and gone when it ended; nothing in the two weeks after.
    assert demand.select("sales_units", "is_censored").rows() == [(3, True), (None, True), (None, True)]


def test_the_shards_and_the_order_of_rows_change_nothing() -> None:
    rows = snapshots_without_zeros(vanished=15)
    whole = tables_of(stock_levels=rows)["stock_levels"]
    tallies = [tally_stock_reports(whole.filter(pl.col("article_id").is_in(names)), before=MONDAY) for names in (["gone", "a1"], ["a0"], ["a2", "a3"], [])]
    split = find_stock_reports(tallies, before=MONDAY, reporting=None)
    together = find_stock_reports([tally_stock_reports(whole.reverse(), before=MONDAY)], before=MONDAY, reporting=None)
    assert all(one.equals(other) for one, other in zip(split, together, strict=True))
    assert together.merchants["is_snapshot"].to_list() == [True]


def test_later_reports_change_nothing() -> None:
    rows = snapshots_without_zeros(vanished=15)
    later = [{"article_id": "gone", "date": MONDAY + timedelta(days=number), "on_hand_units": 0} for number in range(30)]
    found = [market_facts_of(tables_of(stock_levels=each), before=MONDAY).reports for each in (rows, rows + later)]
    assert all(one.equals(other) for one, other in zip(*found, strict=True))


@pytest.mark.parametrize(("units", "expected"), [(-15, 0), (0, 0), (7, 7)])
def test_stock_below_zero_counts_as_none(units: int, expected: int) -> None:
    rows = pl.DataFrame(
        {"merchant_id": "m", "article_id": "a", "warehouse_id": None, "date": [days_ago(9), days_ago(1)], "on_hand_units": [120, units]},
        schema_overrides={"warehouse_id": pl.String},
    )
    assert known_counts(rows.lazy(), before=MONDAY).sort("date").collect()["on_hand_units"].to_list() == [120, expected]


def test_rows_of_lots_add_up() -> None:
    rows = pl.DataFrame(
        {"merchant_id": "m", "article_id": "a", "warehouse_id": None, "date": [days_ago(1)] * 3, "on_hand_units": [12, 5, -2]},
        schema_overrides={"warehouse_id": pl.String},
    )
    assert known_counts(rows.lazy(), before=MONDAY).collect()["on_hand_units"].to_list() == [15]


def event(name: str, column: str, day: date, units: int, **more: Any) -> dict[str, Any]:
    return {name: f"{column}{day}{units}", column: day, "quantity_units": units} | more


def test_an_old_count_is_moved_forward_by_sales_returns_and_receipts() -> None:
    moved = {
        "sales_transactions": [event("transaction_id", "occurred_at", day, 4) for day in (days_ago(21), days_ago(20), days_ago(10))],
        "returns": [event("return_id", "returned_at", days_ago(3), 1)],
        "inbound_shipments": [event("shipment_id", "received_at", days_ago(2), 30, ordered_at=days_ago(30), expected_at=None)],
    }
    counted = [{"date": days_ago(20), "on_hand_units": 10}]
    assert stock(counted, **moved) == {"a": 10 - 4 + 1 + 30}
    assert stock([{"date": days_ago(7), "on_hand_units": 10}], **moved) == {"a": 10}
    assert stock([{"date": days_ago(20), "on_hand_units": 3}], sales_transactions=moved["sales_transactions"]) == {"a": 0}


def test_weekly_sales_move_a_count_too() -> None:
    sales = [{"week": week(at), "sales_units": 2} for at in range(10)]
    assert stock([{"date": week(7) - timedelta(days=1), "on_hand_units": 10}], weekly_sales=sales) == {"a": 4}


def test_a_warehouse_that_stopped_reporting_does_not_count() -> None:
    main, closed = daily("a", until=1, warehouse="main"), daily("a", until=20, warehouse="closed", units=50)
    assert stock(main + closed) == {"a": 5}
    monthly = [{"article_id": "a", "warehouse_id": "closed", "date": days_ago(at), "on_hand_units": 50} for at in (80, 50, 20)]
    assert stock(main + monthly) == {"a": 55}, "it reports once a month, and twenty days ago is no month"


def test_movements_count_in_the_warehouse_they_belong_to() -> None:
    rows = [{"warehouse_id": "x", "date": days_ago(at), "on_hand_units": 40} for at in (69, 40, 11)] + daily("a", until=1, warehouse="y")
    sold = [event("transaction_id", "occurred_at", days_ago(5), units, warehouse_id=place) for units, place in ((3, "x"), (2, "y"), (1, None))]
    assert stock(rows, sales_transactions=sold) == {"a": 40 - 3 + 5}
