"""A forecast distribution as 39 quantiles: levels, column names, the quantile function and its mean.

The forecaster writes these columns and the simulation inverts them, so both read the definition here
(method §2: linear between levels, lower edge −½, exponential upper tail fitted through q90 and q975).
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

QUANTILE_LEVELS: FloatArray = np.round(np.arange(1, 40) * 0.025, 3)
"""Levels 0.025, 0.050, …, 0.975."""

QUANTILE_COLUMNS: list[str] = [f"demand_q{round(level * 1000):03d}" for level in QUANTILE_LEVELS]
"""demand_q025 … demand_q975."""

LOWER_EDGE_UNITS = -0.5
_Q900 = int(np.searchsorted(QUANTILE_LEVELS, 0.9))
_LOG_RATIO = float(np.log((1 - 0.9) / (1 - 0.975)))


def invert_quantiles(quantiles: FloatArray, probability: FloatArray) -> FloatArray:
    """Demand at the given probabilities, per week.

    Args:
        quantiles: `(n_weeks, 39)` monotone quantiles in units.
        probability: `(n_paths, n_weeks)` in (0, 1).

    Returns:
        `(n_paths, n_weeks)` real-valued units; the caller rounds (⌊q(u) + ½⌋).
    """
    levels = np.concatenate(([0.0], QUANTILE_LEVELS))
    out = np.empty_like(probability)
    for week in range(quantiles.shape[0]):
        knots = np.concatenate(([min(LOWER_EDGE_UNITS, quantiles[week, 0])], quantiles[week]))
        out[:, week] = np.interp(probability[:, week], levels, knots)
    top = probability > QUANTILE_LEVELS[-1]
    if top.any():
        excess = np.log((1 - QUANTILE_LEVELS[-1]) / (1 - probability[top])) * np.broadcast_to(tail_scale(quantiles), probability.shape)[top]
        out[top] = np.broadcast_to(quantiles[:, -1], probability.shape)[top] + excess
    return out


def tail_scale(quantiles: FloatArray) -> FloatArray:
    """Scale in units of the exponential tail above q975, `(..., )` for quantiles `(..., 39)`."""
    return np.maximum(quantiles[..., -1] - quantiles[..., _Q900], 0.0) / _LOG_RATIO


def mean_of_quantiles(quantiles: FloatArray) -> FloatArray:
    """Mean in units of the distribution that `invert_quantiles` draws from, before rounding to whole units.

    The integral of the quantile function in closed form: trapezoids between levels, and the tail's 2.5 % at
    q975 plus its scale. Negative parts (the lower edge) are cut at zero, as whole-unit demand is.
    """
    lower = np.maximum(quantiles[..., :1], 0.0) * 0.5 * QUANTILE_LEVELS[0]
    # Not a matrix product: BLAS adds up in an order that depends on the number of rows.
    between = np.sum(0.5 * (quantiles[..., 1:] + quantiles[..., :-1]) * np.diff(QUANTILE_LEVELS), axis=-1)
    tail = (1 - QUANTILE_LEVELS[-1]) * (quantiles[..., -1] + tail_scale(quantiles))
    return np.asarray(lower[..., 0] + between + tail)
