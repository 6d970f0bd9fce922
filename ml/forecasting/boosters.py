"""LightGBM: quantile models and a mean model on one binned dataset, kept as text so that a table can hold them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl

from domain.settings import ForecastSettings
from ml.transformation.usual_weeks import USUAL_LEVELS

FloatArray = npt.NDArray[np.float64]

Predict = Callable[[npt.NDArray[np.float32]], FloatArray]

TRAINED_LEVELS = USUAL_LEVELS
"""Levels with a model of their own: those at which the usual weeks are kept, so that one interpolation serves both."""

_TWEEDIE_POWER = 1.3
_DATASET: Mapping[str, Any] = {
    "max_bin": 63,
    "min_data_in_leaf": 20,
    "feature_pre_filter": False,
    "deterministic": True,
    "feature_fraction": 0.5,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 1,
}
"""Half of the features per tree: half the time at the same loss. One thread per model: the models are trained side by side, which loses no time at barriers and cannot change a digit."""


class Boosters(NamedTuple):
    """The models of one training run, as LightGBM's model text (the same for any number of threads)."""

    quantiles: Sequence[str]
    """One per trained level."""
    mean: str | None
    """Tweedie mean; `None` where every target is zero."""


def train_boosters(
    features: npt.NDArray[np.float32], target: FloatArray, weight: FloatArray | None, *, names: list[str], n_trees: int, settings: ForecastSettings
) -> Boosters:
    """One model per level and one of the mean.

    Args:
        features: `(n_rows, n_features)`.
        target: `(n_rows,)` demand over the series' scale.
        weight: `(n_rows,)`; `None` = all the same.
        names: Of the features.
        n_trees: Per model.
        settings: Leaves, learning rate, threads.
    """
    # One binned dataset serves all models: binning costs as much as several trees.
    data = lgb.Dataset(features, label=target, weight=weight, feature_name=names, params=dict(_DATASET))
    data.construct()
    tree = {"num_leaves": settings.n_leaves, "learning_rate": settings.learning_rate}
    objectives: list[dict[str, Any]] = [{"objective": "quantile", "alpha": level} for level in TRAINED_LEVELS]
    if target.sum() > 0:
        objectives.append({"objective": "tweedie", "tweedie_variance_power": _TWEEDIE_POWER})
    with ThreadPoolExecutor(settings.n_threads) as pool:
        boosters = list(pool.map(lambda objective: lgb.train({**_DATASET, **tree, **objective}, data, num_boost_round=n_trees), objectives))
    texts = [str(booster.model_to_string()) for booster in boosters]
    return Boosters(texts[: len(TRAINED_LEVELS)], texts[-1] if len(texts) > len(TRAINED_LEVELS) else None)


def predictor(text: str, *, n_threads: int, first_tree: int = 0, n_trees: int | None = None) -> Predict:
    """A model read once, to predict chunk after chunk.

    Some of a quantile model's trees add up with the others' to the whole prediction; a mean is the exponential of a
    sum, so only its first trees predict by themselves.
    """
    booster = lgb.Booster(model_str=text)
    trees: dict[str, Any] = {"start_iteration": first_tree, "num_iteration": -1 if n_trees is None else n_trees}
    return lambda features: np.asarray(booster.predict(features, num_threads=n_threads, **trees), dtype=np.float64)


def feature_matrix(rows: pl.DataFrame, names: list[str]) -> npt.NDArray[np.float32]:
    """`(n_rows, n_features)`, as training and prediction both read it."""
    return rows.select(pl.col(names).cast(pl.Float32)).to_numpy()
