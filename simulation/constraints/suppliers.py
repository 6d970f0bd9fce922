"""Minimum order values at given prices: each supplier gets nothing, or enough.

At prices of the other limits the suppliers are strangers. One of them is either left out (all its SKUs order nothing) or
served at the bonus μ per euro ordered that makes its orders add up to the minimum:

    Z₁ = max_μ Σᵢ min_q [rᵢ(q) − μ·vᵢ·q] + μ·m,   r = cost at the prices of the other limits

a concave function of μ with straight pieces. Its top is found by intersecting tangents; at a corner two sets of orders meet.
"""

from typing import NamedTuple

import numpy as np

from simulation.constraints.problem import Choices, FloatArray, IntArray, Limits, sums_by
from simulation.kernels.cheapest_orders import cheapest_orders

_MOST_STEPS = 100
_EQUAL = 1e-11
"""Relative: rounding of sums over a supplier's SKUs."""


class Served(NamedTuple):
    """The best at some prices."""

    below: IntArray
    """`(n_skus,)` columns: the orders, just short of the minimum at a supplier where it binds."""
    above: IntArray
    """`(n_skus,)` the same, at or above the minimum."""
    weight: FloatArray
    """`(n_suppliers,)` share of `above` at which the orders add up to the minimum exactly."""
    bonus: FloatArray
    """`(n_suppliers,)` per euro ordered [μ]; 0 where the minimum does not bind."""


class Raised(NamedTuple):
    """Suppliers raised to their minimum; SKUs are some rows of the problem."""

    below: IntArray
    above: IntArray
    weight: FloatArray
    bonus: FloatArray
    cost_eur: FloatArray
    """`(n_suppliers,)` Z₁."""


def serve_suppliers(choices: Choices, limits: Limits, per_unit: FloatArray, per_served: FloatArray) -> tuple[Served, float]:
    """The least sum of costs at the prices with every supplier at nothing or enough (a bound where a minimum binds).

    Args:
        choices: The orders.
        limits: The minimum; a supplier whose largest orders do not reach it is left out.
        per_unit: `(n_skus,)` price of a unit ordered.
        per_served: `(n_skus,)` price of a unit served.
    """
    best, least = cheapest_orders(choices.cost_eur, choices.units, choices.served_units, per_unit, per_served)
    no_bonus = np.zeros(limits.n_suppliers)
    served = Served(best, best, no_bonus, no_bonus)
    if limits.minimum_eur == 0:
        return served, float(least.sum())
    ordered = sums_by(choices.supplier, choices.units[np.arange(len(best)), best] * choices.value_eur, limits.n_suppliers)
    is_short = ((ordered > 0) | limits.must_serve) & (ordered < limits.minimum_eur)
    mine = np.flatnonzero(np.append(is_short, False)[choices.supplier])
    if mine.size == 0:
        return served, float(least.sum())
    reduced = reduced_costs(choices, mine, per_unit, per_served)
    euros = choices.units[mine] * choices.value_eur[mine, None]
    group = choices.supplier[mine]
    raised = _raise(reduced, euros, group, best[mine], limits)
    without = np.where(euros == 0, reduced, np.inf).argmin(axis=1)
    cost_without = sums_by(group, reduced[np.arange(len(mine)), without], limits.n_suppliers)
    is_left_out = is_short & ~limits.must_serve & (cost_without <= raised.cost_eur)
    below, above = best.copy(), best.copy()
    below[mine] = np.where(is_left_out[group], without, raised.below)
    above[mine] = np.where(is_left_out[group], without, raised.above)
    bonus = np.where(is_left_out, 0.0, raised.bonus)
    of_short = np.where(is_left_out, cost_without, raised.cost_eur)[is_short]
    others = np.delete(least, mine) if mine.size < len(least) else np.zeros(0)
    return Served(below, above, np.where(bonus > 0, raised.weight, 0.0), bonus), float(others.sum()) + float(of_short.sum())


def reduced_costs(choices: Choices, rows: IntArray, per_unit: FloatArray, per_served: FloatArray) -> FloatArray:
    """Costs at the prices `(n_rows, n_orders)`."""
    return np.asarray(choices.cost_eur[rows] + per_unit[rows, None] * choices.units[rows] - per_served[rows, None] * choices.served_units[rows])


def _raise(cost: FloatArray, euros: FloatArray, group: IntArray, best: IntArray, limits: Limits) -> Raised:
    """Tangents from both sides of each supplier's minimum, intersected until none is new."""
    n_groups, rows, most = limits.n_suppliers, np.arange(len(group)), np.where(np.isfinite(cost), euros, -1.0)
    low, high = best.copy(), most.argmax(axis=1)
    nothing = np.zeros(len(group))

    def sums(columns: IntArray) -> tuple[FloatArray, FloatArray]:
        return sums_by(group, cost[rows, columns], n_groups), sums_by(group, euros[rows, columns], n_groups)

    (cost_low, euros_low), (cost_high, euros_high) = sums(low), sums(high)
    is_open = euros_high > euros_low
    bonus = np.zeros(n_groups)
    for _ in range(_MOST_STEPS):
        bonus[is_open] = (cost_high - cost_low)[is_open] / (euros_high - euros_low)[is_open]
        between, _ = cheapest_orders(cost, euros, euros, -bonus[group], nothing)
        cost_between, euros_between = sums(between)
        line, point = cost_low - bonus * euros_low, cost_between - bonus * euros_between
        is_open &= point < line - _EQUAL * (np.abs(cost_low) + bonus * euros_high)
        if not is_open.any():
            break
        is_enough = is_open & (euros_between >= limits.minimum_eur)
        high, low = np.where(is_enough[group], between, high), np.where((is_open & ~is_enough)[group], between, low)
        (cost_low, euros_low), (cost_high, euros_high) = sums(low), sums(high)
    apart = euros_high - euros_low
    weight = np.clip((limits.minimum_eur - euros_low) / np.where(apart > 0, apart, 1.0), 0.0, 1.0)
    cost_enough = np.where(limits.is_reachable, np.minimum(line, point) + bonus * limits.minimum_eur, np.inf)
    return Raised(low, high, weight, bonus, cost_enough)
