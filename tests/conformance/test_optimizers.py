"""Every optimiser keeps the same promises: `check_optimizer`."""

import itertools

import numpy as np
import pytest

from benchmarks.sku import example_vector
from domain.errors import UsageError
from domain.settings import Settings
from simulation.costs import objective_values
from simulation.kpis import path_costs
from simulation.optimizers.pattern_search import PatternSearch
from simulation.optimizers.protocol import Candidate, SearchSpace, minimize
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.sku_terms import sku_terms

OPTIMIZERS = {"pattern_search": PatternSearch}


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
        assert best == min(Candidate(score, theta) for score, theta in zip(valley(asked), recorder.asked, strict=True))
        if budget >= len(starts):
            assert best.score <= valley(space.clip(starts)).min()
        again = Recorder(valley)
        minimize(make(space, starts, budget=budget), again)
        assert again.asked == recorder.asked, "not deterministic"
    assert best == Candidate(0.0, (7, 3))

    flat = minimize(make(space, starts, budget=100), lambda candidates: np.zeros(len(candidates)))
    assert flat.theta == (0, 0), "ties go to the smaller order"
    point = minimize(make(box([]), np.zeros((1, 0), dtype=np.int64), budget=10), lambda candidates: np.ones(len(candidates)))
    assert point == Candidate(1.0, ())
    with pytest.raises(UsageError):
        make(space, starts[:0], budget=10)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizer_conforms(make):
    check_optimizer(make)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("objective", ["mean", "p75"])
def test_near_the_exhaustive_grid(make, objective):
    """Sum of costs over SKUs within 1 % of every point of a small grid of (Q₀, s, Q), at the default budget."""
    settings, found, exhaustive = Settings(), 0.0, 0.0
    policy = POLICIES["extended"]
    for number in range(6):
        vector = example_vector(number)
        terms = sku_terms(vector, settings)._replace(pack_size_units=8.0)
        paths = sample_paths(vector, settings, n_paths=200, purpose="optimize", seed=3)
        situation = Situation(terms, settings.inventory, paths)
        rule, space = policy.rule(settings.inventory), policy.search_space(situation)
        small = SearchSpace(space.lower, np.array([0, 80, 80, 80, 11]), np.array([1, 8, 8, 8, 1]), np.array([1, 2, 2, 2, 2]))
        small.lower[4] = 11

        def score(candidates, rule=rule, paths=paths, terms=terms):
            return objective_values(path_costs(rule, candidates, paths, terms), objective)

        grid = range(0, 81, 8)
        points = np.array([(0, first, point, later, 11) for first, point, later in itertools.product(grid, grid, grid)])
        exhaustive += score(points).min()
        found += minimize(make(small, policy.starts(situation), budget=settings.optimizer.evaluation_budget), score).score
    assert exhaustive <= found <= 1.01 * exhaustive
