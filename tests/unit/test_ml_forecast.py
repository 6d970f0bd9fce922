from datetime import date

import numpy as np
import polars as pl
import pytest

from domain.errors import StaleInputError
from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS
from domain.settings import ForecastSettings
from ml.forecasting import forecast_demand, train_models
from ml.forecasting.boosters import TRAINED_LEVELS
from ml.forecasting.calibration import read_nominal
from ml.forecasting.empirical import empirical_quantiles
from ml.forecasting.segments import describe_series
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows, build_training_sample
from tests.weekly_tables import panel_tables, tables_of, week, weekly_rows

SETTINGS = ForecastSettings(n_training_rows=3_000, n_trees=8, n_leaves=8, n_threads=1)


def forecast(tables: dict[str, pl.DataFrame], cutoff: date, **changes: int) -> pl.DataFrame:
    settings = SETTINGS.model_copy(update=changes)
    demand = build_weekly_demand(tables, cutoff=cutoff, history_weeks=156)
    models = train_models(build_training_sample(demand, cutoff=cutoff, settings=settings), settings=settings)
    return forecast_demand(demand, build_inference_rows(demand, cutoff=cutoff, settings=settings), models, cutoff=cutoff, settings=settings)


def test_every_series_gets_twelve_weeks_of_whole_units():
    tables = panel_tables(n_series=30, n_weeks=60)
    launched = weekly_rows([4], article_id="just launched", first=59) + weekly_rows([None], article_id="nothing known", first=59)
    tables["weekly_sales"] = pl.concat([tables["weekly_sales"], tables_of(weekly_sales=launched)["weekly_sales"]])
    result = forecast(tables, week(59))
    n_series = tables["weekly_sales"].select(pl.struct("merchant_id", "article_id").n_unique()).item()
    assert result.height == n_series * 12
    assert result["horizon_week"].to_list() == list(range(1, 13)) * n_series
    assert result["week"].to_list() == [week(59 + ahead) for ahead in result["horizon_week"]]
    quantiles = result.select(QUANTILE_COLUMNS).to_numpy()
    assert (quantiles == np.floor(quantiles)).all()
    assert set(result["model"]) == {"lightgbm", "empirical"}
    assert set(result.filter(pl.col("model") == "empirical")["article_id"]) == {"nothing known"}


@pytest.mark.parametrize(
    ("units", "low", "high"),
    [([None, None], 0, 10), ([0] * 30, 0, 1), ([40], 1, 300), ([7] * 30, 1, 25)],
    ids=["nothing known", "never sold", "one week", "steady"],
)
def test_series_without_a_model_still_get_a_sane_distribution(units: list[int | None], low: int, high: int):
    result = forecast(tables_of(weekly_sales=weekly_rows(units)), week(len(units) - 1))
    assert result.height == 12
    assert set(result["model"]) == {"empirical"}
    assert result["demand_q500"][0] >= 0
    assert low <= result["demand_q975"][0] <= high
    assert result["demand_mean_units"][0] >= 0


def test_the_prior_says_what_its_docstring_says():
    nothing = pl.DataFrame(
        {"n_observed_weeks": [0], "mean_units": [None], "variance_units": [None]}, schema_overrides={"mean_units": pl.Float64, "variance_units": pl.Float64}
    )
    quantiles = dict(zip(QUANTILE_LEVELS, empirical_quantiles(nothing)[0], strict=True))
    assert quantiles[0.65] == 0
    assert quantiles[0.675] == 1
    assert quantiles[0.975] == 7


def test_more_weeks_narrow_the_empirical_distribution():
    series = pl.DataFrame({"n_observed_weeks": [1, 5, 50], "mean_units": [20.0] * 3, "variance_units": [None, 20.0, 20.0]})
    width = np.ptp(empirical_quantiles(series)[:, [3, 35]], axis=1)
    assert width[0] > width[1] > width[2]


def test_the_trained_levels_pass_through_the_interpolation():
    trained = np.sort(np.random.default_rng(0).gamma(2, 3, (5, 8)), axis=1)
    quantiles = read_nominal(trained)
    for position, level in enumerate(TRAINED_LEVELS):
        near = np.interp(level, QUANTILE_LEVELS, np.arange(39))
        if float(near).is_integer():
            np.testing.assert_allclose(quantiles[:, int(near)], trained[:, position])
    expected = np.array([np.interp(QUANTILE_LEVELS, TRAINED_LEVELS, row) for row in trained])
    np.testing.assert_allclose(quantiles, expected)


@pytest.mark.parametrize(
    ("units", "segment"),
    [
        ([5, 6, 5, 4] * 5, "smooth"),
        ([1, 1, 30, 1] * 5, "erratic"),
        ([5, 0, 0, 5] * 5, "intermittent"),
        ([1, 0, 0, 40] * 5, "lumpy"),
        ([5, 6, 5, 4], "smooth"),  # four known weeks are enough
        ([5, 6, 5], "new"),
        ([None, None, None, None, None], "new"),
    ],
)
def test_segments_follow_syntetos_and_boylan(units: list[int | None], segment: str):
    cutoff = week(len(units) - 1)
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows(units)), cutoff=cutoff, history_weeks=156)
    assert describe_series(demand, cutoff=cutoff)["segment"].to_list() == [segment]


def test_inference_rows_of_another_cutoff_are_refused():
    demand = build_weekly_demand(panel_tables(n_series=3, n_weeks=30), cutoff=week(29), history_weeks=156)
    rows = build_inference_rows(demand, cutoff=week(29), settings=SETTINGS)
    models = train_models(rows.clear(), settings=SETTINGS)
    with pytest.raises(StaleInputError, match=f"origin {week(28)}"):
        forecast_demand(demand, rows, models, cutoff=week(28), settings=SETTINGS)
    with pytest.raises(StaleInputError, match="12 rows per series"):
        forecast_demand(demand, rows.filter(pl.col("horizon_week") < 12), models, cutoff=week(29), settings=SETTINGS)
