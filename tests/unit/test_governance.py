"""Pilot, approvals, promotions and the value of a quarter."""

from datetime import UTC, date, datetime
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from cli.value import _game_of
from domain.backtest_results import BacktestResults
from domain.errors import UsageError
from domain.forecast_tables import Champions, ModelCards
from domain.governance_tables import Approvals
from domain.settings import GovernanceSettings
from domain.stage_tables import OrderChanges, Policies
from ml.champions import record_promotions
from quality.governance import count_statuses, release_orders, value_by_merchant

DAY = date(2026, 3, 4)
ZEROS: dict[type[dy.Column], Any] = {dy.String: "x", dy.Int64: 0, dy.Float64: 0.0, dy.Date: DAY, dy.Bool: False, dy.List: []}


def frame_of(schema: type[dy.Schema], *rows: dict[str, Any]) -> pl.DataFrame:
    zeros = {name: None if column.nullable else ZEROS[type(column)] for name, column in schema.columns().items()}
    return pl.DataFrame([zeros | row for row in rows], schema=schema.create_empty().schema)


def sku(article: str, merchant: str = "m1", **values: Any) -> dict[str, Any]:
    return {"merchant_id": merchant, "article_id": article, "date": DAY, **values}


POLICIES = frame_of(Policies, sku("a", order_now_units=50), sku("b", order_now_units=7), sku("a", "m2", order_now_units=9))
CHANGES = frame_of(OrderChanges, sku("a", change_eur=-900.0), sku("b", change_eur=20.0))


def word(article: str, units: int, *, is_approved: bool | None, minute: int = 0, by: str = "Ann") -> dict[str, Any]:
    at = datetime(2026, 3, 4, 9, minute, tzinfo=UTC)
    return sku(article, recommended_units=units, is_approved=is_approved, decided_by=by, decided_at=at, note="")


def statuses(settings: GovernanceSettings, *words: dict[str, Any]) -> dict[tuple[str, str], tuple[str, int, str | None]]:
    approvals = pl.DataFrame(list(words), schema=Approvals.create_empty().schema)
    rows = release_orders(POLICIES, CHANGES, approvals, settings=settings)
    return {(row["merchant_id"], row["article_id"]): (row["status"], row["released_units"], row["decided_by"]) for row in rows.iter_rows(named=True)}


def test_by_default_every_order_is_released() -> None:
    assert statuses(GovernanceSettings()) == {("m1", "a"): ("released", 50, None), ("m1", "b"): ("released", 7, None), ("m2", "a"): ("released", 9, None)}


def test_outside_the_pilot_nothing_is_released() -> None:
    found = statuses(GovernanceSettings(pilot_merchants=("m1",)))
    assert found["m2", "a"] == ("not_in_pilot", 0, None)
    assert found["m1", "a"] == ("released", 50, None)


def test_a_large_change_waits_until_a_person_has_spoken() -> None:
    rules = GovernanceSettings(hold_change_from_eur=500.0)
    assert statuses(rules)["m1", "a"] == ("held", 0, None)
    assert statuses(rules)["m1", "b"] == ("released", 7, None)
    assert statuses(rules, word("a", 50, is_approved=True))["m1", "a"] == ("approved", 50, "Ann")
    assert statuses(rules, word("a", 50, is_approved=False))["m1", "a"] == ("rejected", 0, "Ann")


@pytest.mark.parametrize(("limit", "status"), [(899.99, "held"), (900.0, "held"), (900.01, "released")])
def test_a_change_of_exactly_the_limit_waits(limit: float, status: str) -> None:
    assert statuses(GovernanceSettings(hold_change_from_eur=limit))["m1", "a"][0] == status


def test_the_newest_word_counts_and_only_about_the_order_that_was_looked_at() -> None:
    rules = GovernanceSettings(hold_change_from_eur=500.0)
    words = word("a", 50, is_approved=False, minute=5, by="Ben"), word("a", 50, is_approved=True)
    assert statuses(rules, *words)["m1", "a"] == ("rejected", 0, "Ben")
    assert statuses(rules, word("a", 49, is_approved=True))["m1", "a"] == ("held", 0, None)


def test_a_word_that_is_taken_back_leaves_the_order_waiting() -> None:
    rules = GovernanceSettings(hold_change_from_eur=500.0)
    words = word("a", 50, is_approved=True), word("a", 50, is_approved=None, minute=1, by="Ben")
    assert statuses(rules, *words)["m1", "a"] == ("held", 0, None)
    assert statuses(rules, *words, word("a", 50, is_approved=False, minute=2))["m1", "a"] == ("rejected", 0, "Ann")


def test_releases_say_by_which_rules_and_every_status_is_counted() -> None:
    rules = GovernanceSettings(pilot_merchants=("m1",), hold_change_from_eur=500.0)
    rows = release_orders(POLICIES, CHANGES, Approvals.create_empty(), settings=rules)
    assert [GovernanceSettings.model_validate_json(text) for text in rows["rules"].unique()] == [rules]
    assert count_statuses(rows) == {"released": 1, "approved": 0, "held": 1, "rejected": 0, "not_in_pilot": 1}


def champion(segment: str, candidate: str, *, is_champion: bool = True) -> dict[str, Any]:
    return {"segment": segment, "candidate": candidate, "is_champion": is_champion, "scaled_loss": 0.4, "improvement": 0.2, "p_value": 0.01, "reason": "better"}


def card(version: str) -> pl.DataFrame:
    return frame_of(ModelCards, {"cutoff": DAY, "model_version": version, "training_data_hash": "t", "held_out_scaled_crps": 0.3, "n_held_out_series": 40})


def test_models_are_promoted_at_every_cutoff_and_forecasters_when_they_take_over() -> None:
    before = frame_of(Champions, champion("smooth", "theta"), champion("lumpy", "lightgbm")), card("v1")
    now = frame_of(Champions, champion("smooth", "lightgbm"), champion("smooth", "theta", is_champion=False), champion("lumpy", "lightgbm"))
    rows = record_promotions(now, card("v2"), before, cutoff=DAY).rows(named=True)
    assert [(row["segment"], row["promoted"], row["replaced"]) for row in rows] == [("", "v2", "v1"), ("smooth", "lightgbm", "theta")]
    assert (rows[0]["promoted_by"], rows[0]["scaled_loss"]) == ("weekly training", 0.3)
    assert rows[1]["promoted_by"].startswith("rule of the settings `champions`")
    assert (rows[1]["improvement"], rows[1]["p_value"]) == (0.2, 0.01)


def test_without_a_week_before_the_models_were_standing() -> None:
    found = record_promotions(frame_of(Champions, champion("smooth", "theta"), champion("lumpy", "lightgbm")), card("v1"), None, cutoff=DAY)
    assert found.select("segment", "promoted", "replaced").rows() == [("", "v1", None), ("smooth", "theta", "lightgbm")]


def played(contestant: str, merchant: str, article: str, cost: float, sold: int) -> dict[str, Any]:
    return {
        "contestant": contestant,
        "merchant_id": merchant,
        "article_id": article,
        "cost_eur": cost,
        "sold_units": sold,
        "demand_units": 10,
        "gmv_eur": 2.0 * sold,
    }


def test_value_is_what_the_baseline_would_have_cost_less_what_was_paid() -> None:
    results = frame_of(
        BacktestResults,
        *(played("recorded", "m1", article, 40.0, 9) for article in ("a", "b")),
        *(played("base_stock", "m1", article, 50.0, 8) for article in ("a", "b")),
        played("recorded", "m2", "a", 30.0, 5),
        played("base_stock", "m2", "a", 0.0, 10),
    )
    first, second = value_by_merchant(results, realised="recorded", baseline="base_stock").rows(named=True)
    assert (first["n_series"], first["realised_cost_eur"], first["baseline_cost_eur"], first["saved_eur"], first["saved_share"]) == (2, 80.0, 100.0, 20.0, 0.2)
    assert (first["realised_fill_rate"], first["baseline_fill_rate"], first["realised_gmv_eur"]) == (0.9, 0.8, 36.0)
    assert (second["saved_eur"], second["saved_share"]) == (-30.0, None)


@pytest.mark.parametrize(
    ("quarter", "start", "n_weeks"), [("2026Q2", date(2026, 3, 30), 12), ("2025Q4", date(2025, 9, 29), 12), ("2024Q1", date(2023, 12, 25), 13)]
)
def test_a_quarter_is_its_whole_weeks(quarter: str, start: date, n_weeks: int) -> None:
    assert _game_of(quarter) == (start, n_weeks)


@pytest.mark.parametrize("text", ["2026Q5", "Q2", "2026-Q2"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no quarter"):
        _game_of(text)
