"""What would have been sold in weeks that stock cut off: a distribution, given that demand was at least what was sold.

Demand of the week is negative binomial. Its mean is that of the series' weeks within half a year, nearer ones counting more
(half-life 8 weeks), shrunk toward the mean of all of them; variance = mean + dispersion · mean², the dispersion from the series'
known weeks, shrunk. What was sold is a lower bound s: D | D ≥ s has the mean m · P(D′ ≥ s − 1) / P(D ≥ s), where D′ has one more in
its size (k · p(k; r) = m · p(k − 1; r + 1)). Stock runs out when demand is high, so the known weeks alone are too low: weeks with a bound
count with their mean given the bound, computed again a few times (expectation–maximisation). Weeks in which nothing could be
sold say nothing. The share of the week in stock is not used: it does not say which days sell.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import nbinom

from domain.stage_tables import UnconstrainedDemand
from ml.preprocessing.unusual_weeks import without_unit_errors
from ml.preprocessing.visible import SERIES_KEY

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NEAR_WEEKS = 26
HALF_LIFE_WEEKS = 8.0
PRIOR_WEEKS = 1.0
"""The mean of all known weeks counts as one week beside the near ones; a series without any has one unit a week."""
PRIOR_DISPERSION, PRIOR_DISPERSION_WEEKS = 0.5, 4.0
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
N_ROUNDS = 8
"""Of expectation–maximisation; on the synthetic market the total then moves by less than 0.01 % a round."""
CHUNK_ROWS = 500_000
"""Series × weeks handled at once; series are never split."""
_LEAST_PROBABILITY = 1e-12
_LEAST_MEAN_UNITS = 0.01


def estimate_unconstrained_demand(weekly_demand: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """The distribution of demand in every censored week.

    Args:
        weekly_demand: Series of one shard or of all; rows after the cutoff are not looked at.
        cutoff: Monday of the last week that may be seen.

    Returns:
        `stage_tables.UnconstrainedDemand`, sorted by series and week; one row per censored week. Each series is computed by itself.
    """
    visible = without_unit_errors(weekly_demand.filter(pl.col("week") <= cutoff)).sort(*SERIES_KEY, "week")
    cut_off = visible.filter(pl.col("is_censored").any().over(SERIES_KEY))
    parts = [_of_chunk(chunk) for chunk in _chunks(cut_off)]
    return UnconstrainedDemand.validate(pl.concat([UnconstrainedDemand.create_empty(), *parts]))


def _chunks(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Whole series, about `CHUNK_ROWS` rows at a time."""
    lengths = rows.group_by(SERIES_KEY, maintain_order=True).len()["len"].to_numpy()
    ends = np.cumsum(lengths)
    first = 0
    while first < rows.height:
        last = int(ends[min(int(np.searchsorted(ends, first + CHUNK_ROWS)), len(ends) - 1)])
        yield rows[first:last]
        first = last


def _of_chunk(rows: pl.DataFrame) -> pl.DataFrame:
    """Gap-free series, one after the other; sums run within a series, so its company does not matter."""
    series = rows.select(pl.struct(SERIES_KEY).rle_id().cast(pl.Int64)).to_series().to_numpy()
    censored = rows["is_censored"].to_numpy()
    units = rows["sales_units"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known, bound, places = ~censored & ~np.isnan(units), np.nan_to_num(units[censored]), np.flatnonzero(censored)
    size = 1 / _dispersions(np.nan_to_num(units), known, series)[series[places]]
    demand, counts = np.nan_to_num(units), known.copy()
    counts[places[bound > 0]] = True
    windows = _windows(counts, series, places)
    for _ in range(N_ROUNDS):
        mean = _near_means(demand, counts, series, windows, places)
        demand[places] = _mean_above(bound, mean, size)
    success = size / (size + mean)
    reached = np.maximum(nbinom.sf(bound - 1, size, success), _LEAST_PROBABILITY)
    quantiles = {f"demand_q{round(level * 1000):03d}": nbinom.ppf(1 - (1 - level) * reached, size, success) for level in LEVELS}
    columns = {
        "lower_bound_units": bound.astype(np.int64),
        "expected_units": mean,
        "dispersion": 1 / size,
        "probability_below_bound": nbinom.cdf(bound - 1, size, success),
        "demand_mean_units": _mean_above(bound, mean, size),
        **{name: np.maximum(values, bound) for name, values in quantiles.items()},
    }
    return rows.filter(censored).select(*SERIES_KEY, "week").hstack([pl.Series(name, values) for name, values in columns.items()])


def _mean_above(bound: FloatArray, mean: FloatArray, size: FloatArray) -> FloatArray:
    """E[D | D ≥ bound] in units; the bound itself where it is all but impossible."""
    success = size / (size + mean)
    reached = np.maximum(nbinom.sf(bound - 1, size, success), _LEAST_PROBABILITY)
    return np.maximum(mean * nbinom.sf(bound - 2, size + 1, success) / reached, bound)


class _Windows(NamedTuple):
    """The weeks around each censored one."""

    rows: IntArray
    """`(n_places, 53)`"""
    weight: FloatArray
    """`(n_places, 53)`; zero outside of the series, and for weeks that do not count."""


def _windows(counts: BoolArray, series: IntArray, places: IntArray) -> _Windows:
    offsets = np.arange(-NEAR_WEEKS, NEAR_WEEKS + 1)
    rows = np.clip(places[:, None] + offsets, 0, len(series) - 1)
    inside = (series[rows] == series[places][:, None]) & (rows == places[:, None] + offsets)
    return _Windows(rows, np.where(inside & counts[rows], 0.5 ** (np.abs(offsets) / HALF_LIFE_WEEKS), 0.0))


def _near_means(demand: FloatArray, counts: BoolArray, series: IntArray, windows: _Windows, places: IntArray) -> FloatArray:
    """Weighted mean of the weeks that count around each place `(n_places,)`."""
    n_weeks = np.bincount(series, weights=counts)
    overall = np.divide(np.bincount(series, weights=demand * counts), n_weeks, out=np.ones(len(n_weeks)), where=n_weeks > 0)[series[places]]
    total = (windows.weight * demand[windows.rows]).sum(axis=1)
    return np.asarray(np.maximum((total + PRIOR_WEEKS * overall) / (windows.weight.sum(axis=1) + PRIOR_WEEKS), _LEAST_MEAN_UNITS))


def _dispersions(units: FloatArray, known: BoolArray, series: IntArray) -> FloatArray:
    """(variance − mean) / mean² of each series' known weeks, shrunk toward the prior `(n_series,)`; sums of whole units are exact."""
    n_weeks, total, squares = (np.bincount(series, weights=weights * known) for weights in (np.ones(len(units)), units, units**2))
    freedom = np.maximum(n_weeks - 1, 0.0)
    mean = np.divide(total, n_weeks, out=np.zeros_like(total), where=n_weeks > 0)
    variance = np.divide(squares - total * mean, freedom, out=np.zeros_like(total), where=freedom > 0)
    observed = np.divide(np.maximum(variance - mean, 0.0), mean**2, out=np.zeros_like(total), where=mean > 0)
    return np.asarray((freedom * observed + PRIOR_DISPERSION_WEEKS * PRIOR_DISPERSION) / (freedom + PRIOR_DISPERSION_WEEKS))
