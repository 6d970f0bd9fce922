"""The quick cost of a plan equals that of the loop over paths, within the bound, for every kind of plan that it takes."""

import numpy as np

from simulation.kernels import order_plans, path_costs, quick_costs, weekly_simulation
from tests.reference.jit import without_jit
from tests.reference.random_cases import random_case


def slow_cost(case):
    """By the loop over paths; and what the quick kernel says of the plan."""
    room = path_costs.new_workspace(case.paths.blocks)
    order_plans.plan_orders(case.form, case.theta, case.terms.orders, room.plan)
    cost = path_costs.aligned_rows(1)
    weekly_simulation.simulate_block(room.plan, 0, case.paths.blocks, case.terms, room.flows, cost)
    return cost[: case.demand.shape[0]], quick_costs.quick_plan(room.plan, case.terms, False)


def plainly_ordered(seed):
    """A case whose supplier takes any quantity and whose warehouse has room for it; levels then stay whole."""
    case = random_case(seed)
    one, no_limit = np.float32(1), np.float32(np.inf)
    orders = case.terms.orders._replace(minimum_units=one, pack_units=one, maximum_units=no_limit, storage_units=no_limit)
    case.terms = case.terms._replace(orders=orders, n_lags=min(case.terms.n_lags, 4))
    return case


def compare(cases):
    """How many plans were quick, by kind or trigger, and returns."""
    counts = {}
    for case in cases:
        slow, quick = slow_cost(case)
        cost = path_costs.score_candidates(case.form, case.theta[None, :], case.paths.blocks, case.terms)[0]
        np.testing.assert_allclose(cost, slow, rtol=2 * path_costs.COST_BOUND)
        if quick.is_one_quantity or quick.is_up_to_levels:
            kind = "on hand" if quick.kind == order_plans.BELOW_ON_HAND else "position"
            near = "near levels" if case.paths.blocks.longest_lead_weeks < 4 else "far levels"
            levels = f"{near} in packs" if order_plans.in_whole_packs(case.terms.orders) else near
            key = (levels if quick.is_up_to_levels else kind, bool(case.terms.n_lags or case.terms.returns_due_units.any()))
            counts[key] = counts.get(key, 0) + 1
    return counts


def test_quick_costs_equal_those_of_the_loop_over_paths():
    counts = compare(make(seed) for make in (random_case, plainly_ordered) for seed in range(500))
    assert len(counts) == 12, counts
    assert min(counts.values()) >= 5, counts


def test_lanes_in_plain_numpy(monkeypatch):
    without_jit(monkeypatch)
    assert compare(make(seed) for make in (random_case, plainly_ordered) for seed in range(50))
