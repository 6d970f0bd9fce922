"""Every optimiser keeps the same promises: `check_optimizer`."""

import itertools

import numpy as np
import pytest

from benchmarks.sku import example_vector
from domain.errors import UsageError
from domain.settings import Settings
from simulation.costs import objective_terms, objective_values
from simulation.kernels.objectives import INFEASIBLE, score_all
from simulation.kernels.order_plans import AT_ONCE, NOTHING, new_plan, plan_orders
from simulation.kernels.path_costs import SERVICE_SUMS, evaluate_paths
from simulation.kernels.search import explore, new_search_room, search
from simulation.kernels.search_machine import best_score
from simulation.kpis import path_costs
from simulation.optimizers.differential_evolution import DifferentialEvolution
from simulation.optimizers.pattern_search import PatternSearch
from simulation.optimizers.protocol import Candidate, SearchSpace, minimize
from simulation.optimizers.shgo import Shgo
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.sku_terms import sku_terms

OPTIMIZERS = {"pattern_search": PatternSearch, "differential_evolution": DifferentialEvolution, "shgo": Shgo}


def box(upper, *, pitch=None, first_step=None, lower=None):
    n = len(upper)
    columns = (lower or [0] * n, upper, pitch or [1] * n, first_step or [4] * n)
    return SearchSpace(*(np.array(column, dtype=np.int64) for column in columns))


def valley(candidates):
    """A tilted valley with its floor at (7, 3)."""
    a, b = candidates.T
    return np.abs(a - 7.0) * 3 + np.abs(a + b - 10.0)


class Recorder:
    def __init__(self, score):
        self.score, self.asked = score, []

    def __call__(self, candidates):
        self.asked += [tuple(row) for row in candidates.tolist()]
        return self.score(candidates)


def check_optimizer(make):
    space, starts = box([40, 60], pitch=[1, 3], lower=[0, 0]), np.array([[0, 0], [30, 45], [99, -5]])
    for budget in (1, 2, 5, 17, 200):
        recorder = Recorder(valley)
        best = minimize(make(space, starts, budget=budget), recorder)
        asked = np.array(recorder.asked)
        assert len(asked) <= budget
        assert len(set(recorder.asked)) == len(asked), "a candidate was scored twice"
        assert (asked >= space.lower).all()
        assert (asked <= space.upper).all()
        assert ((asked - space.lower) % space.pitch == 0).all()
        assert best.score == valley(asked).min()
        assert valley(np.array([best.theta]))[0] == best.score
        if budget >= len(starts):
            assert best.score <= valley(space.clip(starts)).min()
        again = Recorder(valley)
        minimize(make(space, starts, budget=budget), again)
        assert again.asked == recorder.asked, "not deterministic"
    assert best.score <= 6.0, "200 candidates are enough to come near the floor of a valley"

    flat = minimize(make(space, starts, budget=100), lambda candidates: np.zeros(len(candidates)))
    assert flat.theta == (0, 0), "of equal candidates the first start is kept"
    point = minimize(make(box([]), np.zeros((1, 0), dtype=np.int64), budget=10), lambda candidates: np.ones(len(candidates)))
    assert point == Candidate(1.0, ())
    with pytest.raises(UsageError):
        make(space, starts[:0], budget=10)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizer_conforms(make):
    check_optimizer(make)


def situation_of(number, *, n_paths=200, **inventory):
    settings = Settings().for_merchant("merchant", inventory)
    vector = example_vector(number)
    paths = sample_paths(vector, settings, n_paths=n_paths, purpose="optimize", seed=3)
    return Situation(sku_terms(vector, settings), settings.inventory, paths)


def full_scores(policy, situation):
    form, objective = policy.form(situation), objective_terms(situation.inventory, situation.demanded_units, situation.paths.n_paths)
    return lambda candidates: score_all(form, candidates, objective, situation.paths.blocks, situation.terms)


def plan_of(policy, situation):
    """Everything of a candidate's plan that matters, as bytes."""
    form, plan = policy.form(situation), new_plan(situation.n_weeks)

    def identity(theta):
        plan_orders(form, theta, situation.terms.orders, plan)
        triggers = np.where(plan.kind > AT_ONCE, plan.trigger_units, 0)
        return plan.kind.tobytes() + triggers.tobytes() + np.where(plan.kind != NOTHING, plan.amount_units, 0).tobytes()

    return identity


@pytest.mark.parametrize("objective", ["mean", "p75"])
def test_near_the_exhaustive_grid(objective):
    """Sum of costs over SKUs within 1 % of every point of a small grid of (Q₀, s, Q), at the default budget."""
    found, exhaustive = 0.0, 0.0
    policy = POLICIES["extended"]
    for number in range(6):
        situation = situation_of(number, objective=objective, pack_size_units=8)
        space = policy.search_space(situation)
        small = space._replace(upper=np.array([0, 80, 80, 80, 11]), pitch=np.array([1, 8, 8, 8, 1]), first_step=np.array([1, 2, 2, 2, 2]))
        small.lower[4] = 11
        score = full_scores(policy, situation)
        grid = range(0, 81, 8)
        points = np.array([(0, first, point, later, 11) for first, point, later in itertools.product(grid, grid, grid)])
        exhaustive += score(points).min()
        found += minimize(PatternSearch(small, policy.starts(situation), budget=Settings().optimizer.evaluation_budget), score).score
    assert exhaustive <= found <= 1.01 * exhaustive


@pytest.mark.parametrize("name", ["extended", "base_stock", "look_ahead"])
@pytest.mark.parametrize("objective", ["mean", "p75", "cvar90"])
def test_the_compiled_search_is_the_one_of_ask_and_tell(name, objective):
    """The same machine with the same scores; racing off, for a candidate dropped on suspicion has none."""
    for number in range(3):
        situation, policy = situation_of(number, objective=objective), POLICIES[name]
        space, starts = policy.search_space(situation), policy.starts(situation)
        asked = minimize(PatternSearch(space, starts, budget=150, identity=plan_of(policy, situation)), full_scores(policy, situation))
        exact = objective_terms(situation.inventory, situation.demanded_units, situation.paths.n_paths)._replace(race_slack=np.inf)
        room = new_search_room(len(starts), 150, situation.paths.blocks)
        state, _ = explore(room, policy.form(situation), space.box(), starts, 150, exact, situation.paths.blocks, situation.terms)
        assert asked == Candidate(best_score(state), tuple(state.best.tolist()))


def test_racing_costs_next_to_nothing():
    raced, full = 0.0, 0.0
    policy = POLICIES["extended"]
    for number in range(12):
        situation = situation_of(number, n_paths=500)
        space = policy.search_space(situation)
        arguments = (policy.form(situation), space.box(), space.clip(policy.starts(situation)), 300)
        objective = objective_terms(situation.inventory, situation.demanded_units, situation.paths.n_paths)
        rest = (situation.paths.blocks, situation.terms)
        raced += search(*arguments, objective, *rest)[1]
        full += search(*arguments, objective._replace(race_slack=np.inf), *rest)[1]
    assert raced <= 1.002 * full


@pytest.mark.parametrize("objective", ["mean", "p75", "p5", "cvar90"])
def test_scores_are_the_objective_of_the_path_costs(objective):
    situation, policy = situation_of(1, n_paths=333, objective=objective), POLICIES["extended"]
    candidates = policy.starts(situation)
    expected = objective_values(path_costs(policy.form(situation), candidates, situation.paths, situation.terms), objective)
    np.testing.assert_allclose(full_scores(policy, situation)(candidates), expected, rtol=1e-6)


def test_a_fill_rate_floor_is_kept_where_it_can_be():
    policy = POLICIES["extended"]
    for floor in (0.5, 0.9):
        situation = situation_of(1, minimum_fill_rate=floor)
        space = policy.search_space(situation)
        best = minimize(PatternSearch(space, policy.starts(situation), budget=400), full_scores(policy, situation))
        _, sums = evaluate_paths(policy.form(situation), np.array(best.theta), situation.paths.blocks, situation.terms)
        named = dict(zip(SERVICE_SUMS, sums.sum(axis=1), strict=True))
        assert named["sold_units"] >= floor * named["demanded_units"]
        assert best.score < INFEASIBLE
