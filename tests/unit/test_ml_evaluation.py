import numpy as np
import polars as pl
import pytest

from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS
from domain.settings import ForecastSettings, Settings
from ml import metrics
from ml.evaluation import Tally, evaluate_cutoffs, pooled_figures
from ml.evaluation.baselines import BASELINES, Baseline, croston_tsb, last_52_weeks, moving_average, seasonal_moving_average, seasonal_naive, theta
from ml.evaluation.figures import tally_sums
from ml.evaluation.histories import row_means
from ml.evaluation.plain_forecaster import plain_forecast
from ml.evaluation.report import evaluation_report
from ml.preprocessing import build_weekly_demand
from ml.transformation.usual_weeks import row_quantiles
from tests.weekly_tables import panel_tables, week

SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=3_000, n_trees=8, n_leaves=8, n_threads=1))
CUTOFFS = [week(50), week(56)]
MEDIAN = int(np.searchsorted(QUANTILE_LEVELS, 0.5))


@pytest.fixture(scope="module")
def sums() -> pl.DataFrame:
    return evaluate_cutoffs(panel_tables(n_series=25, n_weeks=65), CUTOFFS, settings=SETTINGS)


def test_the_report_holds_every_method_cutoff_segment_and_week(sums: pl.DataFrame):
    report = evaluation_report(sums)
    assert set(report["total"]) == {"replenish", *BASELINES}
    assert list(report["cutoffs"]) == [day.isoformat() for day in CUTOFFS]
    own = report["total"]["replenish"]
    assert report["scaled_crps"] == own["scaled_crps"]
    assert own["crossings"] == own["cells_missing"] == 0
    assert sum(figures["n_cells"] for figures in own["by_horizon_week"].values()) == own["n_cells"]
    assert sum(figures["n_cells"] for figures in own["by_segment"].values()) == own["n_cells"]
    assert own["n_cells"] == sum(methods["replenish"]["n_cells"] for methods in report["cutoffs"].values())
    # Beyond week 64 nothing is known: the second cutoff is judged on eight weeks.
    assert set(report["cutoffs"][week(56).isoformat()]["replenish"]["by_horizon_week"]) == {str(ahead) for ahead in range(1, 9)}
    best = min(report["total"][name]["scaled_crps"] for name in BASELINES)
    assert report["better_than_best_baseline"] == pytest.approx(1 - own["scaled_crps"] / best)


def test_pooled_figures_equal_the_metrics_of_all_cells():
    generator = np.random.default_rng(1)
    actual, scale = generator.poisson(4, 60).astype(float), np.r_[0.0, generator.uniform(1, 3, 59)]
    quantiles = np.sort(generator.poisson(4, (60, 39)), axis=1).astype(float)
    mean = quantiles.mean(axis=1)
    cells = pl.DataFrame({"segment": ["a", "b"] * 30, "horizon_week": [1, 2, 3] * 20, "actual_units": actual, "scale_units": scale, "mean_units": mean})
    figures = pooled_figures(tally_sums(Tally(cells, quantiles, 5), method="m", cutoff="c"))
    sold = actual > 0
    assert figures["scaled_crps"] == pytest.approx(metrics.scaled_crps(actual, quantiles))
    assert figures["spl"] == pytest.approx(metrics.scaled_pinball_loss(actual, quantiles, scale=scale))
    assert figures["ece"] == pytest.approx(metrics.calibration_error(actual, quantiles, generator=np.random.default_rng(1)))
    assert figures["wape"] == pytest.approx(metrics.wape(actual, quantiles[:, MEDIAN]))
    assert figures["bias"] == pytest.approx(metrics.bias(actual, mean))
    assert figures["rmse"] == pytest.approx(np.sqrt(((actual - mean) ** 2).mean()))
    assert figures["mape"] == pytest.approx((np.abs(actual - quantiles[:, MEDIAN])[sold] / actual[sold]).mean())
    assert (figures["n_cells"], figures["cells_missing"], figures["crossings"]) == (60, 5, 0)


def test_crossing_quantiles_are_counted():
    cells = pl.DataFrame({"segment": ["a"], "horizon_week": [1], "actual_units": [1.0], "scale_units": [1.0], "mean_units": [1.0]})
    quantiles = np.arange(39.0)[None, ::-1]
    assert pooled_figures(tally_sums(Tally(cells, quantiles, 0), method="m", cutoff="c"))["crossings"] == 1


def test_what_happens_after_the_cutoff_changes_no_forecast_only_its_score():
    tables = panel_tables(n_series=12, n_weeks=65)
    later = pl.col("week") > week(50)
    changed = tables | {
        "weekly_sales": tables["weekly_sales"].with_columns(sales_units=pl.when(later).then(pl.col("sales_units") + 50).otherwise("sales_units"))
    }
    before, after = (evaluate_cutoffs(source, [week(50)], settings=SETTINGS) for source in (tables, changed))
    # Σ(forecast − actual) + Σ actual = Σ forecast.
    forecast_units = [(frame["mean_error_units"] + frame["sum_units"]).to_numpy() for frame in (before, after)]
    np.testing.assert_allclose(*forecast_units)
    assert after["loss_units"].sum() > before["loss_units"].sum()


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize("kind", ["steady", "young", "unknown", "zero", "gappy", "one order"])
def test_every_baseline_answers_every_series(baseline: Baseline, kind: str):
    units = np.full((1, 156), np.nan)
    match kind:
        case "steady":
            units[:] = 7
        case "young":
            units[0, -2:] = [3, 5]
        case "zero":
            units[:] = 0
        case "gappy":
            units[0, ::3] = np.arange(52)
        case "one order":
            units[0, -60:] = 0
            units[0, -9] = 1_000_000
    quantiles = baseline(units, 12)
    assert quantiles.shape == (1, 12, 39)
    assert np.isfinite(quantiles).all()
    assert (quantiles >= 0).all()
    assert (np.diff(quantiles, axis=2) >= 0).all()
    if kind == "steady":
        assert (quantiles == 7).all()
    if kind in ("zero", "unknown"):
        assert (quantiles == 0).all()


def test_seasonal_baselines_know_last_year():
    season = np.tile(10 + 8 * np.sin(2 * np.pi * np.arange(52) / 52), 4)[-156:].round()
    units, future = season[None, :], np.tile(season[-52:], 2)[:12]
    for baseline in (seasonal_naive, seasonal_moving_average):
        error = np.abs(baseline(units, 12)[0, :, MEDIAN] - future).mean()
        assert error < np.abs(moving_average(units, 12)[0, :, MEDIAN] - future).mean() / 2
    assert (seasonal_naive(units, 12)[0, :, MEDIAN] == future).all()


def test_theta_follows_a_trend_and_tsb_a_death():
    rising = np.arange(156.0)[None, :]
    assert theta(rising, 12)[0, -1, MEDIAN] > theta(rising, 12)[0, 0, MEDIAN] > 150
    dying = np.r_[np.full(100, 6.0), np.zeros(56)][None, :]
    assert croston_tsb(dying, 12)[0, 0, MEDIAN] < 1


def test_the_empirical_baseline_is_numpys_quantile():
    units = np.random.default_rng(2).poisson(5, (3, 156)).astype(float)
    expected = np.floor(np.quantile(units[:, -52:], QUANTILE_LEVELS, axis=1).T + 0.5)
    np.testing.assert_array_equal(last_52_weeks(units, 12)[:, 4], expected)
    gappy = np.where(np.random.default_rng(3).random((3, 52)) < 0.4, np.nan, units[:, -52:])
    np.testing.assert_allclose(row_quantiles(gappy, QUANTILE_LEVELS), np.nanquantile(gappy, QUANTILE_LEVELS, axis=1).T)
    np.testing.assert_allclose(row_means(gappy), np.nanmean(gappy, axis=1))


def test_the_plain_forecaster_answers_every_series():
    demand = build_weekly_demand(panel_tables(n_series=12, n_weeks=50), cutoff=week(49), history_weeks=156)
    rows = plain_forecast(demand, week(49), n_threads=1)
    keys = demand.select("merchant_id", "article_id").unique()
    assert rows.height == 12 * keys.height
    assert rows.join(keys, on=["merchant_id", "article_id"], how="anti").is_empty()
    assert (np.diff(rows.select(QUANTILE_COLUMNS).to_numpy(), axis=1) >= 0).all()
    assert rows["horizon_week"].unique().sort().to_list() == list(range(1, 13))
