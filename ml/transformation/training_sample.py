"""Which (series, origin, week ahead) the models learn from: a keyed sample, so shards draw it apart and get the same.

Rows count by their weight, √scale × decay with age. Weighting inside LightGBM doubles the training time of a
quantile model (each leaf is renewed by a weighted percentile), so rows are *drawn* in proportion to their weight instead:
every candidate has an arrival time, exponential with its weight as rate, and a sample is the earliest arrivals
(Efraimidis & Spirakis, 2006). The arrival time depends on the candidate alone. The earliest of the shards' earliest
are the earliest of all, so sampling per shard and merging gives the rows that one sample of everything gives.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.randomness import stable_hash
from domain.settings import ForecastSettings
from domain.stage_tables import HORIZON_WEEKS
from ml.transformation.feature_rows import empty_feature_rows, feature_rows, histories_of_market
from ml.transformation.group_weeks import GroupHistory
from ml.transformation.origin_features import origin_features
from ml.transformation.panel import FloatArray, IntArray, Panel, panels

UintArray = npt.NDArray[np.uint64]
_ORDER = ["arrival", "merchant_id", "article_id", "origin", "horizon_week"]

LARGEST_IGNORED_RATIO = 2.0
"""Weights that differ by less than this factor are not worth twice the training time."""

ENOUGH_ROWS = 40_000
"""A sample of no more rows is not thinned."""


def build_training_sample(
    weekly_demand: pl.DataFrame,
    *,
    cutoff: date,
    settings: ForecastSettings,
    horizon_weeks: int = HORIZON_WEEKS,
    group_weeks: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Sample rows whose target week is over by the cutoff and whose demand is known.

    Args:
        weekly_demand: Series of one shard or of all; rows after the cutoff are not looked at.
        cutoff: Monday of the last week that may be seen, as a feature or as a target.
        settings: Number of rows, half-life of their weight, threads.
        horizon_weeks: Weeks ahead to learn.
        group_weeks: The merged table of all shards (`merge_group_weeks`); `None` = `weekly_demand` is the whole market.

    Returns:
        Key, origin, horizon_week, scale_units, features (float32), arrival, weight (√scale × decay by the target week's
        age) and target (demand over scale), sorted by `arrival`.
    """
    histories = histories_of_market(weekly_demand, group_weeks, cutoff=cutoff)
    samples = [_sample_panel(panel, histories, settings=settings, horizon_weeks=horizon_weeks) for panel in panels(weekly_demand, cutoff=cutoff)]
    return merge_samples(samples, settings.n_training_rows)


def merge_samples(samples: Sequence[pl.DataFrame], n_rows: int) -> pl.DataFrame:
    """The `n_rows` earliest of several samples, sorted: the same rows however the series were split."""
    filled = [sample for sample in samples if not sample.is_empty()]
    if not filled:
        return empty_feature_rows().with_columns(arrival=pl.lit(0.0), weight=pl.lit(0.0), target=pl.lit(0.0))
    return pl.concat(filled).sort(_ORDER).head(n_rows)


def mix(numbers: UintArray) -> UintArray:
    """SplitMix64's finaliser: every input bit flips about half of the output bits (Steele, Lea & Flood, 2014).

    Whole arrays at memory speed, where a cryptographic hash per candidate would take a minute per ten million.
    """
    with np.errstate(over="ignore"):
        mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def stands_for(sample: pl.DataFrame, *, n_training_rows: int) -> FloatArray:
    """How many candidates each drawn row stands for `(n_rows,)`: one where all were drawn.

    A candidate of weight w is drawn with probability π = 1 − exp(−w·t), t the latest arrival, so it stands for 1 / π
    (Horvitz & Thompson, 1952).
    """
    if sample.height < n_training_rows:
        return np.ones(sample.height)
    return np.asarray(-1 / np.expm1(-sample["weight"].to_numpy() * sample["arrival"].to_numpy().max()))


def thinned(sample: pl.DataFrame, *, n_training_rows: int) -> pl.DataFrame:
    """The earliest quarter of all candidates, where the sample holds more than half of them; never less than `ENOUGH_ROWS`.

    Twelve rows share each target week, so little is lost; but rows of which most are drawn are no longer drawn in proportion to their
    weight and must count by it, which takes a multiple of the time. How many candidates there are shows in what each row stands for.
    """
    n_candidates = stands_for(sample, n_training_rows=n_training_rows).sum()
    return sample.head(max(round(n_candidates / 4), ENOUGH_ROWS)) if sample.height > n_candidates / 2 else sample


def training_weights(sample: pl.DataFrame, *, n_training_rows: int) -> FloatArray | None:
    """What each row must still count after it was drawn in proportion to its weight; `None` = all (almost) the same.

    Its weight times what it stands for: the same for all rows where few are drawn, the weight itself where all are.
    """
    weight = sample["weight"].to_numpy() * stands_for(sample, n_training_rows=n_training_rows)
    return None if weight.max() < LARGEST_IGNORED_RATIO * weight.min() else weight


class _Candidates(NamedTuple):
    """Rows that may be sampled; all arrays of one length."""

    row: IntArray
    """Panel row of the origin."""
    horizon: IntArray
    weight: FloatArray
    arrival: FloatArray


def _sample_panel(panel: Panel, histories: Mapping[str, GroupHistory], *, settings: ForecastSettings, horizon_weeks: int) -> pl.DataFrame:
    features = origin_features(panel, histories, n_threads=settings.n_threads)
    drawn = _earliest(panel, features.scale_units, settings=settings, horizon_weeks=horizon_weeks)
    if not len(drawn.row):
        return empty_feature_rows()
    rows = feature_rows(panel, features, histories, row=drawn.row, horizon=drawn.horizon)
    target = panel.sales_units[drawn.row + drawn.horizon] / features.scale_units[drawn.row]
    return rows.with_columns(arrival=pl.Series(drawn.arrival), weight=pl.Series(drawn.weight), target=pl.Series(target))


def _earliest(panel: Panel, scale: FloatArray, *, settings: ForecastSettings, horizon_weeks: int) -> _Candidates:
    """The panel's earliest candidates; one week ahead at a time, so that only a twelfth of them exists at once."""
    series_hash = np.array([stable_hash("training", *key) for key in panel.keys.iter_rows()], dtype=np.uint64)[panel.series]
    root_scale, last_row, known = np.sqrt(scale), panel.last_row[panel.series], panel.is_known
    everything = np.arange(len(panel.series))
    found: list[_Candidates] = []
    for weeks_ahead in range(1, horizon_weeks + 1):
        target = np.minimum(everything + weeks_ahead, len(everything) - 1)
        row = everything[(everything + weeks_ahead <= last_row) & known[target]]
        age_weeks = last_row[row] - row - weeks_ahead
        weight = root_scale[row] * 0.5 ** (age_weeks / settings.decay_half_life_weeks)
        when = mix((panel.first_day[row] * 64 + weeks_ahead).astype(np.uint64))
        arrival = -np.log(_uniform(mix(series_hash[row] ^ when))) / weight
        found = [_keep_earliest([*found, _Candidates(row, np.full(len(row), weeks_ahead), weight, arrival)], settings.n_training_rows)]
    return found[0]


def _keep_earliest(candidates: Sequence[_Candidates], n_rows: int) -> _Candidates:
    row, horizon, weight, arrival = (np.concatenate(parts) for parts in zip(*candidates, strict=True))
    keep = np.argpartition(arrival, n_rows)[:n_rows] if len(row) > n_rows else slice(None)
    return _Candidates(row[keep], horizon[keep], weight[keep], arrival[keep])


def _uniform(hashes: UintArray) -> FloatArray:
    """The upper 53 bits as numbers in (0, 1)."""
    return ((hashes >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
