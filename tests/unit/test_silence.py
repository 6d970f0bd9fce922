"""Sales that are missing rather than zero."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from ml.preprocessing import build_weekly_demand
from ml.preprocessing.silence import find_silence, tally_sales_days
from tests.weekly_tables import tables_of, week

CUTOFF = week(15)
NEXT_MONDAY = week(16)


def sales(weeks: Sequence[int], *, per_day: int = 3, days: Sequence[int] = range(6), merchant: str = "m") -> list[dict[str, Any]]:
    """Lines of one unit each, so many a day on some weekdays of some weeks; every third is of the article "b"."""
    return [
        {
            "transaction_id": f"{merchant}-{at}-{day}-{line}",
            "merchant_id": merchant,
            "article_id": "b" if line % 3 == 0 else "a",
            "occurred_at": week(at) + timedelta(days=day),
            "quantity_units": 1,
        }
        for at in weeks
        for day in days
        for line in range(per_day)
    ]


def silent(rows: list[dict[str, Any]], *, before: date = NEXT_MONDAY) -> list[tuple[str, date, bool]]:
    return find_silence([tally_sales_days(tables_of(sales_transactions=rows)["sales_transactions"], before=before)], before=before).rows()


def units(rows: list[dict[str, Any]], article: str = "a") -> list[tuple[int | None, bool]]:
    demand = build_weekly_demand(tables_of(sales_transactions=rows), cutoff=CUTOFF, history_weeks=52).filter(pl.col("article_id") == article)
    return demand.tail(3).select("sales_units", "is_censored").rows()


def test_sales_that_end_before_the_cutoff_are_unknown_and_not_zero() -> None:
    assert silent(sales(range(14))) == [("m", week(14), True), ("m", week(15), True)]
    assert units(sales(range(14))) == [(12, False), (None, False), (None, False)]


def test_a_week_missing_in_the_middle_is_unknown() -> None:
    assert silent(sales([*range(13), 14, 15])) == [("m", week(13), True)]
    assert units(sales([*range(14), 15])) == [(12, False), (None, False), (12, False)]


def test_the_week_in_which_sales_break_off_is_a_lower_bound() -> None:
    broken = sales(range(15)) + sales([15], days=range(2))
    assert silent(broken) == [("m", week(15), False)]
    assert units(broken)[-1] == (4, True)


def test_a_shop_that_is_closed_on_weekends_breaks_nothing_off() -> None:
    assert silent(sales(range(16), days=range(5), per_day=30)) == []


def test_an_article_without_a_sale_sold_nothing() -> None:
    without_b = [row for row in sales(range(16)) if row["article_id"] == "a" or row["occurred_at"] < week(15)]
    assert units(without_b, "b")[-1] == (0, False)


def test_a_merchant_that_seldom_sells_may_sell_nothing_for_a_while() -> None:
    assert silent(sales(range(14), per_day=1, days=[2])) == []


def test_a_quarter_of_a_year_without_sales_is_a_season() -> None:
    assert silent(sales([*range(20), *range(34, 50)]), before=week(50)) == []
    assert len(silent(sales([*range(20), *range(33, 50)]), before=week(50))) == 13


def test_merchants_are_judged_apart_and_later_sales_and_shards_change_nothing() -> None:
    rows = sales(range(14)) + sales(range(16), merchant="other")
    assert {merchant for merchant, _, _ in silent(rows)} == {"m"}
    assert silent(rows + sales(range(16, 20))) == silent(rows)
    whole = tables_of(sales_transactions=rows)["sales_transactions"]
    parts = [tally_sales_days(whole.filter(pl.col("article_id") == name), before=week(16)) for name in ("b", "a")]
    assert find_silence(parts, before=week(16)).rows() == silent(rows)
