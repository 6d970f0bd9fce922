"""The cheapest of each SKU's orders at given prices: the inner loop of the search for the prices of limits across SKUs."""

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.order_plans import IntArray
from simulation.kernels.weekly_simulation import Doubles


@kernel
def cheapest_orders(cost: Doubles, units: Doubles, served: Doubles, per_unit: Doubles, per_served: Doubles) -> tuple[IntArray, Doubles]:
    """Per SKU the first order with the least cost + per_unit · units − per_served · served.

    Args:
        cost: `(n_skus, n_orders)` EUR; infinite where there is no order.
        units: `(n_skus, n_orders)` ordered.
        served: `(n_skus, n_orders)` units expected to be served.
        per_unit: `(n_skus,)` EUR.
        per_served: `(n_skus,)` EUR.

    Returns:
        Columns `(n_skus,)` and the costs at the prices `(n_skus,)`.
    """
    n_skus, n_orders = cost.shape
    columns, least = np.zeros(n_skus, np.int64), np.empty(n_skus)
    for sku in range(n_skus):
        best, best_order = np.inf, 0
        for order in range(n_orders):
            reduced = cost[sku, order] + per_unit[sku] * units[sku, order] - per_served[sku] * served[sku, order]
            if reduced < best:
                best, best_order = reduced, order
        columns[sku], least[sku] = best_order, best
    return columns, least
