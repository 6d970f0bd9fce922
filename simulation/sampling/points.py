"""The common points all futures are made of: Sobol' points, shifted by every SKU in its own way.

A digital shift (exclusive or with a keyed random word per dimension) leaves each point uniform and the net's even
spread intact, so an estimate from shifted points is unbiased and its error smaller than from independent ones
(docs/decisions/0012 has the variances). Shifts of different SKUs and purposes are independent.

What a dimension is for does not depend on the decision day: a calendar week has the same dimension and shift on every
day that looks at it, so two days share the futures of the weeks they share, and an order changes only where its inputs do.
"""

from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from domain.calendar import EARLIEST_DATE
from domain.stage_tables import HORIZON_WEEKS
from simulation.kernels.order_plans import BLOCK_PATHS

COMMON, DELAY, FIRST_WEEK = 0, 1, 2
"""Dimensions of the factor common to all weeks of demand, of the supplier's delay, and of the first week's own normal; the return offset's is the last."""

IntArray = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]


def n_dimensions(n_weeks: int) -> int:
    """Of one path: the common factor, the delay, a normal per week, and the return offset."""
    return FIRST_WEEK + n_weeks + 1


def dimensions_of(first_week: date, n_weeks: int) -> IntArray:
    """Dimensions of the common factor, the delay, week 0 … n_weeks − 1 and the return offset `(n_weeks + 3,)`, where week 0 starts on a Monday.

    Weeks take their turns: one leaves the horizon, its dimension goes to the one that enters it.
    """
    turn = (first_week - EARLIEST_DATE).days // 7
    weeks = FIRST_WEEK + (turn + np.arange(n_weeks)) % n_weeks
    return np.concatenate(((COMMON, DELAY), weeks, (FIRST_WEEK + n_weeks,)))


@lru_cache(maxsize=16)
def common_points(n_paths: int, n_weeks: int = HORIZON_WEEKS) -> Words:
    """Points `(n_weeks + 3, n_blocks, BLOCK_PATHS)` as 32-bit fractions; a block is as evenly spread as any run of Sobol' points."""
    n_blocks = -(-n_paths // BLOCK_PATHS)
    n_points = n_blocks * BLOCK_PATHS
    fractions = qmc.Sobol(n_dimensions(n_weeks), scramble=False, bits=32).random_base2((n_points - 1).bit_length())[:n_points]
    words = np.ascontiguousarray((fractions.T * 2.0**32).astype(np.uint32).reshape(n_dimensions(n_weeks), n_blocks, BLOCK_PATHS))
    words.setflags(write=False)
    return words
