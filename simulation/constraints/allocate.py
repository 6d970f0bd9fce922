"""One merchant, one day: from curves and limits to orders, prices and the gap to the bound."""

from typing import NamedTuple

import numpy as np

from simulation.constraints.core import solve_core
from simulation.constraints.dual import Prices, find_prices, per_sku
from simulation.constraints.primal import Improvement
from simulation.constraints.problem import Choices, FloatArray, IntArray, Limits, Totals, keeps_hard_limits, penalized_cost, totals_of
from simulation.constraints.supplier_sets import try_other_suppliers
from simulation.constraints.suppliers import reduced_costs


class Allocation(NamedTuple):
    """Orders within the limits."""

    chosen: IntArray
    """`(n_skus,)` columns of `Choices`."""
    totals: Totals
    prices: Prices
    supplier_prices: FloatArray
    """`(n_suppliers,)` what one euro less of the minimum would save; 0 where it does not bind, or where the supplier is left out."""
    cost_of_limits_eur: float
    """Cost of these orders less that of the recommended ones."""
    gap_to_bound_eur: float
    """Most that any other orders within the limits could save."""


def allocate(choices: Choices, limits: Limits) -> Allocation:
    """The orders that cost least within the limits, to within `gap_to_bound_eur`.

    Where the recommended orders keep every limit they stand and all prices are 0.
    """
    recommended = np.zeros(len(choices.value_eur), dtype=np.int64)
    free = totals_of(choices, limits, recommended)
    if keeps_hard_limits(free, limits) and (free.served_units >= limits.floor_units).all():
        no_prices = Prices(0.0, 0.0, np.zeros(len(limits.floor_units)))
        return Allocation(recommended, free, no_prices, np.zeros(limits.n_suppliers), 0.0, 0.0)
    priced = find_prices(choices, limits)
    reduced = reduced_costs(choices, np.arange(len(recommended)), *per_sku(choices, priced.prices))
    improvement = Improvement(choices, limits, reduced, priced.served.bonus, bound_eur=priced.bound_eur)
    chosen = improvement.from_start(priced.served.above)
    if limits.minimum_eur > 0:
        chosen = try_other_suppliers(choices, limits, priced, chosen)
    chosen = solve_core(choices, limits, improvement.reduced, chosen, bound_eur=priced.bound_eur)
    totals = totals_of(choices, limits, chosen)
    gap = max(penalized_cost(totals, limits) - priced.bound_eur, 0.0)
    return Allocation(chosen, totals, priced.prices, priced.served.bonus, totals.cost_eur - free.cost_eur, gap)
