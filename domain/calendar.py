"""Weeks and cutoffs. A week is named by its Monday; a cutoff is the last complete week a forecast may see."""

from datetime import date, timedelta
from functools import cache
from zoneinfo import available_timezones

ONE_DAY = timedelta(days=1)
ONE_WEEK = timedelta(weeks=1)
EARLIEST_DATE = date(1990, 1, 1)
"""The first day the contract accepts (a Monday): older dates are almost always parsing accidents."""


def monday_of(day: date) -> date:
    """Monday of the ISO week that contains `day`."""
    return day - timedelta(days=day.weekday())


def sunday_of(week: date) -> date:
    """Last day of the week that starts on Monday `week`."""
    return week + timedelta(days=6)


def newest_complete_week(last_day: date) -> date:
    """Monday of the newest week that `last_day`, the last day with data, completes."""
    return monday_of(last_day + timedelta(days=1)) - ONE_WEEK


def cutoff_for(decision_date: date) -> date:
    """Newest cutoff whose Sunday lies before `decision_date` (architecture: Clock)."""
    return newest_complete_week(decision_date - timedelta(days=1))


def first_horizon_week(cutoff: date) -> date:
    """Monday of week 0 of the simulation: the week after the cutoff."""
    return cutoff + ONE_WEEK


def share_of_week_left(decision_date: date) -> float:
    """Share of the week of `decision_date` that is still to come, the day itself included: 1.0 on a Monday."""
    return (7 - decision_date.weekday()) / 7


def days_after(start: date, end: date) -> list[date]:
    """The days after `start` up to `end`, both of which may be the same day: then none."""
    return [start + n * ONE_DAY for n in range(1, (end - start).days + 1)]


def weeks_between(start: date, end: date) -> int:
    """Whole weeks from the week of `start` to the week of `end` (negative when `end` is earlier)."""
    return (monday_of(end) - monday_of(start)).days // 7


@cache
def time_zones() -> list[str]:
    """IANA names of time zones, sorted; those that name a machine's own setting left out."""
    return sorted(available_timezones() - {"Factory", "localtime"})
