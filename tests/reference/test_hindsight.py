"""The hindsight optimum against trying everything, and against every policy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.families import FAMILIES, scenario
from domain.settings import OptimizerSettings, Settings
from simulation import hindsight as module
from simulation.hindsight import hindsight
from simulation.kernels.path_costs import evaluate_paths
from simulation.kpis import evaluate
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import paths_of, sample_paths
from simulation.sku_terms import sku_terms
from simulation.tuning import tune
from tests.reference.exhaustive_hindsight import N_PATHS, cheapest_cost, small_case
from tests.reference.jit import without_jit
from tests.reference.naive_simulation import path_cost, simulate_path
from tests.reference.random_cases import random_case

seeds = st.integers(0, 10**6)


def without_returns(case):
    case.terms = case.terms._replace(n_lags=0, return_weights=np.zeros_like(case.terms.return_weights))
    return case


def unlimited(case):
    """No largest order, no full warehouse: where they bind, bound and plan part."""
    case.terms = case.terms._replace(orders=case.terms.orders._replace(maximum_units=np.float32(np.inf), storage_units=np.float32(np.inf)))
    return case


def test_without_returns_it_is_the_best_of_all_orders():
    for seed in range(60):
        case = small_case(seed, returns=False)
        found = hindsight(case.paths, case.terms)
        best = [cheapest_cost(case, path) for path in range(N_PATHS)]
        np.testing.assert_allclose(found.bound_eur, best, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found.plan.path_cost_eur, best, rtol=1e-9, atol=1e-9)


def test_with_returns_the_best_of_all_orders_lies_between_the_bound_and_its_plan():
    n_tight = 0
    for seed in range(60):
        case = small_case(seed, returns=True)
        found = hindsight(case.paths, case.terms)
        best = np.array([cheapest_cost(case, path) for path in range(N_PATHS)])
        assert (found.bound_eur <= best + 1e-9 * (1 + best)).all()
        assert (found.plan.path_cost_eur >= best - 1e-9 * (1 + best)).all()
        n_tight += np.isclose(found.bound_eur, best, rtol=1e-9, atol=1e-9).sum()
    assert n_tight > 60 * N_PATHS / 3, "a bound that is never reached says little"


@given(seeds)
def test_no_orders_of_any_policy_cost_less_on_any_path(seed):
    case = random_case(seed)
    cost, _ = evaluate_paths(case.form, case.theta, case.paths.blocks, case.terms)
    bound = hindsight(case.paths, case.terms).bound_eur
    assert (bound <= cost.sum(axis=0) * (1 + 1e-9) + 1e-9).all()


@given(seeds)
def test_without_returns_the_plan_costs_what_the_bound_says(seed):
    case = unlimited(without_returns(random_case(seed)))
    found = hindsight(case.paths, case.terms)
    np.testing.assert_allclose(found.plan.path_cost_eur, found.bound_eur, rtol=1e-9, atol=1e-9)


@given(seeds)
def test_a_longer_lead_time_is_never_cheaper_on_the_same_paths(seed):
    """Lead times that do not vary, and no returns (there the value is exact). Random ones could make it cheaper: an order
    that comes too early is held, and none can be told to come later."""
    case = without_returns(random_case(seed))

    def optimum(lead_weeks):
        paths = paths_of(case.demand, np.full_like(case.lead_time, lead_weeks), case.offset, case.inbound)
        return hindsight(paths, case.terms).bound_eur

    by_lead = [optimum(lead_weeks) for lead_weeks in (0, 1, 2, 4, 7, 11, 12)]
    for shorter, longer in pairwise(by_lead):
        assert (longer >= shorter * (1 - 1e-9) - 1e-9).all()


@given(seeds, st.sampled_from([0, 1, 2, 3, 6]), st.floats(0.01, 10))
def test_a_dearer_rate_never_makes_hindsight_cheaper(seed, term, increase):
    case = without_returns(random_case(seed))
    rates = case.terms.cost_rates_eur.copy()
    rates[term] += increase
    before, after = (hindsight(case.paths, terms).bound_eur for terms in (case.terms, case.terms._replace(cost_rates_eur=rates)))
    assert (after >= before * (1 - 1e-9) - 1e-9).all()


def test_the_plan_costs_what_the_naive_simulation_says_of_its_orders():
    for seed in range(0, 40, 2):
        case = unlimited(random_case(seed))
        found = hindsight(case.paths, case.terms)
        sku = case.naive["sku"] | {"review_period": 1, "maximum": np.inf, "storage": np.inf}
        if case.terms.n_lags == 0:
            sku |= {"return_rate": 0.0}
        for path in range(4):
            theta = case.naive["theta"] | {"recorded": found.order_units[path].tolist()}
            futures = {"demand": case.demand[path].tolist(), "lead_times": case.lead_time[path].tolist(), "inbound": case.inbound[path].tolist()}
            weeks = simulate_path("replay", theta, **futures, return_offset=case.offset[path], sku=sku)
            assert [week["ordered"] for week in weeks] == found.order_units[path].tolist()
            cost = sum(path_cost(weeks, rates=case.naive["rates"], discount=case.naive["discount"]).values())
            assert found.plan.path_cost_eur[path] == pytest.approx(cost, rel=1e-9)


def test_the_plan_reports_what_it_orders():
    case = unlimited(random_case(1, n_paths=200))
    found = hindsight(case.paths, case.terms)
    assert found.plan.expected["ordered_units"] == pytest.approx(found.order_units.sum() / 200)
    assert found.plan.expected["n_orders"] == pytest.approx((found.order_units > 0).sum() / 200)
    assert sum(found.plan.expected_cost_eur.values()) == pytest.approx(found.plan.path_cost_eur.mean())


@pytest.mark.parametrize("number", range(len(FAMILIES)), ids=FAMILIES)
@pytest.mark.parametrize("trigger", ["position", "on_hand"])
def test_no_tuned_policy_beats_hindsight_on_any_path_of_a_scenario(number, trigger):
    made = scenario(number + 21)
    settings = Settings(optimizer=OptimizerSettings(evaluation_budget=60)).for_merchant("merchant", made.inventory | {"trigger": trigger})
    terms = sku_terms(made.vector, settings)
    paths = sample_paths(made.vector, settings, n_paths=120, purpose="optimize", seed=3)
    situation, bound = Situation(terms, settings.inventory, paths), hindsight(paths, terms).bound_eur
    for policy in POLICIES.values():
        evaluation = evaluate(policy.form(situation), tune(policy, situation, settings).theta, paths, terms)
        assert (evaluation.path_cost_eur >= bound * (1 - 1e-9)).all(), policy.name


def test_uncompiled_equals_compiled(monkeypatch):
    def cases():
        small = (small_case(seed, returns=returns) for seed in range(8) for returns in (False, True))
        return [*small, *(random_case(seed, n_paths=2) for seed in (0, 3))]

    compiled = [hindsight(case.paths, case.terms) for case in cases()]
    without_jit(monkeypatch)
    for before, case in zip(compiled, cases(), strict=True):
        after = module.hindsight(case.paths, case.terms)
        np.testing.assert_array_equal(after.bound_eur, before.bound_eur)
        np.testing.assert_array_equal(after.order_units, before.order_units)
