"""Trained models as a table, and the blend of their quantiles: the quantile trees, read at calibrated levels, the level sets, the usual weeks.

The level sets know the size of errors where means are alike, and err elsewhere than the quantile trees do. The usual
weeks (a series' own last year) count for as much as held-out weeks say: nothing where trees see more, much where
promotions nobody announces rule.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.errors import StaleInputError
from domain.quantiles import QUANTILE_LEVELS
from ml.forecasting.boosters import CHUNK_ROWS, TRAINED_LEVELS, Boosters, Predict, feature_matrix, predictor
from ml.forecasting.calibration import N_CELLS, cells_of, read_at
from ml.forecasting.level_set import Shapes, level_set_quantiles
from ml.transformation.feature_rows import SCALE_COLUMN, feature_names
from ml.transformation.usual_weeks import N_USUAL_COLUMN, USUAL_COLUMNS

FloatArray = npt.NDArray[np.float64]

WEEKS_FOR_FULL_SHARE = 26
"""Known weeks from which the usual weeks count in full."""

MODEL_SCHEMA: Mapping[str, Any] = {
    "part": pl.String,
    "cell": pl.Int64,
    "quantile_level": pl.Float64,
    "log_mean": pl.Float64,
    "booster": pl.String,
    "values": pl.List(pl.Float64),
    "n_training_rows": pl.Int64,
    "feature_names": pl.List(pl.String),
}
"""part = quantile (a booster per level), mean (a booster), calibration (39 levels per cell), level_set (39 ratios per cell and
mean) or usual_share (one number)."""


class Weights(NamedTuple):
    """Shares of the routes; measured on four panels (docs/explanation/forecast.md)."""

    raw: float = 0.0
    """Quantile trees read at the nominal levels: all there is where no week could be held out."""
    calibrated: float = 0.75
    level_set: float = 0.25
    """Of what the usual weeks leave."""
    usual: float | None = None
    """Share of the usual weeks; `None` = the one that was learnt."""


RouteQuantiles = tuple[FloatArray, FloatArray | None, FloatArray | None]


class Corrections(NamedTuple):
    """What held-out weeks taught; absent where history is too short to hold any out."""

    levels: FloatArray
    """`(N_CELLS, 39)` of `calibration.fit_levels`."""
    shapes: Sequence[Shapes]
    """Of `level_set.fit_shapes`; empty where there is no mean model."""
    usual_share: float
    """Share of the usual weeks in the blend."""


def models_table(boosters: Boosters, corrections: Corrections | None, *, n_training_rows: int, names: list[str]) -> pl.DataFrame:
    """Everything a forecast needs, in rows of `MODEL_SCHEMA`."""
    rows: list[dict[str, Any]] = [
        {"part": "quantile", "quantile_level": level, "booster": text} for level, text in zip(TRAINED_LEVELS, boosters.quantiles, strict=True)
    ]
    rows += [{"part": "mean", "booster": boosters.mean}] if boosters.mean else []
    if corrections:
        rows += [{"part": "calibration", "cell": cell, "values": levels.tolist()} for cell, levels in enumerate(corrections.levels)]
        rows += [{"part": "usual_share", "values": [corrections.usual_share]}]
        rows += [
            {"part": "level_set", "cell": cell, "log_mean": float(at), "values": ratios.tolist()}
            for cell, shapes in enumerate(corrections.shapes)
            for at, ratios in zip(shapes.log_mean, shapes.ratios, strict=True)
        ]
    same_in_all = {"n_training_rows": pl.lit(n_training_rows, pl.Int64), "feature_names": pl.lit(names, pl.List(pl.String))}
    empty: dict[str, Any] = dict.fromkeys(MODEL_SCHEMA)
    return pl.DataFrame([empty | row for row in rows], schema=MODEL_SCHEMA).with_columns(**same_in_all)


MEASURED_WEIGHTS = Weights()


def blended_quantiles(models: pl.DataFrame, rows: pl.DataFrame, *, n_threads: int, weights: Weights = MEASURED_WEIGHTS) -> FloatArray:
    """39 quantiles `(n_rows, 39)` in units, never negative, rearranged so that they never cross; not yet whole units.

    Routes that the models lack (no week could be held out, or nothing was ever sold) leave their share to the others.

    Raises:
        StaleInputError: The models were trained on other features.
    """
    names = _checked_names(models, rows)
    read = _read_models(models, n_threads=n_threads)
    quantiles = np.empty((rows.height, len(QUANTILE_LEVELS)))
    for first in range(0, rows.height, CHUNK_ROWS):
        chunk = rows.slice(first, CHUNK_ROWS)
        blended = mix_routes(_routes(read, chunk, names), weights)
        share = read.usual_share if weights.usual is None else weights.usual
        blended = add_usual_weeks(blended, chunk, share=share)
        # Interpolation can leave neighbours one rounding error apart in the wrong order.
        quantiles[first : first + chunk.height] = np.maximum.accumulate(blended, axis=1)
    return quantiles


def mix_routes(routes: RouteQuantiles, weights: Weights) -> FloatArray:
    """Weighted mean of the routes that exist; a missing calibrated route is the raw one."""
    raw, calibrated, level_set = routes
    of_trees = weights.raw * raw + weights.calibrated * (raw if calibrated is None else calibrated)
    trees = weights.raw + weights.calibrated
    if level_set is None:
        return of_trees / trees if trees else raw
    return np.asarray((of_trees + weights.level_set * level_set) / (trees + weights.level_set))


def add_usual_weeks(quantiles: FloatArray, rows: pl.DataFrame, *, share: float) -> FloatArray:
    """Quantiles with the usual weeks mixed in; series with less than half a year of known weeks get less of them."""
    usual = interpolate_levels(rows.select(USUAL_COLUMNS).to_numpy())
    own_share = share * np.minimum(rows[N_USUAL_COLUMN].to_numpy() / WEEKS_FOR_FULL_SHARE, 1.0)[:, None]
    return np.asarray((1 - own_share) * quantiles + own_share * np.nan_to_num(usual))


class _Read(NamedTuple):
    """A models table ready to predict."""

    by_level: Sequence[Predict]
    by_mean: Sequence[Predict]
    levels: FloatArray
    shapes: Sequence[Shapes]
    usual_share: float


def _read_models(models: pl.DataFrame, *, n_threads: int) -> _Read:
    quantile, mean, calibration, level_set = (models.filter(pl.col("part") == part) for part in ("quantile", "mean", "calibration", "level_set"))
    return _Read(
        [predictor(text, n_threads=n_threads) for text in quantile.sort("quantile_level")["booster"]],
        [predictor(text, n_threads=n_threads) for text in mean["booster"]],
        _matrix(calibration.sort("cell")["values"]),
        _shapes(level_set),
        models.filter(pl.col("part") == "usual_share").select(pl.col("values").list.first().sum()).item(),
    )


def _routes(read: _Read, rows: pl.DataFrame, names: list[str]) -> RouteQuantiles:
    """Raw, calibrated and level-set quantiles of some rows; `None` = the models have no such route."""
    features, scale, cells = feature_matrix(rows, names), rows[SCALE_COLUMN].to_numpy(), cells_of(rows)
    # Sorting the levels of each row never worsens the pinball loss (Chernozhukov, Fernández-Val & Galichon, 2010).
    trained = np.sort(np.column_stack([predict(features) for predict in read.by_level]), axis=1)
    raw = np.maximum(interpolate_levels(trained), 0.0) * scale[:, None]
    calibrated = read_at(raw, read.levels[cells]) if len(read.levels) else None
    has_level_set = bool(read.shapes and read.by_mean)
    return raw, calibrated, np.maximum(level_set_quantiles(read.shapes, read.by_mean[0](features) * scale, cells), 0.0) if has_level_set else None


def interpolate_levels(trained: FloatArray) -> FloatArray:
    """39 quantiles `(n, 39)` from the trained eight `(n, 8)`, linear in the level.

    Written out rather than as a matrix product: BLAS adds up in an order that depends on the number of rows.
    """
    right = np.clip(np.searchsorted(TRAINED_LEVELS, QUANTILE_LEVELS), 1, len(TRAINED_LEVELS) - 1)
    low, high = np.asarray(TRAINED_LEVELS)[right - 1], np.asarray(TRAINED_LEVELS)[right]
    share = np.clip((QUANTILE_LEVELS - low) / (high - low), 0.0, 1.0)
    return np.asarray(trained[:, right - 1] * (1 - share) + trained[:, right] * share)


def _checked_names(models: pl.DataFrame, rows: pl.DataFrame) -> list[str]:
    names = feature_names(rows)
    trained_on = models["feature_names"][0].to_list()
    if trained_on != names:
        raise StaleInputError(
            "the models do not fit the features",
            got=f"models trained on {len(trained_on)} features; differing: {sorted(set(trained_on) ^ set(names)) or 'their order'}",
            wanted=f"the {len(names)} features of this code",
            remedy="Train the models again: materialise forecast/models.",
        )
    return names


def _shapes(rows: pl.DataFrame) -> list[Shapes]:
    if rows.is_empty():
        return []
    of_cell = [rows.filter(pl.col("cell") == cell).sort("log_mean") for cell in range(N_CELLS)]
    return [Shapes(own["log_mean"].to_numpy(), _matrix(own["values"])) for own in of_cell]


def _matrix(lists: pl.Series) -> FloatArray:
    return np.array(lists.to_list(), dtype=np.float64).reshape(len(lists), len(QUANTILE_LEVELS))
