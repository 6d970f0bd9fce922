"""Announced ends bound what is demanded."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from feature_store.life import share_of_weeks_left
from tests.weekly_tables import tables_of, week

CUTOFF, MONDAY = week(9), week(10)


def shares(end: date | None, *, decision_date: date = MONDAY) -> list[float]:
    articles = tables_of(articles=[{"end_of_life_date": end}])["articles"]
    series = pl.DataFrame({"merchant_id": ["m", "m"], "article_id": ["a", "other"]})
    found = share_of_weeks_left(series, articles, decision_date=decision_date, cutoff=CUTOFF)
    np.testing.assert_allclose(found[1], share_of_weeks_left(series[1:], articles.clear(), decision_date=decision_date, cutoff=CUTOFF)[0])
    return [round(share * 7) for share in found[0]]


@pytest.mark.parametrize(
    ("days_ahead", "expected"),
    [(13, [7, 7] + [0] * 10), (9, [7, 3] + [0] * 10), (0, [1] + [0] * 11), (83, [7] * 12), (500, [7] * 12), (-1, [7] * 12)],
)
def test_nothing_is_demanded_after_the_last_day_on_sale(days_ahead: int, expected: list[int]) -> None:
    """An end before the horizon is the forecast's to know: an article that still sells has not ended."""
    assert shares(MONDAY + timedelta(days=days_ahead)) == expected


def test_days_that_have_passed_do_not_count_either() -> None:
    thursday = MONDAY + timedelta(days=3)
    assert shares(None, decision_date=thursday) == [4] + [7] * 11
    assert shares(MONDAY + timedelta(days=4), decision_date=thursday) == [2] + [0] * 11
