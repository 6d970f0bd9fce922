"""The span of a source, and merchants nobody has heard of."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from domain.errors import DataError, UsageError
from domain.settings import Settings
from domain.tables import RAW_TABLES
from quality.source_checks import check_merchant_settings, data_span, decision_day, ids_without_sales, sold_merchants

TODAY = date(2026, 11, 18)  # a Wednesday


def tables(**rows: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
    return {name: pl.DataFrame(rows.get(name, []), schema=schema.create_empty().schema) for name, schema in RAW_TABLES.items()}


def sale(day: date) -> dict[str, Any]:
    return {
        "merchant_id": "m1",
        "article_id": "a",
        "transaction_id": "t",
        "occurred_at": datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC),
        "quantity_units": 1,
    }


def test_the_last_event_of_any_table_counts() -> None:
    found = tables(sales_transactions=[sale(date(2026, 1, 5)), sale(date(2026, 3, 2))], stock_levels=[{"date": date(2026, 3, 4)}])
    assert data_span(found, today=TODAY) == (date(2026, 1, 5), date(2026, 3, 4))


def test_an_expected_arrival_has_not_happened() -> None:
    shipment = {"ordered_at": datetime(2026, 3, 3, tzinfo=UTC), "expected_at": datetime(2026, 5, 1, tzinfo=UTC)}
    assert data_span(tables(sales_transactions=[sale(date(2026, 1, 5))], inbound_shipments=[shipment]), today=TODAY)[1] == date(2026, 3, 3)


def test_a_weekly_row_reaches_to_its_sunday_but_not_beyond_today() -> None:
    assert data_span(tables(weekly_sales=[{"week": date(2026, 3, 2)}]), today=TODAY) == (date(2026, 3, 2), date(2026, 3, 8))
    assert data_span(tables(weekly_sales=[{"week": date(2026, 11, 16)}]), today=TODAY)[1] == TODAY


@pytest.mark.parametrize(
    ("first_sale", "last_day", "expected"),
    [
        (date(2026, 1, 5), date(2026, 9, 30), date(2026, 10, 1)),  # the day after the last one with data
        (date(2026, 1, 5), date(2026, 3, 8), date(2026, 3, 9)),  # … a Sunday: its week counts
        (date(2026, 1, 7), date(2026, 1, 7), date(2026, 1, 12)),  # a single day of a week long over
    ],
)
def test_the_decision_day_follows_the_data(first_sale: date, last_day: date, expected: date) -> None:
    assert decision_day(first_sale, last_day, today=TODAY) == expected


def test_a_source_whose_only_week_is_not_over_is_refused() -> None:
    with pytest.raises(DataError, match="one complete week"):
        decision_day(TODAY, TODAY, today=TODAY)


def test_no_sale_at_all() -> None:
    with pytest.raises(DataError, match="no sales"):
        data_span(tables(stock_levels=[{"date": date(2026, 3, 4)}]), today=TODAY)


def test_unknown_merchant_is_named_with_the_known_ones() -> None:
    found = tables(sales_transactions=[sale(date(2026, 1, 5))], merchants=[{"merchant_id": "m2"}])
    check_merchant_settings(found, Settings(merchants={"m1": {}, "m2": {}}))
    with pytest.raises(UsageError, match=r"merchant 'm3'[\s\S]*wanted: one of m1, m2"):
        check_merchant_settings(found, Settings(merchants={"m1": {}, "m3": {}}))


def test_ids_that_no_sale_knows_are_named() -> None:
    found = tables(
        sales_transactions=[sale(date(2026, 1, 5))],
        stock_levels=[{"merchant_id": "m1", "article_id": "a"}, {"merchant_id": "m1", "article_id": "A"}],
        merchants=[{"merchant_id": "M1"}, {"merchant_id": "m1"}],
        cost_rates=[{"merchant_id": "m1"}, {"merchant_id": "M1"}, {"merchant_id": "m1", "article_id": "a"}],
    )
    assert ids_without_sales(found) == [
        "stock_levels: 1 of 2 rows name what no sale names, for example m1 A",
        "merchants: 1 of 2 rows name what no sale names, for example M1",
        "cost_rates: 1 of 3 rows name what no sale names, for example M1",
    ]
    assert ids_without_sales(tables(weekly_sales=[{"merchant_id": "m1", "article_id": "a", "week": date(2026, 1, 5)}])) == []


def test_sold_merchants_are_those_with_a_sale() -> None:
    assert sold_merchants(tables(sales_transactions=[sale(date(2026, 1, 5))], merchants=[{"merchant_id": "m2"}])) == ["m1"]
