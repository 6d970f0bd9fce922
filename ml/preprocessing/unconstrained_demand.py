"""What would have been sold in weeks that stock cut off: a distribution, given that demand was at least what was sold.

Demand of the week is negative binomial. Its mean is that of the series' known weeks within half a year, nearer ones counting more
(half-life 8 weeks), shrunk toward the mean of all its known weeks; variance = mean + dispersion · mean², the dispersion from the
series' known weeks, shrunk. What was sold is a lower bound s: D | D ≥ s has the mean m · P(D′ ≥ s − 1) / P(D ≥ s), where D′ has one
more in its size (k · p(k; r) = m · p(k − 1; r + 1)). The share of the week in stock is not used: it does not say which days sell.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import nbinom

from domain.stage_tables import UnconstrainedDemand
from ml.preprocessing.unusual_weeks import without_unit_errors
from ml.preprocessing.visible import SERIES_KEY

FloatArray = npt.NDArray[np.float64]

NEAR_WEEKS = 26
HALF_LIFE_WEEKS = 8.0
PRIOR_WEEKS = 1.0
"""The mean of all known weeks counts as one week beside the near ones; a series without any has one unit a week."""
PRIOR_DISPERSION, PRIOR_DISPERSION_WEEKS = 0.5, 4.0
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
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
    parts = [_of_series(series) for series in visible.partition_by(SERIES_KEY, maintain_order=True) if series["is_censored"].any()]
    return UnconstrainedDemand.validate(pl.concat([UnconstrainedDemand.create_empty(), *parts]))


def _of_series(series: pl.DataFrame) -> pl.DataFrame:
    """One gap-free series."""
    censored = series["is_censored"].to_numpy()
    units = series["sales_units"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known = ~censored & ~np.isnan(units)
    overall = float(units[known].mean()) if known.any() else 1.0
    mean = np.maximum(_near_means(units, known, np.flatnonzero(censored), overall=overall), _LEAST_MEAN_UNITS)
    bound = np.nan_to_num(units[censored])
    size = np.full(mean.shape, 1 / _dispersion(units[known]))
    success = size / (size + mean)
    below, reached = nbinom.cdf(bound - 1, size, success), np.maximum(nbinom.sf(bound - 1, size, success), _LEAST_PROBABILITY)
    quantiles = {f"demand_q{round(level * 1000):03d}": nbinom.ppf(1 - (1 - level) * reached, size, success) for level in LEVELS}
    columns = {
        "lower_bound_units": bound.astype(np.int64),
        "expected_units": mean,
        "dispersion": 1 / size,
        "probability_below_bound": below,
        "demand_mean_units": np.maximum(mean * nbinom.sf(bound - 2, size + 1, success) / reached, bound),
        **{name: np.maximum(values, bound) for name, values in quantiles.items()},
    }
    return series.filter(censored).select(*SERIES_KEY, "week").hstack([pl.Series(name, values) for name, values in columns.items()])


def _near_means(units: FloatArray, known: npt.NDArray[np.bool_], places: npt.NDArray[np.int64], *, overall: float) -> FloatArray:
    """Weighted mean of the known weeks around each place `(n_places,)`."""
    offsets = np.arange(-NEAR_WEEKS, NEAR_WEEKS + 1)
    weeks = places[:, None] + offsets
    inside = (weeks >= 0) & (weeks < len(units))
    weeks = np.clip(weeks, 0, len(units) - 1)
    weight = np.where(inside & known[weeks], 0.5 ** (np.abs(offsets) / HALF_LIFE_WEEKS), 0.0)
    total = (weight * np.where(known[weeks], np.nan_to_num(units[weeks]), 0.0)).sum(axis=1)
    return np.asarray((total + PRIOR_WEEKS * overall) / (weight.sum(axis=1) + PRIOR_WEEKS))


def _dispersion(units: FloatArray) -> float:
    """(variance − mean) / mean² of the known weeks, shrunk toward the prior."""
    n_weeks = max(len(units) - 1, 0)
    mean = float(units.mean()) if len(units) else 0.0
    observed = max(float(units.var(ddof=1)) - mean, 0.0) / mean**2 if n_weeks and mean else 0.0
    return (n_weeks * observed + PRIOR_DISPERSION_WEEKS * PRIOR_DISPERSION) / (n_weeks + PRIOR_DISPERSION_WEEKS)
