from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from domain.errors import StaleInputError
from domain.feature_vector import hash_vector_row, vector_from_row
from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import CostSettings, ForecastSettings, Settings
from feature_store import DefaultUsed, assemble_vectors, defaults_used
from feature_store.economics import unit_economics
from feature_store.stock import returns_due_units
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand, estimate_merchant_profiles
from tests.weekly_tables import day, tables_of, week, weekly_rows

CUTOFF = week(9)
MONDAY = week(10)
SETTINGS = Settings(forecast=ForecastSettings(n_threads=1))
SALES = [4, 0, 6, 5, None, 4, 7, 5, 6, 8]


def vectors(decision_date: date = MONDAY, settings: Settings = SETTINGS, **rows: list[dict[str, object]]) -> pl.DataFrame:
    tables = tables_of(**({"weekly_sales": weekly_rows(SALES)} | rows))
    demand, forecast, profiles = stages(tables, settings)
    return assemble_vectors(tables, demand, forecast, profiles, decision_date=decision_date, settings=settings)


def stages(tables: dict[str, pl.DataFrame], settings: Settings = SETTINGS) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    demand = build_weekly_demand(tables, cutoff=CUTOFF, history_weeks=156)
    return demand, forecast_from_tables(tables, cutoff=CUTOFF, settings=settings), estimate_merchant_profiles(tables, cutoff=CUTOFF)


def shipment(number: int, ordered: int | None, expected: int | None, units: int, received: int | None = None) -> dict[str, object]:
    ordered_at, expected_at, received_at = (None if at is None else day(at) for at in (ordered, expected, received))
    return {"shipment_id": f"s{number}", "ordered_at": ordered_at, "expected_at": expected_at, "received_at": received_at, "quantity_units": units}


def test_a_vector_reads_back_as_the_engine_sees_it():
    rows = vectors()
    vector = vector_from_row(rows.row(0, named=True))
    assert vector.demand_quantiles_units.shape == (12, 39)
    assert vector.cutoff == CUTOFF
    assert rows["sales_history_units"].to_list() == [[None, None, *SALES]]
    assert rows["vector_hash"].item() == hash_vector_row(rows.row(0, named=True))


def test_nothing_known_means_the_documented_defaults():
    row = vectors().row(0, named=True)
    assert row["on_hand_units"] == 0
    assert row["inbound_units"] == [0] * 12
    assert row["returns_due_units"] == [0.0] * 12
    assert (row["unit_price_eur"], row["unit_cost_eur"], row["unit_value_eur"]) == (1.0, 0.0, 1.0)
    assert row["holding_rate_eur_per_unit_week"] == 0.01
    assert row["pack_size_units"] is None


def test_stock_is_the_latest_level_of_each_warehouse_before_the_decision_day():
    levels = [
        {"warehouse_id": "x", "date": MONDAY - timedelta(days=9), "on_hand_units": 50},
        {"warehouse_id": "x", "date": MONDAY - timedelta(days=1), "on_hand_units": 7},
        {"warehouse_id": "x", "date": MONDAY, "on_hand_units": 999},
        {"warehouse_id": None, "date": MONDAY - timedelta(days=6), "on_hand_units": 5},
    ]
    assert vectors(stock_levels=levels)["on_hand_units"].to_list() == [12]


def test_shipments_in_transit_stand_in_the_week_they_are_expected():
    start = 70  # the decision day, counted from the first Monday
    shipments = [
        shipment(1, 60, start + 8, 10),  # next week
        shipment(2, 40, start - 2, 3),  # overdue by two days
        shipment(3, 60, start - 1, 100, received=start - 1),  # already in stock
        shipment(4, 60, start + 6, 4, received=start + 6),  # received later: still in transit today
        shipment(5, start, start + 7, 1000),  # ordered today: not yet known
        shipment(6, 60, start + 7 * 12, 500),  # beyond the horizon
        shipment(7, 68, None, 20),  # in week 9, two weeks' lead time: week 11 = horizon week 1
        shipment(8, None, start + 15, 30),  # expected within twice the lead time: known
        shipment(9, None, None, 77),  # nowhere to be placed
    ]
    assert vectors(inbound_shipments=shipments)["inbound_units"].to_list() == [[7, 30, 30] + [0] * 9]


def test_the_decision_day_begins_at_midnight():
    midnight = day(70, hour=0)
    received_today = shipment(1, 60, 69, 4) | {"received_at": midnight}
    ordered_today = shipment(2, 60, 71, 1000) | {"ordered_at": midnight}
    assert vectors(inbound_shipments=[received_today, ordered_today])["inbound_units"].to_list() == [[4] + [0] * 11]


def test_an_observed_price_is_the_mean_of_the_last_twelve_priced_weeks_up_to_the_cutoff():
    prices = [100.0, *[10.0] * 10, 4.0, 4.0]  # the first is of a week too long ago
    rows = [row | {"unit_price_eur": price} for row, price in zip(weekly_rows([3] * 14), [*prices, 500.0], strict=True)]
    demand = build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(13), history_weeks=156)
    series = pl.DataFrame({"merchant_id": ["m"], "article_id": ["a"]})
    found = unit_economics(series, tables_of(), demand, cutoff=week(12), costs=CostSettings())
    assert found["unit_price_eur"].item() == pytest.approx((10 * 10.0 + 2 * 4.0) / 12)


def test_prices_come_from_the_article_then_from_sales_then_from_the_settings():
    priced = [row | {"unit_price_eur": 6.0 if index == 7 else 10.0 if index == 8 else None} for index, row in enumerate(weekly_rows(SALES))]
    later = weekly_rows([9], first=11)[0] | {"unit_price_eur": 500.0}
    from_sales = vectors(weekly_sales=[*priced, later]).row(0, named=True)
    assert from_sales["unit_price_eur"] == 8.0
    assert from_sales["unit_value_eur"] == 8.0
    listed = vectors(weekly_sales=priced, articles=[{"unit_price_eur": 20.0, "unit_cost_eur": 12.0, "pack_size_units": 6}]).row(0, named=True)
    assert (listed["unit_price_eur"], listed["unit_cost_eur"], listed["unit_value_eur"]) == (20.0, 12.0, 12.0)
    assert listed["holding_rate_eur_per_unit_week"] == pytest.approx(0.2)
    assert listed["pack_size_units"] == 6
    assert vectors(settings=SETTINGS.model_copy(update={"costs": CostSettings(unit_cost_eur=0.5)}))["unit_value_eur"].to_list() == [0.5]


def test_an_articles_rate_beats_its_merchants_and_zero_is_a_rate():
    rates = [
        {"article_id": None, "holding_rate_eur_per_unit_week": 0.3, "outbound_rate_eur_per_unit": 2.0, "fixed_order_cost_eur": 9.0},
        {"article_id": "a", "holding_rate_eur_per_unit_week": 0.0, "outbound_rate_eur_per_unit": None, "fixed_order_cost_eur": 4.0},
    ]
    row = vectors(cost_rates=rates).row(0, named=True)
    assert row["holding_rate_eur_per_unit_week"] == 0.0
    assert row["outbound_rate_eur_per_unit"] == 2.0
    assert row["fixed_order_cost_eur"] == 4.0


@pytest.mark.parametrize(("days", "share"), [(0, 1.0), (2, 5 / 7), (6, 1 / 7)])
def test_mid_week_only_the_days_left_are_demanded(days: int, share: float):
    whole, left = (vectors(MONDAY + timedelta(days=late)) for late in (0, days))
    full = np.array(whole["demand_quantiles_units"].to_list()).reshape(12, 39)
    part = np.array(left["demand_quantiles_units"].to_list()).reshape(12, 39)
    np.testing.assert_array_equal(part[1:], full[1:])
    np.testing.assert_array_equal(part[0], np.floor(full[0] * share + 0.5))
    assert (np.diff(part[0]) >= 0).all()


def test_returns_due_follow_the_rate_and_the_lags():
    sales = np.zeros((1, 12))
    sales[0, -1], sales[0, -3] = 10, 20
    due = returns_due_units(sales, np.array([0.5]), np.array([[0.1, 0.4, 0.3, 0.2]]))
    # Sold last week: lags 1, 2, 3 fall into weeks 0, 1, 2. Sold three weeks ago: only lag 3 is still to come.
    np.testing.assert_allclose(due[0, :4], [0.5 * (0.4 * 10 + 0.2 * 20), 0.5 * 0.3 * 10, 0.5 * 0.2 * 10, 0])
    assert due[0, 4:].sum() == 0


def test_a_forecast_of_another_cutoff_or_horizon_is_refused_naming_everything():
    tables = tables_of(weekly_sales=weekly_rows(SALES))
    demand, forecast, profiles = stages(tables)
    with pytest.raises(StaleInputError) as caught:
        assemble_vectors(tables, demand, forecast.filter(pl.col("horizon_week") < 12), profiles.clear(), decision_date=week(11), settings=SETTINGS)
    message = str(caught.value)
    assert f"cutoff is {CUTOFF} (need {week(10)})" in message
    assert "1 series without exactly the horizon weeks" in message
    assert "merchants without a profile: m" in message
    assert "Materialise" in message


def test_nothing_from_the_decision_day_on_and_no_order_of_rows_counts():
    sales = [*weekly_rows(SALES), *weekly_rows([3, 2, 1] * 3, article_id="b", first=1)]
    stock = [{"article_id": article, "date": MONDAY + timedelta(days=late), "on_hand_units": late + 10} for article in "ab" for late in range(-9, 5)]
    tables = tables_of(weekly_sales=sales, stock_levels=stock)
    demand, forecast, profiles = stages(tables)
    first = assemble_vectors(tables, demand, forecast, profiles, decision_date=MONDAY, settings=SETTINGS)
    tampered = tables | {
        "stock_levels": tables["stock_levels"].with_columns(on_hand_units=pl.when(pl.col("date") >= MONDAY).then(9_999).otherwise("on_hand_units"))
    }
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=4) for name, frame in tampered.items()}
    second = assemble_vectors(
        shuffled,
        demand.sample(fraction=1.0, shuffle=True, seed=5),
        forecast.sample(fraction=1.0, shuffle=True, seed=6),
        profiles,
        decision_date=MONDAY,
        settings=SETTINGS,
    )
    assert second.equals(first)
    assert first["on_hand_units"].to_list() == [9, 9]
    alone = assemble_vectors(tables, demand, forecast.filter(pl.col("article_id") == "b"), profiles, decision_date=MONDAY, settings=SETTINGS)
    assert alone.equals(first.filter(pl.col("article_id") == "b"))


def test_every_default_is_named_once_with_its_value_and_share():
    sales = [*weekly_rows(SALES), *weekly_rows(SALES, article_id="b")]
    tables = tables_of(
        weekly_sales=sales,
        articles=[{"unit_price_eur": 5.0, "unit_cost_eur": 2.0}],
        merchants=pl.DataFrame({"merchant_id": ["m"], "lead_time_weeks": [3.0]}),
        stock_levels=[{"date": MONDAY - timedelta(days=1), "on_hand_units": 0}],
    )
    demand, forecast, profiles = stages(tables)
    found = {default.name: default for default in defaults_used(tables, demand, forecast, profiles, decision_date=MONDAY, settings=SETTINGS)}
    assert found["unit_price_eur"] == DefaultUsed("unit_price_eur", "1", 0.5)
    assert found["unit_cost_eur"].share_of_rows == 0.5
    assert found["on_hand_units"] == DefaultUsed("on_hand_units", "0", 0.5)
    assert found["holding_rate_eur_per_unit_week"] == DefaultUsed("holding_rate_eur_per_unit_week", "0.01 × unit_price_eur", 1.0)
    assert found["return_rate"].share_of_rows == 1.0
    assert found["lead_time_cv"] == DefaultUsed("lead_time_cv", "0.4", 1.0)
    assert found["objective"] == DefaultUsed("objective", "mean", 1.0)
    assert "lead_time_weeks" not in found


def test_the_demand_of_the_vector_is_the_forecasts():
    tables = tables_of(weekly_sales=weekly_rows(SALES))
    demand, forecast, profiles = stages(tables)
    row = assemble_vectors(tables, demand, forecast, profiles, decision_date=MONDAY, settings=SETTINGS)
    np.testing.assert_array_equal(row["demand_quantiles_units"].to_list()[0], forecast.select(QUANTILE_COLUMNS).to_numpy().ravel())


def sold(article_id: str, day_index: int, *, merchant_id: str = "m") -> dict[str, object]:
    return {
        "transaction_id": f"t-{article_id}-{day_index}",
        "occurred_at": day(day_index),
        "merchant_id": merchant_id,
        "article_id": article_id,
        "quantity_units": 3,
    }


def test_a_series_first_sold_after_the_cutoff_is_answered_with_the_prior():
    history = [sold("a", 7 * index) for index in range(10)]
    thursday = MONDAY + timedelta(days=3)
    tables = tables_of(sales_transactions=[*history, sold("b", 70), sold("c", 73), sold("a", 71, merchant_id="newcomer")])
    demand, forecast, profiles = stages(tables)
    rows = assemble_vectors(tables, demand, forecast, profiles, decision_date=thursday, settings=SETTINGS)
    assert rows.select("merchant_id", "article_id", "model").rows() == [("m", "a", "empirical"), ("m", "b", "prior"), ("newcomer", "a", "prior")]
    without_this_week = tables | {"sales_transactions": tables["sales_transactions"].filter(pl.col("occurred_at") < day(70, hour=0))}
    known = assemble_vectors(without_this_week, demand, forecast, profiles, decision_date=thursday, settings=SETTINGS)
    assert rows.filter(pl.col("model") != "prior").equals(known)


def test_returns_are_those_of_the_articles_category_else_of_the_merchant():
    returned = [{"return_id": f"r{name}", "article_id": name, "returned_at": day(40), "quantity_units": units} for name, units in (("a", 40), ("b", 1))]
    sales = [*weekly_rows([50] * 10), *weekly_rows([50] * 10, article_id="b"), *weekly_rows([50] * 10, article_id="c")]
    articles = [{"article_id": "a", "category": "shoes"}, {"article_id": "b", "category": "hats"}]
    rows = vectors(weekly_sales=sales, returns=returned, articles=articles)
    rates = dict(rows.select("article_id", "return_rate").iter_rows())
    assert rates["b"] < rates["c"] < rates["a"]
    assert rates["c"] == pytest.approx(41 / 1500)
