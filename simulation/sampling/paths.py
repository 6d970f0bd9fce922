"""Paths: sampled futures of one SKU. Demand per week, lead time per order epoch, and where its returns round.

Randomness comes from `domain.randomness.keyed_generator` alone and is drawn in a fixed order (demand, return offset,
lead time), so the same SKU, day, purpose and seed give the same bits on every route.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, ndtr

from domain.feature_vector import FeatureVector
from domain.quantiles import LOWER_EDGE_UNITS, tail_scale
from domain.randomness import Purpose, keyed_generator
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from simulation.kernels.draws import invert_to_units, invert_to_weeks

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FALLBACK_LEAD_TIME_CV = 0.4
"""Dispersion of lead times where neither the merchant nor its shipments say (method §2)."""

_LARGEST_PROBABILITY = 1 - 2**-53
_NEGLIGIBLE_PROBABILITY = 1e-9


class Paths(NamedTuple):
    """Futures of one SKU, stored column by column: the kernels walk over paths within a week."""

    demand_units: IntArray
    """`(n_paths, 12)`"""
    lead_time_weeks: IntArray
    """`(n_paths, 12)`: of an order placed at epoch j; 0 = it arrives in week j itself."""
    return_offset: FloatArray
    """`(n_paths,)` in [0, 1): where the path's cumulative expected returns round up to a whole unit."""


def sample_paths(vector: FeatureVector, settings: Settings, *, n_paths: int, purpose: Purpose, seed: int) -> Paths:
    """Draw `n_paths` futures of the SKU (method §2).

    Args:
        vector: The SKU on its decision day.
        settings: In force for the SKU's merchant.
        n_paths: How many.
        purpose: What for; different purposes get independent futures.
        seed: Seed of all keyed randomness.
    """
    generator = keyed_generator(merchant_id=vector.merchant_id, article_id=vector.article_id, decision_date=vector.date, purpose=purpose, seed=seed)
    simulation = settings.simulation
    z = correlated_normals(generator, n_paths=n_paths, common_share=simulation.copula_common_share, autocorrelation=simulation.copula_autocorrelation)
    demand = demand_units(vector.demand_quantiles_units, np.minimum(ndtr(z), _LARGEST_PROBABILITY))
    return_offset = generator.random(n_paths)
    mean, cv = settings.inventory.lead_time_weeks, lead_time_cv(vector, settings)
    return Paths(demand, draw_lead_times(generator, n_paths=n_paths, mean_weeks=mean, cv=cv), return_offset)


def demand_units(quantiles: FloatArray, probability: FloatArray) -> IntArray:
    """Whole units `(n_paths, 12)` at probabilities `(n_paths, 12)`: `domain.quantiles.invert_quantiles`, rounded, never below 0."""
    units = np.empty(probability.T.shape, dtype=np.int64)
    lower_edge = np.minimum(LOWER_EDGE_UNITS, quantiles[:, 0])
    invert_to_units(np.ascontiguousarray(quantiles), lower_edge, tail_scale(quantiles), np.ascontiguousarray(probability.T), units)
    return units.T


def correlated_normals(generator: np.random.Generator, *, n_paths: int, common_share: float, autocorrelation: float) -> FloatArray:
    """Standard normals `(n_paths, 12)`: z = √g·f + √(1−g)·AR1(ρ), f common to a path's weeks (lab §2).

    Forecast errors of a series persist, slowly; independent weeks would understate the spread of a 12-week total.
    """
    noise = generator.standard_normal((HORIZON_WEEKS + 1, n_paths))
    common, weekly = noise[0], noise[1:]
    for week in range(1, HORIZON_WEEKS):
        weekly[week] *= math.sqrt(1 - autocorrelation**2)
        weekly[week] += autocorrelation * weekly[week - 1]
    weekly *= math.sqrt(1 - common_share)
    weekly += math.sqrt(common_share) * common
    return weekly.T


def lead_time_cv(vector: FeatureVector, settings: Settings) -> float:
    """Dispersion of the SKU's lead time: the merchant's setting, else what its shipments showed, else the fallback."""
    known = (settings.inventory.lead_time_cv, vector.observed_lead_time_cv)
    return next((cv for cv in known if cv is not None), FALLBACK_LEAD_TIME_CV)


def draw_lead_times(generator: np.random.Generator, *, n_paths: int, mean_weeks: float, cv: float) -> IntArray:
    """Gamma lead times rounded to whole weeks, `(n_paths, 12)`, one per order epoch.

    Drawn by inverting the distribution of the rounded lead time: one uniform number per draw whatever the mean, so that
    two lead-time settings are compared on common random numbers (and it is three times faster than a Gamma sampler).
    """
    if mean_weeks == 0 or cv == 0:
        return np.full((HORIZON_WEEKS, n_paths), math.floor(mean_weeks + 0.5), dtype=np.int64).T
    uniform = generator.random((HORIZON_WEEKS, n_paths))
    weeks = np.empty(uniform.shape, dtype=np.int64)
    invert_to_weeks(_lead_time_distribution(mean_weeks, cv), uniform, weeks)
    return weeks.T


@lru_cache(maxsize=1024)
def _lead_time_distribution(mean_weeks: float, cv: float) -> FloatArray:
    """P(lead time ≤ k whole weeks), k = 0, 1, …, up to the last one that is not negligible."""
    shape, scale = 1 / cv**2, mean_weeks * cv**2
    n_weeks = 16
    while gammainc(shape, (n_weeks - 0.5) / scale) < 1 - _NEGLIGIBLE_PROBABILITY:
        n_weeks *= 2
    distribution = np.asarray(gammainc(shape, (np.arange(n_weeks) + 0.5) / scale), dtype=np.float64)
    return distribution[: int(np.searchsorted(distribution, 1 - _NEGLIGIBLE_PROBABILITY)) + 1]
