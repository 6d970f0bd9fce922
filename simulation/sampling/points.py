"""The common points all futures are made of: Sobol' points, shifted by every SKU in its own way.

A digital shift (exclusive or with a keyed random word per dimension) leaves each point uniform and the net's even
spread intact, so an estimate from shifted points is unbiased and its error smaller than from independent ones
(docs/decisions/0012 has the variances). Shifts of different SKUs, days and purposes are independent.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from domain.stage_tables import HORIZON_WEEKS
from simulation.kernels.order_plans import BLOCK_PATHS

N_DIMENSIONS = 3 * HORIZON_WEEKS + 1
"""Per path: a normal per week, a lead time per epoch, a delay per week of expected arrival, and the return offset."""

Words = npt.NDArray[np.uint32]


@lru_cache(maxsize=8)
def common_points(n_paths: int) -> Words:
    """Points `(37, n_blocks, BLOCK_PATHS)` as 32-bit fractions; a block is as evenly spread as any run of Sobol' points."""
    n_blocks = -(-n_paths // BLOCK_PATHS)
    n_points = n_blocks * BLOCK_PATHS
    fractions = qmc.Sobol(N_DIMENSIONS, scramble=False, bits=32).random_base2((n_points - 1).bit_length())[:n_points]
    words = np.ascontiguousarray((fractions.T * 2.0**32).astype(np.uint32).reshape(N_DIMENSIONS, n_blocks, BLOCK_PATHS))
    words.setflags(write=False)
    return words
