"""Orders within the limits, from the prices: repair what exceeds a limit, then take every change that still lowers the cost.

At the right prices the orders nearly keep the limits; what is left is a matter of a few SKUs that are worth about the same
either way. Those come first: a change is as good as its cost at the prices, its *reduced* cost, is low.
"""

from collections.abc import Iterator

import numpy as np

from simulation.constraints.orders import Move, Orders
from simulation.constraints.problem import Choices, FloatArray, IntArray, Limits, loosened, penalized_cost, supplier_is_fine
from simulation.constraints.supplier_moves import leave_out_a_supplier, leave_out_idle_suppliers, leave_out_short_suppliers, toggled_suppliers

_MOST_SWEEPS = 30
_MOST_MOVES = 4_000
"""Changes of one SKU looked at in a sweep, cheapest at the prices first."""
_MOST_PAIRED = 200
"""Changes that are tried in pairs."""
_MOST_TOGGLED, _TOGGLED_CELLS = 15, 2_000_000
"""Suppliers that are tried the other way together with the repair that this takes, and orders of SKUs looked at for them in all."""


def improve(choices: Choices, limits: Limits, reduced: FloatArray, start: IntArray, *, bound_eur: float) -> IntArray:
    """Columns `(n_skus,)` of orders that keep the limits, as cheap as they were found to be.

    Args:
        choices: The orders.
        limits: The limits.
        reduced: `(n_skus, n_orders)` costs at the prices.
        start: `(n_skus,)` columns that are cheapest at the prices.
        bound_eur: What no orders can be below: changes that cost more at the prices than is to be gained are not looked at.
    """
    found = [_start(choices, limits, reduced, start, bound_eur, cuts_suppliers_first=first) for first in _variants(limits)]
    orders = min(found, key=lambda one: penalized_cost(one.totals, limits))
    for rows, columns in toggled_suppliers(orders, reduced)[: min(_MOST_TOGGLED, _TOGGLED_CELLS // reduced.size)]:
        tried = orders.copy()
        tried.replace(rows, columns)
        _repair_excess(tried, reduced)
        _polish(tried, reduced, bound_eur)
        if orders.is_improved_by(tried.totals):
            orders = tried
    return orders.chosen


def _variants(limits: Limits) -> tuple[bool, ...]:
    """Whether whole suppliers are cut before single orders: which is better is seen afterwards."""
    return (False, True) if limits.minimum_eur > 0 else (False,)


def _start(choices: Choices, limits: Limits, reduced: FloatArray, start: IntArray, bound_eur: float, *, cuts_suppliers_first: bool) -> Orders:
    orders = Orders(choices, limits, start)
    leave_out_short_suppliers(orders, reduced)
    if cuts_suppliers_first:
        leave_out_idle_suppliers(orders, reduced)
    _repair_excess(orders, reduced)
    _polish(orders, reduced, bound_eur)
    return orders


def _polish(orders: Orders, reduced: FloatArray, bound_eur: float) -> None:
    """Take what helps, alone or in pairs or a supplier at a time, until nothing does."""
    for _ in range(_MOST_SWEEPS):
        gap = penalized_cost(orders.totals, orders.limits) - bound_eur
        moves = _cheap_moves(reduced, orders.chosen, gap)
        if gap <= 0 or not (_take_single(orders, moves) or _toggle_suppliers(orders, reduced) or _take_pairs(orders, moves[:_MOST_PAIRED])):
            return


def _toggle_suppliers(orders: Orders, reduced: FloatArray) -> bool:
    """Serve or leave out suppliers where that helps as it is; whether any does."""
    n_taken = 0
    for rows, columns in toggled_suppliers(orders, reduced):
        if orders.is_improved_by(orders.after_replacing(rows, columns)):
            orders.replace(rows, columns)
            n_taken += 1
    return n_taken > 0


def _repair_excess(orders: Orders, reduced: FloatArray) -> None:
    """Order less until budget and capacity are kept: what costs least at the prices per share of the excess first."""
    while orders.excess(orders.totals) > 0:
        before = orders.excess(orders.totals)
        for move in _reductions(orders, reduced):
            then = orders.after((move,))
            if orders.excess(then) < orders.excess(orders.totals) and supplier_is_fine(then.supplier_eur, orders.limits).all():
                orders.take((move,))
                if orders.excess(orders.totals) == 0:
                    return
        if orders.excess(orders.totals) >= before:
            leave_out_a_supplier(orders, reduced)


def _reductions(orders: Orders, reduced: FloatArray) -> Iterator[Move]:
    """Smaller orders, the cheapest per share of the excess they remove first; each SKU once, ties in order of key."""
    choices, limits, totals = orders.choices, orders.limits, orders.totals
    rows = np.arange(len(orders.chosen))
    fewer = choices.units[rows, orders.chosen][:, None] - choices.units
    removed = np.zeros_like(fewer)
    if totals.spent_eur > loosened(limits.budget_eur):
        removed += fewer * choices.value_eur[:, None] / max(limits.budget_eur, 1.0)
    if totals.units > loosened(limits.capacity_units):
        removed += fewer / max(limits.capacity_units, 1.0)
    dearer = np.maximum(reduced - reduced[rows, orders.chosen][:, None], 0.0)
    helps = (removed > 0) & np.isfinite(dearer)
    rate = np.where(helps, dearer / np.where(helps, removed, 1.0), np.inf)
    column = rate.argmin(axis=1)
    for sku in np.argsort(rate[rows, column], kind="stable"):
        if not helps[sku, column[sku]]:
            return
        yield Move(int(sku), int(column[sku]))


def _cheap_moves(reduced: FloatArray, chosen: IntArray, gap_eur: float) -> list[Move]:
    """The cheapest changes at the prices that can be part of anything better, ties in order of key."""
    dearer = reduced - reduced.min(axis=1, keepdims=True)
    dearer[np.arange(len(chosen)), chosen] = np.inf
    flat = np.flatnonzero(dearer.ravel() <= gap_eur)
    costs = dearer.ravel()[flat]
    if flat.size > _MOST_MOVES:
        kept = costs <= np.partition(costs, _MOST_MOVES - 1)[_MOST_MOVES - 1]
        flat, costs = flat[kept], costs[kept]
    cheapest = flat[np.argsort(costs, kind="stable")][:_MOST_MOVES]
    return [Move(*divmod(int(place), reduced.shape[1])) for place in cheapest]


def _take_single(orders: Orders, moves: list[Move]) -> bool:
    """Take every change that helps on its own; whether any did."""
    n_taken = 0
    for move in moves:
        if orders.chosen[move.sku] != move.column and orders.is_improved_by(orders.after((move,))):
            orders.take((move,))
            n_taken += 1
    return n_taken > 0


def _take_pairs(orders: Orders, moves: list[Move]) -> bool:
    """Take pairs of changes that help, one making room for the other; whether any does."""
    if len(moves) < 2:
        return False
    limits, now = orders.limits, orders.totals
    alone = [orders.after((move,)) for move in moves]

    def together(name: str) -> FloatArray:
        more = np.array([getattr(totals, name) - getattr(now, name) for totals in alone])
        return np.asarray(more[:, None] + more[None, :] + getattr(now, name))

    short = np.maximum(limits.floor_units - together("served_units"), 0.0)
    cost = together("cost_eur") + short @ limits.floor_highest_price_eur
    sku = np.array([move.sku for move in moves])
    fits = (together("spent_eur") <= loosened(limits.budget_eur)) & (together("units") <= loosened(limits.capacity_units)) & (sku[:, None] != sku[None, :])
    cost = np.where(fits & (np.arange(len(sku))[:, None] < np.arange(len(sku))), cost, np.inf)
    n_taken = 0
    for place in np.argsort(cost, axis=None, kind="stable")[:_MOST_PAIRED]:
        first, second = divmod(int(place), len(moves))
        pair = moves[first], moves[second]
        if np.isfinite(cost[first, second]) and orders.is_improved_by(orders.after(pair)):
            orders.take(pair)
            n_taken += 1
    return n_taken > 0
