"""How far two histograms are apart: population stability index and Kolmogorov–Smirnov distance, and whether chance explains the latter."""

import numpy as np
import numpy.typing as npt
from scipy.stats import kstwobign

FloatArray = npt.NDArray[np.float64]
_PSEUDO_COUNT = 0.5
"""Added to each bin: an empty one would make the index infinite."""


def population_stability_index(counts: FloatArray, reference: FloatArray) -> float:
    """Σ (p − q) · ln(p / q) over bins; 0 = the same shares. Above 0.25 is usually called a shift.

    The part that chance alone brings (a χ² with bins − 1 degrees of freedom, over the harmonic size) is taken off.
    """
    used = (counts + reference) > 0
    observed, expected = counts[used] + _PSEUDO_COUNT, reference[used] + _PSEUDO_COUNT
    p, q = observed / observed.sum(), expected / expected.sum()
    index = float(((p - q) * np.log(p / q)).sum())
    by_chance = (used.sum() - 1) * (1 / max(counts.sum(), 1.0) + 1 / max(reference.sum(), 1.0))
    return max(index - float(by_chance), 0.0)


def noise_of_index(counts: FloatArray, reference: FloatArray) -> float:
    """Standard deviation that chance alone gives the index: that of its χ²."""
    n_bins = int(((counts + reference) > 0).sum())
    return float(np.sqrt(2 * max(n_bins - 1, 1)) * (1 / max(counts.sum(), 1.0) + 1 / max(reference.sum(), 1.0)))


def kolmogorov_smirnov(counts: FloatArray, reference: FloatArray) -> tuple[float, float]:
    """Largest distance of the cumulative shares of two histograms, and the probability of one as large by chance.

    The probability is the asymptotic one of two samples; binned values make it conservative.
    """
    n_counts, n_reference = counts.sum(), reference.sum()
    distance = float(np.abs(np.cumsum(counts) / n_counts - np.cumsum(reference) / n_reference).max())
    size = n_counts * n_reference / (n_counts + n_reference)
    return distance, float(kstwobign.sf(distance * np.sqrt(size)))
