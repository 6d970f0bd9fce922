"""Figures of a day, by hand."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from quality.day_figures import accuracy_figures, input_ages, newest_days, order_figures, release_figures, top_exceptions, top_orders

POLICIES = pl.DataFrame(
    {
        "merchant_id": ["m"] * 3,
        "article_id": ["a", "b", "c"],
        "order_now_units": [2, 0, 5],
        "order_now_value_eur": [10.0, 0.0, 40.0],
        "decision": ["decided", "next order day", "not decided"],
        "decision_reason": ["", "the next order day is 2026-10-05", "a quantile that is not a finite number"],
        "next_order_date": [date(2026, 10, 5)] * 2 + [None],
        "planned_order_units": [0, 7, 0],
        "expected_cost_eur": [1.0, 2.0, 3.0],
        "expected_cost_without_order_eur": [4.0, 5.0, 6.0],
        "expected_cost_base_stock_eur": [2.0, 2.5, 3.5],
        "expected_demand_units": [10.0, 30.0, 0.0],
        "fill_rate": [1.0, 0.5, 0.0],
        "fill_rate_without_order": [0.2, 0.2, 1.0],
    }
)


def test_order_figures_weight_fill_rates_by_demand() -> None:
    figures = order_figures(POLICIES)
    assert figures == {
        "n_series": 3,
        "n_orders": 2,
        "order_value_eur": 50.0,
        "expected_cost_eur": 6.0,
        "expected_cost_without_order_eur": 15.0,
        "expected_cost_base_stock_eur": 8.0,
        "fill_rate": pytest.approx(0.625),
        "fill_rate_without_order": pytest.approx(0.2),
        "n_next_order_day": 1,
        "next_order_date": "2026-10-05",
        "n_not_decided": 1,
        "not_decided": [{"n": 1, "reason": "a quantile that is not a finite number"}],
    }


def test_without_demand_there_is_no_fill_rate() -> None:
    figures = order_figures(POLICIES.with_columns(expected_demand_units=pl.lit(0.0)))
    assert figures["fill_rate"] is None
    assert figures["fill_rate_without_order"] is None


def test_released_orders_are_counted_apart() -> None:
    rows = [
        ("released", 5, 5),
        ("released", 0, 0),
        ("approved", 3, 3),
        ("held", 4, 0),
        ("held", 0, 0),
        ("rejected", 2, 0),
        ("not_in_pilot", 9, 0),
        ("not_in_pilot", 0, 0),
    ]
    releases = pl.DataFrame(rows, schema=["status", "recommended_units", "released_units"], orient="row")
    assert release_figures(releases) == {"n_orders_released": 2, "n_orders_held": 2, "n_orders_outside_pilot": 1}


def test_the_age_of_the_input_and_who_is_behind() -> None:
    day = date(2026, 10, 1)
    tables = {
        "stock_levels": pl.DataFrame({"merchant_id": ["m1", "m2", "m2"], "date": [date(2026, 9, 28), date(2026, 9, 1), date(2026, 10, 1)]}),
        "sales_transactions": pl.DataFrame({"merchant_id": ["m1"], "occurred_at": [datetime(2026, 9, 30, 23, 59, tzinfo=UTC)]}),
        "weekly_sales": pl.DataFrame({"merchant_id": ["m2"], "week": [date(2026, 9, 14)]}),
    }
    ages = input_ages(newest_days(tables, decision_date=day), decision_date=day)
    assert (ages["stock_age_days"], ages["sales_age_days"]) == (3, 1)
    assert ages["stale_inputs"] == [
        "m2: the newest stock counts are of 2026-09-01, 30 days before the decision day",
        "m2: the newest sales are of 2026-09-20, 11 days before the decision day",
    ]
    without_stock = tables | {"stock_levels": tables["stock_levels"].clear()}
    assert input_ages(newest_days(without_stock, decision_date=day), decision_date=day)["stock_age_days"] is None


def test_largest_first_and_only_orders() -> None:
    assert [row["article_id"] for row in top_orders(POLICIES)] == ["c", "a"]


def test_five_exceptions_at_most() -> None:
    numbers = list(range(7))
    rows = pl.DataFrame({"merchant_id": "m", "article_id": [str(n) for n in numbers], "reason": "r", "at_stake_eur": numbers, "suggested_action": "act"})
    assert [row["at_stake_eur"] for row in top_exceptions(rows, n_series=100)] == [6, 5, 4, 3, 2]


def test_a_reason_that_most_articles_share_is_one_line() -> None:
    shared = pl.DataFrame(
        {"merchant_id": "m", "article_id": ["a", "b", "c"], "reason": "no stock record", "at_stake_eur": [6.0, 5.0, 4.0], "suggested_action": "count"}
    )
    single = pl.DataFrame({"merchant_id": ["m"], "article_id": ["a"], "reason": ["overdue"], "at_stake_eur": [1.0], "suggested_action": ["ask"]})
    lines = top_exceptions(pl.concat([shared, single]), n_series=4)
    assert [(line["article_id"], line["reason"], line["at_stake_eur"]) for line in lines] == [("3 articles", "no stock record", 15.0), ("a", "overdue", 1.0)]


def test_accuracy_is_a_ratio_of_sums() -> None:
    accuracy = pl.DataFrame({"actual_units": [10, 30], "n_weeks": [12, 8], "absolute_error_units": [5.0, 5.0], "covered_weeks": [12.0, 4.0]})
    assert accuracy_figures(accuracy) == {"wape": 0.25, "coverage_80": 0.8}
    assert accuracy_figures(accuracy.clear()) is None
