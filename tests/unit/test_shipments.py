"""Shipments in transit: when they are expected, and whether they still come."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from feature_store.shipments import arrival_probability, inbound_units, open_shipments
from tests.weekly_tables import tables_of, week

MONDAY = week(10)
L = 3.0


def at(days: int | None) -> date | None:
    """So many days after the Monday of the decision."""
    return None if days is None else MONDAY + timedelta(days=days)


def read(ordered: int | None, expected: int | None, *, units: int = 100, received: int | None = None, cv: float = 0.4) -> pl.DataFrame:
    row: dict[str, Any] = {"shipment_id": "s", "ordered_at": at(ordered), "expected_at": at(expected), "received_at": at(received), "quantity_units": units}
    lead = pl.DataFrame({"merchant_id": ["m"], "article_id": ["a"], "lead_time_weeks": [L], "lead_time_cv": [cv]})
    return open_shipments(tables_of(inbound_shipments=[row])["inbound_shipments"], lead, decision_date=MONDAY)


def placed(shipments: pl.DataFrame) -> dict[int, int]:
    found = inbound_units(shipments, cutoff=week(9))
    if found.is_empty():
        return {}
    by_week = dict(enumerate([*found["inbound_units"][0], *found["inbound_later_units"][0]]))
    return {index: units for index, units in by_week.items() if units}


@pytest.mark.parametrize("days_ago", [1, 4, 7])
def test_an_order_of_any_day_of_a_week_arrives_after_its_full_weeks(days_ago: int) -> None:
    week_of_order = -1 if days_ago else 0  # the days before the Monday belong to the week before
    assert placed(read(-days_ago, None)) == {week_of_order + 3: 100}


def test_what_is_expected_after_the_horizon_is_not_lost() -> None:
    assert placed(read(-7, 7 * 12)) == {12: 100}
    assert placed(read(-7, 7 * 12 - 1)) == {11: 100}


@pytest.mark.parametrize(
    ("ordered", "expected", "received", "known"),
    [
        (-27, -39, None, True),  # expected before it was ordered: 3 weeks after the order instead
        (-8, None, -18, False),  # received before it was ordered: received all the same
        (None, None, -13, False),  # only received
        (7, 28, None, False),  # planned: ordered next week
        (0, 21, None, False),  # ordered today: not yet known this morning
        (None, 20, None, True),  # only expected
        (None, 300, None, False),  # a plan for next year
        (-5, 16, 3, True),  # received later: on its way today
    ],
)
def test_dates_that_contradict_each_other_or_are_missing(ordered: int | None, expected: int | None, received: int | None, known: bool) -> None:
    assert (read(ordered, expected, received=received).height == 1) is known


def test_expected_before_ordered_counts_from_the_order() -> None:
    shipment = read(-20, -39)
    assert (shipment["overdue_days"].item(), placed(shipment)) == (0, {0: 100})


def test_a_shipment_without_any_date_is_known_and_cannot_be_placed() -> None:
    shipment = read(None, None)
    assert (shipment["expected"].item(), placed(shipment)) == (None, {})


def test_nothing_of_a_cancelled_order_is_in_transit() -> None:
    assert read(-7, 14, units=0).is_empty()


def test_the_later_a_shipment_is_the_less_of_it_counts() -> None:
    counted = [read(-30 - late, -late)["expected_units"].item() for late in (0, 1, 7, 14, 28, 56, 700)]
    assert counted == sorted(counted, reverse=True)
    assert counted[0] == 100
    assert counted[1] >= 99
    assert counted[-1] == 0, "an order overdue by two years is not this week's supply"


def test_a_fixed_lead_time_is_late_at_times() -> None:
    assert read(-22, -1, cv=0.0)["expected_units"].item() >= 99
    assert read(-120, -99, cv=0.0)["expected_units"].item() == 0


def test_the_probability_is_that_of_the_tail_and_of_one_loss_in_a_hundred() -> None:
    """Mean 4, standard deviation 2: shape 4, scale 1; its tail is Poisson's: P(lead > x) = Σ₀³ xᵏ e⁻ˣ / k!."""
    tail = [sum(x**k * np.exp(-x) / factorial for k, factorial in enumerate((1, 1, 2, 6))) for x in (4.0, 6.0)]
    still_out = tail[1] / tail[0]
    found = arrival_probability(np.array([14.0]), np.array([4.0]), np.array([0.5]))
    assert found[0] == pytest.approx(still_out / (still_out + 0.01) * 1.01)
