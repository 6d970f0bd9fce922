"""Lead times: Gamma, rounded to whole weeks (method §2), and when a shipment already on its way arrives.

All are distributions over whole weeks as 32-bit levels, inverted by one uniform number per draw whatever the mean, so
that two lead-time settings are compared on common random numbers.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import gammainc

from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from domain.vector_chunk import VectorChunk

Words = npt.NDArray[np.uint32]
FloatArray = npt.NDArray[np.float64]

FALLBACK_LEAD_TIME_CV = 0.4
"""Dispersion of lead times where neither the merchant nor its shipments say (method §2)."""


def lead_time_cvs(chunk: VectorChunk, settings: Settings) -> list[float]:
    """Dispersion of each SKU's lead time: the merchant's setting, else what its shipments showed, else the fallback."""
    given = settings.inventory.lead_time_cv
    if given is not None:
        return [given] * len(chunk.vectors)
    cvs: list[float] = np.where(np.isnan(chunk.lead_time_cv), FALLBACK_LEAD_TIME_CV, chunk.lead_time_cv).tolist()
    return cvs


@lru_cache(maxsize=1024)
def lead_time_levels(mean_weeks: float, cv: float) -> Words:
    """P(lead time ≤ k) · 2³² for k = 0, 1, … up to the last one within the horizon that a draw can exceed."""
    return _levels(_rounded_gamma(mean_weeks, cv, np.arange(HORIZON_WEEKS)))


@lru_cache(maxsize=1024)
def arrival_levels(mean_weeks: float, cv: float) -> Words:
    """P(arrival week ≤ k) · 2³² `(12, n)` of a shipment expected in each week 0 … 11 that has not arrived yet.

    Its lead time has the merchant's distribution, shifted so that a mean one arrives in the week expected:
    week expected − mean + lead time, given that this is not in the past.
    """
    longest_ago = math.floor(mean_weeks + 0.5) - HORIZON_WEEKS
    weeks = longest_ago + np.arange(2 * HORIZON_WEEKS)  # one evaluation of the distribution serves all rows, each shifted by a week
    windows = sliding_window_view(_rounded_gamma(mean_weeks, cv, weeks), HORIZON_WEEKS + 1)[::-1]
    past, by_week = windows[:, :1], windows[:, 1:]
    return np.minimum((by_week - past) / np.maximum(1 - past, 1e-12) * 2.0**32, 2.0**32 - 1).astype(np.uint32)


def _rounded_gamma(mean_weeks: float, cv: float, weeks: npt.NDArray[np.int64]) -> FloatArray:
    """P(⌊lead time + ½⌋ ≤ k) for each k; 0 below 0."""
    if mean_weeks == 0 or cv == 0:
        return (weeks >= math.floor(mean_weeks + 0.5)).astype(np.float64)
    shape, scale = 1 / cv**2, mean_weeks * cv**2
    return np.asarray(gammainc(shape, np.maximum(weeks + 0.5, 0.0) / scale), dtype=np.float64)


def _levels(distribution: FloatArray) -> Words:
    scaled = distribution * 2.0**32
    words = np.minimum(scaled, 2.0**32 - 1).astype(np.uint32)
    return np.ascontiguousarray(words[scaled < 2.0**32 - 1])
