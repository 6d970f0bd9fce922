"""The merchant's clock decides what day and what week it is."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from domain.errors import UsageError
from domain.settings import load_settings
from ml.preprocessing import build_weekly_demand
from sources.folder import read_source
from sources.local_time import on_merchants_clocks
from tests.weekly_tables import tables_of, week

SUNDAY_EVENING = datetime(2025, 1, 13, 1, 30, tzinfo=UTC)
"""Monday of week 1 in UTC; in Los Angeles still Sunday of week 0, 17:30."""


def sale(number: int, merchant: str, occurred_at: datetime) -> dict[str, object]:
    return {"transaction_id": f"t{number}", "merchant_id": merchant, "article_id": "a", "occurred_at": occurred_at, "quantity_units": 10 + number}


def tables() -> dict[str, pl.DataFrame]:
    sales = [sale(0, "la", SUNDAY_EVENING), sale(1, "tokyo", SUNDAY_EVENING - timedelta(hours=8)), sale(2, "none", SUNDAY_EVENING)]
    zones = {"la": "America/Los_Angeles", "tokyo": "Asia/Tokyo", "none": None}
    merchants = pl.DataFrame({"merchant_id": list(zones), "time_zone": list(zones.values())})
    return tables_of(sales_transactions=sales, merchants=merchants)


def test_sales_stand_in_the_week_of_the_merchants_clock() -> None:
    local = on_merchants_clocks(tables(), default_time_zone="UTC")
    demand = build_weekly_demand(local, cutoff=week(1), history_weeks=52).filter(pl.col("sales_units") > 0)
    assert demand.select("merchant_id", "week", "sales_units").rows() == [("la", week(0), 10), ("none", week(1), 12), ("tokyo", week(1), 11)]


def test_the_setting_holds_for_merchants_that_name_no_zone() -> None:
    local = on_merchants_clocks(tables(), default_time_zone="America/New_York")["sales_transactions"]
    assert dict(local.select("merchant_id", "occurred_at").iter_rows())["none"] == datetime(2025, 1, 12, 20, 30, tzinfo=UTC)


def test_a_sale_that_the_clock_puts_after_the_cutoff_is_not_seen() -> None:
    """22:00 UTC on Sunday is Monday morning in Tokyo: the week that ends on Sunday must not know of it."""
    late = tables_of(
        sales_transactions=[sale(0, "tokyo", SUNDAY_EVENING - timedelta(days=3)), sale(1, "tokyo", SUNDAY_EVENING - timedelta(hours=3))],
        merchants=pl.DataFrame({"merchant_id": ["tokyo"], "time_zone": ["Asia/Tokyo"]}),
    )
    local = on_merchants_clocks(late, default_time_zone="UTC")
    assert build_weekly_demand(local, cutoff=week(0), history_weeks=52)["sales_units"].to_list() == [10]


def test_days_without_a_time_stay_the_days_they_are() -> None:
    shipment = {
        "shipment_id": "s",
        "merchant_id": "la",
        "ordered_at": date(2025, 1, 6),
        "expected_at": date(2025, 1, 20),
        "received_at": None,
        "quantity_units": 5,
    }
    zones = pl.DataFrame({"merchant_id": ["la"], "time_zone": ["America/Los_Angeles"]})
    moved = on_merchants_clocks(tables_of(inbound_shipments=[shipment], merchants=zones), default_time_zone="UTC")["inbound_shipments"]
    assert moved.select("ordered_at", "expected_at").row(0) == (datetime(2025, 1, 6, tzinfo=UTC), datetime(2025, 1, 20, tzinfo=UTC))


def test_summer_time_counts() -> None:
    zones = pl.DataFrame({"merchant_id": ["b"], "time_zone": ["Europe/Berlin"]})
    instants = [datetime(2025, 1, 12, 22, 30, tzinfo=UTC), datetime(2025, 7, 13, 22, 30, tzinfo=UTC)]
    local = on_merchants_clocks(
        tables_of(sales_transactions=[sale(at, "b", instant) for at, instant in enumerate(instants)], merchants=zones), default_time_zone="UTC"
    )
    assert [instant.hour for instant in local["sales_transactions"]["occurred_at"]] == [23, 0]


def test_in_utc_nothing_changes() -> None:
    plain = tables_of(sales_transactions=[sale(0, "m", SUNDAY_EVENING)])
    assert all(plain[name].equals(frame) for name, frame in on_merchants_clocks(plain, default_time_zone="UTC").items())


def test_an_unknown_zone_costs_its_cell_and_not_the_merchant(tmp_path) -> None:
    (tmp_path / "weekly_sales.csv").write_text("merchant_id,article_id,week,sales_units\nm,a,2025-01-06,3\n")
    (tmp_path / "merchants.csv").write_text("merchant_id,time_zone,lead_time_weeks\nm,Mars/Olympus,3\n")
    read = read_source(str(tmp_path), today=date(2025, 2, 1))
    assert read.frames["merchants"].select("time_zone", "lead_time_weeks").rows() == [(None, 3.0)]
    assert read.readings.filter(pl.col("column") == "time_zone").height == 1


def test_an_unknown_zone_in_the_settings_is_refused() -> None:
    with pytest.raises(UsageError, match="time_zone"):
        load_settings(reading={"time_zone": "Mars/Olympus"})
