"""Search and objectives as plain Python: the same result as compiled, and every line of the kernels run."""

from types import SimpleNamespace

import numpy as np
import pytest

from domain.settings import InventorySettings
from simulation import comparison, cost_curve, kpis
from simulation.costs import objective_terms, objective_values
from simulation.kernels import demand_totals, objectives, path_costs
from simulation.kernels import search as search_kernel
from simulation.kernels.path_costs import COST_TERMS
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from tests.reference.jit import without_jit
from tests.reference.random_cases import random_case

N_PATHS = 10
LOST_SALES_BY_WEEK = 4
"""Column of `SkuTerms.week_rates_eur`."""


def dear_case():
    """A SKU whose lost sales cost so much that it pays to order, and so to search."""
    case = random_case(3, n_paths=N_PATHS)
    week_rates, rates = case.terms.week_rates_eur.copy(), case.terms.cost_rates_eur.copy()
    week_rates[:, LOST_SALES_BY_WEEK] = 50
    rates[COST_TERMS.index("lost_sales")] = 50
    case.terms = case.terms._replace(week_rates_eur=week_rates, cost_rates_eur=rates)
    return case


def found(name, objective, *, floor=None, budget=260, slack=np.inf, explores=False):
    """What the search finds for a policy on a few paths; islands are explored on a block of paths, and blocks are smaller uncompiled."""
    case = dear_case()
    inventory = InventorySettings(objective=objective, minimum_fill_rate=floor, initial_order_latest_week=3)
    situation, policy = Situation(case.terms, inventory, case.paths), POLICIES[name]
    space, starts, form = policy.search_space(situation), policy.starts(situation), policy.form(situation)
    space = space if explores else space._replace(islands=())
    terms = objective_terms(inventory, situation.demanded_units, case.paths.n_paths)._replace(race_slack=slack)
    theta, score, n_done = search_kernel.search(form, space.box(), starts, budget, terms, case.paths.blocks, case.terms)
    again = objectives.score_all(form, theta[None, :], terms, case.paths.blocks, case.terms)[0]
    costs = path_costs.score_candidates(form, theta[None, :], case.paths.blocks, case.terms)
    return SimpleNamespace(theta=theta.tolist(), score=score, n_done=n_done, again=again, value=objective_values(costs, objective)[0])


CASES = [
    ("extended", "p75", None),
    ("extended", "mean", None),
    ("base_stock", "cvar50", None),
    ("look_ahead", "p75", 0.3),
    ("extended", "mean", 1.0),
    ("order_nothing", "mean", None),
]


@pytest.mark.parametrize(("name", "objective", "floor"), CASES)
def test_uncompiled_search_finds_what_the_compiled_one_finds(name, objective, floor, monkeypatch):
    compiled = found(name, objective, floor=floor)
    without_jit(monkeypatch)
    plain = found(name, objective, floor=floor)
    assert (plain.theta, plain.n_done) == (compiled.theta, compiled.n_done)
    assert plain.score == compiled.score == plain.again
    if floor is None:
        assert plain.value == pytest.approx(plain.score, rel=1e-6)


def compared(objective):
    """Figures of a policy, of other orders today, and of the possible orders of one SKU on a few paths; and its policy in detail."""
    case = random_case(1, n_paths=N_PATHS)
    situation, policy = Situation(case.terms, InventorySettings(objective=objective), case.paths), POLICIES["extended"]
    form, theta = policy.form(situation), np.array([0, 12, 9, 6, 11])
    figures = comparison.compare(
        [comparison.first_orders(form, theta, (comparison.AS_PLANNED, 0, 24), case.terms)], paths=case.paths, terms=case.terms, objective=objective
    )
    evaluation = kpis.evaluate(form, theta, case.paths, case.terms)
    return figures, evaluation, cost_curve.possible_orders(np.arange(40.0), situation), demand_totals.weekly_demand(case.paths.blocks)


@pytest.mark.parametrize("objective", ["p75", "mean", "cvar50"])
def test_uncompiled_comparison_is_the_compiled_one(objective, monkeypatch):
    compiled = compared(objective)
    without_jit(monkeypatch)
    figures, evaluation, orders, weekly = compared(objective)
    for one, other in zip(figures, compiled[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert evaluation.expected == pytest.approx(compiled[1].expected)
    assert evaluation.expected_cost_eur == pytest.approx(compiled[1].expected_cost_eur)
    np.testing.assert_array_equal(orders, compiled[2])
    np.testing.assert_array_equal(weekly, compiled[3])


def test_a_raced_search_that_explores_islands_finds_what_it_says_and_hardly_less(monkeypatch):
    without_jit(monkeypatch)
    for objective in ("p75", "mean"):
        raced, patient = found("extended", objective, slack=0.01, budget=400, explores=True), found("extended", objective, budget=1_000, explores=True)
        assert raced.score == raced.again
        assert patient.score == patient.again <= raced.score <= 1.1 * patient.score
