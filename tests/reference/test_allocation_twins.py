"""Orders within limits against exact answers: the bound is below, the found cost above and near."""

import numpy as np
import pytest

from simulation.constraints.allocate import allocate
from simulation.constraints.problem import keeps_hard_limits, penalized_cost
from tests.reference.random_allocations import best_by_enumeration, best_by_integer_program, random_choices, random_limits


@pytest.mark.parametrize("seed", range(12))
def test_the_integer_program_is_the_enumeration(seed):
    choices, demand = random_choices(seed, 4, n_orders=4, n_suppliers=2)
    limits = random_limits(seed, choices, demand, n_suppliers=2)
    assert best_by_integer_program(choices, limits) == pytest.approx(best_by_enumeration(choices, limits), rel=1e-6)


def test_found_orders_keep_the_limits_and_cost_little_more_than_the_best():
    excess = []
    for seed in range(40):
        choices, demand = random_choices(seed, 14)
        limits = random_limits(seed, choices, demand)
        found, best = allocate(choices, limits), best_by_integer_program(choices, limits)
        cost = penalized_cost(found.totals, limits)
        assert keeps_hard_limits(found.totals, limits)
        assert cost >= best - 1e-6 * abs(best)
        assert cost - found.gap_to_bound_eur <= best + 1e-6 * abs(best)
        excess.append(cost / best - 1)
    assert np.quantile(excess, 0.9) < 1e-6
    assert np.max(excess) < 0.01


def test_many_skus_come_closer():
    """With many SKUs a single one matters little: the gap to the bound vanishes, whatever binds but minimum order values."""
    for seed in range(6):
        choices, demand = random_choices(seed, 400, n_suppliers=0)
        limits = random_limits(seed, choices, demand, n_suppliers=0)._replace(floor_units=demand * 0.6, floor_highest_price_eur=np.full(2, 30.0))
        limits = limits._replace(budget_eur=np.maximum(limits.budget_eur, 200.0), capacity_units=np.maximum(limits.capacity_units, 300.0))
        found = allocate(choices, limits)
        assert found.gap_to_bound_eur <= 2e-3 * penalized_cost(found.totals, limits)
