"""Uniform numbers to draws: whole units of demand (the twin of `domain.quantiles.invert_quantiles`), whole weeks."""

import math

import numpy as np
import numpy.typing as npt

from simulation.kernels import kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@kernel
def invert_to_units(quantiles: FloatArray, lower_edge: FloatArray, tail_scale: FloatArray, probability: FloatArray, units: IntArray) -> None:
    """Write ⌊q(u) + ½⌋, never below 0, into `units` (method §2).

    Levels are evenly spaced, so the interval of a probability is found by one multiplication instead of a search.

    Args:
        quantiles: `(n_weeks, 39)` monotone quantiles in units at levels 1/40 … 39/40.
        lower_edge: `(n_weeks,)` the quantile function at probability 0, units.
        tail_scale: `(n_weeks,)` scale of the exponential tail above the last level, units.
        probability: `(n_weeks, n_paths)` in [0, 1).
        units: `(n_weeks, n_paths)`, written.
    """
    n_weeks, n_levels = quantiles.shape
    spacing = 1.0 / (n_levels + 1)
    for week in range(n_weeks):
        for path in range(probability.shape[1]):
            u = probability[week, path]
            interval = int(u * (n_levels + 1))
            if interval < n_levels:
                below = quantiles[week, interval - 1] if interval > 0 else lower_edge[week]
                value = below + (quantiles[week, interval] - below) / spacing * (u - interval * spacing)
            else:
                value = quantiles[week, n_levels - 1] + tail_scale[week] * math.log(spacing / (1.0 - u))
            units[week, path] = int(max(math.floor(value + 0.5), 0.0))


@kernel
def invert_to_weeks(distribution: FloatArray, uniform: FloatArray, weeks: IntArray) -> None:
    """Write the number of k with P(lead time ≤ k) ≤ u into `weeks`: a scan, for lead times are short.

    Args:
        distribution: `(n,)` P(lead time ≤ k) for k = 0, 1, …
        uniform: `(n_weeks, n_paths)` in [0, 1).
        weeks: `(n_weeks, n_paths)`, written.
    """
    for epoch in range(uniform.shape[0]):
        for path in range(uniform.shape[1]):
            k = 0
            while k < distribution.shape[0] and distribution[k] <= uniform[epoch, path]:
                k += 1
            weeks[epoch, path] = k
