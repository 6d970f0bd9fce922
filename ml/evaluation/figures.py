"""Sums from which every figure of a forecast is made, so that cutoffs, segments and horizon weeks can be pooled exactly."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.quantiles import QUANTILE_LEVELS
from ml.metrics import pinball_losses, probability_integral_transform

FloatArray = npt.NDArray[np.float64]

_PIT_SEED = 1
_BELOW = [f"below_{position}" for position in range(len(QUANTILE_LEVELS))]


class Tally(NamedTuple):
    """Judged cells (series × week) of one method at one cutoff."""

    cells: pl.DataFrame
    """segment, horizon_week, actual_units, scale_units (null = no scale), mean_units; one row per cell."""
    quantiles: FloatArray
    """`(n_cells, 39)` units."""
    n_missing: int
    """Cells of known series and demand that the method did not forecast."""


def tally_sums(tally: Tally, *, method: str, cutoff: str) -> pl.DataFrame:
    """One row per segment and horizon week: method, cutoff and the sums over its cells."""
    actual, mean = (tally.cells[name].cast(pl.Float64).to_numpy() for name in ("actual_units", "mean_units"))
    scale = tally.cells["scale_units"].cast(pl.Float64).fill_null(0.0).to_numpy()
    loss = pinball_losses(actual, tally.quantiles).mean(axis=1)
    median = tally.quantiles[:, int(np.searchsorted(QUANTILE_LEVELS, 0.5))]
    pit = probability_integral_transform(actual, tally.quantiles, generator=np.random.default_rng(_PIT_SEED))
    below = {name: pit <= level for name, level in zip(_BELOW, QUANTILE_LEVELS, strict=True)}
    columns = {
        "n_cells": np.ones(len(actual), dtype=np.int64),
        "loss_units": loss,
        "n_scaled": scale > 0,
        "scaled_loss": np.divide(loss, scale, out=np.zeros_like(loss), where=scale > 0),
        "sum_units": actual,
        "median_error_units": np.abs(actual - median),
        "mean_error_units": mean - actual,
        "squared_error": (mean - actual) ** 2,
        "n_sold": actual > 0,
        "percentage_error": np.divide(np.abs(actual - median), actual, out=np.zeros_like(loss), where=actual > 0),
        "crossings": (np.diff(tally.quantiles, axis=1) < 0).any(axis=1),
    }
    frame = tally.cells.select("segment", "horizon_week").with_columns(**{name: pl.Series(values) for name, values in {**columns, **below}.items()})
    sums = frame.group_by("segment", "horizon_week").agg(pl.all().sum()).sort("segment", "horizon_week")
    # Missing cells belong to no forecast row; the first row carries them so that every pooling counts them once.
    missing = pl.when(pl.int_range(pl.len()) == 0).then(tally.n_missing).otherwise(0)
    return sums.with_columns(method=pl.lit(method), cutoff=pl.lit(cutoff), cells_missing=missing)


def figures_by(sums: pl.DataFrame, *keys: str) -> dict[Any, Any]:
    """Figures nested by the values of the keys, in sorted order."""
    if not keys:
        return pooled_figures(sums)
    return {value: figures_by(sums.filter(pl.col(keys[0]) == value), *keys[1:]) for value in sums[keys[0]].unique().sort()}


def pooled_figures(sums: pl.DataFrame) -> dict[str, float | int | None]:
    """Every figure over all cells of some rows of `tally_sums`; `None` where it has no meaning (no demand, no scale)."""
    total: dict[str, float] = sums.select(pl.exclude("segment", "horizon_week", "method", "cutoff").sum()).row(0, named=True)
    n_cells = int(total["n_cells"])
    coverage = level_shares(sums)
    return {
        "scaled_crps": _over(2 * total["loss_units"], total["sum_units"]),
        "spl": _over(total["scaled_loss"], total["n_scaled"]),
        "ece": float(np.abs(coverage - QUANTILE_LEVELS).mean()) if n_cells else None,
        "wape": _over(total["median_error_units"], total["sum_units"]),
        "mape": _over(total["percentage_error"], total["n_sold"]),
        "rmse": float(np.sqrt(total["squared_error"] / n_cells)) if n_cells else None,
        "bias": _over(total["mean_error_units"], total["sum_units"]),
        "crossings": int(total["crossings"]),
        "cells_missing": int(total["cells_missing"]),
        "n_cells": n_cells,
    }


def level_shares(sums: pl.DataFrame) -> FloatArray:
    """Share of all cells whose randomised PIT lies at or below each level `(39,)`."""
    return np.asarray(sums.select(pl.col(_BELOW).sum()).to_numpy()[0] / max(int(sums["n_cells"].sum()), 1))


def _over(numerator: float, denominator: float) -> float | None:
    return float(numerator / denominator) if denominator else None
