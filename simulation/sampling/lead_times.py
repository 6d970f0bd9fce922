"""Lead times: Gamma, rounded to whole weeks (method §2), and when a shipment already on its way arrives.

All are distributions over whole weeks as 32-bit levels, inverted by one uniform number per path: the supplier's delay. A
supplier who is late on a path is late with all that is open and all that is ordered, so deliveries keep their order. Drawn
one by one, an order of today could overtake those in transit, and each new day would buy another chance of that
(docs/decisions/0021).
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import gammainc

from domain.settings import InventorySettings
from domain.vector_chunk import VectorChunk

Words = npt.NDArray[np.uint32]
FloatArray = npt.NDArray[np.float64]

FALLBACK_LEAD_TIME_CV, FALLBACK_UPTO_WEEKS = 0.4, 4.0
"""Dispersion of lead times where neither the merchant nor its shipments say (method §2), and the mean up to which it grows with the mean.

A container of 16 weeks is not six weeks late by nature: nobody measured that, and shipments due today would be expected five weeks late.
"""


def lead_time_cvs(chunk: VectorChunk, inventory: InventorySettings) -> list[float]:
    """Dispersion of each SKU's lead time: the merchant's setting, else what its shipments showed, else the fallback."""
    given = inventory.lead_time_cv
    if given is not None:
        return [given] * len(chunk.vectors)
    cvs: list[float] = np.where(np.isnan(chunk.lead_time_cv), fallback_cv(inventory.lead_time_weeks), chunk.lead_time_cv).tolist()
    return cvs


def fallback_cv(mean_weeks: float) -> float:
    """Dispersion nobody knows: 0.4, and no more weeks than a lead time of four weeks has."""
    return FALLBACK_LEAD_TIME_CV * min(1.0, FALLBACK_UPTO_WEEKS / mean_weeks) if mean_weeks else FALLBACK_LEAD_TIME_CV


def whole_weeks(mean_weeks: float) -> int:
    """The full weeks an order is announced for."""
    return math.floor(mean_weeks + 0.5)


@lru_cache(maxsize=1024)
def lead_time_levels(mean_weeks: float, cv: float, n_weeks: int) -> Words:
    """P(lead time ≤ k) · 2³² for k = 0, 1, … up to the last one within the horizon that a draw can exceed."""
    return _levels(_rounded_gamma(mean_weeks, cv, np.arange(n_weeks)))


@lru_cache(maxsize=1024)
def arrival_levels(mean_weeks: float, cv: float, n_weeks: int) -> Words:
    """P(arrival week ≤ k) · 2³² `(n_weeks, n_weeks)` of a shipment expected in each week of the horizon that has not arrived yet.

    Its lead time has the merchant's distribution, shifted so that a mean one arrives in the week expected:
    week expected − mean + lead time, given that this is not in the past.
    """
    longest_ago = math.floor(mean_weeks + 0.5) - n_weeks
    weeks = longest_ago + np.arange(2 * n_weeks)  # one evaluation of the distribution serves all rows, each shifted by a week
    windows = sliding_window_view(_rounded_gamma(mean_weeks, cv, weeks), n_weeks + 1)[::-1]
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
