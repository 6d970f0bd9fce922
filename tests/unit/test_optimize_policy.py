from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks.sku import example_vector
from domain.settings import InventorySettings, OptimizerSettings, Settings, SimulationSettings
from domain.stage_tables import Policies
from simulation.costs import objective_values
from simulation.kernels.path_costs import COST_BOUND
from simulation.kpis import path_costs
from simulation.optimize import optimize_policy
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.recommendation import Recommendation
from simulation.sampling.paths import sample_paths
from simulation.sku_terms import sku_terms
from simulation.tuning import tune

FAST = Settings(simulation=SimulationSettings(n_paths_optimize=200, n_paths_evaluate=600), optimizer=OptimizerSettings(evaluation_budget=80))


def recommend(vector=None, **inventory: object) -> Recommendation:
    settings = FAST.model_copy(update={"inventory": InventorySettings(**inventory)})  # type: ignore[arg-type]
    return optimize_policy(vector or example_vector(3), settings, seed=5)


def table(*recommendations: Recommendation) -> pl.DataFrame:
    return pl.DataFrame([recommendation.as_row() for recommendation in recommendations], schema=Policies.create_empty().schema)


@pytest.mark.parametrize("policy", ["extended", "look_ahead", "base_stock"])
@pytest.mark.parametrize("objective", ["p75", "mean", "cvar90"])
@pytest.mark.parametrize("trigger", ["position", "on_hand"])
def test_every_policy_objective_and_trigger_gives_a_row_of_the_contract(policy: str, objective: str, trigger: str) -> None:
    recommendation = recommend(policy=policy, objective=objective, trigger=trigger)
    row = Policies.validate(table(recommendation)).row(0, named=True)
    assert (row["policy"], row["objective"], row["trigger"]) == (policy, objective, trigger)
    assert row["expected_cost_eur"] < row["expected_cost_without_order_eur"]
    assert row["fill_rate"] > row["fill_rate_without_order"]
    assert row["cost_p10_eur"] <= row["cost_p50_eur"] <= row["cost_p75_eur"] <= row["cost_p90_eur"]
    assert (row["base_stock_level_units"] is None) == (policy == "extended")
    assert (row["reorder_point_units"] is None) == (policy != "extended")


@pytest.mark.parametrize("name", ["extended", "look_ahead", "base_stock"])
@pytest.mark.parametrize("objective", ["p75", "mean"])
def test_the_chosen_policy_is_never_worse_than_ordering_nothing_on_the_paths_it_was_chosen_on(name: str, objective: str) -> None:
    for number in range(8):
        vector = example_vector(number)._replace(unit_price_eur=0.5 * number, fixed_order_cost_eur=40.0)
        settings = FAST.model_copy(update={"inventory": InventorySettings(objective=objective)})  # type: ignore[arg-type]
        terms, drawn = sku_terms(vector, settings), sample_paths(vector, settings, n_paths=100, purpose="optimize", seed=5)
        situation = Situation(terms, settings.inventory, drawn)
        policy, nothing = POLICIES[name], POLICIES["order_nothing"]
        theta = tune(policy, situation, settings).theta
        chosen = path_costs(policy.form(situation), theta[None, :], drawn, terms)
        idle = path_costs(nothing.form(situation), np.zeros((1, 0), dtype=np.int64), drawn, terms)
        assert objective_values(chosen, settings.inventory.objective)[0] <= objective_values(idle, settings.inventory.objective)[0] * (1 + COST_BOUND)


def test_the_same_inputs_give_the_same_recommendation() -> None:
    assert recommend() == recommend()


def test_a_sku_that_nobody_wants_is_not_ordered() -> None:
    unwanted = recommend(example_vector(3)._replace(demand_quantiles_units=np.zeros((12, 39))))
    assert (unwanted.order_now_units, unwanted.expected_orders, unwanted.fill_rate, unwanted.availability) == (0, 0, 1.0, 1.0)


def test_a_sku_with_stock_for_a_year_is_not_ordered() -> None:
    assert recommend(example_vector(3)._replace(on_hand_units=5_000)).order_now_units == 0


def test_the_order_is_the_kick_start_and_dates_are_mondays_after_the_cutoff() -> None:
    vector = example_vector(3)
    recommendation = recommend(vector, policy="extended")
    assert recommendation.order_now_units == recommendation.initial_order_quantity_units > 0
    assert recommendation.initial_order_week == vector.cutoff + timedelta(weeks=1)
    assert recommendation.last_order_week is not None
    assert recommendation.last_order_week.weekday() == 0
    assert recommendation.order_now_value_eur == recommendation.order_now_units * vector.unit_value_eur


def test_packs_and_minimum_orders_of_the_article_win_over_the_merchants() -> None:
    recommendation = recommend(example_vector(3)._replace(pack_size_units=12, minimum_order_quantity_units=30), pack_size_units=5)
    assert recommendation.order_now_units % 12 == 0
    assert recommendation.order_now_units >= 36


def test_a_longer_lead_time_asks_for_a_higher_reorder_point() -> None:
    short, long = (recommend(lead_time_weeks=weeks, policy="extended").reorder_point_units for weeks in (1.0, 5.0))
    assert short is not None
    assert long is not None
    assert long > short


def test_a_dearer_lost_sale_serves_more() -> None:
    cheap, dear = (recommend(example_vector(3)._replace(unit_price_eur=price)) for price in (30.0, 300.0))
    assert dear.fill_rate > cheap.fill_rate
