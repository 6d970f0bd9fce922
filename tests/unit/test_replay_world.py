"""Reality on paper: the order of events of a week, arrivals, returns, money, and what a decider is shown."""

import numpy as np
import pytest

from simulation.replay.game import play
from simulation.replay.world import NO_SHIPMENTS, Seen, Shipments, World, WorldFacts, week_costs

RATES = np.array([[0.2, 0.1, 0.05, 0.3, 1.0, 0.0, 2.0]])


def facts(demand, *, on_hand=0, lead=1, in_transit=NO_SHIPMENTS, share=1.0, due=None, weights=(0.0,), n_orders=None):
    n_weeks = len(demand)
    return WorldFacts(
        demand_units=np.array([demand]),
        on_hand_units=np.array([on_hand]),
        in_transit=in_transit,
        lead_time_weeks=np.full((1, n_orders or n_weeks), lead),
        announced_lead_time_weeks=np.array([lead]),
        returns_due_units=np.zeros((1, n_weeks)) if due is None else np.array([due], dtype=np.float64),
        return_weights=np.array([weights], dtype=np.float64),
        return_offset=np.zeros(1),
        inbound_share_before_demand=np.array([share]),
        cost_rates_eur=RATES,
    )


def shipments(*rows):
    return Shipments(*np.array(rows, dtype=np.int64).reshape(-1, 4).T)


def orders_at(*by_epoch):
    return lambda seen: np.array([by_epoch[seen.epoch] if seen.epoch < len(by_epoch) else 0])


def column(journal, name):
    return getattr(journal, name)[:, 0].tolist()


def test_an_order_with_lead_time_l_arrives_at_the_start_of_week_l_after_the_epoch() -> None:
    played = play(facts([0, 0, 0, 5], lead=2), orders_at(5), n_orders=1, shows_demand=True)
    assert column(played.journal, "received_units") == [0, 0, 5, 0]
    assert column(played.journal, "ordered_units") == [5, 0, 0, 0]
    assert played.orders[0].arrival_week.tolist() == [2]


def test_lead_time_zero_arrives_in_the_week_that_begins() -> None:
    played = play(facts([3], lead=0), orders_at(3), n_orders=1, shows_demand=True)
    assert column(played.journal, "sold_units") == [3]


@pytest.mark.parametrize(("share", "sold", "left"), [(1.0, 7, 0), (0.5, 4, 3), (0.0, 0, 7)])
def test_the_share_before_demand_decides_what_can_be_sold_in_the_week_of_arrival(share: float, sold: int, left: int) -> None:
    world = World(facts([9], in_transit=shipments((0, 7, 0, 0)), share=share), shows_demand=True)
    world.run_week()
    assert (column(world.journal, "sold_units"), column(world.journal, "on_hand_units")) == ([sold], [left])


@pytest.mark.parametrize(("share", "sold"), [(1.0, 6), (0.5, 3), (0.0, 0)])
def test_returns_are_on_hand_before_demand_by_the_same_share(share: float, sold: int) -> None:
    world = World(facts([9], due=[6], share=share), shows_demand=True)
    world.run_week()
    assert (column(world.journal, "sold_units"), column(world.journal, "on_hand_units")) == ([sold], [6 - sold])


def test_units_are_conserved_and_money_is_what_the_journal_says() -> None:
    played = play(facts([2, 4, 1, 3], on_hand=3, lead=1, due=[1, 0, 0, 0], weights=(0.5,)), orders_at(2, 0, 4), n_orders=4, shows_demand=True)
    journal = played.journal
    before = np.concatenate(([3], journal.on_hand_units[:-1, 0]))
    flows = journal.received_units[:, 0] + journal.returned_units[:, 0] - journal.sold_units[:, 0]
    assert (before + flows == journal.on_hand_units[:, 0]).all()
    costs = week_costs(journal, RATES)
    assert costs["holding"].sum() == pytest.approx(0.2 * journal.on_hand_units.sum())
    assert costs["inbound"].sum() == pytest.approx(0.1 * 6)
    assert costs["fixed_order"].sum() == pytest.approx(2.0 * 2)
    assert costs["lost_sales"].sum() == pytest.approx((journal.demand_units - journal.sold_units).sum())
    assert costs["returns"].sum() == pytest.approx(0.3 * journal.returned_units.sum())
    assert costs["overstock"].sum() == 0


def test_what_arrives_in_the_week_that_begins_is_still_on_its_way_and_then_no_more() -> None:
    world = World(facts([0, 0], in_transit=shipments((0, 4, 0, 0))), shows_demand=True)
    first = world.seen()
    world.run_week()
    second = world.seen()
    assert [(seen.inbound_units[0, 0], seen.on_hand_units[0]) for seen in (first, second)] == [(4, 0), (0, 4)]


def test_a_late_shipment_is_expected_at_once_until_it_arrives() -> None:
    world = World(facts([0, 0, 0], in_transit=shipments((0, 4, 0, 2))), shows_demand=True)
    first = world.seen()
    world.run_week()
    second = world.seen()
    for _ in range(2):
        world.run_week()
    assert first.inbound_units[0, 0] == second.inbound_units[0, 0] == 4
    assert world.seen().inbound_units.sum() == 0
    assert column(world.journal, "received_units") == [0, 0, 4]


def test_a_decider_sees_when_a_shipment_is_expected_not_when_it_arrives() -> None:
    seen = World(facts([0] * 4, in_transit=shipments((0, 4, 3, 1))), shows_demand=True).seen()
    assert seen.inbound_units[0].tolist() == [0, 0, 0, 4] + [0] * 8


def test_a_world_that_hides_demand_shows_what_was_sold_and_that_the_shelf_was_emptied() -> None:
    shown: list[Seen] = []

    def watch(seen: Seen) -> np.ndarray:
        shown.append(seen)
        return np.array([0])

    for shows in (True, False):
        play(facts([5, 0], on_hand=2), watch, n_orders=2, shows_demand=shows)
    of_demand, of_sales = shown[1], shown[3]
    assert of_demand.journal.demand_units.tolist() == [[5]]
    assert of_sales.journal.demand_units.tolist() == [[2]]
    assert of_sales.journal.shelf_was_emptied.tolist() == [[True]]


def test_orders_on_record_arrive_as_recorded() -> None:
    record = [shipments((0, 3, 1, 2), (0, 2, 2, 1))]
    played = play(facts([0, 0, 0], lead=7), lambda seen: record[seen.epoch], n_orders=1, shows_demand=True)
    assert column(played.journal, "received_units") == [0, 2, 3]
    assert column(played.journal, "ordered_units") == [5, 0, 0]
