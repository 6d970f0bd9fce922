"""How dependent a series' weeks are: g and ρ from held-out forecasts, by matching the variance of sums (lab §2).

Each week's actual is turned into a normal by its own forecast distribution (randomised, for demand is whole). Over a window of n
weeks the normals of the copula add up to a variance Σᵢⱼ (g + (1 − g)·ρ^|i−j|). The pair is taken that comes nearest the
observed variances of 3-, 6- and 12-week sums, on a logarithmic scale so that no window outweighs the others.
Autocorrelations of the normals themselves would not do: randomisation biases them towards zero, sums much less so.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from domain.errors import DataError
from domain.feature_vector import FeatureVector
from domain.quantiles import LOWER_EDGE_UNITS, QUANTILE_LEVELS, tail_scale
from domain.settings import Settings

FloatArray = npt.NDArray[np.float64]

DEFAULT_COMMON_SHARE = 0.15
DEFAULT_AUTOCORRELATION = 0.2
"""[g, ρ] where nothing has been held out yet (lab §2)."""
WINDOWS_WEEKS = (3, 6, 12)
_COMMON_SHARES = np.arange(0.0, 0.61, 0.01)
_AUTOCORRELATIONS = np.arange(-0.3, 0.91, 0.01)
_FEWEST_SERIES = 30


class Dependence(NamedTuple):
    """Parameters of the copula, and how well they fit."""

    common_share: float
    """[g]"""
    autocorrelation: float
    """[ρ]"""
    variance_ratio: tuple[float, ...]
    """Observed variance of 3-, 6- and 12-week sums over that of independent weeks."""
    fitted_ratio: tuple[float, ...]
    """The same of the fitted copula."""


def dependence_of(vector: FeatureVector, settings: Settings) -> tuple[float, float]:
    """The pair (g, ρ) of a SKU: the setting, else what past forecasts of its segment showed, else the default."""
    simulation = settings.simulation
    shares = (simulation.copula_common_share, vector.demand_common_share, DEFAULT_COMMON_SHARE)
    autocorrelations = (simulation.copula_autocorrelation, vector.demand_autocorrelation, DEFAULT_AUTOCORRELATION)
    return _first_known(shares), _first_known(autocorrelations)


def _first_known(values: tuple[float | None, ...]) -> float:
    return next(value for value in values if value is not None)


def fit_dependence(quantiles_units: FloatArray, actual_units: FloatArray, *, seed: int) -> Dependence:
    """Fit g and ρ to held-out weeks.

    Args:
        quantiles_units: `(n_series, 12, 39)` forecasts made before the weeks they are about.
        actual_units: `(n_series, 12)` what came; NaN = not known.
        seed: Of the randomised probabilities.

    Raises:
        DataError: Fewer than 30 series have a known 12-week total.
    """
    below, upto = (_distribution(quantiles_units, actual_units + half) for half in (-0.5, 0.5))
    return fit_to_probabilities(np.where(np.isnan(actual_units), np.nan, below), upto, seed=seed)


def fit_to_probabilities(below: FloatArray, upto: FloatArray, *, seed: int) -> Dependence:
    """Fit g and ρ to where held-out weeks lay in their own forecast distributions.

    Args:
        below: `(n_series, 12)` F(y − ½) of what came; NaN = not known.
        upto: `(n_series, 12)` F(y + ½).
        seed: Of the randomised probabilities between the two.

    Raises:
        DataError: Fewer than 30 series have a known 12-week total.
    """
    ratios = _variance_ratios(_normals(below, upto, seed=seed))
    shares, autocorrelations = np.meshgrid(_COMMON_SHARES, _AUTOCORRELATIONS, indexing="ij")
    models = [variance_ratio(shares, autocorrelations, n_weeks) for n_weeks in WINDOWS_WEEKS]
    misfit = sum((np.log(model) - np.log(ratio)) ** 2 for model, ratio in zip(models, ratios, strict=True))
    best = np.unravel_index(int(np.argmin(misfit)), shares.shape)
    return Dependence(float(shares[best]), float(autocorrelations[best]), tuple(ratios), tuple(float(model[best]) for model in models))


def variance_ratio(common_share: npt.ArrayLike, autocorrelation: npt.ArrayLike, n_weeks: int) -> FloatArray:
    """Variance of a sum of `n_weeks` of the copula's normals over that of independent ones."""
    share, rho = np.asarray(common_share, dtype=np.float64), np.asarray(autocorrelation, dtype=np.float64)
    ar1 = 1 + 2 * sum((1 - lag / n_weeks) * rho**lag for lag in range(1, n_weeks))
    return np.asarray(share * n_weeks + (1 - share) * ar1)


def _normals(below: FloatArray, upto: FloatArray, *, seed: int) -> FloatArray:
    """Normals of the weeks' randomised probabilities F(y − ½) + V·(F(y + ½) − F(y − ½)); NaN where the week is not known."""
    uniform = np.random.Generator(np.random.Philox(key=seed)).random(below.shape)
    return np.asarray(ndtri(np.clip(below + uniform * (upto - below), 1e-6, 1 - 1e-6)))


def _distribution(quantiles: FloatArray, value: FloatArray) -> FloatArray:
    """P(demand ≤ value) of the distribution that paths are drawn from, `(n_series, 12)`; the upper end of a step."""
    lower = np.minimum(LOWER_EDGE_UNITS, quantiles[..., :1])
    knots = np.concatenate((lower, quantiles), axis=-1)
    levels = np.concatenate(([0.0], QUANTILE_LEVELS))
    place = (knots <= value[..., None]).sum(axis=-1)
    left = np.clip(place - 1, 0, levels.size - 2)
    start, end = (np.take_along_axis(knots, (left + step)[..., None], axis=-1)[..., 0] for step in (0, 1))
    share = np.clip((value - start) / np.maximum(end - start, 1e-12), 0.0, 1.0)
    inside = levels[left] + share * (levels[left + 1] - levels[left])
    scale = np.maximum(tail_scale(quantiles), 1e-12)
    tail = 1 - (1 - QUANTILE_LEVELS[-1]) * np.exp(-np.maximum(value - quantiles[..., -1], 0.0) / scale)
    return np.asarray(np.where(place == 0, 0.0, np.where(place == levels.size, tail, inside)))


def _variance_ratios(normals: FloatArray) -> list[float]:
    """Observed variance of sums over windows of 3, 6 and 12 weeks, over that of independent weeks; series are centred together, week by week."""
    centred = normals - np.nanmean(normals, axis=0)
    weekly = float(np.nanvar(centred))
    ratios = []
    for n_weeks in WINDOWS_WEEKS:
        sums = centred[:, : 12 // n_weeks * n_weeks].reshape(len(centred), -1, n_weeks).sum(axis=2)
        known = sums[np.isfinite(sums)]
        if known.size < _FEWEST_SERIES:
            raise DataError(
                "the dependence between weeks cannot be fitted",
                got=f"{known.size} known sums of {n_weeks} weeks",
                wanted=f"at least {_FEWEST_SERIES}",
                remedy="Judge more series, or keep the default dependence.",
            )
        ratios.append(float(np.mean(known**2)) / (n_weeks * weekly))
    return ratios
