"""Series with too little history for the trees: a negative binomial around their own shrunk mean.

Gamma–Poisson: the series' mean is shrunk toward one unit a week by half a week's worth of evidence, and the variance
holds what the mean cannot: demand's own overdispersion, and how little `n` weeks say about the mean. A series without
a single observed week gets the prior: mean 1 unit, variance 4.5; two thirds of its weeks are zero, 1 in 40 exceeds 7 units.
"""

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import nbinom

from domain.quantiles import QUANTILE_LEVELS

FloatArray = npt.NDArray[np.float64]

PRIOR_WEEKS = 0.5
PRIOR_MEAN_UNITS = 1.0
PRIOR_DISPERSION = 0.5
PRIOR_DISPERSION_WEEKS = 4.0
"""Variance = mean + dispersion · mean²; the observed dispersion counts as many weeks as it rests on, the prior four."""


def empirical_quantiles(series: pl.DataFrame) -> FloatArray:
    """39 whole-unit quantiles `(n_series, 39)` of one week's demand, the same for every week ahead.

    Args:
        series: mean_units, variance_units (null = unknown) and n_observed_weeks, as `describe_series` gives them.
    """
    n_weeks = series["n_observed_weeks"].cast(pl.Float64).to_numpy()
    observed_mean = series["mean_units"].fill_null(0.0).to_numpy()
    mean = (n_weeks * observed_mean + PRIOR_WEEKS * PRIOR_MEAN_UNITS) / (n_weeks + PRIOR_WEEKS)
    dispersion = _dispersion(series["variance_units"].fill_null(0.0).to_numpy(), mean, n_weeks)
    of_the_mean = (dispersion + 1 / mean) / (n_weeks + PRIOR_WEEKS)
    size = 1 / (dispersion + of_the_mean)
    return np.asarray(nbinom.ppf(QUANTILE_LEVELS, size[:, None], (size / (size + mean))[:, None]), dtype=np.float64)


def _dispersion(variance: FloatArray, mean: FloatArray, n_weeks: FloatArray) -> FloatArray:
    """(variance − mean) / mean², shrunk toward the prior; below two weeks there is only the prior."""
    observed = np.maximum(variance - mean, 0.0) / mean**2
    weight = np.maximum(n_weeks - 1, 0.0)
    return (weight * observed + PRIOR_DISPERSION_WEEKS * PRIOR_DISPERSION) / (weight + PRIOR_DISPERSION_WEEKS)
