"""What a forecast does with input that is off: answered as documented, or refused by name."""

import numpy as np
import polars as pl
import pytest

from domain.errors import StaleInputError
from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import ForecastSettings, Settings
from domain.stage_tables import FlaggedForecasts
from ml.pipeline import forecast_from_demand, forecast_from_tables
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows
from tests.weekly_tables import panel_tables, tables_of, week, weekly_rows

SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=2_000, n_trees=6, n_leaves=8, n_threads=1))
N_WEEKS = 50
N_SERIES = 25


@pytest.fixture(scope="module")
def panel() -> dict[str, pl.DataFrame]:
    return panel_tables(n_series=N_SERIES, n_weeks=N_WEEKS)


def test_a_cutoff_before_the_data_forecasts_nothing_of_the_right_shape(panel: dict[str, pl.DataFrame]):
    nothing = forecast_from_tables(panel, cutoff=week(-3), settings=SETTINGS)
    assert nothing.is_empty()
    assert nothing.columns == FlaggedForecasts.column_names()


def test_a_cutoff_after_the_data_sees_unknown_weeks_not_zeros(panel: dict[str, pl.DataFrame]):
    at_end, later = (forecast_from_tables(panel, cutoff=week(N_WEEKS - 1 + weeks), settings=SETTINGS) for weeks in (0, 6))
    assert later.height == at_end.height == 12 * N_SERIES
    ratio = later["demand_mean_units"].sum() / at_end["demand_mean_units"].sum()
    assert 0.6 < ratio < 1.6  # six zero weeks would have halved the newest level


def test_a_gap_in_the_series_is_refused_by_name(panel: dict[str, pl.DataFrame]):
    demand = build_weekly_demand(panel, cutoff=week(N_WEEKS - 1), history_weeks=156)
    with pytest.raises(StaleInputError, match="1 gaps between weeks"):
        build_inference_rows(demand.filter((pl.col("article_id") != "a1") | (pl.col("week") != week(20))), cutoff=week(N_WEEKS - 1), settings=SETTINGS.forecast)
    twice = pl.concat([demand, demand.filter(pl.col("article_id") == "a1", pl.col("week") == week(20))])
    with pytest.raises(StaleInputError, match="gaps between weeks"):
        build_inference_rows(twice, cutoff=week(N_WEEKS - 1), settings=SETTINGS.forecast)


def test_prices_and_promotions_may_end_before_the_horizon_or_be_missing(panel: dict[str, pl.DataFrame]):
    demand = build_weekly_demand(panel, cutoff=week(N_WEEKS - 1), history_weeks=156)
    priced = demand.with_columns(
        unit_price_eur=pl.when(pl.col("week") < week(N_WEEKS - 5)).then(9.5), promotion=pl.when(pl.col("week") < week(N_WEEKS - 5)).then(0.2)
    )
    for frame in (demand, priced):
        quantiles = forecast_from_demand(frame, cutoff=week(N_WEEKS - 1), settings=SETTINGS.forecast).select(QUANTILE_COLUMNS).to_numpy()
        assert quantiles.shape == (12 * N_SERIES, 39)
        assert np.isfinite(quantiles).all()


def test_series_shorter_than_any_lag_and_new_merchants_are_answered(panel: dict[str, pl.DataFrame]):
    strangers = tables_of(weekly_sales=weekly_rows([4, 6, 5], merchant_id="stranger", article_id="new", first=N_WEEKS - 3))["weekly_sales"]
    tables = panel | {"weekly_sales": pl.concat([panel["weekly_sales"], strangers])}
    rows = forecast_from_tables(tables, cutoff=week(N_WEEKS - 1), settings=SETTINGS).filter(pl.col("merchant_id") == "stranger")
    assert rows.height == 12
    assert 1 <= rows["demand_q500"].median() <= 12  # type: ignore[operator]
