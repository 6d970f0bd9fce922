"""What held-out weeks teach: enough trees, levels in proportion to the year they cover, the usual weeks' share."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy.stats import poisson

from domain.quantiles import QUANTILE_LEVELS
from ml.forecasting.boosters import TRAINED_LEVELS
from ml.forecasting.calibration import N_CELLS
from ml.forecasting.corrections import HeldOut, best_number, best_usual_shares, fit_corrections
from ml.transformation.usual_weeks import N_USUAL_COLUMN, USUAL_COLUMNS

N_ROWS = 6_000
MEAN = 20.0


def held_out(*, believed_mean: float, usual_mean: float) -> HeldOut:
    """Poisson demand of 20 a week over half a year; what the trees believe, and what last year looked like."""
    generator = np.random.default_rng(8)
    believed, usual = (poisson.ppf(TRAINED_LEVELS, mean) for mean in (believed_mean, usual_mean))
    days = [date(2026, 1, 5) + timedelta(weeks=int(weeks)) for weeks in generator.integers(0, 26, N_ROWS)]
    rows = pl.DataFrame({"origin": days, "horizon_week": generator.integers(1, 13, N_ROWS), "scale_units": np.full(N_ROWS, MEAN)})
    rows = rows.with_columns(**{name: pl.lit(float(units)) for name, units in zip(USUAL_COLUMNS, usual, strict=True)}, **{N_USUAL_COLUMN: pl.lit(52.0)})
    actual = generator.poisson(MEAN, N_ROWS).astype(np.float64)
    cells = generator.integers(0, N_CELLS, N_ROWS)
    return HeldOut(rows, actual, cells, np.ones(N_ROWS), np.full(N_ROWS, 1 / MEAN), np.tile(believed, (N_ROWS, 1)), np.full(N_ROWS, believed_mean))


def test_the_number_of_trees_with_the_smallest_held_out_loss_is_taken():
    held = held_out(believed_mean=MEAN, usual_mean=MEAN)
    by_number = [np.tile(poisson.ppf(TRAINED_LEVELS, mean), (N_ROWS, 1)) for mean in (10.0, 16.0, 20.0, 30.0)]
    assert best_number(by_number, held.actual, held.importance) == 2
    assert best_number(by_number[:2], held.actual, held.importance) == 1


def test_levels_go_as_far_as_the_held_out_weeks_cover_a_year():
    held = held_out(believed_mean=23.0, usual_mean=MEAN)
    quarter, half, year, longer = (fit_corrections(held, n_weeks=weeks).levels for weeks in (13, 26, 52, 60))
    assert np.abs(year - QUANTILE_LEVELS).max() > 0.05
    np.testing.assert_allclose(half, (QUANTILE_LEVELS + year) / 2)
    np.testing.assert_allclose(quarter, (3 * QUANTILE_LEVELS + year) / 4)
    np.testing.assert_array_equal(longer, year)


def test_the_usual_weeks_win_where_the_trees_are_wrong_and_lose_where_they_are_right():
    wrong = fit_corrections(held_out(believed_mean=60.0, usual_mean=MEAN), n_weeks=13).usual_shares
    right = fit_corrections(held_out(believed_mean=MEAN, usual_mean=60.0), n_weeks=52).usual_shares
    assert min(wrong) >= 0.5
    assert max(right) == 0.0


def test_a_share_that_changes_no_delivered_unit_is_worth_nothing():
    held = held_out(believed_mean=MEAN, usual_mean=MEAN)
    nothing = held.rows.with_columns(pl.lit(0.0).alias(name) for name in USUAL_COLUMNS)
    assert max(best_usual_shares(np.full((N_ROWS, 39), 0.4), held._replace(rows=nothing, actual=np.zeros(N_ROWS)))) == 0.0


def test_without_a_mean_there_are_no_shapes():
    held = held_out(believed_mean=MEAN, usual_mean=MEAN)._replace(mean_units=None)
    learnt = fit_corrections(held, n_weeks=26)
    assert learnt.shapes == []
    assert learnt.levels.shape == (N_CELLS, 39)
