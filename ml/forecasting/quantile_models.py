"""LightGBM quantile models: eight levels, trained in one sitting, kept as text so that a table can hold them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl

from domain.errors import StaleInputError
from domain.settings import ForecastSettings
from ml.transformation.feature_rows import feature_names
from ml.transformation.training_sample import training_weights

FloatArray = npt.NDArray[np.float64]

TRAINED_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.7, 0.83, 0.925, 0.975)
"""Levels with a model of their own, closer together where the loss of stock-outs is decided; the rest is interpolated."""
MODEL_SCHEMA: Mapping[str, Any] = {"quantile_level": pl.Float64, "booster": pl.String, "n_training_rows": pl.Int64, "feature_names": pl.List(pl.String)}

_MAX_BIN = 63
_DATASET: Mapping[str, Any] = {
    "max_bin": _MAX_BIN,
    "min_data_in_leaf": 20,
    "feature_pre_filter": False,
    "deterministic": True,
    "feature_fraction": 0.5,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
"""Half of the features per tree: half the time at the same loss. One thread per model: the levels are trained side by side, which loses no time at barriers and cannot change a digit."""


def train_quantile_models(sample: pl.DataFrame, *, settings: ForecastSettings) -> pl.DataFrame:
    """One model per trained level; none where the sample is too small to learn from.

    Args:
        sample: Rows of `build_training_sample`, in its order.
        settings: Trees, leaves, learning rate, threads, fewest rows.

    Returns:
        quantile_level, booster (LightGBM's model text, the same for any number of threads), n_training_rows,
        feature_names. Zero rows below `min_training_rows`.
    """
    if sample.height < settings.min_training_rows:
        return pl.DataFrame(schema=MODEL_SCHEMA)
    names = feature_names(sample)
    # One binned dataset serves all levels: binning costs as much as several trees.
    data = lgb.Dataset(
        sample.select(names).to_numpy().astype(np.float32),
        label=sample["target"].to_numpy(),
        weight=training_weights(sample, n_training_rows=settings.n_training_rows),
        feature_name=names,
        params=dict(_DATASET),
    )
    data.construct()
    with ThreadPoolExecutor(settings.n_threads) as pool:
        boosters = list(pool.map(lambda level: _train_level(data, level, settings), TRAINED_LEVELS))
    rows: dict[str, list[Any]] = {"quantile_level": list(TRAINED_LEVELS), "booster": boosters}
    same_in_all = {"n_training_rows": pl.lit(sample.height, pl.Int64), "feature_names": pl.lit(names, pl.List(pl.String))}
    return pl.DataFrame(rows, schema_overrides=MODEL_SCHEMA).with_columns(**same_in_all)


def predict_levels(models: pl.DataFrame, rows: pl.DataFrame, *, n_threads: int) -> FloatArray:
    """Scaled quantiles `(n_rows, 8)` at the trained levels, rearranged so that they never cross.

    Sorting the levels of each row never worsens the pinball loss (Chernozhukov, Fernández-Val & Galichon, 2010).

    Raises:
        StaleInputError: The models were trained on other features.
    """
    names = feature_names(rows)
    trained_on = models["feature_names"][0].to_list()
    if trained_on != names:
        raise StaleInputError(
            "the models do not fit the features",
            got=f"models trained on {len(trained_on)} features; differing: {sorted(set(trained_on) ^ set(names)) or 'their order'}",
            wanted=f"the {len(names)} features of this code",
            remedy="Train the models again: materialise forecast/models.",
        )
    values = rows.select(names).to_numpy().astype(np.float32)
    boosters = [lgb.Booster(model_str=text) for text in models.sort("quantile_level")["booster"]]
    return np.sort(np.column_stack([np.asarray(booster.predict(values, num_threads=n_threads)) for booster in boosters]), axis=1)


def _train_level(data: lgb.Dataset, level: float, settings: ForecastSettings) -> str:
    """The model text of one level."""
    parameters = {
        **_DATASET,
        "objective": "quantile",
        "alpha": level,
        "num_leaves": settings.n_leaves,
        "learning_rate": settings.learning_rate,
        "seed": 1,
    }
    return str(lgb.train(parameters, data, num_boost_round=settings.n_trees).model_to_string())
