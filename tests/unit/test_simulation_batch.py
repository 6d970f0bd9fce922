import numpy as np
import polars as pl
import pytest

from domain.errors import StaleInputError
from domain.feature_vector import vector_from_row
from domain.settings import OptimizerSettings, Settings, SimulationSettings
from domain.stage_tables import Recommendations, SkuVectors
from domain.tables import Merchants
from simulation.batch import optimize_vectors
from simulation.costs import cost_percentile
from simulation.optimize import optimize_policy
from tests.sku_rows import vector_rows

FAST = Settings(simulation=SimulationSettings(n_paths_optimize=60, n_paths_evaluate=200), optimizer=OptimizerSettings(evaluation_budget=40))
NO_MERCHANTS = Merchants.create_empty()


def test_a_batch_is_optimize_policy_row_by_row_sorted_by_key() -> None:
    vectors = vector_rows()
    done: list[int] = []
    table = optimize_vectors(vectors, FAST, merchants=NO_MERCHANTS, on_progress=done.append)
    alone = [optimize_policy(vector_from_row(row), FAST, seed=FAST.seed).as_row() for row in vectors.iter_rows(named=True)]
    assert sorted(table.rows(named=True), key=lambda row: row["article_id"]) == alone
    assert table.equals(table.sort("merchant_id", "article_id"))
    assert done == [1, 2, 3, 4]


def test_a_batch_does_not_depend_on_row_order_or_company() -> None:
    vectors = vector_rows()
    table = optimize_vectors(vectors, FAST, merchants=NO_MERCHANTS)
    assert optimize_vectors(vectors.reverse(), FAST, merchants=NO_MERCHANTS).equals(table)
    parts = [optimize_vectors(part, FAST, merchants=NO_MERCHANTS) for part in (vectors[:1], vectors[1:])]
    assert pl.concat(parts).sort("merchant_id", "article_id").equals(table)


@pytest.mark.parametrize("policy", ["extended", "look_ahead", "base_stock"])
def test_a_batch_does_not_depend_on_the_number_of_threads(policy: str) -> None:
    vectors, inventory = vector_rows(6), FAST.inventory.model_copy(update={"policy": policy})
    tables = [
        optimize_vectors(
            vectors, FAST.model_copy(update={"inventory": inventory, "simulation": FAST.simulation.model_copy(update={"n_threads": n})}), merchants=NO_MERCHANTS
        )
        for n in (1, 2, 5)
    ]
    assert tables[1].equals(tables[0])
    assert tables[2].equals(tables[0])


def test_a_merchant_whose_terms_contradict_each_other_is_named_and_the_others_go_on() -> None:
    vectors = vector_rows().with_columns(pack_size_units=pl.lit(10, pl.Int64))
    own = pl.DataFrame({"merchant_id": ["merchant-1"], "maximum_order_quantity_units": [5]})
    table, plain = (optimize_vectors(vectors, FAST, merchants=merchants) for merchants in (own, NO_MERCHANTS))
    others = pl.col("merchant_id") == "merchant-0"
    assert table.filter(others).equals(plain.filter(others))
    left_out = table.filter(~others)
    assert left_out["decision"].to_list() == ["not decided"] * 2
    assert left_out["decision_reason"].str.contains("above the largest order of 5 units").all()


def test_a_merchant_with_unusable_settings_is_left_out_by_name() -> None:
    own = pl.DataFrame({"merchant_id": ["merchant-1"], "fill_rate_floors": ["A=lots"]})
    table = optimize_vectors(vector_rows(), FAST, merchants=own)
    assert table["decision"].to_list() == ["decided", "decided", "not decided", "not decided"]
    assert table["decision_reason"].str.contains("fill_rate_floors.A' of merchant merchant-1 is not usable").to_list()[2:] == [True, True]


def test_an_error_in_one_thread_is_raised() -> None:
    older = vector_rows().with_columns(schema_version=pl.lit(1, pl.Int64))
    with pytest.raises(StaleInputError, match="schema version 1"):
        optimize_vectors(older, FAST, merchants=NO_MERCHANTS)


def test_a_merchants_own_settings_are_in_force_for_its_skus_alone() -> None:
    own = pl.DataFrame({"merchant_id": ["merchant-1"], "policy": ["base_stock"], "pack_size_units": [5]})
    table = optimize_vectors(vector_rows(), FAST, merchants=own)
    plain = optimize_vectors(vector_rows(), FAST, merchants=NO_MERCHANTS)
    is_own = pl.col("merchant_id") == "merchant-1"
    assert table.filter(is_own)["policy"].unique().to_list() == ["base_stock"]
    assert (table.filter(is_own)["order_now_units"] % 5 == 0).all()
    assert table.filter(~is_own).equals(plain.filter(~is_own))
    assert table["settings_hash"].n_unique() == 2


def test_no_vectors_give_no_policies() -> None:
    assert optimize_vectors(SkuVectors.create_empty(), FAST, merchants=NO_MERCHANTS).equals(Recommendations.create_empty())


@pytest.mark.parametrize(("percent", "expected"), [(10, 1.0), (50, 5.0), (75, 8.0), (90, 9.0), (100, 10.0)])
def test_a_percentile_is_the_path_cost_at_its_rank(percent: int, expected: float) -> None:
    costs = np.random.default_rng(0).permutation(np.arange(1.0, 11.0))
    assert cost_percentile(costs, percent) == expected
