import numpy as np
import polars as pl
import pytest
from scipy import stats

from domain.quantiles import QUANTILE_LEVELS, invert_quantiles
from domain.settings import ForecastSettings
from ml import metrics
from ml.accuracy import score_forecast
from ml.forecasting import forecast_demand, train_models
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows
from tests.weekly_tables import tables_of, week, weekly_rows

ACTUAL = np.array([10.0, 20.0])


def certain(units: np.ndarray) -> np.ndarray:
    """A forecast that puts everything on one number."""
    return np.repeat(units[:, None], 39, axis=1).astype(float)


def test_a_perfect_forecast_loses_nothing():
    assert metrics.pinball_loss(ACTUAL, certain(ACTUAL)) == 0
    assert metrics.crps(ACTUAL, certain(ACTUAL)) == 0
    assert metrics.scaled_crps(ACTUAL, certain(ACTUAL)) == 0
    assert metrics.wape(ACTUAL, ACTUAL) == metrics.bias(ACTUAL, ACTUAL) == metrics.mase(ACTUAL, ACTUAL, scale=ACTUAL) == 0


def test_a_certain_forecast_that_is_off_by_two_has_a_crps_of_two():
    assert metrics.crps(ACTUAL, certain(ACTUAL + 2)) == pytest.approx(2)
    assert metrics.crps(ACTUAL, certain(ACTUAL - 2)) == pytest.approx(2)
    assert metrics.scaled_crps(ACTUAL, certain(ACTUAL + 2)) == pytest.approx(4 / 30)


def test_pinball_loss_charges_each_side_by_its_level():
    losses = metrics.pinball_losses(np.array([10.0]), certain(np.array([6.0])))
    np.testing.assert_allclose(losses[0], 4 * QUANTILE_LEVELS)
    losses = metrics.pinball_losses(np.array([6.0]), certain(np.array([10.0])))
    np.testing.assert_allclose(losses[0], 4 * (1 - QUANTILE_LEVELS))


def test_point_metrics_have_obvious_answers():
    forecast = np.array([12.0, 15.0])
    assert metrics.wape(ACTUAL, forecast) == pytest.approx(7 / 30)
    assert metrics.bias(ACTUAL, forecast) == pytest.approx(-3 / 30)
    assert metrics.mase(ACTUAL, forecast, scale=np.array([2.0, 5.0])) == 1
    assert metrics.mase(ACTUAL, forecast, scale=np.array([2.0, 0.0])) == 1


def test_scaled_pinball_loss_leaves_out_what_has_no_scale():
    forecast = certain(np.array([12.0, 999.0]))
    assert metrics.scaled_pinball_loss(ACTUAL, forecast, scale=np.array([4.0, 0.0])) == pytest.approx(2 * 0.5 / 4)
    assert np.isnan(metrics.scaled_pinball_loss(ACTUAL, forecast, scale=np.zeros(2)))


def test_without_demand_relative_metrics_are_not_a_number():
    assert np.isnan(metrics.wape(np.zeros(2), np.ones(2)))


def test_a_week_on_the_edge_of_the_interval_counts_half():
    forecast = np.tile(np.arange(1.0, 40.0), (4, 1))  # q100 = 4, q900 = 36
    assert metrics.interval_coverage(np.array([3.0, 4.0, 36.0, 37.0]), forecast) == pytest.approx(0.25)


def test_the_distribution_function_inverts_the_quantile_function():
    generator = np.random.default_rng(3)
    quantiles = np.cumsum(generator.gamma(1, 2, (6, 39)), axis=1)
    probability = generator.uniform(0.001, 0.999, (50, 6))
    units = invert_quantiles(quantiles, probability)
    back = np.column_stack([metrics.cumulative_probability(np.repeat(quantiles[[week]], 50, axis=0), units[:, week]) for week in range(6)])
    np.testing.assert_allclose(back, probability, atol=1e-9)


def test_a_true_forecast_of_counts_is_calibrated_and_a_wrong_one_is_not():
    generator = np.random.default_rng(5)
    quantiles = np.tile(np.floor(np.quantile(generator.poisson(1.2, 100_000), QUANTILE_LEVELS)), (20_000, 1))
    drawn = np.floor(invert_quantiles(quantiles[:1], generator.uniform(size=(20_000, 1)))[:, 0] + 0.5)
    assert metrics.calibration_error(drawn, quantiles, generator=np.random.default_rng(1)) < 0.01
    assert metrics.calibration_error(drawn + 1, quantiles, generator=np.random.default_rng(1)) > 0.1


def test_only_known_weeks_are_judged_and_no_series_is_lost():
    settings = ForecastSettings(n_threads=1)
    rows = [*weekly_rows([6] * 10), *weekly_rows([3] * 10, article_id="b")]
    later = [*rows, *weekly_rows([5, None, 9], first=10), {**weekly_rows([1], first=13)[0], "available_share": 0.5}]
    before = build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(9), history_weeks=156)
    inference = build_inference_rows(before, cutoff=week(9), settings=settings)
    models = train_models(inference.clear(), settings=settings)
    forecast = forecast_demand(before, inference, models, cutoff=week(9), settings=settings)
    scores = score_forecast(forecast, build_weekly_demand(tables_of(weekly_sales=later), cutoff=week(13), history_weeks=156))
    assert scores["article_id"].to_list() == ["a", "b"]
    assert scores["n_weeks"].to_list() == [2, 0]
    assert scores["actual_units"].to_list() == [14, 0]
    median, mean = forecast["demand_q500"][0], forecast["demand_mean_units"][0]
    assert scores["absolute_error_units"][0] == abs(5 - median) + abs(9 - median)
    assert scores["forecast_units"][0] == pytest.approx(2 * mean)
    own = forecast.filter(pl.col("article_id") == "a").head(2).select(pl.col("^demand_q.*$")).to_numpy()
    assert scores["pinball_loss_units"].to_list() == [pytest.approx(2 * metrics.pinball_loss(np.array([5.0, 9.0]), own)), 0]
    assert scores["covered_weeks"].to_list() == [pytest.approx(metrics.interval_shares(np.array([5.0, 9.0]), own).sum()), 0]


def test_the_interval_covers_what_it_says_even_where_most_weeks_are_zero():
    poisson = stats.poisson(0.4)
    forecast = np.repeat(poisson.ppf(QUANTILE_LEVELS)[None, :], 20_000, axis=0)
    drawn = np.floor(invert_quantiles(forecast[:1], np.random.default_rng(3).random((20_000, 1)))[:, 0] + 0.5).clip(0)
    assert metrics.interval_coverage(drawn, forecast) == pytest.approx(0.8, abs=0.01)
    assert ((drawn >= forecast[:, 3]) & (drawn <= forecast[:, 35])).mean() > 0.9
