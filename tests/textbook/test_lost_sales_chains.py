"""Lost sales under base-stock are small Markov chains: the exact expected cost comes from their transition matrices."""

import itertools

import numpy as np
import pytest
from scipy.stats import poisson

from domain.settings import InventorySettings, Settings
from simulation.costs import objective_values
from simulation.hindsight import hindsight
from simulation.kernels.path_costs import evaluate_paths, score_candidates
from simulation.kpis import evaluate
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import paths_of
from simulation.tuning import tune
from tests.textbook.plain_sku import base_stock, mean_and_error, sobol_demand, terms

RATES = {"holding": 1.0, "inbound": 0.5, "lost_sales": 9.0, "fixed_order": 2.0}


def step(on_hand, on_order, demand, *, level, lead_weeks, share):
    """One week of base-stock S with a lead time of 0 or 1 week: the next state, and what the week cost."""
    ordered = max(level - on_hand - on_order, 0)
    arriving = ordered if lead_weeks == 0 else on_order
    early = int(np.floor(share * arriving + 0.5))
    sold = min(on_hand + early, demand)
    left = on_hand + arriving - sold
    cost = RATES["holding"] * left + RATES["inbound"] * ordered + RATES["lost_sales"] * (demand - sold) + RATES["fixed_order"] * (ordered > 0)
    return (left, ordered if lead_weeks else 0), cost


def chain_cost(demand, *, level, lead_weeks, share, n_weeks):
    """Exact expected cost of `n_weeks` weeks from a stock of S: Σ πP^j c. `demand` is pairs of units and probability."""
    states = [(x, o) for x in range(level + 1) for o in range(level + 1 - x)]
    place = {state: k for k, state in enumerate(states)}
    transition, cost = np.zeros((len(states), len(states))), np.zeros(len(states))
    for (on_hand, on_order), (units, probability) in itertools.product(states, demand):
        after, week_cost = step(on_hand, on_order, units, level=level, lead_weeks=lead_weeks, share=share)
        transition[place[on_hand, on_order], place[after]] += probability
        cost[place[on_hand, on_order]] += probability * week_cost
    np.testing.assert_allclose(transition.sum(axis=1), 1.0)
    distribution, total = np.zeros(len(states)), 0.0
    distribution[place[level, 0]] = 1.0
    for _ in range(n_weeks):
        total += distribution @ cost
        distribution = distribution @ transition
    return total


CASES = pytest.mark.parametrize(("lead_weeks", "share"), [(0, 0.0), (0, 0.5), (0, 1.0), (1, 0.5), (1, 1.0)])


@CASES
def test_poisson_demand_costs_what_the_chain_says(lead_weeks, share):
    """S = 9, Poisson(6), 12 weeks, 8,192 Sobol' paths: within 4 standard errors, themselves below 0.3 % of the cost."""
    level, n_weeks, support = 9, 12, np.arange(60)
    exact = chain_cost(list(zip(support, poisson(6).pmf(support), strict=True)), level=level, lead_weeks=lead_weeks, share=share, n_weeks=n_weeks)
    demand = sobol_demand(poisson(6), n_weeks)
    paths = paths_of(demand, np.full_like(demand, lead_weeks), np.zeros(len(demand))).blocks
    sku = terms(n_weeks=n_weeks, rates=RATES, on_hand_units=level, share=share)
    mean, error = mean_and_error(score_candidates(base_stock(n_weeks), np.array([[level]]), paths, sku)[0])
    assert error < 0.003 * mean
    assert mean == pytest.approx(exact, abs=4 * error)


@CASES
def test_all_paths_together_cost_exactly_what_the_chain_says(lead_weeks, share):
    """Demand of 0, 1 or 3 units on 7 weeks: all 2,187 paths, weighted with their probability, to 12 digits."""
    distribution, n_weeks, level = {0: 0.5, 1: 0.3, 3: 0.2}, 7, 4
    demand = np.array(list(itertools.product(distribution, repeat=n_weeks)))
    probability = np.prod(np.vectorize(distribution.get)(demand), axis=1)
    paths = paths_of(demand, np.full_like(demand, lead_weeks), np.zeros(len(demand))).blocks
    sku = terms(n_weeks=n_weeks, rates=RATES, on_hand_units=level, share=share)
    cost, _ = evaluate_paths(base_stock(n_weeks), np.array([level]), paths, sku)
    exact = chain_cost(list(distribution.items()), level=level, lead_weeks=lead_weeks, share=share, n_weeks=n_weeks)
    assert probability @ cost.sum(axis=0) == pytest.approx(exact, rel=1e-12)


def alike(demand, n_paths=200):
    """Futures that are all the same."""
    return paths_of(np.repeat(demand[None, :], n_paths, axis=0), np.zeros((n_paths, demand.size), np.int64), np.zeros(n_paths))


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "order_nothing"])
def test_without_variance_cost_is_deterministic_and_every_policy_finds_the_hindsight_optimum(name):
    """Constant demand, no lead time, no fixed cost: ordering each week what it needs cannot be beaten, and every policy can do it."""
    sku = terms(n_weeks=12, rates=RATES | {"fixed_order": 0.0, "outbound": 1.5}, on_hand_units=0)
    inventory, paths = InventorySettings(lead_time_weeks=0.0, objective="mean"), alike(np.full(12, 7))
    situation = Situation(sku, inventory, paths)
    evaluation = evaluate(POLICIES[name].form(situation), tune(POLICIES[name], situation, Settings()).theta, paths, sku)
    assert np.unique(evaluation.path_cost_eur).tolist() == [12 * 7 * (RATES["inbound"] + 1.5)]
    assert np.unique(hindsight(paths, sku).bound_eur).tolist() == np.unique(evaluation.path_cost_eur).tolist()
    objectives = [float(objective_values(evaluation.path_cost_eur, objective)) for objective in ("mean", "p1", "p50", "p75", "p99", "cvar90")]
    assert objectives == pytest.approx([objectives[0]] * 6)


def test_without_variance_of_demand_the_percentiles_of_any_policy_are_one():
    rng = np.random.default_rng(1)
    sku, paths = terms(n_weeks=12, rates=RATES, on_hand_units=8, share=0.5), alike(rng.integers(0, 9, 12))
    situation = Situation(sku, InventorySettings(lead_time_weeks=0.0), paths)
    for policy in POLICIES.values():
        for theta in policy.search_space(situation).clip(policy.starts(situation)):
            assert np.unique(evaluate(policy.form(situation), theta, paths, sku).path_cost_eur).size == 1


def test_the_chain_without_delay_is_twelve_newsvendors():
    """A check of the chain itself: with all arrivals before demand every week costs the same, but for what is ordered in the first."""
    pairs = [(0, 0.2), (2, 0.5), (5, 0.3)]
    level, free = 4, {"inbound": 0.0, "fixed_order": 0.0}
    with pytest.MonkeyPatch.context() as patch:
        for name, rate in free.items():
            patch.setitem(RATES, name, rate)
        total = chain_cost(pairs, level=level, lead_weeks=0, share=1.0, n_weeks=12)
    week = sum(p * (RATES["holding"] * max(level - units, 0) + RATES["lost_sales"] * max(units - level, 0)) for units, p in pairs)
    assert total == pytest.approx(12 * week)
