"""Plans on the same paths: figures as NumPy computes them from the path costs, orders as the warehouse accepts them."""

import numpy as np
import pytest

from benchmarks.sku import example_vector
from domain.settings import InventorySettings, Settings
from simulation.alternatives import NEVER_ORDER, NOTHING_TODAY, ONE_PACK_LESS, ONE_PACK_MORE, RECOMMENDED, Plan, compare_alternatives
from simulation.comparison import AS_PLANNED, compare, first_orders, first_paths
from simulation.cost_curve import cost_curve, order_grid, possible_orders
from simulation.costs import cost_percentile, objective_values, percentile_error
from simulation.kernels.order_plans import BLOCK_PATHS, accept_orders
from simulation.kernels.path_costs import COST_BOUND
from simulation.kpis import evaluate, path_costs
from simulation.optimize import situation_of
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths

THETA = np.array([0, 40, 30, 25, 11])
POLICY = POLICIES["extended"]


def situation(**inventory):
    return situation_of(example_vector(3), Settings(inventory=InventorySettings(**inventory)), seed=5)


def fresh_paths(n_paths):
    return sample_paths(example_vector(3), Settings(), n_paths=n_paths, purpose="evaluate", seed=5)


@pytest.mark.parametrize("objective", ["p75", "p90", "mean", "cvar80"])
@pytest.mark.parametrize("n_paths", [128, 300])
def test_figures_are_those_of_the_path_costs(objective, n_paths):
    sku, paths = situation(objective=objective), fresh_paths(n_paths)
    form, base_stock = POLICY.form(sku), POLICIES["base_stock"]
    levels = np.array([60])
    plans = [first_orders(form, THETA, (AS_PLANNED, 40, 0), sku.terms), first_orders(base_stock.form(sku), levels, (AS_PLANNED,), sku.terms)]
    figures = compare(plans, paths=paths, terms=sku.terms, objective=objective)
    nothing_now = sku.terms._replace(orders=sku.terms.orders._replace(first_decision_epoch=1))
    later = path_costs(form, THETA[None, :], paths, nothing_now)
    own = path_costs(form, THETA[None, :], paths, sku.terms)
    costs = np.concatenate((own, own, later, path_costs(base_stock.form(sku), levels[None, :], paths, sku.terms))).astype(float)
    apart, bound = costs - costs[0], 2 * COST_BOUND * costs.max()  # the comparison keeps flows, the path costs here do not: float32 sums in another order
    np.testing.assert_allclose(figures.expected_cost_eur, costs.mean(axis=1), rtol=2 * COST_BOUND)
    np.testing.assert_allclose(figures.cost_p75_eur, cost_percentile(costs, 75), rtol=2 * COST_BOUND)
    np.testing.assert_allclose(figures.objective_eur, objective_values(costs, objective), rtol=2 * COST_BOUND)
    np.testing.assert_allclose(figures.difference_eur, apart.mean(axis=1), atol=bound)
    np.testing.assert_allclose(figures.standard_error_eur, apart.std(axis=1, ddof=1) / np.sqrt(n_paths), atol=bound)
    evaluations = [evaluate(form, THETA, paths, sku.terms), evaluate(form, THETA, paths, nothing_now), evaluate(base_stock.form(sku), levels, paths, sku.terms)]
    np.testing.assert_allclose(figures.fill_rate[[0, 2, 3]], [evaluation.fill_rate() for evaluation in evaluations], rtol=1e-12)
    assert figures.order_now_units[[0, 2, 3]].tolist() == [evaluation.order_now_units() for evaluation in evaluations]
    assert figures.difference_eur[:2].tolist() == [0.0, 0.0]


def test_the_first_paths_are_those_of_a_smaller_sample():
    few, many = fresh_paths(256), first_paths(fresh_paths(600), 200)
    assert many.n_paths == 256
    for one, other in zip(few.blocks[:-2], many.blocks[:-2], strict=True):
        np.testing.assert_array_equal(one, other)
    assert first_paths(few, 1_000) is few


@pytest.mark.parametrize("storage", [None, 60, 100])
@pytest.mark.parametrize(("minimum", "pack", "maximum"), [(1, 1, None), (30, 12, None), (10, 7, 40)])
def test_possible_orders_are_those_the_simulation_places(minimum, pack, maximum, storage):
    sku = situation(minimum_order_quantity_units=minimum, pack_size_units=pack, maximum_order_quantity_units=maximum, storage_capacity_units=storage)
    wished = np.arange(BLOCK_PATHS, dtype=np.float32)
    placed, position = wished.copy(), np.full(BLOCK_PATHS, sku.inventory_position_units, np.float32)
    accept_orders(sku.terms.orders, position, placed)
    assert possible_orders(wished, sku).tolist() == np.unique(placed).astype(int).tolist()


def test_the_cost_curve_rises_from_nothing_through_the_recommendation():
    sku, paths = situation(pack_size_units=6), fresh_paths(256)
    recommended = 42
    orders = order_grid(sku, recommended)
    assert orders[0] == 0
    assert {recommended - 6, recommended, recommended + 6} <= set(orders.tolist())
    assert (np.diff(orders) > 0).all()
    assert (orders % 6 == 0).all()
    curve = cost_curve(POLICY.form(sku), THETA, recommended, orders, fresh=paths, terms=sku.terms, objective="p75")
    at = int(np.flatnonzero(orders == recommended)[0])
    assert (curve.difference_eur[at], curve.standard_error_eur[at]) == (0.0, 0.0)
    np.testing.assert_allclose(curve.difference_eur, curve.expected_cost_eur - curve.expected_cost_eur[at], atol=1e-9)
    assert (curve.fill_rate <= 1).all()
    assert [point.order_units for point in curve.points()] == orders.tolist()


def alternatives_of(recommended, **inventory):
    sku, paths = situation(**inventory), fresh_paths(128)
    theta = np.array([0, recommended, 30, 25, 11])
    others = {NEVER_ORDER: Plan(POLICIES["order_nothing"].form(sku), np.zeros(0, dtype=np.int64))}
    return compare_alternatives(Plan(POLICY.form(sku), theta), recommended, others, situation=sku, fresh=paths)


@pytest.mark.parametrize(
    ("recommended", "inventory", "orders"),
    [
        (40, {}, {NOTHING_TODAY: 0, ONE_PACK_LESS: 39, ONE_PACK_MORE: 41}),
        (48, {"pack_size_units": 12}, {NOTHING_TODAY: 0, ONE_PACK_LESS: 36, ONE_PACK_MORE: 60}),
        (0, {"pack_size_units": 12}, {ONE_PACK_MORE: 12}),
        (0, {"minimum_order_quantity_units": 30}, {ONE_PACK_MORE: 30}),
        (30, {"minimum_order_quantity_units": 30}, {NOTHING_TODAY: 0, ONE_PACK_MORE: 31}),
        (40, {"maximum_order_quantity_units": 40}, {NOTHING_TODAY: 0, ONE_PACK_LESS: 39}),
    ],
)
def test_alternatives_are_orders_that_are_possible_and_different(recommended, inventory, orders):
    found = alternatives_of(recommended, **inventory)
    assert next(iter(found)) == RECOMMENDED
    assert {name: row.order_now_units for name, row in found.items()} == {RECOMMENDED: recommended, **orders, NEVER_ORDER: 0}
    assert (found[RECOMMENDED].difference_eur, found[RECOMMENDED].standard_error_eur) == (0.0, 0.0)
    assert found[NEVER_ORDER].difference_eur > 0


def test_the_error_of_a_percentile_covers_its_spread():
    """Independent draws, where the formula holds: the deviation over samples is near the mean of the errors."""
    draws = np.sort(np.random.default_rng(1).gamma(2.0, 10.0, size=(400, 2_000)), axis=1)
    errors = [percentile_error(sample, 75) for sample in draws]
    assert np.mean(errors) == pytest.approx(cost_percentile(draws, 75).std(ddof=1), rel=0.1)
    assert percentile_error(np.array([1.0, 2.0]), 75) >= 0
