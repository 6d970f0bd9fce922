from datetime import date

import pytest

from domain.errors import UsageError
from domain.order_calendar import first_order_day, is_order_day
from domain.settings import InventorySettings, Settings

MONDAY, TUESDAY = date(2026, 9, 28), date(2026, 9, 29)


def test_orders_are_placed_on_the_weekday_of_the_schedule_by_default():
    calendar = InventorySettings()
    assert is_order_day(MONDAY, calendar, last_order=None)
    assert not is_order_day(TUESDAY, calendar, last_order=None)
    assert first_order_day(TUESDAY, calendar, last_order=MONDAY) == date(2026, 10, 5)


def test_several_weekdays_are_all_open_under_weekly_reviews():
    calendar = InventorySettings(order_weekdays=("monday", "thursday"))
    assert first_order_day(TUESDAY, calendar, last_order=MONDAY) == date(2026, 10, 1)


def test_with_rarer_reviews_an_article_that_was_ordered_waits_for_its_review():
    calendar = InventorySettings(review_period_weeks=4)
    assert first_order_day(TUESDAY, calendar, last_order=MONDAY) == date(2026, 10, 26)
    assert first_order_day(TUESDAY, calendar, last_order=TUESDAY) == date(2026, 10, 26)
    assert first_order_day(TUESDAY, calendar, last_order=None) == date(2026, 10, 5)


def test_dates_stand_instead_of_weekdays_and_may_end():
    calendar = InventorySettings(order_dates=(date(2026, 10, 7), date(2026, 11, 4)))
    assert first_order_day(MONDAY, calendar, last_order=None) == date(2026, 10, 7)
    assert first_order_day(date(2026, 10, 8), calendar, last_order=None) == date(2026, 11, 4)
    assert first_order_day(date(2026, 11, 5), calendar, last_order=None) is None


def test_a_cell_of_the_table_lists_weekdays_or_dates():
    row = {"order_weekdays": "Monday, thursday", "order_dates": "2026-10-07, 2026-11-04"}
    own = Settings().for_merchant("m", row).inventory
    assert own.order_weekdays == ("monday", "thursday")
    assert own.order_dates == (date(2026, 10, 7), date(2026, 11, 4))


@pytest.mark.parametrize("row", [{"order_weekdays": "someday"}, {"order_dates": "7 October"}, {"order_weekdays": ","}])
def test_a_calendar_that_cannot_be_read_is_refused_by_name(row):
    with pytest.raises(UsageError, match="order_"):
        Settings().for_merchant("m", row)
