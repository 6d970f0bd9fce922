"""The compiled simulation equals its naive twin: units exactly, costs within the stated bound."""

import numpy as np
import pytest

from simulation.kernels import order_plans, path_costs, weekly_simulation
from tests.reference.jit import without_jit
from tests.reference.naive_simulation import path_cost, simulate_path
from tests.reference.random_cases import random_case

N_CASES = 500


def naive_paths(case):
    for path in range(case.demand.shape[0]):
        yield simulate_path(
            case.policy,
            case.naive["theta"],
            demand=case.demand[path].tolist(),
            lead_times=case.lead_time[path].tolist(),
            inbound=case.inbound[path].tolist(),
            return_offset=case.offset[path],
            sku=case.naive["sku"],
        )


def flows_of(case):
    """Flows of the case's one block by name, `(n_weeks, n_paths)`."""
    n_paths, n_weeks = case.demand.shape
    room = path_costs.new_workspace(case.paths.blocks)
    order_plans.plan_orders(case.form, case.theta, case.terms.orders, room.plan)
    weekly_simulation.simulate_block(room.plan, 0, case.paths.blocks, case.terms, room.flows, room.cost[0])
    on_hand, position = (weekly_simulation.by_week(rows, n_weeks + 1) for rows in (room.flows.on_hand, room.flows.position))
    flows = {"ordered": weekly_simulation.by_week(room.flows.ordered, n_weeks), "sold": weekly_simulation.by_week(room.flows.sold, n_weeks)}
    flows |= {"end": on_hand[1:], "returned": np.diff(position, axis=0) - flows["ordered"] + flows["sold"]}
    flows["received"] = np.diff(on_hand, axis=0) - flows["returned"] + flows["sold"]
    return {name: rows[:, :n_paths] for name, rows in flows.items()}


def compare(case):
    """Flows, costs by term, total cost and service sums of every path."""
    flows = flows_of(case)
    cost, sums = path_costs.evaluate_paths(case.form, case.theta, case.paths.blocks, case.terms)
    total = path_costs.score_candidates(case.form, case.theta[None, :], case.paths.blocks, case.terms)[0]
    for path, weeks in enumerate(naive_paths(case)):
        column = {name: [week[name] for week in weeks] for name in weeks[0]}
        for name, rows in flows.items():
            assert rows[:, path].tolist() == column[name], name
        by_term = path_cost(weeks, rates=case.naive["rates"], discount=case.naive["discount"])
        np.testing.assert_allclose(cost[:, path], list(by_term.values()), rtol=1e-12)  # γ**j differs in the last bit between numpy and Python
        assert total[path] == pytest.approx(sum(by_term.values()), rel=path_costs.COST_BOUND, abs=1e-30)
        expected = {"demanded_units": sum(column["demand"]), "sold_units": sum(column["sold"]), "received_units": sum(column["received"])}
        expected |= {"returned_units": sum(column["returned"]), "ordered_units": sum(column["ordered"]), "ordered_now_units": column["ordered"][0]}
        expected |= {"end_units": column["end"][-1], "stock_out_weeks": sum(lost > 0 for lost in column["lost"])}
        expected |= {"n_orders": sum(units > 0 for units in column["ordered"])}
        assert dict(zip(path_costs.SERVICE_SUMS, sums[:, path].tolist(), strict=True)) == expected


def test_compiled_equals_naive():
    for seed in range(N_CASES):
        compare(random_case(seed))


def test_undiscounted_costs_by_term_are_equal_to_the_bit():
    n_compared = 0
    for seed in range(N_CASES):
        case = random_case(seed)
        if case.naive["discount"] == 1.0:
            cost, _ = path_costs.evaluate_paths(case.form, case.theta, case.paths.blocks, case.terms)
            naive = [list(path_cost(weeks, rates=case.naive["rates"], discount=1.0).values()) for weeks in naive_paths(case)]
            assert cost.T.tolist() == naive
            n_compared += 1
    assert n_compared > 50


def test_large_numbers_of_units_stay_exact():
    """Orders and weekly demand of some hundred thousand units, up to thirty thousand returns a week."""
    for seed in range(70):
        compare(random_case(seed, scale=2_003))


def test_uncompiled_equals_naive(monkeypatch):
    without_jit(monkeypatch)
    for seed in range(42):
        compare(random_case(seed, n_paths=4))
