"""Trained models as a table: what `forecast/models` stores, and how it is read back ready to predict."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.errors import StaleInputError
from domain.quantiles import QUANTILE_LEVELS
from ml.forecasting.blend import Corrections
from ml.forecasting.boosters import TRAINED_LEVELS, Boosters, Predict, predictor
from ml.forecasting.calibration import N_CELLS
from ml.forecasting.level_set import Shapes
from ml.transformation.feature_rows import feature_names

FloatArray = npt.NDArray[np.float64]

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
mean) or usual_share (one number per cell)."""


def models_table(boosters: Boosters, corrections: Corrections | None, *, n_training_rows: int, names: list[str]) -> pl.DataFrame:
    """Everything a forecast needs, in rows of `MODEL_SCHEMA`."""
    rows: list[dict[str, Any]] = [
        {"part": "quantile", "quantile_level": level, "booster": text} for level, text in zip(TRAINED_LEVELS, boosters.quantiles, strict=True)
    ]
    rows += [{"part": "mean", "booster": boosters.mean}] if boosters.mean else []
    if corrections:
        rows += [{"part": "calibration", "cell": cell, "values": levels.tolist()} for cell, levels in enumerate(corrections.levels)]
        rows += [{"part": "usual_share", "values": list(corrections.usual_shares)}]
        rows += [
            {"part": "level_set", "cell": cell, "log_mean": float(at), "values": ratios.tolist()}
            for cell, shapes in enumerate(corrections.shapes)
            for at, ratios in zip(shapes.log_mean, shapes.ratios, strict=True)
        ]
    same_in_all = {"n_training_rows": pl.lit(n_training_rows, pl.Int64), "feature_names": pl.lit(names, pl.List(pl.String))}
    empty: dict[str, Any] = dict.fromkeys(MODEL_SCHEMA)
    return pl.DataFrame([empty | row for row in rows], schema=MODEL_SCHEMA).with_columns(**same_in_all)


class ReadModels(NamedTuple):
    """A models table ready to predict."""

    names: list[str]
    """Features, in the order of training."""
    by_level: Sequence[Predict]
    by_mean: Sequence[Predict]
    """One, or none."""
    corrections: Corrections | None


def read_models(models: pl.DataFrame, rows: pl.DataFrame, *, n_threads: int) -> ReadModels:
    """The models, checked against the feature rows they shall forecast.

    Raises:
        StaleInputError: The models were trained on other features.
    """
    quantile, mean = (models.filter(pl.col("part") == part) for part in ("quantile", "mean"))
    return ReadModels(
        _checked_names(models, rows),
        [predictor(text, n_threads=n_threads) for text in quantile.sort("quantile_level")["booster"]],
        [predictor(text, n_threads=n_threads) for text in mean["booster"]],
        _corrections(models),
    )


def _corrections(models: pl.DataFrame) -> Corrections | None:
    calibration, level_set, usual = (models.filter(pl.col("part") == part) for part in ("calibration", "level_set", "usual_share"))
    if calibration.is_empty():
        return None
    shares = tuple(usual["values"].explode().to_list())
    if len(shares) != N_CELLS:
        raise StaleInputError(
            "the models are of an earlier version",
            got=f"{len(shares)} shares of the usual weeks",
            wanted=f"one for each of the {N_CELLS} cells",
            remedy="Train the models again: materialise forecast/models.",
        )
    return Corrections(_matrix(calibration.sort("cell")["values"]), _shapes(level_set), shares)


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
