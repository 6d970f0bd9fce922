"""Articles whose recorded life is over have no demand left; all others keep their forecast."""

from datetime import date, timedelta

import polars as pl
import pytest

from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import ForecastSettings, Settings
from domain.tables import Articles
from ml.forecasting.ended import MODEL
from ml.pipeline import forecast_from_tables
from tests.weekly_tables import tables_of, week, weekly_rows

CUTOFF = week(39)
SUNDAY = CUTOFF + timedelta(days=6)
SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=2_000, min_training_rows=10**9, n_threads=1))


def forecast_of(end: date | None, *, last_sale: int = 39, cutoff: date = CUTOFF) -> pl.DataFrame:
    """An article that sells six a week up to a week, and one of which nothing else is known."""
    rows = [*weekly_rows([6] * (last_sale + 1) + [0] * (39 - last_sale)), *weekly_rows([6] * 40, article_id="b")]
    tables = tables_of(weekly_sales=rows)
    listed = Articles.cast(
        pl.DataFrame({name: [None] for name in Articles.column_names()} | {"merchant_id": ["m"], "article_id": ["a"], "end_of_life_date": [end]})
    )
    return forecast_from_tables(tables | {"articles": listed}, cutoff=cutoff, settings=SETTINGS)


def of(forecast: pl.DataFrame, article_id: str) -> pl.DataFrame:
    return forecast.filter(pl.col("article_id") == article_id)


@pytest.mark.parametrize("end", [SUNDAY, week(30)])
def test_what_has_ended_has_no_demand_left(end: date) -> None:
    forecast = forecast_of(end, last_sale=30)
    ended = of(forecast, "a")
    assert ended.height == 12
    assert ended["model"].unique().to_list() == [MODEL]
    assert ended.select("demand_mean_units", *QUANTILE_COLUMNS).to_numpy().max() == 0
    assert of(forecast, "b").equals(of(forecast_of(None, last_sale=30), "b"))


def test_an_end_that_lies_ahead_may_have_been_recorded_later_and_is_not_looked_at() -> None:
    assert forecast_of(SUNDAY + timedelta(days=1)).equals(forecast_of(None))


def test_an_article_that_sold_after_its_recorded_end_has_not_ended() -> None:
    assert forecast_of(week(30)).equals(forecast_of(None))
    # … as far as is visible: at the end of its last week it had.
    assert of(forecast_of(week(30) + timedelta(days=6), cutoff=week(30)), "a")["model"].unique().to_list() == [MODEL]
