import numpy as np
import pytest

from benchmarks.sku import example_vector
from domain.errors import DataError, UsageError
from domain.settings import Settings
from simulation.optimize import optimize_policy
from simulation.sku_terms import sku_terms
from tests.reference.jit import without_jit

VECTOR = example_vector(2)


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
        optimize_policy(vector, Settings(), seed=1)


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
        ({"minimum_order_quantity_units": 50}, {"maximum_order_quantity_units": 40}, "above its largest order"),
        ({"minimum_order_quantity_units": 35, "pack_size_units": 20}, {"maximum_order_quantity_units": 39}, "above its largest order"),
        ({"pack_size_units": 24}, {"storage_capacity_units": 20}, "above its storage capacity"),
    ],
)
def test_order_terms_that_contradict_each_other_are_refused(own, inventory, fact):
    with pytest.raises(UsageError, match=fact):
        sku_terms(VECTOR._replace(**own), Settings().for_merchant("merchant", inventory))


@pytest.mark.parametrize(
    "inventory",
    [{"review_period_weeks": 0}, {"lead_time_weeks": -1.0}, {"pack_size_units": 0}, {"objective": "p100"}, {"objective": "cvar0"}, {"minimum_fill_rate": 1.5}],
)
def test_settings_out_of_bounds_are_refused_before_any_sku(inventory):
    with pytest.raises(UsageError, match=next(iter(inventory))):
        Settings().for_merchant("merchant", inventory)


def test_a_lead_time_beyond_the_horizon_means_that_no_order_helps():
    settings = Settings().for_merchant("merchant", {"lead_time_weeks": 30.0, "lead_time_cv": 0.0})
    row = optimize_policy(VECTOR, settings, seed=1)
    assert row.order_now_units == 0
    assert row.expected_cost_eur == pytest.approx(row.expected_cost_without_order_eur)


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
