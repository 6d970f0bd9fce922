"""What in a feature vector's arrays no decision can come of: looked for in one pass, for it is done for every SKU."""

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.order_plans import IntArray
from simulation.kernels.weekly_simulation import Doubles

FAULTS = (
    "",
    "a quantile that is not a finite number",
    "a negative quantile",
    "quantiles that cross",
    "negative stock or shipments",
    "a price, cost, rate or return that is negative or not a finite number",
)
"""What `find_fault` found, by its number; 0 = nothing."""

_NOT_FINITE, _NEGATIVE, _CROSSING, _STOCK, _RATES = 1, 2, 3, 4, 5


@kernel
def find_fault(quantiles: Doubles, inbound: IntArray, returns_due: Doubles, lag_weights: Doubles, rates: Doubles) -> int:
    """Number of the first fault in `FAULTS`.

    Args:
        quantiles: `(n_weeks, n_levels)`
        inbound: `(n_weeks,)`
        returns_due: `(n_weeks,)`
        lag_weights: `(n_lags,)`
        rates: Prices, costs and rates; stock at hand, too.
    """
    for week in range(quantiles.shape[0]):
        for level in range(quantiles.shape[1]):
            if not np.isfinite(quantiles[week, level]):
                return _NOT_FINITE
            if quantiles[week, level] < 0.0:
                return _NEGATIVE
            if level > 0 and quantiles[week, level] < quantiles[week, level - 1]:
                return _CROSSING
        if inbound[week] < 0:
            return _STOCK
    for values in (returns_due, lag_weights, rates):
        for value in values:
            if not (np.isfinite(value) and value >= 0.0):
                return _RATES
    return 0
