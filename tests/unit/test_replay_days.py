"""The world day by day: the weeks' demand, whole units, deliveries in sequence."""

from datetime import date

import numpy as np
import pytest

from assets.replay.delays import in_sequence, supplier_delays
from simulation.replay.days import DailyWorld, DayFacts, play_days
from simulation.replay.world import NO_SHIPMENTS, World, WorldFacts

N_WEEKS = 6


def facts(demand, *, on_hand, lead=1):
    n_skus = len(demand)
    return WorldFacts(
        demand_units=np.array(demand),
        on_hand_units=np.array(on_hand),
        in_transit=NO_SHIPMENTS,
        lead_time_weeks=np.full((n_skus, N_WEEKS), lead),
        announced_lead_time_weeks=np.full(n_skus, lead),
        returns_due_units=np.full((n_skus, N_WEEKS), 0.4),
        return_weights=np.full((n_skus, 2), 0.1),
        return_offset=np.zeros(n_skus),
        inbound_share_before_demand=np.ones(n_skus),
        cost_rates_eur=np.ones((n_skus, 7)),
    )


def days(n_skus, weekday=0):
    return DayFacts(np.linspace(0.0, 0.9, n_skus), np.full((n_skus, N_WEEKS), weekday))


def order(units):
    return lambda seen: np.full(len(seen.on_hand_units), units)


def test_the_days_of_a_week_ask_for_the_weeks_demand_and_units_are_conserved():
    rng = np.random.default_rng(2)
    world = facts(rng.poisson(9, (20, N_WEEKS)), on_hand=rng.poisson(15, 20))
    played = play_days(world, days(20, weekday=3), order(2), n_orders=4, weekdays=(0, 2), shows_demand=True)
    journal = played.journal
    np.testing.assert_array_equal(journal.demand_units, world.demand_units.T)
    start = np.vstack((world.on_hand_units, journal.on_hand_units[:-1]))
    np.testing.assert_array_equal(start + journal.received_units + journal.returned_units - journal.sold_units, journal.on_hand_units)
    assert (journal.sold_units <= journal.demand_units).all()
    assert journal.n_orders[:, 0].tolist() == [2, 2, 2, 2, 0, 0]
    assert journal.ordered_units[:, 0].tolist() == [4, 4, 4, 4, 0, 0]
    assert played.epochs == (0, 0, 1, 1, 2, 2, 3, 3)


def test_with_stock_to_spare_days_are_weeks():
    demand = np.random.default_rng(3).poisson(7, (5, N_WEEKS))
    by_day, by_week = facts(demand, on_hand=[500] * 5), World(facts(demand, on_hand=[500] * 5), shows_demand=True)
    for _ in range(N_WEEKS):
        by_week.run_week()
    played = play_days(by_day, days(5), order(0), n_orders=0, weekdays=(), shows_demand=True)
    for name in ("sold_units", "on_hand_units", "returned_units"):
        np.testing.assert_array_equal(getattr(played.journal, name), getattr(by_week.journal, name))


@pytest.mark.parametrize(("weekday", "sold"), [(0, 7), (3, 4), (6, 1)])
def test_a_delivery_sells_from_the_day_it_comes(weekday, sold):
    """A unit a day is asked for; what comes on Thursday of week 1 serves four days of it."""
    world = facts([[7] * N_WEEKS], on_hand=[0])._replace(returns_due_units=np.zeros((1, N_WEEKS)), return_weights=np.zeros((1, 2)))
    played = play_days(world, days(1, weekday=weekday), order(7), n_orders=1, weekdays=(0,), shows_demand=True)
    assert played.journal.received_units[:, 0].tolist() == [0, 7, 0, 0, 0, 0]
    assert played.journal.sold_units[1, 0] == sold


def test_what_is_open_and_when_was_ordered_last_is_seen():
    world = DailyWorld(facts([[7] * N_WEEKS], on_hand=[0]), days(1, weekday=3), shows_demand=True)
    assert world.seen().last_order_day.tolist() == [-1]
    world.run_day()
    world.place(np.array([5]))
    for _ in range(7):
        seen = world.seen()
        assert seen.inbound_units.sum() == 5
        world.run_day()
    assert (seen.epoch, seen.weekday, seen.last_order_day.tolist()) == (1, 0, [1])


def test_a_suppliers_delay_changes_slowly_and_belongs_to_its_weeks():
    monday = date(2026, 1, 5)
    delays = np.array([supplier_delays(("m", str(number)), monday, 30, seed=1) for number in range(400)])
    assert delays.mean() == pytest.approx(0.5, abs=0.03)
    assert delays.std() == pytest.approx(12**-0.5, abs=0.02)
    assert np.corrcoef(delays[:, 3], delays[:, 4])[0, 1] == pytest.approx(0.8, abs=0.07)
    np.testing.assert_array_equal(supplier_delays(("m", "7"), date(2026, 1, 12), 5, seed=1), delays[7, 1:6])


def test_no_order_arrives_before_the_one_ahead_of_it():
    assert in_sequence(np.array([5, 1, 1, 6, 1]), -1).tolist() == [5, 4, 3, 6, 5]
    assert in_sequence(np.array([1, 1, 1]), 2).tolist() == [2, 1, 1]
