"""The compiled simulation equals its naive twin: units exactly, costs to the bit."""

import numpy as np
import pytest

from domain.quantiles import LOWER_EDGE_UNITS, QUANTILE_LEVELS, invert_quantiles, tail_scale
from simulation.kernels import draws, order_rules, path_costs, weekly_simulation
from tests.reference.naive_simulation import path_cost, simulate_path
from tests.reference.random_cases import random_case

N_CASES = 400


def arguments(case):
    return case.demand, case.lead_time, case.offset, case.terms


def naive_paths(case):
    for path in range(case.demand.shape[1]):
        yield simulate_path(
            case.policy,
            case.naive["theta"],
            demand=case.demand[:, path].tolist(),
            lead_times=case.lead_time[:, path].tolist(),
            return_offset=case.offset[path],
            sku=case.naive["sku"],
        )


def compare(case):
    """Flows, costs by term, total cost and service sums of every path."""
    n_weeks, n_paths = case.demand.shape
    flows = weekly_simulation.new_flows(n_weeks, n_paths)
    weekly_simulation.simulate(case.rule, case.theta, *arguments(case), flows, weekly_simulation.new_state(n_paths))
    cost, sums = path_costs.evaluate_paths(case.rule, case.theta, *arguments(case))
    total = path_costs.score_candidates(case.rule, case.theta[None, :], *arguments(case))[0]
    for path, weeks in enumerate(naive_paths(case)):
        column = {name: [week[name] for week in weeks] for name in weeks[0]}
        assert flows.ordered_units[:, path].tolist() == column["ordered"]
        assert flows.received_units[:n_weeks, path].tolist() == column["received"]
        assert flows.returned_units[:, path].tolist() == column["returned"]
        assert flows.sold_units[:, path].tolist() == column["sold"]
        assert flows.stock_units[1:, path].tolist() == column["end"]
        by_term = path_cost(weeks, rates=case.naive["rates"], discount=case.naive["discount"])
        np.testing.assert_allclose(cost[:, path], list(by_term.values()), rtol=1e-12)  # γ**j differs in the last bit between numpy and Python
        assert total[path] == sum(cost[:, path].tolist())
        expected = {"demanded_units": sum(column["demand"]), "sold_units": sum(column["sold"]), "received_units": sum(column["received"])}
        expected |= {"returned_units": sum(column["returned"]), "ordered_units": sum(column["ordered"]), "ordered_now_units": column["ordered"][0]}
        expected |= {"end_units": column["end"][-1], "stock_out_weeks": sum(lost > 0 for lost in column["lost"])}
        expected |= {"n_orders": sum(units > 0 for units in column["ordered"])}
        assert dict(zip(path_costs.SERVICE_SUMS, sums[:, path].tolist(), strict=True)) == expected


def test_compiled_equals_naive():
    for seed in range(N_CASES):
        compare(random_case(seed))


def test_undiscounted_costs_are_equal_to_the_bit():
    n_compared = 0
    for seed in range(N_CASES):
        case = random_case(seed)
        if case.naive["discount"] == 1.0:
            total = path_costs.score_candidates(case.rule, case.theta[None, :], *arguments(case))[0]
            naive = [sum(path_cost(weeks, rates=case.naive["rates"], discount=1.0).values()) for weeks in naive_paths(case)]
            assert total.tolist() == naive
            n_compared += 1
    assert n_compared > 50


@pytest.fixture
def jit_off(monkeypatch):
    """Every kernel replaced by the Python function it is compiled from: what coverage sees, and a second opinion."""
    for module in (draws, order_rules, weekly_simulation, path_costs):
        for name, value in list(vars(module).items()):
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, name, value.py_func)


@pytest.mark.usefixtures("jit_off")
def test_uncompiled_equals_naive():
    for seed in range(24):
        compare(random_case(seed))


def draw_units(quantiles, probability):
    units = np.empty(probability.T.shape, dtype=np.int64)
    draws.invert_to_units(quantiles, np.minimum(LOWER_EDGE_UNITS, quantiles[:, 0]), tail_scale(quantiles), np.ascontiguousarray(probability.T), units)
    return units.T


def check_draws():
    rng = np.random.default_rng(3)
    for scale in (0.2, 3.0, 500.0):
        quantiles = np.sort(rng.gamma(0.7, scale, (12, QUANTILE_LEVELS.size)), axis=1)
        probability = rng.random((200, 12))
        probability[:4, 0] = (0.0, 0.025, 0.975, 1 - 2**-53)
        twin = np.maximum(np.floor(invert_quantiles(quantiles, probability) + 0.5), 0.0)
        assert (draw_units(quantiles, probability) == twin).all()
    uniform, weeks = rng.random((2, 50)), np.empty((2, 50), dtype=np.int64)
    uniform[0, :2] = (0.25, 0.0)
    distribution = np.array([0.25, 0.5, 0.999])
    draws.invert_to_weeks(distribution, uniform, weeks)
    assert (weeks == np.searchsorted(distribution, uniform, side="right")).all()


def test_draws_equal_their_twins():
    check_draws()


@pytest.mark.usefixtures("jit_off")
def test_uncompiled_draws_equal_their_twins():
    check_draws()
