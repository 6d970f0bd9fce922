"""What the marts say of a platform small enough to work out by hand."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.marts import DICTIONARY, STAGE_VIEWS, build_analytics, describe_tables, load_marts
from assets.marts.dictionary import unit_of
from domain.errors import StaleInputError
from tests.analyst_tables import DAY, DAY_BEFORE, JUDGED, WEEK_BEFORE, platform_rows, write_platform, write_rows

WEEKS_LEFT = 11 + 4 / 7


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("platform")
    write_platform(root)
    location, _ = build_analytics(str(root), n_shards=2)
    return location


def ask(file: str, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute(query).fetchall()


def content(file: str, table: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(file, read_only=True) as connection:
        return connection.table(table).fetchall()


def test_stock_cover(file: str) -> None:
    rows = ask(file, "SELECT article_id, category, weeks_of_cover, weeks_of_cover_with_transit, is_stocked_out, stock_value_eur FROM stock_cover")
    assert [row[:2] for row in rows] == [("A", "shoes"), ("B", "not known"), ("A", "hats")]
    assert rows[0][2:] == pytest.approx((2.0, 3.0, False, 28.0))
    assert rows[1][2:] == (None, None, True, 0.0)
    assert rows[2][2:] == pytest.approx((7 / (8.1 / WEEKS_LEFT), 12 / (8.1 / WEEKS_LEFT), False, 70.0))
    assert ask(file, "SELECT overstock_units, overstock_value_eur FROM stock_cover WHERE merchant_id = 'M2'") == [pytest.approx((3.9, 39.0))]


def test_stock_by_category(file: str) -> None:
    rows = ask(file, "SELECT merchant_id, category, n_series, stocked_out_share, weeks_of_cover, overstock_value_eur FROM stock_by_category")
    assert rows[0] == ("M1", "not known", 1, 1.0, None, 0.0)
    assert rows[1] == pytest.approx(("M1", "shoes", 1, 0.0, 2.0, 0.0))
    assert rows[2][:4] == ("M2", "hats", 1, 0.0)


def test_orders_today(file: str) -> None:
    rows = ask(file, "SELECT date, article_id, order_now_units, in_transit_units, expected_saving_eur FROM orders_today")
    assert rows == [(DAY, "A", 6, 7, pytest.approx(6.0))]


def test_orders_today_say_whether_they_may_be_placed_where_they_come_from_and_when(file: str) -> None:
    rows = ask(file, "SELECT name, supplier_id, release_status, released_units, arrival_week, unit_cost_eur, pack_size_units FROM orders_today")
    assert rows == [("First", "S1", "released", 5, date(2026, 10, 12), 2.0, 3)]  # a Thursday and 10.5 days, rounded up: a Monday


def test_kpis_count_released_orders_apart(file: str) -> None:
    by_merchant = "SELECT merchant_id, n_orders_released, released_value_eur, n_orders_held, n_orders_outside_pilot FROM kpis_by_merchant ORDER BY 1"
    assert ask(file, by_merchant) == [("M1", 1, 10.0, 1, 0), ("M2", 0, 0.0, 0, 1)]
    assert ask(file, by_merchant.replace("merchant_id", "category").replace("by_merchant", "by_category")) == [
        ("hats", 0, 0.0, 0, 1),
        ("not known", 0, 0.0, 1, 0),
        ("shoes", 1, 10.0, 0, 0),
    ]


def test_orders_today_say_what_else_could_be_done_and_what_changed(file: str) -> None:
    assert ask(file, "SELECT not_today_difference_eur, not_today_standard_error_eur, one_pack_less_difference_eur FROM orders_today") == [(3.0, 0.5, 0.5)]
    assert ask(file, "SELECT one_pack_more_difference_eur, change_units, main_cause FROM orders_today") == [(None, 3, "stock")]


def test_orders_history_has_every_day(file: str) -> None:
    rows = ask(
        file, "SELECT date, sum(n_orders), sum(order_value_eur), sum(order_before_budget_units), count(*) FROM orders_history GROUP BY date ORDER BY date"
    )
    assert rows == [(day, 1, 12.0, 3, 3) for day in (DAY_BEFORE, DAY)]


def test_costs_by_term_add_up(file: str) -> None:
    rows = dict(ask(file, "SELECT term, sum(expected_cost_eur) FROM costs_by_term WHERE merchant_id = 'M1' GROUP BY term"))
    zero = ("inbound", "outbound", "returns", "overstock", "fixed_order")
    assert rows == {"holding": 6.0, "lost_sales": pytest.approx(2.2), **dict.fromkeys(zero, 0.0)}


def test_weekly_history(file: str) -> None:
    rows = ask(file, "SELECT merchant_id, category, n_series, stock_out_share, sales_units, gmv_eur FROM weekly_history WHERE week = '2026-09-21'")
    assert rows == [("M1", "not known", 1, 1.0, 0, 0.0), ("M1", "shoes", 1, 1.0, 4, 20.0), ("M2", "hats", 1, 0.0, 30, 60.0)]
    assert ask(file, "SELECT gmv_eur, net_revenue_eur, returned_units FROM weekly_history WHERE week = '2026-09-14' AND merchant_id = 'M1'") == [
        (50.0, 40.0, 2)
    ]


def test_kpis_of_the_last_year(file: str) -> None:
    rows = ask(file, "SELECT sales_units, return_rate, gmv_eur, stock_out_share, n_orders, fill_rate FROM kpis_by_category WHERE category = 'shoes'")
    assert rows == [pytest.approx((14, 2 / 14, 70.0, 1 / 2, 1, 0.9))]


def test_kpis_by_merchant(file: str) -> None:
    first, second = ask(
        file,
        "SELECT sales_units, stock_out_share, weeks_of_cover, budget_use, fill_rate, expected_cost_eur, wape, n_exceptions, at_stake_eur FROM kpis_by_merchant",
    )
    assert first == pytest.approx((14, 2 / 3, 2.0, 0.5, 0.9, 8.2, 0.25, 0, 0.0))
    assert second == pytest.approx((50, 0.0, 7 / (8.1 / WEEKS_LEFT), None, 0.5, 4.1, 0.5, 1, 7.5))


def test_accuracy_of_every_judged_cutoff(file: str) -> None:
    rows = ask(file, "SELECT cutoff, merchant_id, category, n_weeks, wape, bias, coverage_80 FROM accuracy_history WHERE merchant_id = 'M1'")
    assert [row[:3] for row in rows] == [(cutoff, "M1", "shoes") for cutoff in (JUDGED.replace(day=22), JUDGED)]
    assert [row[3:] for row in rows] == [pytest.approx((n_weeks, 0.25, 0.25, 0.8)) for n_weeks in (4, 10)]
    assert ask(file, "SELECT segment, n_series, n_weeks, wape, bias, coverage_80 FROM accuracy_by_segment") == [pytest.approx(("smooth", 2, 20, 0.4, 0.0, 0.7))]


def test_accuracy_by_horizon_judges_known_weeks_only(file: str) -> None:
    rows = ask(file, "SELECT cutoff, horizon_week, n_weeks, actual_units, wape, bias, above_q900_share FROM accuracy_by_horizon")
    assert rows == [(WEEK_BEFORE, 1, 1, 30, pytest.approx(5 / 30), pytest.approx(-0.1), 1.0)]


def test_marts_do_not_depend_on_shards_or_the_order_of_rows(file: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_platform(other, n_shards=3, shard_of=lambda row: 2 if row.get("merchant_id") == "M1" else 0)
    location, _ = build_analytics(str(other), n_shards=3)
    for mart in load_marts():
        assert content(location, mart.name) == content(file, mart.name), mart.name


@pytest.mark.parametrize("costs", [(1.0, 1e17, -1e17), (1e17, -1e17, 1.0)], ids=["0 by plain sum", "1 by plain sum"])
def test_sums_do_not_depend_on_the_order_of_rows(costs: tuple[float, ...], tmp_path: Path) -> None:
    write_platform(tmp_path)
    shoes = platform_rows()["policy/policies"][str(DAY)][0]
    write_rows(tmp_path, "policy/policies", str(DAY), [shoes | {"expected_holding_cost_eur": cost} for cost in costs])
    location, _ = build_analytics(str(tmp_path), n_shards=2)
    assert ask(location, "SELECT expected_cost_eur FROM costs_by_term WHERE term = 'holding'") == [(1.0,)]


def test_a_day_that_lacks_a_shard_is_not_shown(tmp_path: Path) -> None:
    write_platform(tmp_path)
    rows = platform_rows()["policy/policies"][str(DAY)]
    write_rows(tmp_path, "policy/policies", "2026-10-02", rows, n_shards=1)
    location, counts = build_analytics(str(tmp_path), n_shards=2)
    assert (counts["policies"], counts["policies_history"]) == (3, 6)
    assert ask(location, "SELECT max(date) FROM policies") == [(DAY,)]


def test_a_stage_without_a_complete_partition_is_named(tmp_path: Path) -> None:
    write_platform(tmp_path)
    for part in (tmp_path / "policy").rglob("shard=01/part.parquet"):
        part.unlink()
    with pytest.raises(StaleInputError, match=r"policy/policies has no complete partition[\s\S]*all 2 shards"):
        build_analytics(str(tmp_path), n_shards=2)


def test_every_column_is_documented_in_its_place(file: str) -> None:
    names = {*STAGE_VIEWS, *(mart.name for mart in load_marts()), DICTIONARY}
    assert {name for (name,) in ask(file, "SELECT table_name FROM information_schema.tables")} == names
    for mart in load_marts():
        assert [row[0] for row in ask(file, f"DESCRIBE {mart.name}")] == list(mart.columns), mart.name
    assert ask(file, "SELECT * FROM data_dictionary WHERE coalesce(description, '') = '' OR coalesce(table_description, '') = ''") == []
    assert ask(file, "SELECT count(*) FROM data_dictionary") == ask(file, "SELECT count(*) FROM duckdb_columns() WHERE NOT internal")
    comment = "SELECT comment FROM duckdb_columns() WHERE table_name = 'stock_cover' AND column_name = 'weeks_of_cover'"
    assert ask(file, comment) == [("Weeks the stock lasts at the expected demand; null = no demand expected.",)]


def test_the_dictionary_without_data_is_that_of_the_file(file: str) -> None:
    assert [tuple(row) for row in describe_tables()] == ask(file, "SELECT * FROM data_dictionary")


@pytest.mark.parametrize("mart", load_marts(), ids=lambda mart: mart.name)
def test_keys_identify_rows(file: str, mart: Any) -> None:
    keys = [index for index, column in enumerate(mart.columns.values()) if column.is_key]
    rows = [tuple(row[index] for index in keys) for row in content(file, mart.name)]
    assert len(rows) == len(set(rows)) > 0
    assert keys


def test_units_are_read_from_names() -> None:
    units = {"on_hand_units": "units", "gmv_eur": "EUR", "unit_price_eur": "EUR per unit", "budget_eur_per_week": "EUR per week", "n_orders": "count"}
    units |= {"weeks_of_cover_with_transit": "weeks", "lead_time_weeks": "weeks", "holding_rate_eur_per_unit_week": "EUR per unit and week", "wape": "fraction"}
    assert {name: unit_of(name, type_name="DOUBLE") for name in units} == units
    assert unit_of("week", type_name="DATE") is None


def test_fractions_are_meant_to_be_fractions() -> None:
    """A quantity whose name lost its unit would show up here."""
    found = {row.column_name for row in describe_tables() if row.unit == "fraction"}
    shares = {name for name in found if re.search(r"share|rate|wape|bias|coverage|cv$|weights", name)}
    of_orders = {"availability", "budget_use", "discount", "optimism", "promotion"}
    of_forecasts = {"autocorrelation", "calibration_error", "demand_autocorrelation", "dispersion", "fitted_variance_ratio", "improvement"}
    of_forecasts |= {"observed_variance_ratio", "p_value", "probability_below_bound", "scaled_crps", "scaled_loss"}
    assert found - shares == of_orders | of_forecasts
