"""How good a forecast was: the metric's standard name is the function, and all take `(actual, forecast)` first.

`actual` is `(n,)` demand in units. `forecast` is `(n,)` for point metrics and `(n, 39)` quantiles at `QUANTILE_LEVELS`
for distributions. All return one number.
"""

import numpy as np
import numpy.typing as npt

from domain.quantiles import LOWER_EDGE_UNITS, QUANTILE_LEVELS, tail_scale

FloatArray = npt.NDArray[np.float64]


def pinball_losses(actual: FloatArray, forecast: FloatArray) -> FloatArray:
    """Pinball loss in units, per row and level `(n, 39)` [ρ_τ(y − q)]."""
    error = actual[:, None] - forecast
    return np.asarray(np.maximum(QUANTILE_LEVELS * error, (QUANTILE_LEVELS - 1) * error))


def pinball_loss(actual: FloatArray, forecast: FloatArray) -> float:
    """Mean pinball loss in units over rows and levels."""
    return float(pinball_losses(actual, forecast).mean())


def crps(actual: FloatArray, forecast: FloatArray) -> float:
    """Continuous ranked probability score in units, approximated by twice the mean pinball loss."""
    return 2 * pinball_loss(actual, forecast)


def scaled_crps(actual: FloatArray, forecast: FloatArray) -> float:
    """CRPS over mean demand, free of units: the weighted quantile loss [wQL]. NaN where nothing was demanded."""
    return _over(2 * float(pinball_losses(actual, forecast).mean(axis=1).sum()), float(actual.sum()))


def scaled_pinball_loss(actual: FloatArray, forecast: FloatArray, *, scale: FloatArray) -> float:
    """Mean over rows of the pinball loss over `scale` [SPL], the series' mean |Δy| `(n,)` up to the origin.

    Rows whose scale is zero or unknown (a constant history) cannot be scaled and are left out.
    """
    usable = scale > 0
    return float((pinball_losses(actual, forecast).mean(axis=1)[usable] / scale[usable]).mean()) if usable.any() else float("nan")


def wape(actual: FloatArray, forecast: FloatArray) -> float:
    """Weighted absolute percentage error: Σ|actual − forecast| / Σ actual, as a fraction. NaN without demand."""
    return _over(float(np.abs(actual - forecast).sum()), float(actual.sum()))


def bias(actual: FloatArray, forecast: FloatArray) -> float:
    """Σ(forecast − actual) / Σ actual, as a fraction; positive = over-forecast. NaN without demand."""
    return _over(float((forecast - actual).sum()), float(actual.sum()))


def mase(actual: FloatArray, forecast: FloatArray, *, scale: FloatArray) -> float:
    """Mean absolute error over `scale`, the series' mean |Δy| `(n,)`; rows without a scale are left out."""
    usable = scale > 0
    return float((np.abs(actual - forecast)[usable] / scale[usable]).mean()) if usable.any() else float("nan")


def interval_shares(actual: FloatArray, forecast: FloatArray, *, lower_level: float = 0.1, upper_level: float = 0.9) -> FloatArray:
    """Share of each row's randomised PIT that lies between the two levels `(n,)`: its expectation over V, without drawing V.

    Its mean is `upper_level` − `lower_level` where the forecast is right, also for whole-unit demand that is mostly zero, where
    "lies between the two quantiles, both ends included" would be far above it.
    """
    low, high = (cumulative_probability(forecast, actual + half) for half in (-0.5, 0.5))
    width = high - low
    overlap = np.maximum(np.minimum(high, upper_level) - np.maximum(low, lower_level), 0.0)
    at_a_point = ((low >= lower_level) & (low <= upper_level)).astype(np.float64)
    return np.asarray(np.divide(overlap, width, out=at_a_point, where=width > 0))


def interval_coverage(actual: FloatArray, forecast: FloatArray, *, lower_level: float = 0.1, upper_level: float = 0.9) -> float:
    """Share of rows between the two levels of the randomised PIT."""
    return float(interval_shares(actual, forecast, lower_level=lower_level, upper_level=upper_level).mean())


def cumulative_probability(forecast: FloatArray, units: FloatArray) -> FloatArray:
    """P(demand ≤ units) `(n,)` of the distribution that `domain.quantiles.invert_quantiles` draws from [F].

    Where several levels share one value, F takes the highest of them.
    """
    edge = np.minimum(LOWER_EDGE_UNITS, forecast[:, :1])
    knots = np.concatenate([edge, forecast], axis=1)
    levels = np.concatenate([[0.0], QUANTILE_LEVELS])
    below = (knots <= units[:, None]).sum(axis=1) - 1
    at = np.clip(below, 0, len(levels) - 2)
    left, right = (np.take_along_axis(knots, (at + step)[:, None], axis=1)[:, 0] for step in (0, 1))
    share = np.divide(units - left, right - left, out=np.ones_like(units), where=right > left)
    inside = levels[at] + np.clip(share, 0.0, 1.0) * (levels[at + 1] - levels[at])
    scale = tail_scale(forecast)
    excess = np.divide(units - forecast[:, -1], scale, out=np.full_like(units, np.inf), where=scale > 0)
    tail = 1 - (1 - QUANTILE_LEVELS[-1]) * np.exp(-np.maximum(excess, 0.0))
    return np.where(below < 0, 0.0, np.where(below >= len(levels) - 1, tail, inside))


def probability_integral_transform(actual: FloatArray, forecast: FloatArray, *, generator: np.random.Generator) -> FloatArray:
    """Randomised PIT of whole-unit demand `(n,)`: u = F(y − ½) + V · (F(y + ½) − F(y − ½)), V uniform in (0, 1).

    Uniform where the forecast is right. The plain P(y ≤ q) is meaningless where half of the weeks are zero
    (Czado, Gneiting & Held, 2009).
    """
    low, high = (cumulative_probability(forecast, actual + half) for half in (-0.5, 0.5))
    return low + generator.uniform(size=len(actual)) * (high - low)


def level_coverage(actual: FloatArray, forecast: FloatArray, *, generator: np.random.Generator) -> FloatArray:
    """Share of rows whose randomised PIT lies at or below each level `(39,)`."""
    pit = probability_integral_transform(actual, forecast, generator=generator)
    return np.asarray((pit[:, None] <= QUANTILE_LEVELS).mean(axis=0))


def calibration_error(actual: FloatArray, forecast: FloatArray, *, generator: np.random.Generator) -> float:
    """Mean over levels of |coverage − level| [ECE]; 0 = perfectly calibrated."""
    return float(np.abs(level_coverage(actual, forecast, generator=generator) - QUANTILE_LEVELS).mean())


def _over(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else float("nan")
