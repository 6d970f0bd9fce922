"""Training: models on all sampled rows, and what they are corrected by, learnt from weeks a twin had not seen.

The twin sees targets up to `n_weeks` before the newest; later origins are then forecast as if live. Its errors say how
many trees are enough and calibrate the models trained on everything. Both samples are rows of the one training sample:
nothing more to draw.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.settings import ForecastSettings
from ml.forecasting.blend import Corrections
from ml.forecasting.boosters import Boosters, feature_matrix, predictor, train_boosters
from ml.forecasting.calibration import cells_of
from ml.forecasting.corrections import HeldOut, best_number, fit_corrections
from ml.forecasting.model_table import MODEL_SCHEMA, models_table
from ml.forecasting.prediction import rising_units
from ml.transformation.feature_rows import SCALE_COLUMN, feature_names
from ml.transformation.training_sample import stands_for, thinned, training_weights

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

HELD_OUT_WEEKS = (13, 52)
"""Least and most weeks held out; between them a third of the history. Thirteen hold one origin with all twelve horizons,
a year holds every season."""
FEWEST_HELD_OUT_ROWS = 500
TREE_SHARES = (1 / 3, 2 / 3, 1.0)
"""Numbers of trees that compete, as shares of the setting: where weeks differ by what nobody announces, more trees
learn last year's accidents. Fewer than a third leave too much of the first guess standing."""
_LARGEST_WEIGHT_QUANTILE = 0.98


def train_models(sample: pl.DataFrame, *, settings: ForecastSettings) -> pl.DataFrame:
    """The models of a cutoff; none where the sample is too small to learn from.

    Args:
        sample: Rows of `build_training_sample`, in its order.
        settings: Trees, leaves, learning rate, threads, fewest rows.

    Returns:
        Rows of `model_table.MODEL_SCHEMA`, the same for any number of threads; zero rows below `min_training_rows`.
    """
    if sample.height < settings.min_training_rows:
        return pl.DataFrame(schema=MODEL_SCHEMA)
    kept = thinned(sample, n_training_rows=settings.n_training_rows)
    if kept.height < sample.height:
        sample, settings = kept, settings.model_copy(update={"n_training_rows": kept.height})
    learnt = learn_corrections(sample, settings=settings)
    n_trees, corrections = learnt or (settings.n_trees, None)
    boosters = _train(sample, np.ones(sample.height, dtype=bool), n_trees=n_trees, settings=settings)
    return models_table(boosters, corrections, n_training_rows=sample.height, names=feature_names(sample))


def learn_corrections(sample: pl.DataFrame, *, settings: ForecastSettings) -> tuple[int, Corrections] | None:
    """Number of trees and corrections from the newest weeks; `None` where there are too few of them, or too few before."""
    before, held_out, n_weeks = _split(sample)
    if before.sum() < settings.min_training_rows or held_out.sum() < FEWEST_HELD_OUT_ROWS:
        return None
    twin = _train(sample, before, n_trees=settings.n_trees, settings=settings)
    rows = sample.filter(held_out)
    features, scale = feature_matrix(rows, feature_names(sample)), rows[SCALE_COLUMN].to_numpy()
    actual = np.round(rows["target"].to_numpy() * scale)
    weight = stands_for(sample, n_training_rows=settings.n_training_rows)[held_out]
    importance = weight * rows["weight"].to_numpy() / scale
    weight = np.minimum(weight, np.quantile(weight, _LARGEST_WEIGHT_QUANTILE))
    numbers = sorted({max(round(share * settings.n_trees), 1) for share in TREE_SHARES})
    trained = _by_number(twin, features, scale, numbers=numbers, n_threads=settings.n_threads)
    best = best_number(trained, actual, importance)
    mean = None if twin.mean is None else predictor(twin.mean, n_threads=settings.n_threads, n_trees=numbers[best])(features) * scale
    held = HeldOut(rows, actual, cells_of(rows), weight, importance, trained[best], mean)
    return numbers[best], fit_corrections(held, n_weeks=n_weeks)


def _by_number(twin: Boosters, features: npt.NDArray[np.float32], scale: FloatArray, *, numbers: list[int], n_threads: int) -> list[FloatArray]:
    """The twin's quantiles in units after so many trees each; trees are predicted once and added up."""
    so_far, found = np.zeros((len(features), len(twin.quantiles))), []
    for first, last in zip([0, *numbers[:-1]], numbers, strict=True):
        some = [predictor(text, n_threads=n_threads, first_tree=first, n_trees=last - first)(features) for text in twin.quantiles]
        so_far = so_far + np.column_stack(some)
        found.append(rising_units(so_far, scale))
    return found


def _train(sample: pl.DataFrame, chosen: BoolArray, *, n_trees: int, settings: ForecastSettings) -> Boosters:
    weight = training_weights(sample, n_training_rows=settings.n_training_rows)
    rows, names = sample.filter(chosen), feature_names(sample)
    chosen_weight = None if weight is None else weight[chosen]
    return train_boosters(feature_matrix(rows, names), rows["target"].to_numpy(), chosen_weight, names=names, n_trees=n_trees, settings=settings)


def _split(sample: pl.DataFrame) -> tuple[BoolArray, BoolArray, int]:
    """Rows the twin may learn from (targets before the held-out weeks), rows that begin after them, and the number of those weeks."""
    origin = sample["origin"].to_physical().cast(pl.Int64).to_numpy() // 7
    target = origin + sample["horizon_week"].to_numpy()
    newest = int(target.max())
    n_weeks = int(np.clip((newest - origin.min() + 1) // 3, *HELD_OUT_WEEKS))
    return target <= newest - n_weeks, origin >= newest - n_weeks, n_weeks
