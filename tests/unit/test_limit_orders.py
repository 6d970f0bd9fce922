"""From recommendations to orders within a merchant's limits, with the figures of what is then ordered."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks.sku import example_vector
from domain.errors import UsageError
from domain.feature_vector import SCHEMA_VERSION, vector_from_row
from domain.settings import OptimizerSettings, Settings, SimulationSettings
from domain.stage_tables import ConstraintPrices, OrderCurves, Policies, SkuVectors
from domain.tables import Articles, InboundShipments, Merchants
from simulation.batch import optimize_vectors
from simulation.constraints import LimitedOrders, apply_limits, limit_orders, order_curves
from simulation.constraints.recorded import recorded_policy
from simulation.kpis import evaluate_with_order
from simulation.optimize import figures_of
from simulation.sampling.paths import sample_paths

FAST = Settings(simulation=SimulationSettings(n_paths_optimize=100, n_paths_evaluate=300), optimizer=OptimizerSettings(evaluation_budget=60))
DAY = date(2026, 1, 12)
N_SKUS = 8


def vector_rows() -> pl.DataFrame:
    rows = []
    for number in range(N_SKUS):
        values = example_vector(number)._asdict()
        arrays = {name: value.ravel().tolist() for name, value in values.items() if isinstance(value, np.ndarray)}
        rows.append(values | arrays | {"schema_version": SCHEMA_VERSION, "sales_history_units": [0] * 12})
    return SkuVectors.validate(pl.DataFrame(rows, schema=SkuVectors.create_empty().schema))


VECTORS = vector_rows()


def recommend(**inventory: object) -> tuple[pl.DataFrame, Settings]:
    settings = FAST.model_copy(update={"inventory": FAST.inventory.model_validate(FAST.inventory.model_dump() | inventory)})
    return optimize_vectors(VECTORS, settings, merchants=Merchants.create_empty()).select(Policies.column_names()), settings


def tables(**more: pl.DataFrame) -> dict[str, pl.DataFrame]:
    key = VECTORS.select("merchant_id", "article_id").with_row_index()
    articles = key.select("merchant_id", "article_id", service_class=pl.Series(["A", "B"] * 4), supplier_id=pl.Series(["S1", "S2", "S2", None] * 2))
    empty = {"inbound_shipments": InboundShipments.create_empty(), "merchants": Merchants.create_empty(), "articles": Articles.create_empty()}
    return empty | {"articles": articles} | more


def limited(recommended: pl.DataFrame, settings: Settings, **more: pl.DataFrame) -> LimitedOrders:
    at = tables(**more)
    curves = order_curves(recommended, VECTORS, at, decision_date=DAY, settings=settings)
    return limit_orders(curves, decision_date=DAY, merchants=at["merchants"], settings=settings)


def placed(recommended: pl.DataFrame, settings: Settings, **more: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    found = limited(recommended, settings, **more)
    return apply_limits(recommended, found.orders, VECTORS, merchants=tables(**more)["merchants"], settings=settings), found.prices


@pytest.fixture(scope="module")
def free() -> pl.DataFrame:
    """What is recommended without limits."""
    return recommend()[0]


@pytest.fixture(scope="module")
def total_eur(free: pl.DataFrame) -> float:
    return float(free["order_now_value_eur"].sum())


def with_limits(**inventory: object) -> Settings:
    return FAST.model_copy(update={"inventory": FAST.inventory.model_validate(FAST.inventory.model_dump() | inventory)})


def test_without_limits_nothing_is_simulated_and_nothing_changes(free: pl.DataFrame) -> None:
    found = limited(free, FAST)
    assert found.orders.is_empty()
    assert found.prices.equals(ConstraintPrices.create_empty())
    assert apply_limits(free, found.orders, VECTORS, merchants=Merchants.create_empty(), settings=FAST).equals(free)


def test_a_limit_that_does_not_bind_changes_nothing_and_says_so(free: pl.DataFrame, total_eur: float) -> None:
    policies, prices = placed(free, with_limits(budget_eur_per_week=2 * total_eur))
    assert policies.equals(free)
    (row,) = prices.rows(named=True)
    assert (row["price_eur"], row["gap_to_bound_eur"], row["used_amount"]) == (0.0, 0.0, pytest.approx(total_eur))
    assert "suffices" in row["message"]


def test_a_budget_cuts_orders_and_says_what_one_more_euro_saves(free: pl.DataFrame, total_eur: float) -> None:
    policies, prices = placed(free, with_limits(budget_eur_per_week=total_eur / 2))
    assert 0.8 * total_eur / 2 < policies["order_now_value_eur"].sum() <= total_eur / 2
    (row,) = prices.rows(named=True)
    assert row["price_eur"] > 0
    assert row["used_amount"] == pytest.approx(policies["order_now_value_eur"].sum())
    assert row["message"].startswith(f"One more euro of budget saves {row['price_eur']:,.2f} EUR")
    assert (policies["order_before_budget_units"] == free["order_now_units"]).all()


def test_no_budget_orders_nothing(free: pl.DataFrame) -> None:
    policies, prices = placed(free, with_limits(budget_eur_per_week=0.0))
    assert policies["order_now_units"].sum() == 0
    assert prices["price_eur"].item() > 0


@pytest.mark.parametrize("policy", ["extended", "look_ahead", "base_stock"])
def test_a_changed_order_has_the_figures_of_that_order(policy: str, total_eur: float) -> None:
    recommended, settings = recommend(policy=policy, budget_eur_per_week=0.5 * total_eur)
    policies, _ = placed(recommended, settings)
    changed = [(old, new) for old, new in zip(recommended.rows(named=True), policies.rows(named=True), strict=True) if old != new]
    assert changed
    for old, new in changed:
        vector = vector_from_row(VECTORS.row(by_predicate=pl.col("article_id") == old["article_id"], named=True))
        situation, form, theta = recorded_policy(old, vector, settings)
        fresh = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=old["seed"])
        expected = figures_of(evaluate_with_order(form, theta, new["order_now_units"], fresh, situation.terms))
        assert {name: new[name] for name in expected} == expected
        as_recommended = figures_of(evaluate_with_order(form, theta, old["order_now_units"], fresh, situation.terms))
        assert {name: old[name] for name in as_recommended} == as_recommended  # the recorded policy is the one that was chosen
        assert new["order_now_value_eur"] == new["order_now_units"] * vector.unit_value_eur
        assert new["initial_order_quantity_units"] == (None if policy == "base_stock" else new["order_now_units"])


def test_what_was_ordered_earlier_in_the_iso_week_counts(free: pl.DataFrame) -> None:
    wednesday = DAY + timedelta(days=2)
    sent = {
        "shipment_id": ["a", "b", "c", "d"],
        "merchant_id": ["merchant"] * 4,
        "article_id": [VECTORS["article_id"][0]] * 4,
        "quantity_units": [1, 10, 100, 1000],
    }
    days = [DAY - timedelta(days=1), DAY, wednesday - timedelta(days=1), wednesday]
    ordered = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC) for day in days]
    shipments = pl.DataFrame(
        sent | {"ordered_at": ordered, "warehouse_id": None, "expected_at": None, "received_at": None}, schema=InboundShipments.create_empty().schema
    )
    curves = order_curves(free, VECTORS, tables(inbound_shipments=shipments), decision_date=wednesday, settings=with_limits(budget_eur_per_week=1.0))
    assert curves["ordered_this_week_eur"].to_list() == [110 * VECTORS["unit_value_eur"][0]] + [0.0] * (N_SKUS - 1)
    found = limit_orders(curves, decision_date=wednesday, merchants=Merchants.create_empty(), settings=with_limits(budget_eur_per_week=1.0))
    assert found.orders["limited_units"].sum() == 0
    assert "nothing more is ordered" in found.prices["message"].item()


def test_the_capacity_counts_what_is_in_transit_for_the_week_of_arrival(free: pl.DataFrame) -> None:
    total_units = int(recommend(lead_time_weeks=1.0)[0]["order_now_units"].sum() + VECTORS["inbound_units"].list.get(1).sum())
    settings = with_limits(inbound_capacity_units_per_week=total_units // 2, lead_time_weeks=1.0)
    policies, prices = placed(free, settings)
    (row,) = prices.rows(named=True)
    in_transit = VECTORS["inbound_units"].list.get(1).sum()
    assert row["used_before_amount"] == in_transit > 0
    assert policies["order_now_units"].sum() + in_transit == row["used_amount"] <= total_units // 2
    assert row["message"].startswith("Room for one more unit")
    full = placed(free, with_limits(inbound_capacity_units_per_week=1, lead_time_weeks=1.0))
    assert full[0]["order_now_units"].sum() == 0
    assert "more than the 1 that can be received" in full[1]["message"].item()


def test_a_supplier_gets_nothing_or_its_minimum(free: pl.DataFrame) -> None:
    supplier = pl.Series(["S1", "S2", "S2", None] * 2)
    values = free.group_by(supplier.alias("supplier"), maintain_order=True).agg(pl.col("order_now_value_eur").sum()).drop_nulls()
    minimum = float(values["order_now_value_eur"].max()) * 1.05  # type: ignore[arg-type]
    policies, prices = placed(free, with_limits(minimum_order_value_eur=minimum))
    assert prices["applies_to"].to_list() == ["S1", "S2"]
    by_supplier = policies.group_by(supplier.alias("supplier")).agg(pl.col("order_now_value_eur").sum()).drop_nulls()["order_now_value_eur"]
    assert ((by_supplier == 0) | (by_supplier >= minimum)).all()
    assert policies.filter(supplier.is_null()).equals(free.filter(supplier.is_null()))


def test_a_minimum_nobody_can_reach_leaves_the_supplier_out(free: pl.DataFrame) -> None:
    policies, prices = placed(free, with_limits(minimum_order_value_eur=1e9))
    assert policies.filter(pl.Series([True, True, True, False] * 2))["order_now_units"].sum() == 0
    assert prices["message"].str.contains("no orders of its articles reach").all()


def test_a_floor_raises_its_class_alone(free: pl.DataFrame) -> None:
    before = share_served(free, "A")
    policies, prices = placed(free, with_limits(fill_rate_floors={"A": before + 0.01}))
    (row,) = prices.rows(named=True)
    assert row["applies_to"] == "A"
    assert row["is_met"]
    assert row["used_amount"] >= before + 0.01
    assert row["price_eur"] > 0
    assert share_served(policies, "A") > before
    of_b = pl.Series([False, True] * 4)
    assert policies.filter(of_b).equals(free.filter(of_b))


def share_served(policies: pl.DataFrame, service_class: str) -> float:
    rows = policies.filter(pl.Series(["A", "B"] * 4) == service_class)
    return float((rows["fill_rate"] * rows["expected_demand_units"]).sum() / rows["expected_demand_units"].sum())


def test_a_floor_out_of_reach_gives_way_and_the_budget_does_not(free: pl.DataFrame, total_eur: float) -> None:
    policies, prices = placed(free, with_limits(fill_rate_floors={"A": 1.0}, budget_eur_per_week=0.4 * total_eur))
    rows = {row["constraint"]: row for row in prices.rows(named=True)}
    assert policies["order_now_value_eur"].sum() <= 0.4 * total_eur
    assert rows["fill_rate_floor"]["used_amount"] < 1.0
    assert not rows["fill_rate_floor"]["is_met"]
    assert "gives way" in rows["fill_rate_floor"]["message"]
    assert "within budget and capacity" in rows["fill_rate_floor"]["message"]
    assert rows["budget"]["is_met"]


def test_a_class_without_articles_is_told(free: pl.DataFrame) -> None:
    _, prices = placed(free, with_limits(fill_rate_floors={"Z": 0.9}))
    assert prices["message"].item() == "No demand is expected in class Z."


def test_the_article_skus_own_floor_still_counts_under_a_budget() -> None:
    """A budget that is missed by a hair must not throw away what a SKU's own floor asked for everywhere."""
    recommended, _ = recommend(minimum_fill_rate=0.97)
    total = float(recommended["order_now_value_eur"].sum())
    policies, _ = placed(recommended, with_limits(minimum_fill_rate=0.97, budget_eur_per_week=0.97 * total))
    assert policies["order_now_value_eur"].sum() > 0.85 * total


def test_nothing_depends_on_the_order_of_rows_or_on_other_merchants(free: pl.DataFrame, total_eur: float) -> None:
    settings = with_limits(budget_eur_per_week=total_eur / 3, fill_rate_floors={"A": 0.9}, minimum_order_value_eur=total_eur / 8)
    curves = order_curves(free, VECTORS, tables(), decision_date=DAY, settings=settings)
    found = limit_orders(curves, decision_date=DAY, merchants=Merchants.create_empty(), settings=settings)
    again = order_curves(free.reverse(), VECTORS.sample(fraction=1.0, shuffle=True, seed=2), tables(), decision_date=DAY, settings=settings)
    assert again.equals(curves)
    other = curves.with_columns(merchant_id=pl.lit("another"))
    both = limit_orders(pl.concat([other, curves]).reverse(), decision_date=DAY, merchants=Merchants.create_empty(), settings=settings)
    mine = pl.col("merchant_id") == "merchant"
    assert both.orders.filter(mine).equals(found.orders)
    assert both.prices.filter(mine).equals(found.prices)


def test_curves_hold_orders_that_can_be_placed() -> None:
    settings = with_limits(budget_eur_per_week=1.0, pack_size_units=4, minimum_order_quantity_units=10, storage_capacity_units=150)
    recommended, _ = recommend(pack_size_units=4, minimum_order_quantity_units=10, storage_capacity_units=150)
    curves = OrderCurves.validate(order_curves(recommended, VECTORS, tables(), decision_date=DAY, settings=settings))
    for row, vector in zip(curves.rows(named=True), VECTORS.rows(named=True), strict=True):
        units = np.array(row["order_units"])
        assert units[0] == 0
        assert (np.diff(units) > 0).all()
        assert row["recommended_units"] in units
        assert (units % 4 == 0).all()
        assert (units[1:] >= 12).all()
        assert units.max() <= max(150 - vector["on_hand_units"] - sum(vector["inbound_units"]), 0)
        assert len(row["objective_eur"]) == len(row["served_units"]) == len(units)


def test_a_merchants_own_limits_are_in_its_row(free: pl.DataFrame, total_eur: float) -> None:
    row = pl.DataFrame({"merchant_id": ["merchant"], "budget_eur_per_week": [total_eur / 2], "fill_rate_floors": ["A=0.5, B=0.6"]})
    policies, prices = placed(free, FAST, merchants=row)
    assert policies["order_now_value_eur"].sum() <= total_eur / 2
    assert prices.select("constraint", "applies_to").rows() == [("budget", ""), ("fill_rate_floor", "A"), ("fill_rate_floor", "B")]


@pytest.mark.parametrize("text", ["A", "A=x", "A=1.5"])
def test_a_floor_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="fill_rate_floors"):
        FAST.for_merchant("merchant", {"fill_rate_floors": text})


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(UsageError, match="budget_eur_per_week"):
        FAST.for_merchant("merchant", {"budget_eur_per_week": -1.0})


def test_no_skus_have_no_limits() -> None:
    found = limited(Policies.create_empty(), with_limits(budget_eur_per_week=1.0))
    assert found.orders.is_empty()
    assert found.prices.is_empty()
