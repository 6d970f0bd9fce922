"""Exceptions: each reason alone, money as computed by hand, the future without influence."""

import json
from datetime import UTC, date, datetime
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from domain.quantiles import QUANTILE_LEVELS
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS, ConstraintPrices, Policies, Readings, Rejects, SkuVectors
from domain.tables import RAW_TABLES
from quality.exceptions import rank_exceptions

DAY = date(2026, 3, 4)
KEY = {"merchant_id": "m1", "article_id": "a1"}
ZEROS: dict[type[dy.Column], Any] = {dy.String: "x", dy.Int64: 0, dy.Float64: 0.0, dy.Date: DAY, dy.Bool: False, dy.List: []}


def row_of(schema: type[dy.Schema], **values: Any) -> pl.DataFrame:
    zeros = {name: None if column.nullable else ZEROS[type(column)] for name, column in schema.columns().items()}
    return pl.DataFrame([zeros | KEY | values], schema=schema.create_empty().schema)


TABLES = {name: RAW_TABLES[name].create_empty() for name in ("stock_levels", "inbound_shipments", "articles")}
TABLES |= {"readings": Readings.create_empty(), "rejects": Rejects.create_empty(), "constraint_prices": ConstraintPrices.create_empty()}
TABLES |= {"merchants": row_of(RAW_TABLES["merchants"], lead_time_weeks=2.0)}


def constant_demand(units: float) -> list[float]:
    return [units] * (HORIZON_WEEKS * len(QUANTILE_LEVELS))


def policy(**values: Any) -> pl.DataFrame:
    return row_of(Policies, **({"expected_demand_units": 1_000.0} | values))


def vector(**values: Any) -> pl.DataFrame:
    known = {
        "demand_quantiles_units": constant_demand(0.0),
        "inbound_units": [0] * HORIZON_WEEKS,
        "unit_price_eur": 5.0,
        "unit_cost_eur": 3.0,
        "unit_value_eur": 3.0,
    }
    return row_of(SkuVectors, **(known | values))


def stock(day: date = date(2026, 3, 3)) -> dict[str, pl.DataFrame]:
    return {"stock_levels": row_of(RAW_TABLES["stock_levels"], date=day, on_hand_units=1)}


def rank(policies: pl.DataFrame, vectors: pl.DataFrame, tables: dict[str, pl.DataFrame] | None = None) -> list[dict[str, Any]]:
    return rank_exceptions(policies, vectors, TABLES | stock() | (tables or {}), decision_date=DAY, settings=Settings()).to_dicts()


def test_an_unremarkable_sku_is_no_exception() -> None:
    assert rank(policy(order_now_units=5, order_before_budget_units=5, order_now_value_eur=15.0), vector(on_hand_units=10)) == []


def test_gap_before_an_order_can_arrive() -> None:
    # 10 a week (constant quantiles, so the mean is 10 less the lower edge's half step: ½ · 0.025 · 10), lead time 2 weeks, 12 on hand, 3 due in week 1
    vectors = vector(on_hand_units=12, inbound_units=[0, 3, *[0] * 10], demand_quantiles_units=constant_demand(10.0), return_rate=0.25)
    (row,) = rank(policy(), vectors)
    assert row["reason"] == "stock-out before an order can arrive"
    mean = 10.0 * (1 - 0.5 * 0.025)
    assert row["at_stake_eur"] == pytest.approx((2 * mean - 15) * (5 - 3) * 0.75, abs=0.01)
    assert "about 5 units short" in row["suggested_action"]


def test_arrivals_too_late_do_not_fill_an_earlier_gap() -> None:
    # week 0: 9.875 of 0 served → all lost; 30 units arrive in week 1 and serve week 1
    vectors = vector(inbound_units=[0, 30, *[0] * 10], demand_quantiles_units=constant_demand(10.0))
    (row,) = rank(policy(), vectors)
    assert row["at_stake_eur"] == pytest.approx(9.875 * 2, abs=0.01)


def test_what_was_lost_in_one_week_is_not_asked_for_again_in_the_next() -> None:
    (row,) = rank(policy(), vector(demand_quantiles_units=constant_demand(10.0)))
    assert row["at_stake_eur"] == pytest.approx(2 * 9.875 * 2, abs=0.01)  # two weeks without stock, a margin of 2 EUR
    assert "about 20 units short" in row["suggested_action"]


@pytest.mark.parametrize(("in_transit", "words"), [(30, "Expedite open orders: about"), (0, "Nothing is on its way, look for a faster supply: about")])
def test_only_what_is_open_can_be_expedited(in_transit: int, words: str) -> None:
    vectors = vector(inbound_units=[0] * 5 + [in_transit] + [0] * 6, demand_quantiles_units=constant_demand(10.0))
    (row,) = rank(policy(), vectors)
    assert row["suggested_action"].startswith(words)


def test_the_merchants_own_lead_time_counts() -> None:
    merchants = {"merchants": row_of(RAW_TABLES["merchants"], lead_time_weeks=0.0)}
    assert rank(policy(), vector(demand_quantiles_units=constant_demand(10.0)), merchants) == []


def test_a_price_below_cost_is_shown() -> None:
    (row,) = rank(policy(expected_demand_units=40.0), vector(unit_price_eur=2.5, unit_cost_eur=3.0))
    assert (row["reason"], row["at_stake_eur"]) == ("price below cost", 20.0)
    assert "0.5 EUR below its cost" in row["suggested_action"]
    assert rank(policy(), vector(unit_price_eur=3.0, unit_cost_eur=3.0)) == []


def test_cut_by_a_limit() -> None:
    (row,) = rank(policy(order_now_units=0, order_before_budget_units=20), vector())
    assert (row["reason"], row["at_stake_eur"]) == ("order cut by a limit", 40.0)
    assert "by 60 EUR or 20 units" in row["suggested_action"]


def shipment(**values: Any) -> dict[str, pl.DataFrame]:
    instant = {"ordered_at": datetime(2026, 2, 1, tzinfo=UTC), "expected_at": datetime(2026, 3, 1, tzinfo=UTC), "quantity_units": 7}
    return {"inbound_shipments": row_of(RAW_TABLES["inbound_shipments"], **(instant | values))}


def test_overdue_shipment() -> None:
    (row,) = rank(policy(), vector(), shipment())
    assert (row["reason"], row["at_stake_eur"]) == ("shipment overdue", 21.0)
    assert "7 units were expected by 2026-03-01" in row["suggested_action"]


def test_a_receipt_on_the_day_is_not_known_yet_one_before_is() -> None:
    assert len(rank(policy(), vector(), shipment(received_at=datetime(2026, 3, 4, 8, tzinfo=UTC)))) == 1
    assert rank(policy(), vector(), shipment(received_at=datetime(2026, 3, 3, 23, tzinfo=UTC))) == []
    assert rank(policy(), vector(), shipment(expected_at=datetime(2026, 3, 4, tzinfo=UTC))) == []


def test_stock_counted_on_the_day_is_not_known_yet() -> None:
    policies = policy(order_now_units=5, order_before_budget_units=5, order_now_value_eur=15.0)
    (row,) = rank(policies, vector(), stock(DAY))
    assert (row["reason"], row["at_stake_eur"]) == ("no stock record", 15.0)


def test_forecast_without_history() -> None:
    (row,) = rank(policy(order_now_units=5, order_before_budget_units=5, order_now_value_eur=15.0), vector(segment="new"))
    assert (row["reason"], row["at_stake_eur"]) == ("forecast without history", 15.0)


def test_order_beyond_the_horizon() -> None:
    (row,) = rank(policy(order_now_units=50, order_before_budget_units=50, expected_demand_units=20.0), vector(on_hand_units=5))
    assert (row["reason"], row["at_stake_eur"]) == ("order exceeds 12 weeks of demand", 90.0)


def test_most_money_first() -> None:
    policies = pl.concat([policy(article_id=f"a{n}", order_before_budget_units=n) for n in (1, 9, 4)])
    vectors = pl.concat([vector(article_id=f"a{n}") for n in (1, 9, 4)])
    rows = [row for row in rank(policies, vectors) if row["reason"] == "order cut by a limit"]
    assert [row["article_id"] for row in rows] == ["a9", "a4", "a1"]


def test_an_order_that_rests_on_a_guessed_lead_time() -> None:
    policies = policy(order_now_units=5, order_before_budget_units=5, expected_demand_units=120.0)
    (row,) = rank(policies, vector(), {"merchants": row_of(RAW_TABLES["merchants"])})
    assert (row["reason"], row["at_stake_eur"]) == ("missing lead time", 20.0)  # a week's 10 units at 2 EUR margin
    settings = Settings(merchants={"m1": {"lead_time_weeks": 3.0}})
    tables = TABLES | stock() | {"merchants": row_of(RAW_TABLES["merchants"])}
    assert rank_exceptions(policies, vector(), tables, decision_date=DAY, settings=settings).is_empty()


def refused_count(day: str, units: int) -> dict[str, pl.DataFrame]:
    row = json.dumps({"merchant_id": "m1", "article_id": "a1", "date": day, "on_hand_units": units})
    return {"rejects": Rejects.validate(pl.DataFrame([{"table": "stock_levels", "rule": "on_hand_units|min", "row": row}]))}


def test_stock_below_zero_of_the_last_week() -> None:
    (row,) = rank(policy(), vector(), refused_count("2026-03-02", -4))
    assert (row["reason"], row["at_stake_eur"]) == ("stock below zero", 12.0)
    assert "say -4 units" in row["suggested_action"]
    assert rank(policy(), vector(), refused_count("2026-03-04", -4)) == []  # of the day itself
    assert [row["at_stake_eur"] for row in rank(policy(), vector(), refused_count("2026-02-25", -4))] == [12.0]  # a week ago
    assert rank(policy(), vector(), refused_count("2026-02-24", -4)) == []  # long ago


@pytest.mark.parametrize(("history", "at_stake_eur"), [([2] * 8 + [12] * 4, 10 * 12 * 2.0), ([12] * 8 + [2] * 4, 10 * 12 * 3.0)])
def test_a_demand_that_jumped(history: list[int], at_stake_eur: float) -> None:
    (row,) = rank(policy(), vector(sales_history_units=history))
    assert (row["reason"], row["at_stake_eur"]) == ("demand level shift", at_stake_eur)


@pytest.mark.parametrize("history", [[2, 3] * 6, [0, 9, 0, 0, 12, 0, 8, 0, 9, 9, 0, 11], [2] * 7 + [None] + [12] * 4])
def test_noise_and_unknown_weeks_are_no_jump(history: list[int | None]) -> None:
    assert rank(policy(), vector(sales_history_units=history)) == []


def test_a_life_that_ended_with_stock_left() -> None:
    articles = {"articles": row_of(RAW_TABLES["articles"], end_of_life_date=date(2026, 3, 1))}
    (row,) = rank(policy(), vector(on_hand_units=4, inbound_units=[2, *[0] * 11]), articles)
    assert (row["reason"], row["at_stake_eur"]) == ("life ended with stock left", 18.0)
    assert rank(policy(), vector(), articles) == []
    assert rank(policy(), vector(on_hand_units=4), {"articles": row_of(RAW_TABLES["articles"], end_of_life_date=DAY)}) == []


@pytest.mark.parametrize("cap", [{"maximum_order_quantity_units": 12}, {"storage_capacity_units": 21}])
def test_an_order_held_at_a_cap(cap: dict[str, int]) -> None:
    merchants = {"merchants": row_of(RAW_TABLES["merchants"], lead_time_weeks=2.0, **cap)}
    policies = policy(order_now_units=10, order_before_budget_units=10, expected_lost_sales_cost_eur=33.0)
    vectors = vector(on_hand_units=10, pack_size_units=5)
    (row,) = rank(policies, vectors, merchants)
    assert (row["reason"], row["at_stake_eur"]) == ("order held at a cap", 33.0)
    assert rank(policies, vectors) == []


def test_a_budget_that_was_spent_before_today() -> None:
    spent = row_of(ConstraintPrices, constraint="budget", applies_to="", limit_amount=100.0, used_before_amount=130.5)
    (row,) = rank(policy(), vector(), {"constraint_prices": spent})
    assert (row["reason"], row["article_id"], row["at_stake_eur"]) == ("budget exceeded", "all articles", 30.5)
    assert rank(policy(), vector(), {"constraint_prices": spent.with_columns(used_before_amount=99.0)}) == []
