"""Objectives and percentiles of path cost. The terms themselves are charged in the kernels."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from domain.settings import InventorySettings
from simulation.kernels.objectives import MEAN, PERCENTILE, TAIL_MEAN, ObjectiveTerms
from simulation.sampling.paths import FloatArray

RACE_SLACK = 0.005
"""How far behind the incumbent a candidate is dropped (docs/decisions/0012 has the trade)."""

Costs = npt.NDArray[np.floating]


def cost_percentile(path_cost_eur: Costs, percent: int) -> FloatArray:
    """Empirical percentile along the last axis: the ⌈percent · n / 100⌉-th smallest path cost, an actual one, never interpolated.

    Args:
        path_cost_eur: `(..., n_paths)`.
        percent: 1 … 100.
    """
    rank = percentile_rank(path_cost_eur.shape[-1], percent)
    return np.asarray(np.partition(path_cost_eur, rank, axis=-1)[..., rank])


def tail_mean(path_cost_eur: Costs, percent: int) -> FloatArray:
    """Mean of the path costs from a percentile on [CVaR], along the last axis; the percentile itself is one of them."""
    rank = percentile_rank(path_cost_eur.shape[-1], percent)
    return np.asarray(np.partition(path_cost_eur, rank, axis=-1)[..., rank:].mean(axis=-1, dtype=np.float64))


def objective_values(path_cost_eur: Costs, objective: str) -> FloatArray:
    """What is minimised, EUR `(n_candidates,)`, from path costs `(n_candidates, n_paths)` (method §5).

    Args:
        path_cost_eur: Of each candidate.
        objective: "mean", "p75", "cvar90", … as in the settings.
    """
    if objective == "mean":
        return np.asarray(path_cost_eur.mean(axis=-1, dtype=np.float64))
    if objective.startswith("cvar"):
        return tail_mean(path_cost_eur, int(objective[4:]))
    return cost_percentile(path_cost_eur, int(objective[1:]))


def objective_terms(inventory: InventorySettings, demanded_units: float, n_paths: int) -> ObjectiveTerms:
    """The merchant's objective in the kernels' words.

    Args:
        inventory: With the merchant's own in force.
        demanded_units: Of all paths and weeks together; a fill-rate floor is a share of it.
        n_paths: On which candidates compete.
    """
    kind, rank = _kind_and_rank(inventory.objective, n_paths)
    return ObjectiveTerms(kind, rank, inventory.minimum_fill_rate or 0.0, demanded_units, RACE_SLACK)


def plain_objective(objective: str, n_paths: int) -> ObjectiveTerms:
    """An objective without a floor or a race, to score plans by."""
    return ObjectiveTerms(*_kind_and_rank(objective, n_paths), 0.0, 0.0, math.inf)


def percentile_error(sorted_costs_eur: FloatArray, percent: int) -> float:
    """Standard error of a percentile, EUR: half the distance of the order statistics one binomial deviation to either side (Woodruff 1952).

    Args:
        sorted_costs_eur: `(n_paths,)`, rising.
        percent: 1 … 99.
    """
    n = sorted_costs_eur.size
    away, rank = math.sqrt(n * percent * (100 - percent)) / 100, percentile_rank(n, percent)
    low, high = max(math.floor(rank - away), 0), min(math.ceil(rank + away), n - 1)
    return float(sorted_costs_eur[high] - sorted_costs_eur[low]) / 2


@lru_cache(maxsize=256)
def _kind_and_rank(objective: str, n_paths: int) -> tuple[int, int]:
    if objective == "mean":
        return MEAN, n_paths - 1
    if objective.startswith("cvar"):
        return TAIL_MEAN, percentile_rank(n_paths, int(objective[4:]))
    return PERCENTILE, percentile_rank(n_paths, int(objective[1:]))


def percentile_rank(n_paths: int, percent: int) -> int:
    """The percentile is the cost of this many-th cheapest path less one."""
    return math.ceil(percent * n_paths / 100) - 1
