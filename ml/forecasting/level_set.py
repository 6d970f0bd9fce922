"""The second family: a mean, and what demand did relative to it where means were of that size (level-set conformal).

Held-out weeks are sorted by their predicted mean into overlapping bins, per cell (horizon group × dispersion class);
a bin's empirical quantiles of (y + U) / (μ + .05) are its shape, U uniform in (−½, ½) because demand is whole. A
forecast interpolates between the shapes of its neighbouring bins and is scaled by its own mean.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.forecasting.calibration import N_CELLS, N_CLASSES, weighted_quantiles

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

OFFSET_UNITS = 0.05
MOST_BINS = 48
ROWS_PER_BIN = 200
FEWEST_ROWS = 300
"""Below this many rows a cell borrows the weeks of its whole horizon group, or of all."""


class Shapes(NamedTuple):
    """One cell's bins, by rising mean."""

    log_mean: FloatArray
    """`(n_bins,)` median of log(μ + .05) in each bin."""
    ratios: FloatArray
    """`(n_bins, 39)` quantiles of demand over the mean."""


def fit_shapes(mean_units: FloatArray, actual_units: FloatArray, cells: IntArray, weight: FloatArray, *, generator: np.random.Generator) -> list[Shapes]:
    """The shapes of every cell.

    Args:
        mean_units: `(n,)` held-out predicted means.
        actual_units: `(n,)` what was sold.
        cells: `(n,)` of `calibration.cells_of`.
        weight: `(n,)` how many weeks each row stands for.
        generator: Of the uniform part of a unit.
    """
    ratio = (actual_units + generator.uniform(-0.5, 0.5, len(actual_units))) / (mean_units + OFFSET_UNITS)
    log_mean = np.log(mean_units + OFFSET_UNITS)
    return [_bins(log_mean, ratio, weight, _rows_for(cells, cell)) for cell in range(N_CELLS)]


def level_set_quantiles(shapes: Sequence[Shapes], mean_units: FloatArray, cells: IntArray) -> FloatArray:
    """39 quantiles `(n, 39)` in units, possibly below zero: the caller cuts them."""
    log_mean = np.log(mean_units + OFFSET_UNITS)
    quantiles = np.empty((len(mean_units), shapes[0].ratios.shape[1]))
    for cell, (centres, ratios) in enumerate(shapes):
        rows = np.flatnonzero(cells == cell)
        position = np.interp(log_mean[rows], centres, np.arange(len(centres)))
        left = np.minimum(position.astype(np.int64), max(len(centres) - 2, 0))
        share = (position - left)[:, None]
        right = np.minimum(left + 1, len(centres) - 1)
        quantiles[rows] = (ratios[left] * (1 - share) + ratios[right] * share) * (mean_units[rows, None] + OFFSET_UNITS)
    return quantiles


def _rows_for(cells: IntArray, cell: int) -> IntArray:
    """The cell's own rows, or those of a wider neighbourhood where they are too few."""
    for inside in (cells == cell, cells // N_CLASSES == cell // N_CLASSES):
        if inside.sum() >= FEWEST_ROWS:
            return np.flatnonzero(inside)
    return np.arange(len(cells))


def _bins(log_mean: FloatArray, ratio: FloatArray, weight: FloatArray, rows: IntArray) -> Shapes:
    """Each bin borrows both of its neighbours."""
    order = rows[np.argsort(log_mean[rows], kind="stable")]
    n_bins = int(np.clip(len(order) // ROWS_PER_BIN, 1, MOST_BINS))
    edges = np.linspace(0, len(order), n_bins + 1).astype(np.int64)
    own = [order[edges[k] : edges[k + 1]] for k in range(n_bins)]
    wide = [order[edges[max(k - 1, 0)] : edges[min(k + 2, n_bins)]] for k in range(n_bins)]
    return Shapes(np.array([np.median(log_mean[inside]) for inside in own]), np.array([weighted_quantiles(ratio[inside], weight[inside]) for inside in wide]))
