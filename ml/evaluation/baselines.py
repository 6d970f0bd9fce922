"""Simple forecasters that the models must beat: each reads one series alone and answers with 39 quantiles a week.

Point methods become distributions by the quantiles of their own past errors, as made six weeks ahead (the middle of
the horizon) over the last 52 weeks. Whole units, never negative, like the forecast they are compared with.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from domain.quantiles import QUANTILE_LEVELS
from ml.evaluation.histories import row_means
from ml.transformation.usual_weeks import row_quantiles

FloatArray = npt.NDArray[np.float64]
Baseline = Callable[[FloatArray, int], FloatArray]
"""`(n_series, n_weeks)` known units and weeks ahead → `(n_series, n_ahead, 39)` quantiles in units."""

YEAR_WEEKS = 52
LEVEL_WEEKS = 8
ERROR_LEAD_WEEKS = 6
LARGEST_DEVELOPMENT = 3.0
"""A season that multiplies the level by more is noise of an empty year: unbounded, this baseline loses 80 % on Favorita."""
SMOOTHING_LEVELS = (0.05, 0.1, 0.2, 0.3, 0.5)
TSB_PROBABILITY_SMOOTHING = 0.1
TSB_SIZE_SMOOTHING = 0.2


def last_52_weeks(units: FloatArray, n_ahead: int) -> FloatArray:
    """Empirical quantiles of the last 52 known weeks, the same for every week ahead."""
    quantiles = row_quantiles(units[:, -YEAR_WEEKS:], QUANTILE_LEVELS)
    return finished(np.repeat(quantiles[:, None], n_ahead, axis=1))


def moving_average(units: FloatArray, n_ahead: int) -> FloatArray:
    """Mean of the last eight weeks, with its errors."""
    levels = _moving_means(units)
    return _with_errors(np.repeat(levels[:, -1:], n_ahead, axis=1), units - _later(levels, ERROR_LEAD_WEEKS))


def seasonal_naive(units: FloatArray, n_ahead: int) -> FloatArray:
    """The same week last year; the newest known week where there is no last year."""
    newest = _carried_forward(units)[:, -1:]
    last_year = _from_end(units, YEAR_WEEKS)[:, :n_ahead]
    point = np.where(np.isnan(last_year), newest, last_year)
    errors = units - _later(units, YEAR_WEEKS)
    shorter = units - _later(units, ERROR_LEAD_WEEKS)
    return _with_errors(point, np.where(np.isnan(errors).all(axis=1, keepdims=True), shorter, errors))


def seasonal_moving_average(units: FloatArray, n_ahead: int) -> FloatArray:
    """The level of the last eight weeks times how the weeks around the same week last year stood to the level then."""
    levels, centred = _moving_means(units), _centred_means(units)
    then = _later(levels, YEAR_WEEKS)
    point = levels[:, -1:] * _development(_from_end(centred, YEAR_WEEKS)[:, :n_ahead], then[:, -1:])
    past = _later(levels, ERROR_LEAD_WEEKS) * _development(_later(centred, YEAR_WEEKS), _later(then, ERROR_LEAD_WEEKS))
    return _with_errors(point, units - past)


def exponential_smoothing(units: FloatArray, n_ahead: int) -> FloatArray:
    """Simple exponential smoothing [ETS(A,N,N)]; each series takes the smoothing with the smallest one-step error."""
    levels, _ = _best_smoothing(units)
    return _with_errors(np.repeat(levels[:, -1:], n_ahead, axis=1), units - _later(levels, ERROR_LEAD_WEEKS))


def theta(units: FloatArray, n_ahead: int) -> FloatArray:
    """Smoothing with half of the series' linear drift (Assimakopoulos & Nikolopoulos, 2000; Hyndman & Billah, 2003)."""
    levels, best = _best_smoothing(units)
    drift, smoothing = _slope(units)[:, None] / 2, best[:, None]
    # How far the smoothed level lags behind the line, in weeks: all of 1/α only once the first level is forgotten.
    lag = (1 - (1 - smoothing) ** np.cumsum(~np.isnan(units), axis=1)) / smoothing
    ahead = np.arange(n_ahead)[None, :] + lag[:, -1:]
    past = _later(levels + drift * (ERROR_LEAD_WEEKS - 1 + lag), ERROR_LEAD_WEEKS)
    return _with_errors(levels[:, -1:] + drift * ahead, units - past)


def croston_tsb(units: FloatArray, n_ahead: int) -> FloatArray:
    """Croston's separation of size and occurrence, with a probability that decays (Teunter, Syntetos & Babai, 2011)."""
    probability, size = np.full(len(units), np.nan), np.full(len(units), np.nan)
    levels = np.full_like(units, np.nan)
    for week, sold in enumerate(units.T):
        known, some = ~np.isnan(sold), sold > 0
        probability = _step(probability, some.astype(np.float64), TSB_PROBABILITY_SMOOTHING, known)
        size = _step(size, sold, TSB_SIZE_SMOOTHING, some)
        levels[:, week] = probability * np.where(np.isnan(size), 0.0, size)
    return _with_errors(np.repeat(levels[:, -1:], n_ahead, axis=1), units - _later(levels, ERROR_LEAD_WEEKS))


BASELINES: Mapping[str, Baseline] = {
    "seasonal_naive": seasonal_naive,
    "moving_average": moving_average,
    "seasonal_moving_average": seasonal_moving_average,
    "last_52_weeks": last_52_weeks,
    "croston_tsb": croston_tsb,
    "exponential_smoothing": exponential_smoothing,
    "theta": theta,
}


def _with_errors(point: FloatArray, errors: FloatArray) -> FloatArray:
    """Quantiles of the last year's errors around each week's point; the point alone where no error is known."""
    spread = np.nan_to_num(row_quantiles(errors[:, -YEAR_WEEKS:], QUANTILE_LEVELS))
    return finished(point[:, :, None] + spread[:, None, :])


def _development(around_target: FloatArray, level: FloatArray) -> FloatArray:
    """How last year's weeks stood to the level then, kept within a factor; one where last year is unknown or was empty."""
    shape = np.broadcast_shapes(around_target.shape, level.shape)
    ratio = np.divide(around_target, level, out=np.full(shape, np.nan), where=np.broadcast_to(level > 0, shape))
    return np.asarray(np.clip(np.where(np.isnan(ratio), 1.0, ratio), 1 / LARGEST_DEVELOPMENT, LARGEST_DEVELOPMENT))


def finished(quantiles: FloatArray) -> FloatArray:
    """Whole units, never negative, zero where nothing is known."""
    return np.asarray(np.floor(np.maximum(np.nan_to_num(quantiles), 0.0) + 0.5))


def _later(values: FloatArray, weeks: int) -> FloatArray:
    """Each week's value as seen `weeks` later; NaN before."""
    moved = np.full_like(values, np.nan)
    if values.shape[1] > weeks:
        moved[:, weeks:] = values[:, :-weeks]
    return moved


def _from_end(values: FloatArray, n_weeks: int) -> FloatArray:
    """The last `n_weeks` columns; NaN where history is shorter."""
    padded = np.concatenate([np.full((len(values), n_weeks), np.nan), values], axis=1)
    return np.asarray(padded[:, -n_weeks:])


def _moving_means(units: FloatArray) -> FloatArray:
    """Mean of the known ones of the last eight weeks, at every week."""
    return row_means(_windows(units, back=LEVEL_WEEKS - 1, ahead=0).reshape(-1, LEVEL_WEEKS)).reshape(units.shape)


def _centred_means(units: FloatArray) -> FloatArray:
    """Mean of each week and its neighbours."""
    return row_means(_windows(units, back=1, ahead=1).reshape(-1, 3)).reshape(units.shape)


def _windows(units: FloatArray, *, back: int, ahead: int) -> FloatArray:
    padded = np.pad(units, ((0, 0), (back, ahead)), constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, back + ahead + 1, axis=1)


def _carried_forward(units: FloatArray) -> FloatArray:
    """The latest known week at every week."""
    latest = np.maximum.accumulate(np.where(np.isnan(units), 0, np.arange(units.shape[1])), axis=1)
    return np.asarray(np.take_along_axis(units, latest, axis=1))


def _best_smoothing(units: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Levels `(n_series, n_weeks)` of each series' best smoothing, and that smoothing `(n_series,)`."""
    tried = np.stack([_smoothed(units, smoothing) for smoothing in SMOOTHING_LEVELS])
    squared = np.stack([row_means((units - _later(levels, 1)) ** 2) for levels in tried])
    best = np.argmin(np.nan_to_num(squared, nan=np.inf), axis=0)
    return np.asarray(tried[best, np.arange(len(units))]), np.asarray(SMOOTHING_LEVELS)[best]


def _smoothed(units: FloatArray, smoothing: float) -> FloatArray:
    levels, level = np.empty_like(units), np.full(len(units), np.nan)
    for week, sold in enumerate(units.T):
        level = _step(level, sold, smoothing, ~np.isnan(sold))
        levels[:, week] = level
    return levels


def _step(level: FloatArray, value: FloatArray, smoothing: float, counts: npt.NDArray[np.bool_]) -> FloatArray:
    """One step of smoothing; the first value that counts is the first level."""
    moved = np.where(np.isnan(level), value, level + smoothing * (value - level))
    return np.where(counts, moved, level)


def _slope(units: FloatArray) -> FloatArray:
    """Least-squares slope over the known weeks, units per week; zero where fewer than two are known."""
    known = ~np.isnan(units)
    week = np.where(known, np.arange(units.shape[1]), np.nan)
    from_mean = week - row_means(week)[:, None]
    product = np.where(known, from_mean * np.where(known, units, 0.0), 0.0).sum(axis=1)
    squares = np.where(known, from_mean**2, 0.0).sum(axis=1)
    return np.asarray(np.divide(product, squares, out=np.zeros(len(units)), where=squares > 0))
