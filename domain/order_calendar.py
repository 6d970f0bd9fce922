"""The days on which a merchant orders: weekdays or dates, and for an article at most one order per review period.

A plan believes that the next decision comes after the review period. The platform decides every day, so what is shown between
two order days is a preview; ordering by it would order again and again.
"""

from datetime import date, timedelta

from domain.calendar import ONE_DAY, ONE_WEEK, monday_of
from domain.settings import WEEKDAYS, InventorySettings

_LOOK_AHEAD = timedelta(days=400)


def first_order_day(day: date, inventory: InventorySettings, *, last_order: date | None) -> date | None:
    """The first order day on or after a day; `None` = there is none within the next 400 days.

    Args:
        day: Where to begin.
        inventory: The merchant's order days and its review period.
        last_order: When the article was ordered last; `None` = never. With reviews every other week or rarer, the next order waits for its review.
    """
    earliest = max(day, _after_review(last_order, inventory.review_period_weeks)) if last_order else day
    if inventory.order_dates:
        return min((each for each in inventory.order_dates if each >= earliest), default=None)
    days = (earliest + n * ONE_DAY for n in range(_LOOK_AHEAD.days))
    return next((each for each in days if WEEKDAYS[each.weekday()] in inventory.order_weekdays), None)


def is_order_day(day: date, inventory: InventorySettings, *, last_order: date | None) -> bool:
    """Whether the article may be ordered on that day without an urgent reason."""
    return first_order_day(day, inventory, last_order=last_order) == day


def _after_review(last_order: date, review_period_weeks: int) -> date:
    """Several order days within a week are all open under weekly reviews; rarer reviews count in weeks."""
    return last_order if review_period_weeks == 1 else monday_of(last_order) + review_period_weeks * ONE_WEEK
