from datetime import date, timedelta

import pytest

from domain.calendar import cutoff_for, monday_of, newest_complete_week, share_of_week_left, sunday_of, weeks_between

MONDAY = date(2026, 9, 21)


@pytest.mark.parametrize("offset", range(7))
def test_every_day_of_a_week_has_the_same_monday(offset: int) -> None:
    assert monday_of(MONDAY + timedelta(days=offset)) == MONDAY


def test_a_week_is_complete_on_its_sunday_only() -> None:
    assert newest_complete_week(sunday_of(MONDAY)) == MONDAY
    assert newest_complete_week(sunday_of(MONDAY) - timedelta(days=1)) == MONDAY - timedelta(weeks=1)


@pytest.mark.parametrize("offset", range(7))
def test_the_cutoff_of_a_day_is_the_newest_week_whose_sunday_lies_before_it(offset: int) -> None:
    decision = MONDAY + timedelta(days=offset)
    cutoff = cutoff_for(decision)
    assert sunday_of(cutoff) < decision <= sunday_of(cutoff) + timedelta(days=7)


def test_a_monday_has_its_whole_week_left_and_a_sunday_one_day() -> None:
    assert share_of_week_left(MONDAY) == 1.0
    assert share_of_week_left(sunday_of(MONDAY)) == pytest.approx(1 / 7)


def test_weeks_between_counts_mondays() -> None:
    assert weeks_between(sunday_of(MONDAY), MONDAY + timedelta(weeks=1)) == 1
    assert weeks_between(MONDAY, MONDAY - timedelta(days=1)) == -1
