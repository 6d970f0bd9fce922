"""Hyper-parameter search: other sizes of the trees, trained on the older rows of the training sample, judged on the newest weeks.

Candidates are drawn by key, so the same sample gives the same table. A search proposes; a person sets the settings, and the next
walk-forward shows whether it was right: the winner of many on one season is flattered.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.randomness import stable_hash
from domain.settings import ForecastSettings
from ml.forecasting.boosters import TRAINED_LEVELS, feature_matrix, predictor, train_boosters
from ml.preprocessing.visible import SERIES_KEY
from ml.transformation.feature_rows import feature_names
from ml.transformation.training_sample import thinned

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

HELD_OUT_WEEKS = 13
N_TREES, N_LEAVES, LEARNING_RATES = (60, 90, 130, 180), (15, 31, 63), (0.04, 0.06, 0.08, 0.12)
SCHEMA = {
    "n_trees": pl.Int64,
    "n_leaves": pl.Int64,
    "learning_rate": pl.Float64,
    "is_in_force": pl.Boolean,
    "held_out_loss": pl.Float64,
    "improvement": pl.Float64,
    "standard_error": pl.Float64,
    "n_held_out_rows": pl.Int64,
}
"""held_out_loss: mean pinball loss over scale; improvement: share below that of the settings in force, with its standard error over series."""


def search_hyperparameters(
    sample: pl.DataFrame, *, settings: ForecastSettings, n_candidates: int, on_progress: Callable[[str], None] | None = None
) -> pl.DataFrame:
    """The settings in force and `n_candidates` others, best first.

    Args:
        sample: Rows of `build_training_sample`.
        settings: In force; its threads count, too.
        n_candidates: Combinations to try beside those in force, at most all 48.
        on_progress: Told each candidate.

    Returns:
        Rows of `SCHEMA`; none where the sample has no weeks to hold out.
    """
    sample = thinned(sample, n_training_rows=settings.n_training_rows)
    before, held_out = _split(sample)
    if before.sum() < settings.min_training_rows or not held_out.any():
        return pl.DataFrame(schema=SCHEMA)
    tell = on_progress or (lambda _: None)
    losses = []
    candidates = [settings, *itertools.islice(_others(settings), n_candidates)]
    for place, candidate in enumerate(candidates):
        tell(f"candidate {place + 1} of {len(candidates)}: {candidate.n_trees} trees, {candidate.n_leaves} leaves, rate {candidate.learning_rate}")
        losses.append(_losses(sample, before, held_out, candidate))
    series = sample.filter(held_out).select(pl.struct(SERIES_KEY).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    rows = [_row(candidate, loss, losses[0], series) for candidate, loss in zip(candidates, losses, strict=True)]
    in_force = pl.int_range(pl.len()) == 0
    return pl.DataFrame(rows).with_columns(is_in_force=in_force).select(list(SCHEMA)).sort("held_out_loss", "n_trees", "n_leaves", "learning_rate")


def _others(settings: ForecastSettings) -> Iterator[ForecastSettings]:
    """All other combinations, in an order drawn by key."""
    grid = itertools.product(N_TREES, N_LEAVES, LEARNING_RATES)
    for n_trees, n_leaves, rate in sorted(grid, key=lambda point: stable_hash("hyperparameters", *point)):
        if (n_trees, n_leaves, rate) != (settings.n_trees, settings.n_leaves, settings.learning_rate):
            yield settings.model_copy(update={"n_trees": n_trees, "n_leaves": n_leaves, "learning_rate": rate})


def _split(sample: pl.DataFrame) -> tuple[BoolArray, BoolArray]:
    """Rows whose target lies before the held-out weeks, and rows whose origin does not."""
    origin = sample["origin"].to_physical().cast(pl.Int64).to_numpy() // 7
    target = origin + sample["horizon_week"].to_numpy()
    newest = int(target.max()) if len(target) else 0
    return np.asarray(target <= newest - HELD_OUT_WEEKS), np.asarray(origin >= newest - HELD_OUT_WEEKS)


def _losses(sample: pl.DataFrame, before: BoolArray, held_out: BoolArray, settings: ForecastSettings) -> FloatArray:
    """Pinball loss over scale of each held-out row, mean over the trained levels."""
    names, rows = feature_names(sample), sample.filter(before)
    boosters = train_boosters(feature_matrix(rows, names), rows["target"].to_numpy(), None, names=names, n_trees=settings.n_trees, settings=settings)
    judged = sample.filter(held_out)
    features, actual = feature_matrix(judged, names), judged["target"].to_numpy()
    predicted = np.sort(np.column_stack([predictor(text, n_threads=settings.n_threads)(features) for text in boosters.quantiles]), axis=1)
    error, levels = actual[:, None] - np.maximum(predicted, 0.0), np.asarray(TRAINED_LEVELS)
    return np.asarray(np.maximum(levels * error, (levels - 1) * error).mean(axis=1))


def _row(candidate: ForecastSettings, loss: FloatArray, in_force: FloatArray, series: npt.NDArray[np.int64]) -> dict[str, object]:
    """Figures of a candidate; rows of one series are not independent, so the standard error is over series."""
    base = float(in_force.mean())
    n_rows, gained = np.bincount(series), np.bincount(series, weights=in_force - loss)
    residual = gained - n_rows * gained.sum() / n_rows.sum()
    error = float(np.sqrt((residual**2).sum())) / len(loss)
    return {
        "n_trees": candidate.n_trees,
        "n_leaves": candidate.n_leaves,
        "learning_rate": candidate.learning_rate,
        "held_out_loss": float(loss.mean()),
        "improvement": 1 - float(loss.mean()) / base if base else 0.0,
        "standard_error": error / base if base else 0.0,
        "n_held_out_rows": len(loss),
    }
