"""Objectives and percentiles of path cost. The terms themselves are charged in `kernels/path_costs.py`."""

import numpy as np

from domain.settings import Objective
from simulation.sampling.paths import FloatArray


def cost_percentile(path_cost_eur: FloatArray, percent: int) -> FloatArray:
    """Empirical percentile along the last axis: the ⌈percent · n / 100⌉-th smallest path cost, an actual one, never interpolated.

    Args:
        path_cost_eur: `(..., n_paths)`.
        percent: 1 … 100.
    """
    rank = -(-percent * path_cost_eur.shape[-1] // 100) - 1
    return np.asarray(np.partition(path_cost_eur, rank, axis=-1)[..., rank])


def objective_values(path_cost_eur: FloatArray, objective: Objective) -> FloatArray:
    """What is minimised, EUR `(n_candidates,)`, from path costs `(n_candidates, n_paths)` (method §5)."""
    if objective == "mean":
        return np.asarray(path_cost_eur.mean(axis=-1))
    return cost_percentile(path_cost_eur, 75)
