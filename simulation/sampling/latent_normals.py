"""What is left of a week's normal when only a whole number of units was seen: its expectation, and how much of its variance that shows.

A number of units is an interval (a, b) of the normal [z] that the copula draws. Given the interval, z has the mean (φ(a) − φ(b)) / p with
p = Φ(b) − Φ(a), and z² − 1 the mean (a·φ(a) − b·φ(b)) / p. The variance of the first mean over all intervals is the share λ of z that
whole units show: one for fast sellers, a third where nine weeks in ten sell nothing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

FloatArray = npt.NDArray[np.float64]

_EDGE = 1e-6
_NARROW = 1e-3
"""Probability below which an interval is a point: differences of its ends would be noise."""

MOST_OF_THE_REST = 0.5
"""Largest second term over what whole units hide of z, 1 − λ: at most .48 over slow and fast, even and uneven negative binomials."""


class LatentNormals(NamedTuple):
    """Per week `(n_series, n_weeks)`, NaN where demand is not known; and what the weeks have in common."""

    score: FloatArray
    """E[z | what was seen]."""
    pair_share: float
    """What two weeks' scores show of the correlation of their normals, over the variance of a score: E[λₛλₜ] / E[λ]."""
    square_share: float
    """The same of the squared correlation: second term of the scores' expansion in Hermite polynomials, pooled over all weeks."""


def latent_normals(below: FloatArray, upto: FloatArray) -> LatentNormals:
    """Scores of held-out weeks.

    Args:
        below: `(n_series, n_weeks)` F(y − ½) of what came; NaN = not known.
        upto: `(n_series, n_weeks)` F(y + ½).
    """
    low, high = np.clip(below, _EDGE, 1 - _EDGE), np.clip(upto, _EDGE, 1 - _EDGE)
    a, b, probability = ndtri(low), ndtri(high), np.maximum(high - low, _NARROW)
    point = ndtri((low + high) / 2)
    is_point = high - low < _NARROW
    score = np.where(is_point, point, (_density(a) - _density(b)) / probability)
    square = np.where(is_point, point**2 - 1, (a * _density(a) - b * _density(b)) / probability)
    shown = 1 - np.where(is_point, 0.0, np.clip(1 + square - score**2, 0.0, 1.0))
    shown = np.where(np.isnan(score), np.nan, shown)
    mean_shown, second = float(np.nanmean(shown)), float(np.nanmean(score * square)) / np.sqrt(2)
    # Demand far above a forecast that was too low would look like a huge second term; whole units can hide no more than this.
    square_share = min(second**2 / mean_shown, MOST_OF_THE_REST * (1 - mean_shown))
    return LatentNormals(score, _pair_mean(shown) / mean_shown, square_share)


def _pair_mean(shown: FloatArray) -> float:
    """Mean of λₛ·λₜ over the pairs of different known weeks of all series."""
    known = np.isfinite(shown).sum(axis=1)
    pairs = np.nansum(shown, axis=1) ** 2 - np.nansum(shown**2, axis=1)
    n_pairs = int((known * (known - 1)).sum())
    return float(pairs.sum() / n_pairs) if n_pairs else 1.0


def _density(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi))
