"""Evidence as tables: nothing lost between a recommendation and its rows."""

import json

import polars as pl
import pytest

from domain.settings import EvidenceSettings, InventorySettings, OptimizerSettings, Settings, SimulationSettings
from domain.stage_tables import Alternatives, CostCurves, Policies, Recommendations
from domain.tables import Merchants
from simulation.batch import optimize_vectors
from simulation.evidence_tables import alternatives_of, cost_curves_of, settings_in_force
from tests.sku_rows import vector_rows

FAST = Settings(simulation=SimulationSettings(n_paths_optimize=60, n_paths_evaluate=500), optimizer=OptimizerSettings(evaluation_budget=40))
NO_MERCHANTS = Merchants.create_empty()
KEY = ["merchant_id", "article_id"]


@pytest.fixture(scope="module")
def recommendations() -> pl.DataFrame:
    return optimize_vectors(vector_rows(), FAST, merchants=NO_MERCHANTS)


def test_every_recommendation_stands_among_its_alternatives(recommendations: pl.DataFrame) -> None:
    rows = alternatives_of(recommendations)
    assert Alternatives.is_valid(rows)
    own = rows.filter(pl.col("alternative") == "recommended").join(recommendations, on=KEY)
    assert own.height == recommendations.height
    assert (own["order_now_units"] == own["order_now_units_right"]).all()
    assert own["difference_eur"].to_list() == [0.0] * own.height
    assert own["expected_cost_eur"].to_list() == pytest.approx(own["expected_cost_eur_right"].to_list(), rel=1e-5)
    never = rows.filter(pl.col("alternative") == "never_order").join(recommendations, on=KEY)
    assert never["difference_eur"].to_list() == pytest.approx((never["expected_cost_without_order_eur"] - never["expected_cost_eur_right"]).to_list(), rel=1e-4)


def test_every_cost_curve_has_the_recommendation_at_zero(recommendations: pl.DataFrame) -> None:
    rows = cost_curves_of(recommendations)
    assert CostCurves.is_valid(rows)
    at = rows.join(recommendations.select(*KEY, order_units="order_now_units"), on=[*KEY, "order_units"])
    assert at["difference_eur"].to_list() == [0.0] * recommendations.height
    assert rows.select(KEY).unique().height == recommendations.height


def test_no_cost_curves_where_none_are_wanted() -> None:
    none = FAST.model_copy(update={"evidence": EvidenceSettings(n_paths_cost_curve=0)})
    assert cost_curves_of(optimize_vectors(vector_rows(1), none, merchants=NO_MERCHANTS)).is_empty()


def test_evidence_changes_no_decision(recommendations: pl.DataFrame) -> None:
    more = FAST.model_copy(update={"evidence": EvidenceSettings(n_paths_cost_curve=0, compared_policies=("extended",))})
    other = optimize_vectors(vector_rows(), more, merchants=NO_MERCHANTS)
    decided = [name for name in Policies.column_names() if name != "settings_hash"]
    assert other.select(decided).equals(recommendations.select(decided))
    assert "extended" in alternatives_of(other)["alternative"].to_list()


def test_no_recommendations_no_evidence() -> None:
    nothing = Recommendations.create_empty()
    assert alternatives_of(nothing).equals(Alternatives.create_empty())
    assert cost_curves_of(nothing).equals(CostCurves.create_empty())


def test_the_hash_of_a_policy_leads_to_the_settings_it_was_decided_with(recommendations: pl.DataFrame) -> None:
    own = pl.DataFrame({"merchant_id": ["merchant-1"], "pack_size_units": [5]})
    rows = settings_in_force(vector_rows(), FAST, merchants=own)
    assert rows["merchant_id"].to_list() == ["merchant-0", "merchant-1"]
    plain, packs = (Settings.from_record(record) for record in rows["settings"])
    assert plain is not None
    assert packs is not None
    assert packs.inventory == InventorySettings(pack_size_units=5)
    assert (plain.hash(), packs.hash()) == tuple(rows["settings_hash"])
    assert plain.hash() == recommendations["settings_hash"][0]


@pytest.mark.parametrize("change", [{"not a setting": 1}, {"seed": -1}, {"optimizer": {}}])
def test_a_record_of_another_version_is_not_guessed_at(change: dict[str, object]) -> None:
    assert Settings.from_record(FAST.as_record()) is not None
    assert Settings.from_record(json.dumps(json.loads(FAST.as_record()) | change)) is None
