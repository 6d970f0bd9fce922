"""Why an order changed: every cause alone moves its own column, together they add up, and nothing unknown is guessed."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks.sku import example_vector
from domain.errors import StaleInputError
from domain.feature_vector import SCHEMA_VERSION
from domain.settings import InventorySettings, OptimizerSettings, Settings, SimulationSettings
from domain.stage_tables import CHANGE_CAUSES, NEXT_ORDER_DAY, OrderChanges, Policies, SkuVectors
from domain.tables import Merchants
from simulation import order_changes
from simulation.evidence_tables import Day, order_changes_of, settings_in_force
from simulation.optimize import optimize_policy
from simulation.order_changes import Inputs, keeping_difference, order_of, trace_order_change

ORDER_DAY = {"order_weekdays": "thursday"}
"""Of all tests: the day before is none, what it says is a plan."""
FAST = Settings(
    inventory=InventorySettings(**ORDER_DAY),
    simulation=SimulationSettings(n_paths_optimize=128, n_paths_evaluate=256),
    optimizer=OptimizerSettings(evaluation_budget=60),
    seed=5,
)
THURSDAY = date(2026, 1, 15)
VECTOR = example_vector(3)._replace(date=THURSDAY)
TODAY = Inputs(VECTOR, FAST)


def inventory(**values: Any) -> Settings:
    return FAST.model_copy(update={"inventory": InventorySettings(**(ORDER_DAY | values))})


def traced(before: Inputs, after: Inputs = TODAY) -> dict[str, int]:
    return trace_order_change(before, after, order_before_units=order_of(*before), order_after_units=order_of(*after))


CHANGED_ALONE = {
    "stock": TODAY._replace(vector=VECTOR._replace(on_hand_units=VECTOR.on_hand_units + 40)),
    "forecast": TODAY._replace(vector=VECTOR._replace(demand_quantiles_units=np.floor(VECTOR.demand_quantiles_units * 1.4))),
    "lead_time": TODAY._replace(settings=inventory(lead_time_weeks=4.0)),
    "settings": TODAY._replace(settings=inventory(pack_size_units=25)),
    "other": TODAY._replace(vector=VECTOR._replace(unit_price_eur=6.0 * VECTOR.unit_price_eur)),
}


@pytest.mark.parametrize("cause", CHANGED_ALONE)
def test_a_cause_alone_is_the_whole_change(cause: str) -> None:
    before = CHANGED_ALONE[cause]
    change = order_of(*TODAY) - order_of(*before)
    assert change != 0
    assert traced(before) == dict.fromkeys(CHANGE_CAUSES, 0) | {cause: change}


def test_causes_add_up() -> None:
    before = Inputs(
        CHANGED_ALONE["stock"].vector._replace(date=THURSDAY - timedelta(days=1), unit_price_eur=3.0 * VECTOR.unit_price_eur), inventory(lead_time_weeks=5.0)
    )
    units = traced(before)
    assert sum(units.values()) == order_of(*TODAY) - order_of(*before)
    assert sum(value != 0 for value in units.values()) > 1


def test_only_what_changed_is_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[Inputs] = []
    monkeypatch.setattr(order_changes, "order_of", lambda *inputs: searched.append(Inputs(*inputs)) or 7)
    another_day = TODAY._replace(vector=VECTOR._replace(date=THURSDAY - timedelta(days=1)))
    assert trace_order_change(another_day, TODAY, order_before_units=1, order_after_units=2) == dict.fromkeys(CHANGE_CAUSES, 0) | {"chance": 1}
    assert searched == []
    before = TODAY._replace(vector=VECTOR._replace(date=THURSDAY - timedelta(days=1), on_hand_units=1))
    assert trace_order_change(before, TODAY, order_before_units=1, order_after_units=2) == dict.fromkeys(CHANGE_CAUSES, 0) | {"chance": 6, "stock": -5}
    assert [inputs.vector.date for inputs in searched] == [THURSDAY]


def test_on_a_monday_the_calendar_moves_the_weeks_on() -> None:
    inbound, due = np.arange(1, 13), np.arange(12.0)
    sunday = VECTOR._replace(date=date(2026, 1, 18), inbound_units=inbound, returns_due_units=due)
    monday = VECTOR._replace(date=date(2026, 1, 19), cutoff=date(2026, 1, 12), demand_quantiles_units=VECTOR.demand_quantiles_units + 1)
    moved = order_changes._with_calendar(Inputs(sunday, FAST), Inputs(monday, FAST)).vector
    np.testing.assert_array_equal(moved.demand_quantiles_units[:11], VECTOR.demand_quantiles_units[1:])
    np.testing.assert_array_equal(moved.demand_quantiles_units[11], VECTOR.demand_quantiles_units[11])
    assert moved.inbound_units.tolist() == [3, *range(3, 13), 0]  # week 0's are overdue and still expected
    assert moved.returns_due_units.tolist() == [*range(1, 12), 0.0]
    assert (moved.date, moved.cutoff, moved.on_hand_units) == (sunday.date, monday.cutoff, sunday.on_hand_units)
    assert inbound.tolist() == list(range(1, 13))


def test_within_a_week_the_calendar_shortens_week_0_by_the_days_that_passed() -> None:
    before = VECTOR._replace(date=THURSDAY - timedelta(days=1))  # five days were left, now four
    same_forecast = before._replace(demand_quantiles_units=np.vstack((VECTOR.demand_quantiles_units[:1] * 1.25, VECTOR.demand_quantiles_units[1:])))
    moved = order_changes._with_calendar(Inputs(same_forecast, FAST), TODAY).vector
    np.testing.assert_array_equal(moved.demand_quantiles_units, VECTOR.demand_quantiles_units)
    other_forecast = before._replace(demand_quantiles_units=VECTOR.demand_quantiles_units * 2)
    moved = order_changes._with_calendar(Inputs(other_forecast, FAST), TODAY).vector
    np.testing.assert_array_equal(moved.demand_quantiles_units[0], np.floor(VECTOR.demand_quantiles_units[0] * 2 * 4 / 5 + 0.5))
    np.testing.assert_array_equal(moved.demand_quantiles_units[1:], VECTOR.demand_quantiles_units[1:] * 2)


def test_keeping_yesterdays_order_is_compared_on_the_paths_of_the_evaluation() -> None:
    decided = optimize_policy(*TODAY, seed=FAST.seed)
    less = next(row for row in decided.alternatives if row.alternative == "one_pack_less")
    found = keeping_difference(decided.as_row(), less.order_now_units, *TODAY)
    assert found == pytest.approx((less.difference_eur, less.standard_error_eur), rel=1e-9, abs=1e-12)
    assert keeping_difference(decided.as_row(), decided.order_now_units, *TODAY) == (0.0, 0.0)


def day_of(*vectors: Any, settings: Settings = FAST, cut: int = 0) -> Day:
    rows = [optimize_policy(vector, settings, seed=settings.seed).as_row() for vector in vectors]
    policies = pl.DataFrame(rows, schema=Policies.create_empty().schema).with_columns(order_now_units=pl.col("order_now_units") - cut)
    arrays = ("demand_quantiles_units", "inbound_units", "returns_due_units", "return_lag_weights")
    flat = [vector._asdict() | {name: getattr(vector, name).ravel().tolist() for name in arrays} | {"schema_version": SCHEMA_VERSION} for vector in vectors]
    frame = pl.DataFrame(flat, schema=SkuVectors.create_empty().drop("sales_history_units").schema)
    return Day(policies, frame, settings_in_force(frame, settings, merchants=Merchants.create_empty()))


def waiting(day: Day) -> Day:
    """The same as plans for the next order day, urgent ones included."""
    planned = pl.col("order_now_units") + pl.col("planned_order_units")
    return day._replace(
        policies=day.policies.with_columns(
            planned_order_units=planned, order_now_units=0, order_before_budget_units=pl.lit(0, pl.Int64), decision=pl.lit(NEXT_ORDER_DAY)
        )
    )


def changes(today: Day, before: Day, *, explained_from_eur: float | None = 0.0) -> pl.DataFrame:
    return order_changes_of(today, before, explained_from_eur=explained_from_eur, n_threads=2)


def yesterdays(vector: Any, **values: Any) -> Any:
    return vector._replace(date=THURSDAY - timedelta(days=1), **values)


MORE_STOCK = yesterdays(VECTOR, on_hand_units=VECTOR.on_hand_units + 40)


def test_a_changed_order_is_a_row_with_its_causes() -> None:
    today, before = day_of(VECTOR), day_of(MORE_STOCK)
    (row,) = changes(today, before).rows(named=True)
    moved = row["order_now_units"] - row["order_day_before_units"]
    assert moved == today.policies["order_now_units"][0] - before.policies["planned_order_units"][0] != 0
    assert row["chance_units"] + row["stock_units"] == moved
    assert row["change_eur"] == moved * VECTOR.unit_value_eur
    assert row["keeping_standard_error_eur"] > 0


def test_unchanged_and_unknown_articles_have_no_row() -> None:
    other = VECTOR._replace(article_id="first sold today")
    today = day_of(VECTOR, other)
    assert changes(today, today).is_empty()
    assert changes(today, day_of(MORE_STOCK))["article_id"].to_list() == [VECTOR.article_id]


def test_small_changes_are_listed_but_not_traced() -> None:
    today, before = day_of(VECTOR), day_of(MORE_STOCK)
    value = abs(changes(today, before)["change_eur"][0])
    for threshold, n_traced in ((value, 1), (value + 0.01, 0), (None, 0)):
        rows = changes(today, before, explained_from_eur=threshold)
        assert (rows.height, rows["stock_units"].drop_nulls().len()) == (1, n_traced)


def test_a_budget_that_cuts_is_a_cause_of_its_own() -> None:
    (row,) = changes(day_of(VECTOR, cut=3), waiting(day_of(VECTOR))).rows(named=True)
    assert (row["constraints_units"], row["order_now_units"] - row["order_day_before_units"]) == (-3, -3)
    assert sum(row[f"{cause}_units"] for cause in CHANGE_CAUSES) == 0


def test_settings_of_the_day_before_are_read_from_their_record() -> None:
    (row,) = changes(day_of(VECTOR), waiting(day_of(VECTOR, settings=inventory(pack_size_units=25)))).rows(named=True)
    assert row["settings_units"] == row["order_now_units"] - row["order_day_before_units"]


def test_settings_that_are_not_known_any_more_are_among_the_rest() -> None:
    before = waiting(day_of(VECTOR, settings=inventory(pack_size_units=25)))
    (row,) = changes(day_of(VECTOR), before._replace(settings=before.settings.with_columns(settings=pl.lit('{"from": "another version"}')))).rows(named=True)
    assert (row["settings_units"], row["lead_time_units"]) == (None, None)
    assert row["other_units"] == row["order_now_units"] - row["order_day_before_units"]


def test_todays_settings_must_be_on_record() -> None:
    today = day_of(VECTOR, settings=inventory(pack_size_units=25))
    with pytest.raises(StaleInputError, match="not on record"):
        changes(today._replace(settings=today.settings.clear()), day_of(MORE_STOCK))


def test_the_contract_refuses_causes_that_do_not_add_up() -> None:
    rows = changes(day_of(VECTOR), day_of(MORE_STOCK))
    assert OrderChanges.is_valid(rows)
    assert not OrderChanges.is_valid(rows.with_columns(pl.col("stock_units") + 1))


def test_an_order_that_was_placed_is_no_plan_any_more() -> None:
    placed = day_of(VECTOR)
    assert placed.policies["order_now_units"][0] > 0
    assert changes(day_of(MORE_STOCK), placed).is_empty()
