"""Empirical Bayes: a cell's shares, pulled toward its parent's by as much as cells differ among each other.

Counts of k kinds in a cell are Dirichlet-multinomial around the parent's shares (k = 2 is the Beta-binomial). The precision
[M] counts as that many units seen of the parent; it comes from the cells' own scatter by the method of moments
(Kleinman, 1973): E Σ(p − m)² = V·[1/n + (1 − 1/n)/(M + 1)] with V = 1 − Σm².
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LEAST_PRECISION = 20.0
MOST_PRECISION = 5_000.0
FEWEST_CELLS = 3
"""Cells below which their scatter says nothing; the precision is then the least."""


def shrunk_shares(counts: FloatArray, parent: FloatArray) -> FloatArray:
    """Posterior mean shares `(n_cells, k)`; a cell without counts has its parent's.

    Args:
        counts: `(n_cells, k)` units of each kind.
        parent: `(n_cells, k)` shares that each cell is pulled toward; rows sum to 1.
    """
    precision = fitted_precision(counts, parent)
    return np.asarray((counts + precision * parent) / (counts.sum(axis=1, keepdims=True) + precision))


def fitted_precision(counts: FloatArray, parent: FloatArray) -> float:
    """Units of the parent that a cell's own units compete with [M]."""
    n_units = counts.sum(axis=1)
    varies = 1 - (parent**2).sum(axis=1)
    usable = (n_units >= 2) & (varies > 0)
    if usable.sum() < FEWEST_CELLS:
        return LEAST_PRECISION
    units, possible = n_units[usable], varies[usable]
    scatter = ((counts[usable] / units[:, None] - parent[usable]) ** 2).sum(axis=1)
    overdispersion = float((units * scatter / possible - 1).sum() / (units - 1).sum())
    return float(np.clip(1 / max(overdispersion, 1e-12) - 1, LEAST_PRECISION, MOST_PRECISION))


def shrunk_mean(value: FloatArray, weight: FloatArray, parent: FloatArray, *, prior_weight: float) -> FloatArray:
    """Each value pulled toward its parent `(n_cells,)`; a cell without weight has its parent's value."""
    own = np.where(weight > 0, value, 0.0)
    return np.asarray((weight * own + prior_weight * parent) / (weight + prior_weight))
