"""Every policy keeps the same promises: `check_policy` runs over the registry, and over a record of orders."""

import numpy as np
import polars as pl
import pytest

from benchmarks.sku import example_vector
from domain.errors import UsageError
from domain.settings import OptimizerSettings, PolicyName, Settings, SimulationSettings
from domain.stage_tables import Policies
from simulation.costs import objective_terms
from simulation.kernels.objectives import score_all
from simulation.kernels.order_plans import plan_orders
from simulation.kernels.path_costs import new_workspace
from simulation.kernels.weekly_simulation import by_week, simulate_block
from simulation.kpis import evaluate, path_costs
from simulation.optimize import optimize_policy
from simulation.policies.newsvendor import critical_ratio
from simulation.policies.protocol import PolicyTerms, Situation
from simulation.policies.recorded import RecordedPolicy, as_recorded
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import paths_of, sample_paths
from simulation.sku_terms import sku_terms
from simulation.tuning import tune

FEW = Settings(simulation=SimulationSettings(n_paths_optimize=50, n_paths_evaluate=200), optimizer=OptimizerSettings(evaluation_budget=300))
SETTINGS = Settings(optimizer=OptimizerSettings(evaluation_budget=300))
NAMES = [*POLICIES, "recorded"]
INVENTORIES = {
    "defaults": {},
    "on-hand": {"trigger": "on_hand", "review_period_weeks": 3, "initial_order_latest_week": 4},
    "packs": {"pack_size_units": 6, "minimum_order_quantity_units": 20, "lead_time_weeks": 9.5, "review_period_weeks": 12},
    "no-lead-time": {"lead_time_weeks": 0},
    "limits": {"maximum_order_quantity_units": 11, "storage_capacity_units": 40, "pack_size_units": 3},
}


def situation_of(number, vector=None, **inventory):
    settings = SETTINGS.for_merchant("merchant", inventory)
    vector = vector or example_vector(number)
    paths = sample_paths(vector, settings, n_paths=60, purpose="optimize", seed=7)
    return Situation(sku_terms(vector, settings), settings.inventory, paths)


def policy_of(name, situation):
    """A policy of the registry; or a record of orders that the supplier accepts, at every other review. Storage could cut those: replayed as they were."""
    if name != "recorded":
        return POLICIES[name]
    if situation.inventory.storage_capacity_units:
        situation.terms = as_recorded(situation.terms)
    epochs = range(0, situation.n_weeks, 2 * situation.terms.orders.review_period_weeks)
    return RecordedPolicy([situation.order_units(epoch + 5) if epoch in epochs else 0 for epoch in range(situation.n_weeks)])


def flows_of(form, theta, situation):
    """Orders, and the position they were placed at, `(n_weeks, n_paths)` each."""
    blocks, n_weeks = situation.paths.blocks, situation.n_weeks
    room = new_workspace(blocks)
    plan_orders(form, np.asarray(theta, dtype=np.int64), situation.terms.orders, room.plan)
    simulate_block(room.plan, 0, blocks, situation.terms, room.flows, room.cost[0])
    ordered, position = by_week(room.flows.ordered, n_weeks), by_week(room.flows.position, n_weeks + 1)[:-1]
    return ordered[:, : blocks.n_paths], position[:, : blocks.n_paths]


def orders_of(form, theta, situation):
    """`(n_weeks, n_paths)`"""
    return flows_of(form, theta, situation)[0]


def check_space(policy, situation):
    """Starts and box fit each other; returns the starts as they are searched from."""
    space, starts = policy.search_space(situation), policy.starts(situation)
    clipped = space.clip(starts)
    assert starts.shape[0] >= 1
    assert starts.shape[1] == space.lower.size == space.upper.size == space.pitch.size == space.first_step.size
    assert (space.lower <= space.upper).all()
    assert (clipped >= space.lower).all()
    assert (clipped <= space.upper).all()
    np.testing.assert_array_equal(space.clip(clipped), clipped)
    return clipped


def check_orders(policy, theta, situation):
    """What is ordered keeps to the supplier's and the warehouse's terms and to the words the policy has for itself; whether anything is ordered."""
    form, orders = policy.form(situation), situation.terms.orders
    words = policy.describe(theta, situation)
    ordered, position = flows_of(form, theta, situation)
    placed = ordered[ordered > 0]
    assert (placed % orders.pack_units == 0).all()
    assert (placed >= orders.minimum_units).all()
    assert (placed <= orders.maximum_units).all()
    assert ((ordered + position)[ordered > 0] <= orders.storage_units).all()
    assert len(set(ordered[0])) == 1, "all paths start alike: today's order must be one number"
    for epoch in np.flatnonzero(ordered.any(axis=1)).tolist():
        assert epoch % orders.review_period_weeks == 0 or epoch == words.initial_order_epoch
        assert words.last_order_epoch is None or epoch <= words.last_order_epoch
    np.testing.assert_array_equal(orders_of(form, policy.parameters(words, situation), situation), ordered)
    quantities = (words.initial_order_quantity_units, words.order_quantity_units)
    for quantity in quantities:
        assert quantity is None or quantity == situation.order_units(quantity)
    says_quantities = words.base_stock_level_units is None and policy.name != "recorded" and not situation.inventory.storage_capacity_units
    assert not says_quantities or set(placed.astype(int)) <= set(quantities)
    return placed.size > 0


def check_search(policy, situation, clipped):
    """The tuned parameters are in the box, and on the same paths no worse than any start."""
    found, space = tune(policy, situation, SETTINGS), policy.search_space(situation)
    np.testing.assert_array_equal(space.clip(found.theta), found.theta)
    starts = score_all(
        policy.form(situation),
        clipped,
        objective_terms(situation.inventory, float(situation.demanded_units), situation.paths.n_paths),
        situation.paths.blocks,
        situation.terms,
    )
    assert found.score <= starts.min()
    assert found.n_evaluations <= SETTINGS.optimizer.evaluation_budget
    check_orders(policy, found.theta, situation)


def check_paths(policy, situation, clipped):
    """A path costs the same in whatever company."""
    paths, order = situation.paths, np.random.default_rng(0).permutation(situation.paths.n_paths)
    offset = paths.blocks.return_offset.reshape(-1)[: paths.n_paths]
    shuffled = paths_of(paths.demand_units[order], paths.lead_time_weeks[order], offset[order], paths.inbound_units[order])
    form = policy.form(situation)
    scores = path_costs(form, clipped, paths, situation.terms)
    assert scores.shape == (len(clipped), 60)
    np.testing.assert_array_equal(path_costs(form, clipped[::-1], shuffled, situation.terms), scores[::-1, order])


def check_policy(name, situation):
    policy = policy_of(name, situation)
    clipped = check_space(policy, situation)
    orders_something = [check_orders(policy, theta, situation) for theta in clipped]
    assert clipped.shape[1] == 0 or not all(orders_something), "where there is a choice, order nothing must be among the starts"
    check_search(policy, situation, clipped)
    check_paths(policy, situation, clipped)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("inventory", INVENTORIES.values(), ids=INVENTORIES)
def test_policy_conforms(name, inventory):
    for number in range(3):
        check_policy(name, situation_of(number, **inventory))


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("trigger", ["position", "on_hand"])
def test_nothing_is_ordered_where_nothing_is_demanded(name, trigger):
    unwanted = example_vector(2)._replace(demand_quantiles_units=np.zeros((12, 39)), on_hand_units=0)
    situation, policy = situation_of(2, unwanted, trigger=trigger), POLICIES[name]
    assert not check_orders(policy, tune(policy, situation, SETTINGS).theta, situation)


@pytest.mark.parametrize("name", POLICIES)
def test_todays_order_can_be_refused(name):
    situation, policy = situation_of(1), POLICIES[name]
    situation.terms = situation.terms._replace(orders=situation.terms.orders._replace(first_decision_epoch=1))
    for theta in check_space(policy, situation):
        assert (orders_of(policy.form(situation), theta, situation)[0] == 0).all()


def test_every_policy_but_never_ordering_can_be_set():
    assert {*PolicyName.__args__, "order_nothing"} == set(POLICIES)


@pytest.mark.parametrize("name", PolicyName.__args__)
def test_the_recommendation_is_a_row_of_the_contract_that_can_be_simulated_again(name):
    settings, vector = FEW.for_merchant("merchant", {"policy": name, "lead_time_weeks": 1}), example_vector(3)._replace(on_hand_units=0)
    made = optimize_policy(vector, settings, seed=5)
    row = Policies.validate(pl.DataFrame([made.as_row()], schema=Policies.create_empty().schema)).row(0, named=True)
    assert row["policy"] == name
    situation = Situation(sku_terms(vector, settings), settings.inventory, sample_paths(vector, settings, n_paths=50, purpose="optimize", seed=5))
    again, fresh = POLICIES[name], sample_paths(vector, settings, n_paths=200, purpose="evaluate", seed=5)
    words = PolicyTerms(
        initial_order_epoch=None if made.initial_order_week is None else 0,
        last_order_epoch=None if made.last_order_week is None else (made.last_order_week - vector.date).days // 7,
        **{name: row[name] for name in PolicyTerms._fields if name.endswith("units")},
    )
    evaluation = evaluate(again.form(situation), again.parameters(words, situation), fresh, situation.terms)
    assert evaluation.order_now_units() == made.order_now_units > 0
    assert sum(evaluation.expected_cost_eur.values()) == made.expected_cost_eur


def test_extended_orders_nothing_before_kick_start_or_after_limit():
    situation = situation_of(1, review_period_weeks=2)
    policy = POLICIES["extended"]
    ordered = orders_of(policy.form(situation), np.array([3, 5, 10_000, 4, 8]), situation)
    assert [sorted(set(week)) for week in ordered] == [[0], [0], [0], [5], [4], [0], [4], [0], [4], [0], [0], [0]]


def test_extended_without_kick_start_still_reviews():
    situation = situation_of(1)
    policy = POLICIES["extended"]
    ordered = orders_of(policy.form(situation), np.array([0, 0, 10_000, 4, 11]), situation)
    assert (ordered[0] == 0).all()
    assert (ordered[1:] == 4).all()


def test_on_hand_trigger_waits_for_what_is_in_transit():
    situation = situation_of(1, trigger="on_hand", lead_time_weeks=3, lead_time_cv=0)
    situation.terms = situation.terms._replace(in_transit_units=np.float32(0))
    situation.paths.blocks.inbound_units[:] = 0
    policy = POLICIES["extended"]
    ordered = orders_of(policy.form(situation), np.array([0, 5, 10_000, 4, 11]), situation)
    assert [week[0] for week in ordered[:9]] == [5, 0, 0, 0, 4, 0, 0, 0, 4]


def test_classical_orders_whenever_its_trigger_is_breached_and_never_else():
    situation, policy = situation_of(1, review_period_weeks=2), POLICIES["classical"]
    ordered, position = flows_of(policy.form(situation), np.array([30, 9]), situation)
    np.testing.assert_array_equal(ordered[::2], np.where(position[::2] <= 30, 9, 0))
    assert (ordered[1::2] == 0).all()
    assert {0, 9} == set(ordered.ravel())


def test_reorder_up_to_fills_to_the_level_from_the_reorder_point_down():
    situation, policy = situation_of(1), POLICIES["s_S"]
    ordered, position = flows_of(policy.form(situation), np.array([20, 45]), situation)
    np.testing.assert_array_equal(ordered, np.where(position <= 20, 45 - position, 0))
    assert (ordered == 0).any()
    assert (ordered > 0).any()


def test_reorder_up_to_with_a_point_at_or_above_its_level_is_base_stock():
    situation = situation_of(1)
    base_stock = orders_of(POLICIES["base_stock"].form(situation), np.array([40]), situation)
    policy = POLICIES["s_S"]
    for point in (40, 55):
        np.testing.assert_array_equal(orders_of(policy.form(situation), np.array([point, 40]), situation), base_stock)
        assert policy.describe(np.array([point, 40]), situation).reorder_point_units == 40


def test_newsvendor_orders_up_to_the_critical_quantile_of_the_weeks_it_protects():
    """m = (40 − 20)·(1 − ½) − 1 − 2 − ½·4 = 5; h·(R + L) = 0.25·4 = 1; ratio 5/6, of 60 paths the 51st total of weeks j … j + 3."""
    vector = example_vector(3)._replace(
        unit_price_eur=40.0,
        unit_cost_eur=20.0,
        return_rate=0.5,
        return_lag_weights=np.array([0.0, 1.0]),
        inbound_rate_eur_per_unit=1.0,
        outbound_rate_eur_per_unit=2.0,
        return_handling_rate_eur_per_unit=4.0,
        holding_rate_eur_per_unit_week=0.25,
    )
    situation, policy = situation_of(3, vector, review_period_weeks=2, lead_time_weeks=2), POLICIES["newsvendor"]
    assert critical_ratio(situation) == pytest.approx(5 / 6)
    ordered, position = flows_of(policy.form(situation), np.zeros(0), situation)
    for epoch in range(0, 12, 2):
        level = np.sort(situation.paths.demand_units[:, epoch : epoch + 4].sum(axis=1))[50]
        np.testing.assert_array_equal(ordered[epoch], np.maximum(level - position[epoch], 0))


def test_newsvendor_does_not_order_what_earns_nothing():
    situation = situation_of(3, example_vector(3)._replace(unit_price_eur=10.0, unit_cost_eur=9.0))
    assert critical_ratio(situation) == 0
    assert not orders_of(POLICIES["newsvendor"].form(situation), np.zeros(0), situation).any()


def test_a_record_is_replayed_as_it_was():
    situation = situation_of(1)
    record = [7, 0, 3, 0, 0, 11]
    ordered = orders_of(RecordedPolicy(record).form(situation), np.zeros(0), situation)
    np.testing.assert_array_equal(ordered, np.repeat([[*record, *[0] * 6]], 60, axis=0).T)


@pytest.mark.parametrize(
    ("inventory", "record"),
    [({"pack_size_units": 4}, [6]), ({"minimum_order_quantity_units": 9}, [6]), ({"review_period_weeks": 2}, [0, 6]), ({"storage_capacity_units": 99}, [6])],
)
def test_a_record_that_the_order_terms_would_change_is_refused_and_replayed_without_them(inventory, record):
    situation = situation_of(1, **inventory)
    with pytest.raises(UsageError, match="would not be simulated as it was placed"):
        RecordedPolicy(record).form(situation)
    situation.terms = as_recorded(situation.terms)
    assert orders_of(RecordedPolicy(record).form(situation), np.zeros(0), situation).sum(axis=0).tolist() == [6.0] * 60


@pytest.mark.parametrize("record", [[0] * 12 + [5], [-3], [2.5]])
def test_a_record_beyond_the_horizon_or_of_no_whole_units_is_refused(record):
    with pytest.raises(UsageError):
        RecordedPolicy(record).form(situation_of(1))
