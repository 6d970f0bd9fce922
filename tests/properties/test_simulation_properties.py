"""What must hold on every path, whatever the SKU: units are conserved, more stock never hurts service, dearer rates never cost less."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.kernels.order_rules import ORDER_NOTHING
from simulation.kernels.path_costs import SERVICE_SUMS, evaluate_paths, score_candidates
from simulation.kernels.weekly_simulation import new_flows, new_state, simulate
from tests.reference.random_cases import random_case

seeds = st.integers(0, 10**6)


def flows_of(case):
    flows = new_flows(*case.demand.shape)
    simulate(case.rule, case.theta, case.demand, case.lead_time, case.offset, case.terms, flows, new_state(case.demand.shape[1]))
    return flows


def lost_units(case, terms):
    _, sums = evaluate_paths(ORDER_NOTHING, np.zeros(0, dtype=np.int64), case.demand, case.lead_time, case.offset, terms)
    named = dict(zip(SERVICE_SUMS, sums, strict=True))
    return named["demanded_units"] - named["sold_units"]


@given(seeds)
def test_units_are_conserved_on_every_path_in_every_week(seed):
    case = random_case(seed)
    flows = flows_of(case)
    change = flows.received_units[:-1] + flows.returned_units - flows.sold_units
    np.testing.assert_array_equal(flows.stock_units[1:], flows.stock_units[:-1] + change)
    in_transit = case.terms.inbound_units.sum()
    np.testing.assert_array_equal(flows.received_units.sum(axis=0), in_transit + flows.ordered_units.sum(axis=0))


@given(seeds)
def test_nothing_is_negative_and_no_more_is_sold_than_demanded(seed):
    case = random_case(seed)
    flows = flows_of(case)
    assert all((units >= 0).all() for units in flows)
    assert (flows.sold_units <= case.demand).all()


@given(seeds)
def test_no_more_comes_back_than_was_sold(seed):
    case = random_case(seed)
    without_history = case.terms._replace(returns_due_units=np.zeros(12))
    flows = new_flows(*case.demand.shape)
    simulate(case.rule, case.theta, case.demand, case.lead_time, case.offset, without_history, flows, new_state(case.demand.shape[1]))
    assert (flows.returned_units.cumsum(axis=0) <= flows.sold_units.cumsum(axis=0) + 1).all()


@given(seeds, st.integers(1, 50))
def test_more_stock_at_the_start_never_loses_more_sales_when_nothing_comes_back(seed, extra):
    case = random_case(seed)
    terms = case.terms._replace(return_weights=np.empty(0))
    assert (lost_units(case, terms._replace(on_hand_units=terms.on_hand_units + extra)) <= lost_units(case, terms)).all()


@given(seeds, st.integers(0, 6), st.floats(0.01, 10))
def test_a_dearer_rate_never_makes_a_path_cheaper(seed, term, increase):
    case = random_case(seed)
    dearer = case.terms.cost_rates_eur.copy()
    dearer[term] += increase
    before, after = (
        score_candidates(case.rule, case.theta[None, :], case.demand, case.lead_time, case.offset, terms)
        for terms in (case.terms, case.terms._replace(cost_rates_eur=dearer))
    )
    assert (after >= before - 1e-9).all()


@given(seeds)
def test_orders_are_whole_packs_of_at_least_the_minimum(seed):
    case = random_case(seed)
    ordered = flows_of(case).ordered_units
    placed = ordered[ordered > 0]
    assert (placed >= case.terms.minimum_order_quantity_units).all()
    assert (placed % case.terms.pack_size_units == 0).all()


def test_a_path_does_not_depend_on_the_paths_beside_it():
    case = random_case(2, n_paths=8)
    together = score_candidates(case.rule, case.theta[None, :], case.demand, case.lead_time, case.offset, case.terms)[0]
    for path in range(8):
        alone = slice(path, path + 1)
        demand, lead_time = (np.ascontiguousarray(array[:, alone]) for array in (case.demand, case.lead_time))
        assert score_candidates(case.rule, case.theta[None, :], demand, lead_time, case.offset[alone], case.terms)[0, 0] == pytest.approx(together[path], abs=0)
