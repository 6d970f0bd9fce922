import numpy as np
import polars as pl
import pytest
from scipy.stats import poisson

from benchmarks.sku import example_vector
from domain.errors import DataError, UsageError
from domain.quantiles import QUANTILE_LEVELS
from domain.settings import OptimizerSettings, Settings, SimulationSettings
from domain.stage_tables import Recommendations
from simulation.optimize import decide_today, optimize_policies, optimize_policy
from simulation.sku_terms import sku_terms
from tests.reference.jit import without_jit

VECTOR = example_vector(2)
FEW = Settings(simulation=SimulationSettings(n_paths_optimize=50, n_paths_settle=128, n_paths_evaluate=128), optimizer=OptimizerSettings(evaluation_budget=30))


def changed(name, place, value):
    array = np.array(getattr(VECTOR, name), dtype=np.float64 if name != "inbound_units" else np.int64)
    array[place] = value
    return VECTOR._replace(**{name: array})


BAD_VECTORS = {
    "a quantile that is not a finite number": changed("demand_quantiles_units", (3, 7), np.nan),
    "an endless quantile": changed("demand_quantiles_units", (3, 38), np.inf),
    "quantiles that cross": changed("demand_quantiles_units", (2, 20), 0.0),
    "a negative quantile": changed("demand_quantiles_units", (0, 0), -1.0),
    "a horizon too short": VECTOR._replace(demand_quantiles_units=VECTOR.demand_quantiles_units[:8]),
    "shipments of too few weeks": VECTOR._replace(inbound_units=VECTOR.inbound_units[:8]),
    "negative stock": VECTOR._replace(on_hand_units=-1),
    "negative shipments": changed("inbound_units", 4, -2),
    "a negative rate": VECTOR._replace(holding_rate_eur_per_unit_week=-0.1),
    "a rate that is not a number": VECTOR._replace(fixed_order_cost_eur=float("nan")),
    "a price that is not a number": VECTOR._replace(unit_price_eur=float("nan")),
    "a negative return weight": changed("return_lag_weights", 1, -0.4),
    "more returns than sales": VECTOR._replace(return_rate=1.2),
    "negative returns due": changed("returns_due_units", 0, -0.1),
    "more stock than can be counted exactly": VECTOR._replace(on_hand_units=2**23),
    "more demand than can be counted exactly": VECTOR._replace(demand_quantiles_units=VECTOR.demand_quantiles_units + 700_000.0),
}


@pytest.mark.parametrize("vector", BAD_VECTORS.values(), ids=BAD_VECTORS)
def test_a_vector_no_decision_can_come_of_is_refused_by_name(vector):
    with pytest.raises(DataError, match=f"merchant {VECTOR.merchant_id}, article {VECTOR.article_id} cannot be decided on"):
        sku_terms(vector, Settings())


@pytest.mark.parametrize("vector", BAD_VECTORS.values(), ids=BAD_VECTORS)
def test_it_is_not_decided_and_says_why_while_the_others_go_on(vector):
    others = [example_vector(number) for number in (3, 4)]
    first, bad, last = optimize_policies([others[0], vector, others[1]], FEW, seed=1)
    assert [first, last] == [optimize_policy(other, FEW, seed=1) for other in others]
    assert (bad.decision, bad.order_now_units, bad.expected_cost_eur) == ("not decided", 0, 0)
    assert len(bad.decision_reason) > 15
    Recommendations.validate(pl.DataFrame([bad.as_row()], schema=Recommendations.create_empty().schema))


def test_uncompiled_checks_find_the_same(monkeypatch):
    without_jit(monkeypatch)
    for vector in BAD_VECTORS.values():
        with pytest.raises(DataError):
            sku_terms(vector, Settings())
    sku_terms(VECTOR, Settings())


@pytest.mark.parametrize(
    ("own", "inventory", "fact"),
    [
        ({"pack_size_units": 0}, {}, "below one unit"),
        ({"minimum_order_quantity_units": 0}, {}, "below one unit"),
        ({"minimum_order_quantity_units": 50}, {"maximum_order_quantity_units": 40}, "above the largest order"),
        ({"minimum_order_quantity_units": 35, "pack_size_units": 20}, {"maximum_order_quantity_units": 39}, "above the largest order"),
        ({"pack_size_units": 24}, {"storage_capacity_units": 20}, "above the storage capacity"),
    ],
)
def test_order_terms_that_contradict_each_other_are_refused(own, inventory, fact):
    settings = FEW.for_merchant("merchant", inventory)
    with pytest.raises(DataError, match=fact):
        sku_terms(VECTOR._replace(**own), settings)
    row = optimize_policy(VECTOR._replace(**own), settings, seed=1)
    assert row.decision == "not decided"
    assert fact in row.decision_reason


@pytest.mark.parametrize(
    "inventory",
    [{"review_period_weeks": 0}, {"lead_time_weeks": -1.0}, {"pack_size_units": 0}, {"objective": "p100"}, {"objective": "cvar0"}, {"minimum_fill_rate": 1.5}],
)
def test_settings_out_of_bounds_are_refused_before_any_sku(inventory):
    with pytest.raises(UsageError, match=next(iter(inventory))):
        Settings().for_merchant("merchant", inventory)


def test_a_lead_time_beyond_every_plan_is_not_decided():
    row = optimize_policy(VECTOR, FEW.for_merchant("merchant", {"lead_time_weeks": 30.0}), seed=1)
    assert row.decision == "not decided"
    assert row.decision_reason == "a lead time of 30 weeks with a review every 1 weeks; at most 28 weeks can be planned"


@pytest.mark.parametrize("lead_time", [9.0, 11.0, 12.0, 16.0, 24.0])
def test_a_long_lead_time_orders_what_its_weeks_and_the_review_demand_less_the_position(lead_time):
    """Steady demand of about 20 a week: L + 1 weeks of it less the stock, and about one week's where a week's demand arrives every week."""
    steady = np.tile(np.round(poisson.ppf(QUANTILE_LEVELS, 20.0)), (12, 1))
    vector = VECTOR._replace(
        demand_quantiles_units=steady,
        on_hand_units=40,
        inbound_units=np.zeros(12, np.int64),
        return_rate=0.0,
        returns_due_units=np.zeros(12),
        fixed_order_cost_eur=0.0,
    )
    settings = Settings().for_merchant("merchant", {"lead_time_weeks": lead_time, "lead_time_cv": 0.0})
    assert decide_today(vector, settings, seed=1).order_now_units == pytest.approx(20 * (lead_time + 1) - 40, rel=0.25)
    pipeline = vector._replace(inbound_units=np.full(12, 20) * (np.arange(12) < lead_time), inbound_later_units=np.full(max(int(lead_time) - 12, 0), 20))
    assert 0 < decide_today(pipeline, settings, seed=1).order_now_units <= 50


def test_a_price_below_cost_makes_a_lost_sale_free_not_a_gain():
    terms = sku_terms(VECTOR._replace(unit_price_eur=5.0, unit_cost_eur=9.0), Settings())
    assert terms.cost_rates_eur[4] == 0.0
    assert (terms.cost_rates_eur >= 0).all()


def test_return_weights_are_rounded_to_a_grain_that_float32_holds_exactly():
    for scale in (1.0, 1_000.0):
        terms = sku_terms(VECTOR._replace(demand_quantiles_units=VECTOR.demand_quantiles_units * scale), Settings())
        expected = 0.3 * np.array([0.5, 0.3, 0.2])
        np.testing.assert_allclose(terms.return_weights[:3], expected, atol=2e-3)
        grains = terms.return_weights.astype(np.float64) * 2**20
        assert (grains == np.round(grains)).all()
        assert terms.n_lags == 3
