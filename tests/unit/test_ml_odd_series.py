"""Series that no model likes: every one is answered, and none spoils the others."""

import numpy as np
import polars as pl
import pytest

from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import ForecastSettings, Settings
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand
from tests.weekly_tables import panel_tables, week, weekly_rows

SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=4_000, n_trees=15, n_leaves=8, n_threads=1))
N_WEEKS = 70
ODD: dict[str, list[int | None]] = {
    "constant": [7] * N_WEEKS,
    "never known": [None] * N_WEEKS,
    "never sold": [0] * N_WEEKS,
    "two weeks old": [3, 5],
    "a single huge order": [0] * 30 + [5_000] + [0] * 39,
    "ended": [9, 8, 10, 9, 11] * 4 + [0] * 50,
    "a typo of a million": [6, 5, 7, 6, 8] * 6 + [1_000_000] + [6, 5, 7] * 13,
    "gaps": [4, None, None, 5, 6] * 14,
}


def tables(odd: dict[str, list[int | None]]) -> dict[str, pl.DataFrame]:
    world = panel_tables(n_series=40, n_weeks=N_WEEKS)
    rows = [row for name, units in odd.items() for row in weekly_rows(units, article_id=name, first=N_WEEKS - len(units))]
    own = pl.DataFrame(rows, schema_overrides={"sales_units": pl.Int64})
    return world | {"weekly_sales": pl.concat([world["weekly_sales"], own], how="diagonal_relaxed").select(world["weekly_sales"].columns)}


@pytest.fixture(scope="module")
def forecast() -> pl.DataFrame:
    return forecast_from_tables(tables(ODD), cutoff=week(N_WEEKS - 1), settings=SETTINGS)


@pytest.mark.parametrize("name", ODD)
def test_every_odd_series_is_answered(forecast: pl.DataFrame, name: str):
    rows = forecast.filter(pl.col("article_id") == name)
    assert rows["horizon_week"].to_list() == list(range(1, 13))
    quantiles = rows.select(QUANTILE_COLUMNS).to_numpy()
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()


@pytest.mark.parametrize(("name", "low", "high"), [("constant", 4, 12), ("never sold", 0, 1), ("ended", 0, 4), ("gaps", 2, 10)])
def test_the_median_is_where_a_person_would_put_it(forecast: pl.DataFrame, name: str, low: int, high: int):
    medians = forecast.filter(pl.col("article_id") == name)["demand_q500"]
    assert low <= medians.min() <= medians.max() <= high


TYPO = "a typo of a million"


def test_a_typo_moves_no_other_series_at_all(forecast: pl.DataFrame):
    unknown = [None if units == 1_000_000 else units for units in ODD[TYPO]]
    without_it = forecast_from_tables(tables(ODD | {TYPO: unknown}), cutoff=week(N_WEEKS - 1), settings=SETTINGS)
    assert forecast.drop("flags").equals(without_it.drop("flags"))


def test_a_typo_stays_in_the_table_and_is_flagged_in_the_forecast(forecast: pl.DataFrame):
    demand = build_weekly_demand(tables(ODD), cutoff=week(N_WEEKS - 1), history_weeks=156)
    assert demand.filter(pl.col("flag") == "unit_error").select("article_id", "sales_units").rows() == [(TYPO, 1_000_000)]
    assert forecast.filter(pl.col("article_id") == TYPO)["flags"].unique().to_list() == ["unit_error"]


@pytest.mark.parametrize(
    ("name", "flags"),
    [("constant", "constant"), ("never known", "never_known"), ("never sold", "never_sold"), ("two weeks old", "short_history"), ("gaps", "")],
)
def test_what_is_unusual_about_a_series_stands_in_its_forecast(forecast: pl.DataFrame, name: str, flags: str):
    assert forecast.filter(pl.col("article_id") == name)["flags"].unique().to_list() == [flags]


def test_the_order_of_rows_changes_nothing(forecast: pl.DataFrame):
    shuffled = tables(ODD)
    again = shuffled | {"weekly_sales": shuffled["weekly_sales"].sample(fraction=1.0, shuffle=True, seed=3)}
    assert forecast_from_tables(again, cutoff=week(N_WEEKS - 1), settings=SETTINGS).equals(forecast)
