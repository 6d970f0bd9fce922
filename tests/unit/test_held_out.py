from datetime import date

import numpy as np
import polars as pl
import pytest

from domain.forecast_tables import CANDIDATES
from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import ForecastSettings, Settings
from domain.stage_tables import Forecasts
from ml.champions import judge_held_out
from ml.evaluation.baselines import BASELINES
from ml.metrics import cumulative_probability, pinball_losses
from ml.pipeline import forecast_from_demand, forecast_from_tables
from ml.preprocessing import build_weekly_demand
from tests.weekly_tables import panel_tables, tables_of, week, weekly_rows

SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=2_000, min_training_rows=10**9, n_threads=1))
"""No trees: the losses of a past forecast are the same arithmetic whoever made it."""
TABLES = panel_tables(n_series=24, n_weeks=70)
PAST, NOW = week(57), week(69)


@pytest.fixture(scope="module")
def forecast() -> pl.DataFrame:
    return forecast_from_tables(TABLES, cutoff=PAST, settings=SETTINGS)


def demand(cutoff: date = NOW) -> pl.DataFrame:
    return build_weekly_demand(TABLES, cutoff=cutoff, history_weeks=156)


def test_the_candidates_are_the_models_and_every_baseline() -> None:
    assert ("lightgbm", *BASELINES) == CANDIDATES


def test_losses_and_probabilities_are_those_of_the_metrics(forecast: pl.DataFrame) -> None:
    held_out = judge_held_out(forecast, demand(), history_weeks=156)
    row = held_out.filter(pl.col("n_weeks") == 11).row(0, named=True)  # one week of it is unknown
    own = (pl.col("merchant_id") == row["merchant_id"]) & (pl.col("article_id") == row["article_id"])
    later = demand().filter(own, pl.col("week") > PAST).sort("week")
    known = (later["sales_units"].is_not_null() & ~later["is_censored"]).to_numpy()
    actual = later["sales_units"].cast(float).fill_null(0).to_numpy()
    quantiles = forecast.filter(own).sort("week").select(QUANTILE_COLUMNS).to_numpy()
    assert row["lightgbm_loss_units"] == pytest.approx(pinball_losses(actual, quantiles).mean(axis=1)[known].sum())
    assert row["actual_units"] == actual[known].sum()
    expected = np.where(known, cumulative_probability(quantiles, actual + 0.5), np.nan)
    np.testing.assert_allclose(np.array(row["pit_upto"], dtype=float), expected)
    assert (np.array(row["pit_below"], dtype=float)[known] <= np.array(row["pit_upto"], dtype=float)[known]).all()


def test_a_challenger_sees_nothing_after_the_past_cutoff(forecast: pl.DataFrame) -> None:
    before = judge_held_out(forecast, demand(), history_weeks=156)
    later = pl.col("week") > week(63)
    tampered = demand().with_columns(sales_units=pl.when(later).then(pl.col("sales_units") + 1_000).otherwise("sales_units"))
    after = judge_held_out(forecast, tampered, history_weeks=156)
    first_weeks = pl.col("pit_upto").list.head(6)
    assert after.select(first_weeks).equals(before.select(first_weeks))
    assert not after["theta_loss_units"].equals(before["theta_loss_units"])
    unchanged = judge_held_out(forecast, demand().filter(pl.col("week") <= PAST), history_weeks=156)
    assert unchanged["n_weeks"].to_list() == [0] * unchanged.height


def test_every_series_of_the_forecast_has_a_row_whatever_the_order_and_the_shards(forecast: pl.DataFrame) -> None:
    whole = judge_held_out(forecast, demand(), history_weeks=156)
    assert whole.height == forecast.select("merchant_id", "article_id").n_unique()
    first, second = (pl.col("article_id").str.slice(1).cast(int) % 2 == part for part in (0, 1))
    parts = [
        judge_held_out(forecast.filter(part).sample(fraction=1.0, shuffle=True, seed=2), demand().filter(part), history_weeks=156) for part in (first, second)
    ]
    assert pl.concat(parts).sort("merchant_id", "article_id").equals(whole)


def test_no_past_forecast_no_rows() -> None:
    assert judge_held_out(Forecasts.create_empty(), demand(), history_weeks=156).is_empty()


def test_a_series_first_sold_after_the_past_cutoff_is_not_judged() -> None:
    """Its zeros had been forecast, but a series begins with its first sale: no challenger can be asked about it."""
    rows = [row for number in range(3) for row in weekly_rows([9, 4, 7] * 21 + [5] * 7, article_id=f"a{number}")]
    late = weekly_rows([0] * 66 + [3, 1, 2, 4], article_id="late")
    early = build_weekly_demand(tables_of(weekly_sales=rows + late), cutoff=PAST, history_weeks=156)
    forecast = forecast_from_demand(early, cutoff=PAST, settings=ForecastSettings(n_threads=1)).select(Forecasts.column_names())
    now = build_weekly_demand(tables_of(weekly_sales=rows + late), cutoff=week(69), history_weeks=156)
    held_out = judge_held_out(forecast, now, history_weeks=156)
    assert dict(held_out.select("article_id", "n_weeks").iter_rows()) == {"a0": 12, "a1": 12, "a2": 12, "late": 0}
    assert held_out.filter(pl.col("n_weeks") > 0)["theta_loss_units"].null_count() == 0
