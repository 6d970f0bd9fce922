"""Drift of forecasts and decisions, and the sums they rest on."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest

from domain.drift_tables import DecisionTallies
from domain.forecast_tables import NewestWeekTallies
from domain.quantiles import QUANTILE_LEVELS
from domain.settings import DriftSettings
from domain.stage_tables import OrderChanges, Policies, SkuVectors
from domain.tables import RAW_TABLES
from quality.drift.decision_checks import DayOfTallies, judge_decisions
from quality.drift.decision_tallies import PastDecisions, tally_decisions
from quality.drift.forecast_checks import WeekOfTallies, judge_forecast
from quality.realised_cost import realised_cost

DAY = date(2026, 3, 4)
RULES = DriftSettings()
ZEROS: dict[type[dy.Column], Any] = {dy.String: "x", dy.Int64: 0, dy.Float64: 0.0, dy.Date: DAY, dy.Bool: False, dy.List: [], dy.Datetime: None}
SKU = {"merchant_id": "m", "article_id": "a"}


def frame_of(schema: type[dy.Schema], *rows: dict[str, Any]) -> pl.DataFrame:
    zeros = {name: None if column.nullable else ZEROS[type(column)] for name, column in schema.columns().items()}
    return pl.DataFrame([zeros | SKU | row for row in rows], schema=schema.create_empty().schema)


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def tables(**rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    names = ("sales_transactions", "weekly_sales", "returns", "stock_levels", "inbound_shipments")
    return {name: RAW_TABLES[name].create_empty() for name in names} | rows


RATES = {
    "holding_rate_eur_per_unit_week": 0.1,
    "inbound_rate_eur_per_unit": 0.2,
    "outbound_rate_eur_per_unit": 0.3,
    "return_handling_rate_eur_per_unit": 0.4,
}
START = date(2026, 1, 5)


def test_realised_cost_by_hand() -> None:
    raw = tables(
        stock_levels=frame_of(
            RAW_TABLES["stock_levels"],
            *({"date": START + timedelta(days=days), "on_hand_units": units} for days, units in ((6, 10), (7, 50), (9, 4), (20, 99))),
        ),
        inbound_shipments=frame_of(
            RAW_TABLES["inbound_shipments"],
            {"shipment_id": "1", "ordered_at": at(START), "quantity_units": 5},
            {"shipment_id": "2", "ordered_at": at(START + timedelta(days=14)), "quantity_units": 50},
        ),
        sales_transactions=frame_of(
            RAW_TABLES["sales_transactions"],
            {"transaction_id": "1", "occurred_at": at(START - timedelta(days=1)), "quantity_units": 70},
            {"transaction_id": "2", "occurred_at": at(START + timedelta(days=13), 23), "quantity_units": 6},
        ),
        returns=frame_of(RAW_TABLES["returns"], {"return_id": "1", "returned_at": at(START), "quantity_units": 2}),
    )
    (row,) = realised_cost(frame_of(SkuVectors, RATES), raw, start=START, n_weeks=2).rows(named=True)
    assert row["holding_cost_eur"] == pytest.approx((10 + 4) * 0.1)  # at the ends of both weeks the latest count by then
    assert row["inbound_cost_eur"] == pytest.approx(5 * 0.2)
    assert row["outbound_cost_eur"] == pytest.approx(6 * 0.3)
    assert row["returns_cost_eur"] == pytest.approx(2 * 0.4)


def test_decisions_add_up_by_merchant() -> None:
    policies = frame_of(Policies, {"article_id": "a", "order_now_value_eur": 12.5}, {"article_id": "b", "order_now_value_eur": 1.0})
    changes = frame_of(
        OrderChanges,
        {"article_id": "a", "order_now_units": 10, "order_day_before_units": 7},
        {"article_id": "b", "order_now_units": 10, "order_day_before_units": 9},
    )
    week_ago = frame_of(Policies, *({"article_id": article, "order_now_units": units} for article, units in (("a", 10), ("b", 4), ("c", 3), ("d", 0))))
    ordered = frame_of(
        RAW_TABLES["inbound_shipments"],
        {"article_id": "a", "shipment_id": "1", "ordered_at": at(DAY - timedelta(days=7)), "quantity_units": 6},
        {"article_id": "b", "shipment_id": "2", "ordered_at": at(DAY - timedelta(days=1)), "quantity_units": 9},
        {"article_id": "b", "shipment_id": "3", "ordered_at": at(DAY), "quantity_units": 9},
    )
    long_ago = frame_of(Policies, {"expected_outbound_cost_eur": 8.0, "expected_lost_sales_cost_eur": 50.0}), frame_of(SkuVectors, RATES)
    past = PastDecisions(changes, week_ago, long_ago)
    sold = frame_of(RAW_TABLES["sales_transactions"], {"transaction_id": "1", "occurred_at": at(DAY - timedelta(days=20)), "quantity_units": 20})
    (row,) = tally_decisions(policies, past, tables(inbound_shipments=ordered, sales_transactions=sold), on=DAY, settings=RULES).rows(named=True)
    assert (row["n_skus"], row["n_changed"], row["order_value_cents"]) == (2, 1, 1_350)
    assert (row["n_recommended"], row["n_followed"]) == (3, 2)
    assert (row["predicted_cost_cents"], row["realised_cost_cents"]) == (800, 720)  # 20 sold at 0.30 EUR, 6 ordered at 0.20 EUR
    (row,) = tally_decisions(policies, PastDecisions(None, None, None), tables(), on=DAY, settings=RULES).rows(named=True)
    assert (row["has_day_before"], row["n_recommended"], row["predicted_cost_cents"]) == (False, 0, 0)


def days(n: int, **last: int) -> list[DayOfTallies]:
    generator = np.random.default_rng(5)
    usual = [
        {"n_skus": 500, "n_changed": int(generator.integers(20, 40)), "has_day_before": True, "order_value_cents": int(generator.integers(900_000, 1_100_000))}
        | {
            "n_recommended": 400,
            "n_followed": int(generator.integers(280, 320)),
            "predicted_cost_cents": 5_000,
            "realised_cost_cents": int(generator.integers(5_000, 6_000)),
        }
        for _ in range(n)
    ]
    usual[-1] |= last
    return [DayOfTallies(DAY - timedelta(days=n - 1 - place), [frame_of(DecisionTallies, row)]) for place, row in enumerate(usual)]


def breached(found: pl.DataFrame) -> list[str]:
    return found.filter("is_breached")["check"].to_list()


@pytest.mark.parametrize(
    ("last", "checks"),
    [
        ({}, []),
        ({"n_changed": 300}, ["orders_changed"]),
        ({"order_value_cents": 4_000_000}, ["order_value"]),
        ({"n_followed": 40}, ["adherence"]),
        ({"realised_cost_cents": 20_000}, ["cost_to_predicted"]),
    ],
)
def test_each_decision_check_sees_its_fault_and_no_other(last: dict[str, int], checks: list[str]) -> None:
    found = judge_decisions(days(34, **last), on=DAY, settings=RULES)
    assert found["check"].to_list() == ["adherence", "cost_to_predicted", "order_value", "orders_changed"]
    assert breached(found) == checks


def test_a_day_that_was_not_decided_or_a_short_past_has_no_verdict() -> None:
    assert judge_decisions(days(34)[:-1], on=DAY, settings=RULES).is_empty()
    assert judge_decisions(days(8), on=DAY, settings=RULES).is_empty()


def weeks(n: int, *, shift: float = 0.0, **last: int) -> list[WeekOfTallies]:
    """Quiet weeks of 1,000 series, the last of them changed; `shift` moves all the PITs of the last one."""
    generator = np.random.default_rng(8)
    found = []
    for place in range(n):
        moved = shift if place == n - 1 else 0.0
        below = [int(1e9 * min(max(level + moved, 0.0), 1.0)) for level in QUANTILE_LEVELS]
        row = {
            "segment": "smooth",
            "n_cells": 1_000,
            "actual_units": 5_000,
            "below_parts": below,
            "baseline_error_milliunits": int(generator.integers(1_900_000, 2_100_000)),
        }
        row |= {
            "loss_parts": int(generator.integers(1_000_000, 1_100_000)),
            "absolute_error_units": int(generator.integers(1_700, 1_900)),
            "mean_error_milliunits": int(generator.integers(-200_000, 200_000)),
        }
        row |= last if place == n - 1 else {}
        found.append(WeekOfTallies(DAY - timedelta(weeks=n - 1 - place), [frame_of(NewestWeekTallies, row).select(NewestWeekTallies.column_names())]))
    return found


@pytest.mark.parametrize(
    ("last", "checks"),
    [
        ({}, []),
        ({"loss_parts": 2_500_000}, ["forecast_loss", "loss_to_baseline"]),
        ({"absolute_error_units": 4_000}, ["error_to_baseline", "forecast_error"]),
        ({"mean_error_milliunits": 2_500_000}, ["forecast_bias"]),
        ({"mean_error_milliunits": -2_000_000}, ["forecast_bias"]),
        ({"loss_parts": 2_500_000, "baseline_error_milliunits": 4_800_000}, ["forecast_loss"]),  # a wild week: worse than ever, but no worse than the baseline
    ],
)
def test_each_forecast_check_sees_its_fault_and_no_other(last: dict[str, int], checks: list[str]) -> None:
    assert breached(judge_forecast(weeks(27, **last), week=DAY, settings=RULES)) == checks


def test_quantiles_that_are_too_low_are_seen_by_level_and_by_the_pit() -> None:
    found = judge_forecast(weeks(27, shift=-0.2), week=DAY, settings=RULES)
    assert set(breached(found)) == {"level_coverage", "pit_uniformity"}
    assert found.filter("is_breached", pl.col("check") == "level_coverage")["scope"].to_list() == ["level 0.1", "level 0.5", "level 0.9"]


def test_a_week_without_a_forecast_has_no_verdict() -> None:
    assert judge_forecast(weeks(27)[:-1], week=DAY, settings=RULES).is_empty()
    assert judge_forecast([], week=DAY, settings=RULES).is_empty()
