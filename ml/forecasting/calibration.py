"""Conformal calibration: which of the model's levels really covers τ, measured on weeks the model had not seen.

Per cell (horizon group × class of dispersion) the randomised PITs of held-out weeks say how often demand stayed below
each quantile. Their own quantile at τ is the level to read instead of τ. Working on levels rather than on units
keeps the mass at zero and needs no scale. Cells are shrunk to all weeks together, so a small cell cannot go astray.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.quantiles import QUANTILE_LEVELS
from ml.forecasting.boosters import TRAINED_LEVELS
from ml.metrics import probability_integral_transform
from ml.transformation.usual_weeks import N_USUAL_COLUMN

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LAST_WEEK_OF_HORIZON_GROUP = (2, 6)
"""Weeks 1–2, 3–6, 7 and beyond: errors grow with the horizon, but not from one week to the next."""
DISPERSION_EDGES = (0.5, 1.2)
"""Coefficients of variation (of the last 52 weeks) that part even, uneven and wild demand."""
FEWEST_WEEKS_FOR_DISPERSION = 8
"""Series with fewer known weeks are a class of their own: nobody knows their dispersion, and their level is uncertain, too."""
N_CLASSES = len(DISPERSION_EDGES) + 2
N_CELLS = (len(LAST_WEEK_OF_HORIZON_GROUP) + 1) * N_CLASSES
NOMINAL_LEVELS: FloatArray = np.tile(QUANTILE_LEVELS, (N_CELLS, 1))
"""What is read where nothing was learnt."""
FEWEST_ROWS = 50
PRIOR_ROWS = 300.0
"""A cell's own levels count as many rows as it has, those of all cells together this many."""


def cells_of(rows: pl.DataFrame) -> IntArray:
    """Cell of each feature row, 0 … `N_CELLS` − 1: horizon group × (even, uneven, wild, young)."""
    spread, mean = (rows[name].cast(pl.Float64).to_numpy() for name in ("std_52", "mean_52"))
    variation = np.divide(spread, mean, out=np.full(rows.height, np.inf), where=mean > 0)
    is_young = rows[N_USUAL_COLUMN].to_numpy() < FEWEST_WEEKS_FOR_DISPERSION
    kind = np.where(is_young, N_CLASSES - 1, np.digitize(variation, DISPERSION_EDGES))
    horizon = np.digitize(rows["horizon_week"].to_numpy(), LAST_WEEK_OF_HORIZON_GROUP, right=True)
    return np.asarray(horizon * N_CLASSES + kind, dtype=np.int64)


def fit_levels(
    quantiles: FloatArray, actual: FloatArray, cells: IntArray, weight: FloatArray, *, generator: np.random.Generator, trust: float = 1.0
) -> FloatArray:
    """Level to read instead of each nominal one, per cell `(N_CELLS, 39)`.

    Args:
        quantiles: `(n, 39)` held-out forecasts in units, not rounded.
        actual: `(n,)` whole units.
        cells: `(n,)` of `cells_of`.
        weight: `(n,)` how many weeks each row stands for.
        generator: Of the randomised PIT.
        trust: Share of the way from the nominal levels to the learnt ones: less than one where few weeks were held out,
            because they bring their own season along.
    """
    pit = probability_integral_transform(actual, quantiles, generator=generator)
    overall = weighted_quantiles(pit, weight)
    levels = np.tile(overall, (N_CELLS, 1))
    for cell in range(N_CELLS):
        inside = cells == cell
        if (n_rows := int(inside.sum())) >= FEWEST_ROWS:
            share = n_rows / (n_rows + PRIOR_ROWS)
            levels[cell] = share * weighted_quantiles(pit[inside], weight[inside]) + (1 - share) * overall
    return np.asarray(QUANTILE_LEVELS + trust * (levels - QUANTILE_LEVELS))


def read_at(trained: FloatArray, levels: FloatArray, cells: IntArray) -> FloatArray:
    """The quantile function of each row at its cell's levels `(n, 39)`, linear in between, the outermost kept beyond the ends.

    Written out rather than as a matrix product: BLAS adds up in an order that depends on the number of rows.

    Args:
        trained: `(n, 8)` quantiles at `TRAINED_LEVELS`.
        levels: `(N_CELLS, 39)` levels to read.
        cells: `(n,)` cell of each row.
    """
    knots = np.asarray(TRAINED_LEVELS)
    quantiles = np.empty((len(trained), levels.shape[1]))
    for cell in np.unique(cells):
        right = np.clip(np.searchsorted(knots, levels[cell]), 1, len(knots) - 1)
        share = np.clip((levels[cell] - knots[right - 1]) / (knots[right] - knots[right - 1]), 0.0, 1.0)
        inside = np.flatnonzero(cells == cell)
        of_cell = trained[inside]
        quantiles[inside] = of_cell[:, right - 1] * (1 - share) + of_cell[:, right] * share
    return quantiles


def read_nominal(trained: FloatArray) -> FloatArray:
    """39 quantiles `(n, 39)` from the trained eight."""
    return read_at(trained, NOMINAL_LEVELS, np.zeros(len(trained), dtype=np.int64))


def weighted_quantiles(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Quantiles at the 39 levels of values that count differently."""
    order = np.argsort(values, kind="stable")
    counted = np.cumsum(weight[order])
    return np.asarray(np.interp(QUANTILE_LEVELS, (counted - weight[order] / 2) / counted[-1], values[order]))
