"""Training: models on all sampled rows, and what they are corrected by, learnt from weeks a twin had not seen.

The twin sees targets up to `held_out_weeks` before the newest; later origins are then forecast as if live. Its errors
calibrate the models trained on everything. Both samples are rows of the one training sample: nothing more to draw.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.settings import ForecastSettings
from ml.forecasting.blend import MEASURED_WEIGHTS, MODEL_SCHEMA, Corrections, add_usual_weeks, interpolate_levels, mix_routes, models_table
from ml.forecasting.boosters import Boosters, feature_matrix, predictor, train_boosters
from ml.forecasting.calibration import cells_of, fit_levels, read_at
from ml.forecasting.level_set import Shapes, fit_shapes, level_set_quantiles
from ml.metrics import pinball_losses
from ml.transformation.feature_rows import SCALE_COLUMN, feature_names
from ml.transformation.training_sample import stands_for, training_weights

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

HELD_OUT_WEEKS = (13, 26)
"""Least and most weeks held out; between them a third of the history. Thirteen hold one origin with all twelve horizons."""
FEWEST_HELD_OUT_ROWS = 500
USUAL_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Shares of the usual weeks that compete."""
_LARGEST_WEIGHT_QUANTILE = 0.98
_SEED = 5


def train_models(sample: pl.DataFrame, *, settings: ForecastSettings) -> pl.DataFrame:
    """The models of a cutoff; none where the sample is too small to learn from.

    Args:
        sample: Rows of `build_training_sample`, in its order.
        settings: Trees, leaves, learning rate, threads, fewest rows.

    Returns:
        Rows of `blend.MODEL_SCHEMA`, the same for any number of threads; zero rows below `min_training_rows`.
    """
    if sample.height < settings.min_training_rows:
        return pl.DataFrame(schema=MODEL_SCHEMA)
    names = feature_names(sample)
    boosters = _train(sample, np.ones(sample.height, dtype=bool), names=names, settings=settings)
    corrections = learn_corrections(sample, settings=settings)
    return models_table(boosters, corrections, n_training_rows=sample.height, names=names)


def learn_corrections(sample: pl.DataFrame, *, settings: ForecastSettings) -> Corrections | None:
    """Calibrated levels and level sets from the newest weeks; `None` where there are too few of them, or too few before."""
    before, held_out, n_weeks = _split(sample)
    if before.sum() < settings.min_training_rows or held_out.sum() < FEWEST_HELD_OUT_ROWS:
        return None
    names = feature_names(sample)
    twin = _train(sample, before, names=names, settings=settings)
    rows = sample.filter(held_out)
    features, scale, cells = feature_matrix(rows, names), rows[SCALE_COLUMN].to_numpy(), cells_of(rows)
    actual = np.round(rows["target"].to_numpy() * scale)
    weight = stands_for(sample, n_training_rows=settings.n_training_rows)[held_out]
    weight = np.minimum(weight, np.quantile(weight, _LARGEST_WEIGHT_QUANTILE))
    generator = np.random.default_rng(_SEED)
    trained = np.sort(np.column_stack([predictor(text, n_threads=settings.n_threads)(features) for text in twin.quantiles]), axis=1)
    quantiles = np.maximum.accumulate(np.maximum(interpolate_levels(trained), 0.0) * scale[:, None], axis=1)
    levels = fit_levels(quantiles, actual, cells, weight, generator=generator, trust=n_weeks / HELD_OUT_WEEKS[1])
    shapes: list[Shapes] = []
    level_set = None
    if twin.mean is not None:
        mean_units = predictor(twin.mean, n_threads=settings.n_threads)(features) * scale
        shapes = fit_shapes(mean_units, actual, cells, weight, generator=generator)
        level_set = np.maximum(level_set_quantiles(shapes, mean_units, cells), 0.0)
    blended = mix_routes((quantiles, read_at(quantiles, levels[cells]), level_set), MEASURED_WEIGHTS)
    return Corrections(levels, shapes, best_usual_share(blended, rows, actual))


def best_usual_share(blended: FloatArray, rows: pl.DataFrame, actual: FloatArray) -> float:
    """Share of the usual weeks with the smallest held-out loss, relative to each series' scale.

    The rest of the blend has learnt from these very weeks and the usual weeks have not, so the share errs on the low side.
    """
    scale = rows[SCALE_COLUMN].to_numpy()
    losses = [float((pinball_losses(actual, add_usual_weeks(blended, rows, share=share)).mean(axis=1) / scale).mean()) for share in USUAL_SHARES]
    return USUAL_SHARES[int(np.argmin(losses))]


def _train(sample: pl.DataFrame, chosen: BoolArray, *, names: list[str], settings: ForecastSettings) -> Boosters:
    weight = training_weights(sample, n_training_rows=settings.n_training_rows)
    rows = sample.filter(chosen)
    return train_boosters(feature_matrix(rows, names), rows["target"].to_numpy(), None if weight is None else weight[chosen], names=names, settings=settings)


def _split(sample: pl.DataFrame) -> tuple[BoolArray, BoolArray, int]:
    """Rows the twin may learn from (targets before the held-out weeks), rows that begin after them, and the number of those weeks."""
    origin = sample["origin"].to_physical().cast(pl.Int64).to_numpy() // 7
    target = origin + sample["horizon_week"].to_numpy()
    newest = int(target.max())
    n_weeks = int(np.clip((newest - origin.min() + 1) // 3, *HELD_OUT_WEEKS))
    return target <= newest - n_weeks, origin >= newest - n_weeks, n_weeks
