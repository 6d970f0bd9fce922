"""What a series usually sells: empirical quantiles of its last 52 known weeks, seen from each origin.

They are a forecast of their own (the strongest simple one on three of four panels), kept in units and float64. Over the
scale they are features, too: unlike means and spreads, a single huge order hardly moves them.
"""

import numpy as np
import numpy.typing as npt

from ml.transformation.panel import FloatArray, IntArray, Panel

USUAL_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.7, 0.83, 0.925, 0.975)
"""Closer together where the loss of stock-outs is decided; the rest is interpolated."""
USUAL_WEEKS = 52
USUAL_COLUMNS = [f"usual_q{round(level * 1000):03d}_units" for level in USUAL_LEVELS]
N_USUAL_COLUMN = "n_usual_weeks"


def usual_weeks(panel: Panel, row: IntArray) -> dict[str, FloatArray]:
    """Quantiles and number of the last 52 known weeks up to each origin; NaN quantiles where none is known."""
    origins, place = np.unique(row, return_inverse=True)
    week = origins[:, None] - np.arange(USUAL_WEEKS)
    inside = (week >= panel.start[panel.series[origins]][:, None]) & panel.is_known[np.maximum(week, 0)]
    units = np.where(inside, panel.sales_units[np.maximum(week, 0)], np.nan)
    quantiles = row_quantiles(units, np.asarray(USUAL_LEVELS))[place]
    columns = {name: quantiles[:, position] for position, name in enumerate(USUAL_COLUMNS)}
    return columns | {N_USUAL_COLUMN: inside.sum(axis=1).astype(np.float64)[place]}


def row_quantiles(values: FloatArray, levels: npt.NDArray[np.float64]) -> FloatArray:
    """Quantiles of each row's numbers `(n, n_levels)`, NaN aside; NaN where a row has none."""
    ordered = np.sort(values, axis=1)  # NaN last
    last = np.maximum((~np.isnan(values)).sum(axis=1) - 1, 0)[:, None]
    position = levels[None, :] * last
    left = np.floor(position).astype(np.int64)
    low, high = np.take_along_axis(ordered, left, axis=1), np.take_along_axis(ordered, np.minimum(left + 1, last), axis=1)
    return np.asarray(low + (position - left) * (high - low))
