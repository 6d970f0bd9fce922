"""Which suppliers to order from at all: other sets than the prices suggest, each with prices of its own.

At the prices a supplier may be worth as much left out as served, and the bound is met by half of each. Whether it is served then
decides what the others can have; for a given set the prices are found afresh, with the served ones held to their minimum.
"""

import numpy as np

from simulation.constraints.dual import Priced, find_prices, per_sku
from simulation.constraints.orders import Orders
from simulation.constraints.primal import Improvement
from simulation.constraints.problem import BoolArray, Choices, IntArray, Limits, penalized_cost
from simulation.constraints.supplier_moves import toggled_suppliers
from simulation.constraints.suppliers import reduced_costs

_MOST_TRIED, _TRIED_CELLS = 16, 3_000_000
"""Sets of suppliers that are tried, and orders of SKUs looked at for them in all."""
_CLOSE_ENOUGH = 1e-4
"""Gap to the bound, as a share of the cost, at which no other set is tried."""


def try_other_suppliers(choices: Choices, limits: Limits, priced: Priced, chosen: IntArray) -> IntArray:
    """Columns `(n_skus,)` that are no dearer than `chosen`: the same set of suppliers at its own prices, then one changed at a time."""
    orders = Orders(choices, limits, chosen)
    unaided = reduced_costs(choices, np.arange(len(chosen)), *per_sku(choices, priced.prices))
    toggled = [int(choices.supplier[rows[0]]) for rows, _ in toggled_suppliers(orders, unaided)]
    for supplier in [None, *toggled][: min(_MOST_TRIED, _TRIED_CELLS // choices.units.size)]:
        cost = penalized_cost(orders.totals, limits)
        if cost - priced.bound_eur <= _CLOSE_ENOUGH * abs(cost):
            break
        is_served = orders.totals.supplier_eur > 0
        if supplier is not None:
            is_served[supplier] = not is_served[supplier]
        if is_served.sum() * limits.minimum_eur <= limits.budget_eur and not (is_served & ~limits.is_reachable).any():
            tried = Orders(choices, limits, _orders_from(choices, limits, is_served))
            orders = tried if orders.is_improved_by(tried.totals) else orders
    return orders.chosen


def _orders_from(choices: Choices, limits: Limits, is_served: BoolArray) -> IntArray:
    """The orders that are found with a given set of suppliers."""
    may_order = np.append(is_served, True)[choices.supplier][:, None] | (choices.units * choices.value_eur[:, None] == 0)
    menu = choices._replace(cost_eur=np.where(may_order, choices.cost_eur, np.inf))
    held = limits._replace(must_serve=is_served)
    priced = find_prices(menu, held)
    unaided = reduced_costs(menu, np.arange(len(choices.value_eur)), *per_sku(menu, priced.prices))
    return Improvement(menu, held, unaided, priced.served.bonus, bound_eur=priced.bound_eur).from_start(priced.served.above)
