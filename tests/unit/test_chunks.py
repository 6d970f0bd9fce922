"""Many SKUs in one call: the numbers of one SKU do not depend on its company."""

import numpy as np
import pytest
from numba import typeof

from benchmarks.sku import example_vector
from domain.errors import DataError
from domain.settings import OptimizerSettings, Settings, SimulationSettings
from domain.vector_chunk import chunk_of
from simulation.kernels.critical_paths import in_original_order, put_critical_first
from simulation.kernels.order_plans import accepted_units
from simulation.kernels.path_costs import score_candidates
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.sku_terms import chunk_terms, sku_terms
from simulation.tuning import SKUS_AT_A_TIME, even_chunks, situation_of_many, tune, tune_many
from tests.reference.jit import chunks_without_jit

FAST = Settings(simulation=SimulationSettings(n_paths_optimize=300), optimizer=OptimizerSettings(evaluation_budget=60))
INVENTORIES = {
    "defaults": {},
    "packs": {"pack_size_units": 6, "minimum_order_quantity_units": 20, "maximum_order_quantity_units": 60, "review_period_weeks": 2},
    "floor": {"minimum_fill_rate": 0.8, "trigger": "on_hand", "initial_order_latest_week": 3},
    "mean": {"objective": "mean", "storage_capacity_units": 90, "lead_time_weeks": 4.5},
}
VECTORS = [
    example_vector(0),
    example_vector(1)._replace(observed_lead_time_cv=0.0),
    example_vector(2)._replace(pack_size_units=4, return_rate=0.0, return_lag_weights=np.zeros(0)),
    example_vector(3)._replace(demand_quantiles_units=np.zeros((12, 39))),
    example_vector(4)._replace(observed_lead_time_cv=1.5, fixed_order_cost_eur=0.0),
]


@pytest.mark.parametrize("inventory", INVENTORIES.values(), ids=INVENTORIES)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_chunk_is_each_sku_alone(policy, inventory):
    settings = FAST.for_merchant("merchant", inventory)
    together = tune_many(policy, situation_of_many(chunk_of(VECTORS), settings, seed=3), settings).by_sku()
    for vector, found in zip(VECTORS, together, strict=True):
        paths = sample_paths(vector, settings, n_paths=300, purpose="optimize", seed=3)
        alone = tune(policy, Situation(sku_terms(vector, settings), settings.inventory, paths), settings)
        assert (alone.theta.tolist(), alone.score, alone.n_evaluations) == (found.theta.tolist(), found.score, found.n_evaluations)


def test_a_policy_says_of_many_what_it_says_of_each():
    settings = FAST.for_merchant("merchant", {"pack_size_units": 3})
    many = situation_of_many(chunk_of(VECTORS), settings, seed=3)
    for policy in POLICIES.values():
        starts, space = policy.starts(many), policy.search_space(many)
        for sku in range(len(VECTORS)):
            one = many.sku(sku)
            np.testing.assert_array_equal(policy.starts(one), starts[sku])
            for name in ("lower", "upper", "pitch", "first_step"):
                np.testing.assert_array_equal(getattr(policy.search_space(one), name), getattr(space, name)[sku])
            assert sum(space.islands) <= starts.shape[1]


def test_uncompiled_chunks_are_the_compiled_ones(monkeypatch):
    settings = FAST.for_merchant("merchant", {"minimum_fill_rate": 0.5})

    def found():
        return [tune_many(POLICIES[name], situation_of_many(chunk_of(VECTORS), settings, seed=3), settings) for name in ("extended", "newsvendor")]

    compiled = found()
    chunks_without_jit(monkeypatch)
    for plain, fast in zip(found(), compiled, strict=True):
        for one, other in zip(plain, fast, strict=True):
            np.testing.assert_array_equal(one, other)


def test_one_bad_vector_of_a_chunk_is_named():
    bad = example_vector(1)._replace(article_id="bad", unit_price_eur=float("nan"))
    with pytest.raises(DataError, match="article bad cannot be decided on"):
        situation_of_many(chunk_of([VECTORS[0], bad]), FAST, seed=3)


def test_kernels_compiled_for_one_sku_serve_many():
    one, many = (chunk_terms(chunk_of(vectors), FAST) for vectors in (VECTORS[:1], VECTORS))
    assert typeof(one) == typeof(many)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"demand_quantiles_units": np.zeros((3, 39))}, r"quantiles of shape \(3, 39\)"),
        ({"inbound_units": np.zeros(5, np.int64)}, "not by week"),
        ({"returns_due_units": np.zeros(13)}, "not by week"),
    ],
)
def test_a_vector_of_another_shape_is_named(fields, found):
    with pytest.raises(DataError, match=f"(?s)article bad cannot be decided on.*{found}"):
        chunk_of([VECTORS[0], example_vector(1)._replace(article_id="bad", **fields)])


def test_orders_of_arrays_are_the_kernels():
    settings = FAST.for_merchant("merchant", INVENTORIES["packs"])
    many = situation_of_many(chunk_of(VECTORS), settings, seed=3)
    wished = np.random.default_rng(0).uniform(-20, 90, (len(VECTORS), 40))
    for sku in range(len(VECTORS)):
        expected = [accepted_units(np.float32(units), many.sku(sku).terms.orders) for units in wished[sku]]
        np.testing.assert_array_equal(many.order_units(wished)[sku], expected)


def test_the_paths_that_decide_come_first_and_none_is_lost():
    settings = FAST.for_merchant("merchant", {})
    situation = situation_of_many(chunk_of(VECTORS), settings, seed=3).sku(0)
    policy = POLICIES["extended"]
    form, theta, blocks = policy.form(situation), policy.starts(situation)[5:6], situation.paths.blocks
    cost = score_candidates(form, theta, blocks, situation.terms)[0]
    score, room = np.sort(cost)[224], np.zeros((3, 128), np.float32)
    room.reshape(-1)[:300] = cost
    ordered = in_original_order(blocks)
    put_critical_first(blocks, ordered, room, float(score))
    again = score_candidates(form, theta, ordered.paths, situation.terms)[0]
    np.testing.assert_array_equal(again, cost[ordered.order])
    np.testing.assert_array_equal(again, room.reshape(-1)[:300])
    assert sorted(ordered.order) == list(range(300))
    assert np.abs(again[:128] - score).max() <= np.abs(again[128:] - score).min()


def test_chunks_are_even_and_complete():
    for n_skus in (0, 1, SKUS_AT_A_TIME, SKUS_AT_A_TIME + 1, 7 * SKUS_AT_A_TIME + 3):
        parts = [list(range(n_skus))[part] for part in even_chunks(n_skus)]
        assert [sku for part in parts for sku in part] == list(range(n_skus))
        sizes = [len(part) for part in parts] or [0]
        assert max(sizes) <= SKUS_AT_A_TIME
        assert max(sizes) - min(sizes) <= 1
