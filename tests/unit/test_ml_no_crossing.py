"""Crossing quantiles stop a market at its vector: each of the two guards holds by itself, whatever comes in."""

import numpy as np
import polars as pl
import pytest

from domain.quantiles import QUANTILE_LEVELS
from domain.settings import ForecastSettings
from ml.forecasting import train_models
from ml.forecasting.blend import MEASURED_WEIGHTS, Corrections, blended_quantiles
from ml.forecasting.boosters import TRAINED_LEVELS
from ml.forecasting.calibration import N_CELLS, NOMINAL_LEVELS
from ml.forecasting.prediction import predict_quantiles, rising_units
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows, build_training_sample
from ml.transformation.usual_weeks import N_USUAL_COLUMN, USUAL_COLUMNS
from tests.weekly_tables import panel_tables, week

CUTOFF = week(59)
NO_USUAL_WEEKS = pl.DataFrame({name: [0.0] for name in USUAL_COLUMNS} | {N_USUAL_COLUMN: [0.0]})


def test_levels_that_trees_predict_in_the_wrong_order_are_sorted_and_never_negative() -> None:
    crossing = np.array([[0.5, 0.2, -0.1, 0.9, 0.8, 1.5, 1.2, 2.0]])
    np.testing.assert_allclose(rising_units(crossing, np.array([10.0])), [[0, 2, 5, 8, 9, 12, 15, 20]])


def test_quantiles_read_at_levels_that_cross_still_rise() -> None:
    trained = np.arange(1.0, 9.0)[None, :]
    levels = NOMINAL_LEVELS.copy()
    levels[:, [10, 30]] = levels[:, [30, 10]]
    corrections = Corrections(levels, (), (0.0,) * N_CELLS)
    blended = blended_quantiles(trained, None, np.zeros(1, dtype=np.int64), NO_USUAL_WEEKS, corrections=corrections, weights=MEASURED_WEIGHTS)
    assert (np.diff(blended, axis=1) >= 0).all()
    high = np.interp(QUANTILE_LEVELS[30], TRAINED_LEVELS, trained[0])
    np.testing.assert_allclose(blended[0, 10:31], high)


def test_models_that_disagree_about_the_order_of_levels_give_sorted_quantiles() -> None:
    """Boosters swapped between levels: without the first guard the level of 0.975 would be answered by the booster of 0.025."""
    settings = ForecastSettings(n_training_rows=2_000, n_trees=5, n_leaves=8, n_threads=1)
    demand = build_weekly_demand(panel_tables(n_series=30, n_weeks=60), cutoff=CUTOFF, history_weeks=156)
    models = train_models(build_training_sample(demand, cutoff=CUTOFF, settings=settings), settings=settings).filter(pl.col("part") == "quantile")
    swapped = models.sort("quantile_level").with_columns(booster=pl.Series(models.sort("quantile_level")["booster"].to_list()[::-1]))
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=settings)
    np.testing.assert_array_equal(predict_quantiles(swapped, rows, n_threads=1), predict_quantiles(models, rows, n_threads=1))


@pytest.mark.parametrize("seed", range(5))
def test_any_predictions_and_any_levels_give_rising_quantiles(seed: int) -> None:
    generator = np.random.default_rng(seed)
    trained = rising_units(generator.normal(size=(50, 8)), generator.uniform(0.1, 100, 50))
    levels = generator.uniform(size=(N_CELLS, 39))
    rows = pl.concat([NO_USUAL_WEEKS] * 50)
    cells = generator.integers(0, N_CELLS, 50)
    blended = blended_quantiles(trained, None, cells, rows, corrections=Corrections(levels, (), (0.0,) * N_CELLS), weights=MEASURED_WEIGHTS)
    assert (np.diff(trained, axis=1) >= 0).all()
    assert (np.diff(blended, axis=1) >= 0).all()
    assert (blended >= 0).all()
