"""What held-out weeks teach about a model: how many trees, which levels to read, the level sets' shapes, the usual weeks' share.

A twin has forecast weeks it had not seen (`training.py`). All of it is learnt from those weeks alone; the usual weeks'
share from weeks that the rest had not seen either.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.quantiles import QUANTILE_LEVELS
from ml.forecasting.blend import MEASURED_WEIGHTS, Corrections, add_usual_weeks, mix_routes
from ml.forecasting.calibration import N_CELLS, N_CLASSES, PRIOR_ROWS, fit_levels, read_nominal
from ml.forecasting.level_set import Shapes, fit_shapes
from ml.metrics import pinball_losses

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

YEAR_WEEKS = 52
"""Held-out weeks of which the learnt levels are trusted in full; fewer bring their own season along and count in proportion."""
USUAL_SHARES: FloatArray = np.round(np.arange(0, 1.01, 0.1), 1)
"""Shares of the usual weeks that compete."""
_SEED = 5


class HeldOut(NamedTuple):
    """Weeks that the twin forecast as if live; all of `n` rows."""

    rows: pl.DataFrame
    """Their feature rows."""
    actual: FloatArray
    """`(n,)` whole units."""
    cells: IntArray
    """`(n,)` of `calibration.cells_of`."""
    weight: FloatArray
    """`(n,)` how many weeks each row stands for."""
    importance: FloatArray
    """`(n,)` what a unit of loss counts: the row's training weight over its scale. What competes is judged as trees are trained; were each
    week to count the same over its scale, series that hardly sell (and last year's zeros) would decide for all."""
    trained: FloatArray
    """`(n, 8)` the twin's quantiles in units at the trained levels, rising."""
    mean_units: FloatArray | None
    """`(n,)` the twin's mean; `None` = it has none."""

    def where(self, chosen: BoolArray) -> "HeldOut":
        """Some of the rows."""
        mean = None if self.mean_units is None else self.mean_units[chosen]
        return HeldOut(
            self.rows.filter(chosen), self.actual[chosen], self.cells[chosen], self.weight[chosen], self.importance[chosen], self.trained[chosen], mean
        )


def fit_corrections(held: HeldOut, *, n_weeks: int) -> Corrections:
    """Levels and shapes from all held-out weeks, the usual weeks' share from two halves that teach each other.

    Args:
        held: The held-out weeks.
        n_weeks: How many weeks long they are.
    """
    trust = min(n_weeks / YEAR_WEEKS, 1.0)
    target_day = held.rows["origin"].to_physical().cast(pl.Int64).to_numpy() + 7 * held.rows["horizon_week"].to_numpy()
    late = target_day > np.median(target_day)
    blended = np.empty((len(held.actual), len(QUANTILE_LEVELS)))
    for half in (late, ~late):
        if half.any():
            # With nothing to learn from, a half learns from itself.
            taught = _levels_and_shapes(held.where(~half if (~half).any() else half), trust=trust)
            blended[half] = _blended(held.where(half), *taught)
    return Corrections(*_levels_and_shapes(held, trust=trust), best_usual_shares(blended, held))


def best_usual_shares(blended: FloatArray, held: HeldOut) -> tuple[float, ...]:
    """Share of the usual weeks with the smallest loss, for each cell; its horizon group counts `PRIOR_ROWS` rows, too.

    Args:
        blended: `(n, 39)` forecasts of the held-out weeks without the usual weeks, by models that had not seen them.
        held: The held-out weeks.

    Returns:
        One share per cell; none where the whole horizon group has no row.
    """
    losses = np.zeros((len(USUAL_SHARES), N_CELLS))
    for position, share in enumerate(USUAL_SHARES):
        mixed = add_usual_weeks(blended, held.rows, held.cells, shares=(float(share),) * N_CELLS)
        # As delivered, in whole units: fractions of a unit between no sale and one cost little, the units they are rounded to cost a lot.
        delivered = np.floor(np.maximum.accumulate(mixed, axis=1) + 0.5)
        losses[position] = np.bincount(held.cells, weights=pinball_losses(held.actual, delivered).mean(axis=1) * held.importance, minlength=N_CELLS)
    of_group = losses.reshape(len(USUAL_SHARES), -1, N_CLASSES).sum(axis=2)
    n_rows = np.bincount(held.cells, minlength=N_CELLS).reshape(-1, N_CLASSES).sum(axis=1)
    borrowed = np.repeat(of_group * PRIOR_ROWS / np.maximum(n_rows, 1), N_CLASSES, axis=1)
    return tuple(float(share) for share in USUAL_SHARES[np.argmin(losses + borrowed, axis=0)])


def best_number(trained_by_number: Sequence[FloatArray], actual: FloatArray, importance: FloatArray) -> int:
    """Position of the quantiles `(n, 8)` (of more and more trees) with the smallest loss."""
    losses = [float((pinball_losses(actual, read_nominal(trained)).mean(axis=1) * importance).sum()) for trained in trained_by_number]
    return int(np.argmin(losses))


def _levels_and_shapes(held: HeldOut, *, trust: float) -> tuple[FloatArray, list[Shapes]]:
    generator = np.random.default_rng(_SEED)
    levels = fit_levels(read_nominal(held.trained), held.actual, held.cells, held.weight, generator=generator, trust=trust)
    if held.mean_units is None:
        return levels, []
    return levels, fit_shapes(held.mean_units, held.actual, held.cells, held.weight, generator=generator)


def _blended(held: HeldOut, levels: FloatArray, shapes: Sequence[Shapes]) -> FloatArray:
    return mix_routes(held.trained, held.mean_units, held.cells, levels=levels, shapes=shapes, weights=MEASURED_WEIGHTS)
