"""Which weeks a walk-forward judges: those that the source has recorded to their end, and no week that is merely not there yet."""

import polars as pl
import pytest

from domain.errors import UsageError
from domain.settings import ForecastSettings, Settings
from ml.evaluation import evaluate_cutoffs, forecasters_of
from ml.preprocessing.visible import newest_recorded_week
from tests.weekly_tables import day, tables_of, week, weekly_rows

SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=2_000, min_training_rows=10**9, n_threads=1))
LAST_DAY = 7 * 44 + 2
"""Wednesday of week 44."""


def shop(last_day: int = LAST_DAY, **more) -> dict[str, pl.DataFrame]:
    sales = [{"transaction_id": f"t{number}", "occurred_at": day(number), "quantity_units": 3} for number in range(last_day + 1)]
    return tables_of(sales_transactions=sales, **more)


def judged(tables: dict[str, pl.DataFrame], cutoff: int) -> dict[int, float]:
    forecasters = {"replenish": forecasters_of(SETTINGS)["replenish"]}
    sums = evaluate_cutoffs(tables, [week(cutoff)], settings=SETTINGS, forecasters=forecasters)
    return dict(sums.group_by("horizon_week").agg(pl.col("sum_units").sum()).sort("horizon_week").iter_rows())


def test_weeks_after_the_last_complete_one_are_not_judged_as_zeros() -> None:
    assert judged(shop(), 40) == {1: 21.0, 2: 21.0, 3: 21.0}


def test_weeks_after_the_last_sale_are_unknown_even_where_stock_reports_go_on() -> None:
    """Sales that end before stock does are a feed that stopped: no zeros."""
    counted = [{"date": day(7 * 47 - 1).date(), "on_hand_units": 5}]
    assert judged(shop(stock_levels=counted), 40) == {1: 21.0, 2: 21.0, 3: 21.0, 4: 9.0}


@pytest.mark.parametrize("tables", [shop(), tables_of(weekly_sales=weekly_rows([4] * 44 + [None] * 3)), tables_of()], ids=["transactions", "weeks", "none"])
def test_a_cutoff_with_no_known_week_after_it_is_refused_by_name_before_any_work(tables: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(UsageError, match="no week can judge a forecast of cutoff"):
        evaluate_cutoffs(tables, [week(40), week(43)], settings=SETTINGS, forecasters={"never asked": None})  # type: ignore[dict-item]


@pytest.mark.parametrize(("last_day", "expected"), [(LAST_DAY, 43), (7 * 44 + 6, 44)])
def test_the_newest_recorded_week_is_a_complete_one(last_day: int, expected: int) -> None:
    assert newest_recorded_week(shop(last_day)) == week(expected)
    assert newest_recorded_week(tables_of()) is None
