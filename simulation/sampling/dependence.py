"""How dependent a series' weeks are: g and ρ from held-out forecasts, by matching the variance of sums (lab §2).

Each week's actual is turned into a normal by its own forecast distribution. Demand is whole, so what is seen is an interval of that normal:
its expectation stands for it (`latent_normals.py`). With rᵢⱼ = g + (1 − g)·ρ^|i−j| the scores of n weeks add up to a variance of
n + Σ_{i≠j} (κ·rᵢⱼ + κ₂·rᵢⱼ²) times that of one, where κ and κ₂ are what whole units show of r: 1 and 0 for fast sellers, .4 and .3 where nine
weeks in ten sell nothing. The pair is taken that comes nearest the observed variances of 3-, 6- and 12-week sums, on a logarithmic scale
so that no window outweighs the others. Without κ slow sellers look nearly independent: .02 and .05 in place of .15 and .2.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from domain.errors import DataError
from domain.quantiles import LOWER_EDGE_UNITS, QUANTILE_LEVELS, tail_scale
from domain.settings import Settings
from domain.vector_chunk import VectorChunk
from simulation.sampling.latent_normals import LatentNormals, latent_normals

FloatArray = npt.NDArray[np.float64]

DEFAULT_COMMON_SHARE = 0.15
DEFAULT_AUTOCORRELATION = 0.2
"""[g, ρ] where nothing has been held out yet (lab §2)."""
WINDOWS_WEEKS = (3, 6, 12)
_COMMON_SHARES = np.arange(0.0, 0.61, 0.01)
_AUTOCORRELATIONS = np.arange(-0.3, 0.91, 0.01)
_FEWEST_SERIES = 30
_LEAST_RATIO = 1e-3


class Dependence(NamedTuple):
    """Parameters of the copula, and how well they fit."""

    common_share: float
    """[g]"""
    autocorrelation: float
    """[ρ]"""
    variance_ratio: tuple[float, ...]
    """Observed variance of 3-, 6- and 12-week sums of scores over that of independent weeks."""
    fitted_ratio: tuple[float, ...]
    """The same of the fitted copula."""


def dependences(chunk: VectorChunk, settings: Settings) -> list[tuple[float, float]]:
    """The pair (g, ρ) of each SKU: the setting, else what past forecasts of its segment showed, else the default."""
    simulation = settings.simulation
    given = (simulation.copula_common_share, simulation.copula_autocorrelation)
    found = np.where(np.isnan(chunk.dependence), (DEFAULT_COMMON_SHARE, DEFAULT_AUTOCORRELATION), chunk.dependence)
    for place, value in enumerate(given):
        if value is not None:
            found[:, place] = value
    return list(zip(*found.T.tolist(), strict=True))


def fit_dependence(quantiles_units: FloatArray, actual_units: FloatArray) -> Dependence:
    """Fit g and ρ to held-out weeks.

    Args:
        quantiles_units: `(n_series, 12, 39)` forecasts made before the weeks they are about.
        actual_units: `(n_series, 12)` what came; NaN = not known.

    Raises:
        DataError: Fewer than 30 series have a known 12-week total.
    """
    below, upto = (_distribution(quantiles_units, actual_units + half) for half in (-0.5, 0.5))
    return fit_to_probabilities(np.where(np.isnan(actual_units), np.nan, below), upto)


def fit_to_probabilities(below: FloatArray, upto: FloatArray) -> Dependence:
    """Fit g and ρ to where held-out weeks lay in their own forecast distributions.

    Args:
        below: `(n_series, 12)` F(y − ½) of what came; NaN = not known.
        upto: `(n_series, 12)` F(y + ½).

    Raises:
        DataError: Fewer than 30 series have a known 12-week total.
    """
    seen = latent_normals(below, upto)
    ratios = _variance_ratios(seen.score)
    shares, autocorrelations = np.meshgrid(_COMMON_SHARES, _AUTOCORRELATIONS, indexing="ij")
    models = [_seen_variance_ratio(shares, autocorrelations, n_weeks, seen=seen) for n_weeks in WINDOWS_WEEKS]
    misfit = sum((np.log(model) - np.log(ratio)) ** 2 for model, ratio in zip(models, ratios, strict=True))
    best = np.unravel_index(int(np.argmin(misfit)), shares.shape)
    return Dependence(float(shares[best]), float(autocorrelations[best]), tuple(ratios), tuple(float(model[best]) for model in models))


def variance_ratio(common_share: npt.ArrayLike, autocorrelation: npt.ArrayLike, n_weeks: int) -> FloatArray:
    """Variance of a sum of `n_weeks` of the copula's normals over that of independent ones."""
    return 1 + _between_weeks(common_share, autocorrelation, n_weeks, power=1)


def _between_weeks(common_share: npt.ArrayLike, autocorrelation: npt.ArrayLike, n_weeks: int, *, power: int) -> FloatArray:
    """Σ_{i≠j} rᵢⱼ^power / n: correlations of the copula's normals over all pairs of `n_weeks` weeks, per week."""
    share, rho = np.asarray(common_share, dtype=np.float64), np.asarray(autocorrelation, dtype=np.float64)
    return np.asarray(2 * sum((1 - lag / n_weeks) * (share + (1 - share) * rho**lag) ** power for lag in range(1, n_weeks)))


def _seen_variance_ratio(common_share: FloatArray, autocorrelation: FloatArray, n_weeks: int, *, seen: LatentNormals) -> FloatArray:
    """The same of the scores of whole units, which show less of the correlation; never below the least that a variance can be."""
    linear, square = (_between_weeks(common_share, autocorrelation, n_weeks, power=power) for power in (1, 2))
    return np.asarray(np.maximum(1 + seen.pair_share * linear + seen.square_share * square, _LEAST_RATIO))


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


def _variance_ratios(scores: FloatArray) -> list[float]:
    """Observed variance of sums over windows of 3, 6 and 12 weeks, over that of independent weeks; series are centred together, week by week."""
    centred = scores - np.nanmean(scores, axis=0)
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
