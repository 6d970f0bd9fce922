import numpy as np
import pytest
from scipy.stats import norm, poisson

from domain.quantiles import QUANTILE_LEVELS
from ml import metrics
from ml.forecasting.boosters import TRAINED_LEVELS
from ml.forecasting.calibration import N_CELLS, fit_levels, read_at, weighted_quantiles
from ml.forecasting.level_set import fit_shapes, level_set_quantiles

N_ROWS = 20_000


def normal_quantiles(n_rows: int, *, spread: float, shift: float = 0.0) -> np.ndarray:
    return np.tile(100 + shift + spread * norm.ppf(QUANTILE_LEVELS), (n_rows, 1))


def at_trained_levels(quantiles: np.ndarray) -> np.ndarray:
    return np.array([np.interp(TRAINED_LEVELS, QUANTILE_LEVELS, row) for row in quantiles])


def test_a_calibrated_forecast_is_left_alone():
    actual = np.round(np.random.default_rng(1).normal(100, 20, N_ROWS))
    levels = fit_levels(normal_quantiles(N_ROWS, spread=20), actual, np.zeros(N_ROWS, dtype=np.int64), np.ones(N_ROWS), generator=np.random.default_rng(2))
    np.testing.assert_allclose(levels, np.tile(QUANTILE_LEVELS, (N_CELLS, 1)), atol=0.01)


@pytest.mark.parametrize(("spread", "shift"), [(30, 0), (20, 10), (25, -8)])
def test_calibration_repairs_what_held_out_weeks_show(spread: float, shift: float):
    generator = np.random.default_rng(3)
    wrong = normal_quantiles(N_ROWS, spread=spread, shift=shift)
    cells = np.zeros(N_ROWS, dtype=np.int64)
    levels = fit_levels(wrong, np.round(generator.normal(100, 20, N_ROWS)), cells, np.ones(N_ROWS), generator=generator)
    new_weeks = np.round(generator.normal(100, 20, N_ROWS))
    before = metrics.calibration_error(new_weeks, wrong, generator=generator)
    # The trees know eight levels; a forecast reads between them.
    after = metrics.calibration_error(new_weeks, read_at(at_trained_levels(wrong), levels, cells), generator=generator)
    assert before > 0.04
    assert after < 0.015


def test_a_small_cell_follows_the_others():
    generator = np.random.default_rng(4)
    cells = np.r_[np.zeros(N_ROWS, dtype=np.int64), np.ones(10, dtype=np.int64)]
    actual = np.r_[np.round(generator.normal(100, 20, N_ROWS)), np.full(10, 900.0)]
    levels = fit_levels(normal_quantiles(N_ROWS + 10, spread=20), actual, cells, np.ones(N_ROWS + 10), generator=generator)
    np.testing.assert_allclose(levels[1], levels[0], atol=0.01)


def test_reading_interpolates_between_the_trained_levels_and_stops_at_the_outermost():
    trained = np.sort(np.random.default_rng(5).gamma(2, 3, (6, len(TRAINED_LEVELS))), axis=1)
    cells = np.array([0, 1, 0, 1, 1, 0])
    levels = np.tile(QUANTILE_LEVELS, (N_CELLS, 1))
    levels[1] = np.clip(QUANTILE_LEVELS * 1.5 - 0.2, 0, 1)
    read = read_at(trained, levels, cells)
    for row, of_row, cell in zip(read, trained, cells, strict=True):
        np.testing.assert_allclose(row, np.interp(levels[cell], TRAINED_LEVELS, of_row))


def test_a_weight_of_two_is_the_value_twice():
    values = np.array([3.0, 1.0, 2.0])
    twice = weighted_quantiles(np.array([3.0, 1.0, 1.0, 2.0]), np.ones(4))
    assert abs(weighted_quantiles(values, np.array([1.0, 2.0, 1.0])) - twice).max() < 0.5


def test_level_sets_learn_the_shape_of_counts():
    generator = np.random.default_rng(6)
    mean = np.exp(generator.uniform(-2, 4, 4 * N_ROWS))
    cells = np.zeros(len(mean), dtype=np.int64)
    shapes = fit_shapes(mean, generator.poisson(mean).astype(float), cells, np.ones(len(mean)), generator=generator)
    some = np.array([0.3, 2.0, 20.0])
    quantiles = np.floor(np.maximum(level_set_quantiles(shapes, some, np.zeros(3, dtype=np.int64)), 0) + 0.5)
    for row, of_mean in zip(quantiles, some, strict=True):
        # Within one unit or a tenth of the mean of the true quantile.
        assert np.abs(row - poisson.ppf(QUANTILE_LEVELS, of_mean)).max() <= max(1.0, 0.12 * of_mean)
    assert shapes[0].log_mean.shape == (48,)
