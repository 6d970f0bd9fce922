"""Paired bootstrap over merchants: how far a ratio of sums would move with other merchants."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap

FloatArray = npt.NDArray[np.float64]
N_RESAMPLES = 2_000
CONFIDENCE = 0.95
_SEED = 17


class Interval(NamedTuple):
    """An estimate and the bounds of its 95 % interval; both bounds are NaN where there is a single merchant."""

    estimate: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """As percentages: +3.1 % [1.0, 5.2]."""
        if np.isnan(self.estimate):
            return "–"
        bounds = "" if np.isnan(self.low) else f" [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"
        return f"{100 * self.estimate:+.1f} %{bounds}"


def uplift(ours: FloatArray, theirs: FloatArray) -> Interval:
    """Σ ours / Σ theirs − 1 with its interval; a merchant is drawn with both its values.

    Args:
        ours: `(n_merchants,)` sums.
        theirs: Of the same merchants.
    """
    if not theirs.sum() > 0:
        return Interval(np.nan, np.nan, np.nan)
    estimate = float(ours.sum() / theirs.sum() - 1)
    if len(ours) < 2:
        return Interval(estimate, np.nan, np.nan)
    generator = np.random.default_rng(_SEED)
    found = bootstrap((ours, theirs), _ratio, paired=True, n_resamples=N_RESAMPLES, confidence_level=CONFIDENCE, method="percentile", rng=generator)
    return Interval(estimate, float(found.confidence_interval.low), float(found.confidence_interval.high))


def _ratio(ours: FloatArray, theirs: FloatArray, axis: int = -1) -> FloatArray:
    below = theirs.sum(axis=axis)
    return np.asarray(ours.sum(axis=axis) / np.where(below > 0, below, np.nan) - 1)
