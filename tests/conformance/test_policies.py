"""Every policy keeps the same promises: `check_policy` runs over the registry."""

import numpy as np
import pytest

from benchmarks.sku import example_vector
from domain.settings import Settings
from simulation.kernels.order_plans import plan_orders
from simulation.kernels.path_costs import new_workspace
from simulation.kernels.weekly_simulation import by_week, simulate_block
from simulation.kpis import path_costs
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.sku_terms import sku_terms

SETTINGS = Settings()


def situation_of(number, **inventory):
    settings = SETTINGS.for_merchant("merchant", inventory)
    vector = example_vector(number)
    paths = sample_paths(vector, settings, n_paths=60, purpose="optimize", seed=7)
    return Situation(sku_terms(vector, settings), settings.inventory, paths)


def orders_of(form, theta, situation):
    """`(n_weeks, n_paths)`"""
    blocks, n_weeks = situation.paths.blocks, situation.n_weeks
    room = new_workspace(blocks)
    plan_orders(form, np.asarray(theta, dtype=np.int64), situation.terms.orders, room.plan)
    simulate_block(room.plan, 0, blocks, situation.terms, room.flows, room.cost[0])
    return by_week(room.flows.ordered, n_weeks)[:, : blocks.n_paths]


def check_policy(policy, situation):
    form, space, starts = policy.form(situation), policy.search_space(situation), policy.starts(situation)
    clipped = space.clip(starts)
    assert starts.shape[0] >= 1
    assert starts.shape[1] == space.lower.size == space.upper.size == space.pitch.size == space.first_step.size
    assert (space.lower <= space.upper).all()
    assert (clipped >= space.lower).all()
    assert (clipped <= space.upper).all()
    np.testing.assert_array_equal(space.clip(clipped), clipped)

    moq, pack = int(situation.terms.orders.minimum_units), int(situation.terms.orders.pack_units)
    never_orders = []
    for theta in clipped:
        ordered = orders_of(form, theta, situation)
        placed = ordered[ordered > 0]
        assert (placed % pack == 0).all()
        assert (placed >= moq).all()
        assert len(set(ordered[0])) == 1, "all paths start alike: today's order must be one number"
        never_orders.append(placed.size == 0)
        words = policy.describe(theta, situation)
        np.testing.assert_array_equal(orders_of(form, policy.parameters(words, situation), situation), ordered)
        quantities = (words.initial_order_quantity_units, words.order_quantity_units)
        for quantity in quantities:
            assert quantity is None or quantity == 0 or (quantity % pack == 0 and quantity >= moq)
        assert set(placed.astype(int)) <= set(quantities) or words.base_stock_level_units is not None or situation.inventory.storage_capacity_units
    assert any(never_orders), "order nothing must be among the starts"
    scores = path_costs(form, clipped, situation.paths, situation.terms)
    assert scores.shape == (len(clipped), 60)
    np.testing.assert_array_equal(scores, path_costs(form, clipped, situation.paths, situation.terms))


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize(
    "inventory",
    [
        {},
        {"trigger": "on_hand", "review_period_weeks": 3, "initial_order_latest_week": 4},
        {"pack_size_units": 6, "minimum_order_quantity_units": 20, "lead_time_weeks": 9.5, "review_period_weeks": 12},
        {"lead_time_weeks": 0},
        {"maximum_order_quantity_units": 11, "storage_capacity_units": 40, "pack_size_units": 3},
    ],
    ids=["defaults", "on-hand", "packs", "no-lead-time", "limits"],
)
def test_policy_conforms(policy, inventory):
    for number in range(3):
        check_policy(policy, situation_of(number, **inventory))


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
