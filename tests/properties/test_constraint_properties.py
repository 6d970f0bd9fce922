"""What must hold for the orders of any merchant under any limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.constraints.allocate import allocate
from simulation.constraints.problem import keeps_hard_limits, penalized_cost, totals_of
from tests.reference.random_allocations import no_limits, random_choices, random_limits

seeds = st.integers(0, 10**6)


def problem(seed, n_skus=20):
    choices, demand = random_choices(seed, n_skus)
    return choices, random_limits(seed, choices, demand)


def bound_of(found, limits):
    return penalized_cost(found.totals, limits) - found.gap_to_bound_eur


@settings(max_examples=25)
@given(seeds)
def test_no_limit_is_ever_exceeded_and_the_figures_add_up(seed):
    choices, limits = problem(seed)
    found = allocate(choices, limits)
    assert keeps_hard_limits(found.totals, limits)
    again = totals_of(choices, limits, found.chosen)
    assert again.spent_eur == pytest.approx(found.totals.spent_eur)
    assert found.gap_to_bound_eur >= 0
    assert min(found.prices.budget, found.prices.capacity, *found.prices.floors, *found.supplier_prices) >= 0


@settings(max_examples=12)
@given(seeds, st.floats(1.0, 2.0))
def test_a_looser_limit_never_costs_more_than_the_gap(seed, factor):
    choices, tight = problem(seed)
    found = allocate(choices, tight)
    for name in ("budget_eur", "capacity_units"):
        loose = tight._replace(**{name: getattr(tight, name) * factor + 1})
        then = allocate(choices, loose)
        assert bound_of(then, loose) <= penalized_cost(found.totals, tight) * (1 + 1e-7)
        assert bound_of(then, loose) <= bound_of(found, tight) + 1e-6 * abs(penalized_cost(found.totals, tight))


@settings(max_examples=25)
@given(seeds)
def test_limits_that_do_not_bind_change_nothing_and_cost_nothing(seed):
    choices, _ = problem(seed)
    free = totals_of(choices, no_limits(choices), np.zeros(20, dtype=np.int64))
    slack = no_limits(choices)._replace(budget_eur=free.spent_eur, capacity_units=free.units, floor_units=free.served_units * 0.99)
    found = allocate(choices, slack)
    assert not found.chosen.any()
    assert (found.prices.budget, found.prices.capacity, *found.prices.floors) == (0, 0, 0, 0)
    assert (found.cost_of_limits_eur, found.gap_to_bound_eur) == (0, 0)


@settings(max_examples=25)
@given(seeds)
def test_a_limit_that_is_left_unused_has_no_price(seed):
    """Unused by more than the largest single order: a price there would be wrong."""
    choices, limits = problem(seed, n_skus=60)
    limits = limits._replace(minimum_eur=0.0)
    found = allocate(choices, limits)
    largest = choices.units.max(axis=1)
    if found.prices.budget > 1e-6:
        assert limits.budget_eur - found.totals.spent_eur <= 2 * (largest * choices.value_eur).max()
    if found.prices.capacity > 1e-6:
        assert limits.capacity_units - found.totals.units <= 2 * largest.max()


def test_the_price_of_a_budget_is_what_one_more_euro_saves():
    choices, _ = random_choices(3, 800, n_orders=12)
    free = totals_of(choices, no_limits(choices), np.zeros(800, dtype=np.int64))
    for share in (0.2, 0.5, 0.8):
        less, more = (no_limits(choices)._replace(budget_eur=share * free.spent_eur + step) for step in (0.0, 0.02 * free.spent_eur))
        tight, loose = allocate(choices, less), allocate(choices, more)
        saved = (tight.totals.cost_eur - loose.totals.cost_eur) / (more.budget_eur - less.budget_eur)
        assert loose.prices.budget * 0.99 <= saved <= tight.prices.budget * 1.01
        assert tight.prices.budget - loose.prices.budget < 0.2 * saved  # the two ends are near: the price is not just any number


def test_the_price_of_a_floor_is_what_one_unit_less_saves():
    choices, demand = random_choices(5, 800, n_orders=12)
    floor = no_limits(choices)._replace(floor_units=np.array([0.75, 0.0]) * demand, floor_highest_price_eur=np.full(2, 1e4))
    lower = floor._replace(floor_units=floor.floor_units - np.array([0.005, 0.0]) * demand)
    dear, cheap = allocate(choices, floor), allocate(choices, lower)
    saved = (dear.totals.cost_eur - cheap.totals.cost_eur) / (0.005 * demand[0])
    assert cheap.prices.floors[0] * 0.97 <= saved <= dear.prices.floors[0] * 1.03
    assert dear.prices.floors[0] > 0 == dear.prices.floors[1]
