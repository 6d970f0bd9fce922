"""The blend of quantiles: the quantile trees, read at calibrated levels, the level sets, the usual weeks.

The level sets know the size of errors where means are alike, and err elsewhere than the quantile trees do. The usual
weeks (a series' own last year) count for as much as held-out weeks say: nothing where trees see more, nearly
everything where promotions nobody announces rule.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.quantiles import QUANTILE_LEVELS
from ml.forecasting.calibration import N_CELLS, NOMINAL_LEVELS, read_at, read_nominal
from ml.forecasting.level_set import Shapes, level_set_quantiles
from ml.transformation.usual_weeks import N_USUAL_COLUMN, USUAL_COLUMNS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

WEEKS_FOR_FULL_SHARE = 26
"""Known weeks from which the usual weeks count in full."""


class Weights(NamedTuple):
    """Shares of the routes; measured on four panels (docs/explanation/forecast.md)."""

    raw: float = 0.0
    """Quantile trees read at the nominal levels: all there is where no week could be held out."""
    calibrated: float = 0.75
    level_set: float = 0.25
    """Of what the usual weeks leave."""
    usual: float | None = None
    """Share of the usual weeks; `None` = the one that was learnt for the cell."""


MEASURED_WEIGHTS = Weights()


class Corrections(NamedTuple):
    """What held-out weeks taught; absent where history is too short to hold any out."""

    levels: FloatArray
    """`(N_CELLS, 39)` of `calibration.fit_levels`."""
    shapes: Sequence[Shapes]
    """Of `level_set.fit_shapes`; empty where there is no mean model."""
    usual_shares: Sequence[float]
    """Share of the usual weeks in the blend, by cell."""


def blended_quantiles(
    trained: FloatArray, mean_units: FloatArray | None, cells: IntArray, rows: pl.DataFrame, *, corrections: Corrections | None, weights: Weights
) -> FloatArray:
    """39 quantiles `(n, 39)` in units, never negative, rearranged so that they never cross; not yet whole units.

    Args:
        trained: `(n, 8)` quantiles in units at the trained levels, rising.
        mean_units: `(n,)` predicted means; `None` = no mean model.
        cells: `(n,)` of `calibration.cells_of`.
        rows: The feature rows: their usual weeks.
        corrections: What held-out weeks taught; without it the trees stand alone.
        weights: Shares of the routes.
    """
    levels, shapes = (corrections.levels, corrections.shapes) if corrections else (None, ())
    blended = mix_routes(trained, mean_units, cells, levels=levels, shapes=shapes, weights=weights)
    learnt = corrections.usual_shares if corrections else (0.0,) * N_CELLS
    blended = add_usual_weeks(blended, rows, cells, shares=learnt if weights.usual is None else (weights.usual,) * N_CELLS)
    # Interpolation can leave neighbours one rounding error apart in the wrong order.
    return np.asarray(np.maximum.accumulate(blended, axis=1))


def mix_routes(
    trained: FloatArray, mean_units: FloatArray | None, cells: IntArray, *, levels: FloatArray | None, shapes: Sequence[Shapes], weights: Weights
) -> FloatArray:
    """Weighted mean of the routes that exist `(n, 39)`; routes that the models lack leave their share to the others."""
    of_trees = NOMINAL_LEVELS if levels is None else _read_levels(levels, weights)
    if not shapes or mean_units is None or not weights.level_set:
        return read_at(trained, of_trees, cells)
    level_set = np.maximum(level_set_quantiles(shapes, mean_units, cells), 0.0)
    trees = weights.raw + weights.calibrated
    if not trees:
        return level_set
    share = weights.level_set / (trees + weights.level_set)
    return np.asarray((1 - share) * read_at(trained, of_trees, cells) + share * level_set)


def add_usual_weeks(quantiles: FloatArray, rows: pl.DataFrame, cells: IntArray, *, shares: Sequence[float]) -> FloatArray:
    """Quantiles with the usual weeks mixed in, a share per cell; series with less than half a year of known weeks get less of them."""
    own_share = np.asarray(shares)[cells] * np.minimum(rows[N_USUAL_COLUMN].to_numpy() / WEEKS_FOR_FULL_SHARE, 1.0)
    mixed = quantiles.copy()
    some = np.flatnonzero(own_share > 0)
    usual = read_nominal(rows[some].select(USUAL_COLUMNS).to_numpy())
    share = own_share[some, None]
    mixed[some] = (1 - share) * quantiles[some] + share * usual
    return mixed


def _read_levels(levels: FloatArray, weights: Weights) -> FloatArray:
    """Levels at which the trees are read: calibrated ones, nominal ones, or between."""
    trees = weights.raw + weights.calibrated
    return np.asarray((weights.raw * QUANTILE_LEVELS + weights.calibrated * levels) / trees) if trees else levels
