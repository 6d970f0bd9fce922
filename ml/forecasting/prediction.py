"""Models and feature rows → quantiles, chunk by chunk."""

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.quantiles import QUANTILE_LEVELS
from ml.forecasting.blend import MEASURED_WEIGHTS, Weights, blended_quantiles
from ml.forecasting.boosters import feature_matrix
from ml.forecasting.calibration import cells_of
from ml.forecasting.model_table import ReadModels, read_models
from ml.transformation.feature_rows import SCALE_COLUMN

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CHUNK_ROWS = 24_000
"""Rows predicted at once: what lies between features and quantiles stays in the processor's cache, a fifth of the time."""


def predict_quantiles(models: pl.DataFrame, rows: pl.DataFrame, *, n_threads: int, weights: Weights = MEASURED_WEIGHTS) -> FloatArray:
    """39 quantiles `(n_rows, 39)` in units, never negative, never crossing; not yet whole units.

    Args:
        models: Rows of `train_models`, at least one.
        rows: Feature rows.
        n_threads: Of LightGBM; changes no digit.
        weights: Shares of the routes.

    Raises:
        StaleInputError: The models were trained on other features.
    """
    read = read_models(models, rows, n_threads=n_threads)
    quantiles = np.empty((rows.height, len(QUANTILE_LEVELS)))
    for first in range(0, rows.height, CHUNK_ROWS):
        chunk = rows.slice(first, CHUNK_ROWS)
        quantiles[first : first + chunk.height] = blended_quantiles(*predict_routes(read, chunk), chunk, corrections=read.corrections, weights=weights)
    return quantiles


def predict_routes(read: ReadModels, rows: pl.DataFrame) -> tuple[FloatArray, FloatArray | None, IntArray]:
    """What the models say of some rows: quantiles in units at the trained levels `(n, 8)`, means `(n,)`, and the rows' cells `(n,)`."""
    features, scale = feature_matrix(rows, read.names), rows[SCALE_COLUMN].to_numpy()
    trained = rising_units(np.column_stack([predict(features) for predict in read.by_level]), scale)
    return trained, read.by_mean[0](features) * scale if read.by_mean else None, cells_of(rows)


def rising_units(predicted: FloatArray, scale: FloatArray) -> FloatArray:
    """Predicted quantiles `(n, 8)` of demand over scale, in units: never negative, rising.

    Sorting the levels of each row never worsens the pinball loss (Chernozhukov, Fernández-Val & Galichon, 2010).
    """
    return np.asarray(np.maximum(np.sort(predicted, axis=1), 0.0) * scale[:, None])
