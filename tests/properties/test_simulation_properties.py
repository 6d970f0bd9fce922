"""What must hold on every path, whatever the SKU: units are conserved, more stock never hurts service, dearer rates never cost less."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulation.costs import objective_values
from simulation.kernels.path_costs import SERVICE_SUMS, evaluate_paths, score_candidates
from simulation.policies.protocol import policy_form
from simulation.sampling.paths import paths_of
from tests.reference.random_cases import random_case
from tests.reference.test_naive_simulation import flows_of

seeds = st.integers(0, 10**6)


def lost_units(case, terms):
    _, sums = evaluate_paths(policy_form(12), np.zeros(0, dtype=np.int64), case.paths.blocks, terms)
    named = dict(zip(SERVICE_SUMS, sums, strict=True))
    return named["demanded_units"] - named["sold_units"]


def costs_of(case, terms):
    return score_candidates(case.form, case.theta[None, :], case.paths.blocks, terms)[0]


@given(seeds)
def test_units_are_conserved_on_every_path_in_every_week(seed):
    case = random_case(seed)
    flows = flows_of(case)
    start = np.concatenate((np.full((1, 4), case.terms.on_hand_units), flows["end"][:-1]))
    np.testing.assert_array_equal(start + flows["received"] + flows["returned"] - flows["sold"], flows["end"])
    arrives = np.zeros((12, 4))
    for epoch in range(12):
        for path in range(4):
            if epoch + case.lead_time[path, epoch] < 12:
                arrives[epoch + case.lead_time[path, epoch], path] += flows["ordered"][epoch, path]
    np.testing.assert_array_equal(flows["received"], arrives + case.inbound.T)


@given(seeds)
def test_nothing_is_negative_and_no_more_is_sold_than_demanded(seed):
    case = random_case(seed)
    flows = flows_of(case)
    assert all((units >= 0).all() for units in flows.values())
    assert (flows["sold"] <= case.demand.T).all()


@given(seeds)
def test_no_more_comes_back_than_was_sold(seed):
    case = random_case(seed)
    case.terms = case.terms._replace(returns_due_units=np.zeros(12, np.float32))
    flows = flows_of(case)
    assert (flows["returned"].cumsum(axis=0) <= flows["sold"].cumsum(axis=0) + 1).all()


@given(seeds, st.integers(1, 50))
def test_more_stock_at_the_start_never_loses_more_sales_when_nothing_comes_back(seed, extra):
    case = random_case(seed)
    terms = case.terms._replace(return_weights=np.zeros(12, np.float32), n_lags=0)
    assert (lost_units(case, terms._replace(on_hand_units=terms.on_hand_units + np.float32(extra))) <= lost_units(case, terms)).all()


@given(seeds, st.integers(0, 5), st.floats(0.01, 10))
def test_a_dearer_rate_never_makes_a_path_cheaper(seed, term, increase):
    case = random_case(seed)
    dearer = case.terms.week_rates_eur.copy()
    dearer[:, term] += np.float32(increase)
    assert (costs_of(case, case.terms._replace(week_rates_eur=dearer)) >= costs_of(case, case.terms) * (1 - 4e-6)).all()


@given(seeds)
def test_orders_are_whole_packs_between_the_limits(seed):
    case = random_case(seed)
    ordered, orders = flows_of(case)["ordered"], case.terms.orders
    placed = ordered[ordered > 0]
    assert (placed >= orders.minimum_units).all()
    assert (placed <= orders.maximum_units).all()
    assert (placed % orders.pack_units == 0).all()


@given(seeds)
def test_no_order_raises_the_position_above_the_warehouse(seed):
    case = random_case(seed)
    case.terms = case.terms._replace(return_weights=np.zeros(12, np.float32), n_lags=0, returns_due_units=np.zeros(12, np.float32))
    flows = flows_of(case)
    start = float(case.terms.on_hand_units + case.terms.in_transit_units)
    position = start + flows["ordered"].cumsum(axis=0) - np.concatenate((np.zeros((1, 4)), flows["sold"].cumsum(axis=0)[:-1]))
    assert (position[flows["ordered"] > 0] <= case.terms.orders.storage_units).all()


@given(seeds)
def test_a_higher_percentile_costs_no_less(seed):
    case = random_case(seed, n_paths=37)
    path_cost = score_candidates(case.form, case.theta[None, :], case.paths.blocks, case.terms)
    values = [float(objective_values(path_cost, f"p{percent}")[0]) for percent in range(1, 100)]
    assert values == sorted(values)
    assert all(objective_values(path_cost, f"cvar{percent}")[0] >= objective_values(path_cost, f"p{percent}")[0] * (1 - 1e-6) for percent in (1, 50, 90))


@given(seeds)
def test_paths_that_are_all_alike_cost_the_same(seed):
    case = random_case(seed, n_paths=130)
    alike = paths_of(*(np.repeat(array[:1], 130, axis=0) for array in (case.demand, case.lead_time, case.offset, case.inbound)))
    assert np.unique(score_candidates(case.form, case.theta[None, :], alike.blocks, case.terms)).size == 1


def test_a_path_does_not_depend_on_the_paths_beside_it():
    case = random_case(2, n_paths=300)
    together = costs_of(case, case.terms)
    for path in (0, 127, 128, 299):
        one = slice(path, path + 1)
        alone = paths_of(case.demand[one], case.lead_time[one], case.offset[one], case.inbound[one])
        assert score_candidates(case.form, case.theta[None, :], alone.blocks, case.terms)[0, 0] == together[path]
