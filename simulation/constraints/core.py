"""The core of the problem, exactly: the few SKUs whose order is not settled by the prices, as an integer program (HiGHS).

An order that costs more at the prices than the gap to the bound cannot be part of anything better (Pisinger 1995 calls what is
left the core). It matters to small merchants, where one large order in or out leaves room that no pair of changes fills.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from simulation.constraints.orders import Orders
from simulation.constraints.problem import Choices, FloatArray, IntArray, Limits, Totals, penalized_cost, totals_of

_MOST_ORDERS = 2_500
"""Orders in the program; the cheapest at the prices."""
_MOST_NODES = 100
"""Of the search tree; a limit on seconds would make the answer depend on the machine."""
_CLOSE_ENOUGH = 1e-6
"""Gap to the bound, as a share of the cost, that is not worth a program."""
_ONE_AT_A_TIME = Lock()
_STDOUT, _STDERR = 1, 2


def solve_core(choices: Choices, limits: Limits, reduced: FloatArray, chosen: IntArray, *, bound_eur: float) -> IntArray:
    """Columns `(n_skus,)` no dearer than `chosen`, with the same suppliers served.

    Args:
        choices: The orders.
        limits: The limits.
        reduced: `(n_skus, n_orders)` costs at the prices, suppliers' bonuses included.
        chosen: Columns that keep the limits.
        bound_eur: What no orders can be below.
    """
    orders = Orders(choices, limits, chosen)
    cost = penalized_cost(orders.totals, limits)
    gap = cost - bound_eur
    if gap <= _CLOSE_ENOUGH * max(1.0, abs(cost)):
        return chosen
    sku, column = _open_orders(choices, reduced, orders, gap)
    found = _solve(choices, limits, orders, sku, column) if sku.size else None
    if found is None:
        return chosen
    tried = chosen.copy()
    tried[sku[found]] = column[found]
    return tried if orders.is_improved_by(totals_of(choices, limits, tried)) else chosen


def _open_orders(choices: Choices, reduced: FloatArray, orders: Orders, gap_eur: float) -> tuple[IntArray, IntArray]:
    """SKU and column of each order in the program, by SKU; the chosen order of a SKU is always among its own."""
    rows = np.arange(len(orders.chosen))
    dearer = reduced - reduced.min(axis=1, keepdims=True)
    is_left_out = np.append(orders.totals.supplier_eur == 0, False)[choices.supplier]  # NONE is the last
    dearer[is_left_out[:, None] & (choices.units * choices.value_eur[:, None] > 0)] = np.inf
    dearer[rows, orders.chosen] = np.inf
    flat = np.flatnonzero(dearer.ravel() <= gap_eur)
    flat = flat[np.argsort(dearer.ravel()[flat], kind="stable")][:_MOST_ORDERS]
    n_orders = reduced.shape[1]
    skus = np.unique(flat // n_orders)
    kept = np.sort(np.concatenate((flat, skus * n_orders + orders.chosen[skus])))
    return kept // n_orders, kept % n_orders


def _solve(choices: Choices, limits: Limits, orders: Orders, sku: IntArray, column: IntArray) -> IntArray | None:
    """Places of the chosen ones among the orders of the program; `None` where nothing was found.

    A class that reaches its floor stays above it; one that does not stays below and earns its highest price per unit served: so the
    program has no other variables than the orders.
    """
    rest, is_short = _without(orders, np.unique(sku)), orders.totals.served_units < limits.floor_units
    units, served = choices.units[sku, column], choices.served_units[sku, column]
    euros = units * choices.value_eur[sku]
    suppliers = np.flatnonzero(orders.totals.supplier_eur > 0) if limits.minimum_eur > 0 else np.zeros(0, dtype=np.int64)
    of_class = (choices.service_class[sku] == np.arange(len(is_short))[:, None]) * served
    sums = np.vstack((euros, units, of_class, (choices.supplier[sku] == suppliers[:, None]) * euros))
    to_floor = limits.floor_units - rest.served_units
    at_least = np.concatenate(([-np.inf] * 2, np.where(is_short, -np.inf, to_floor), limits.minimum_eur - rest.supplier_eur[suppliers]))
    left = (limits.budget_eur - rest.spent_eur, limits.capacity_units - rest.units)
    at_most = np.concatenate((left, np.where(is_short, to_floor, np.inf), np.full(len(suppliers), np.inf)))
    scale = np.maximum(np.abs(sums).max(axis=1), 1.0)  # the solver's tolerances are absolute
    skus, places = np.unique(sku, return_inverse=True)
    one_each = csr_array((np.ones(len(sku)), (places, np.arange(len(sku)))), shape=(len(skus), len(sku)))
    ones = np.ones(len(skus))
    with _quiet_solver():
        found = milp(
            choices.cost_eur[sku, column] - (limits.floor_highest_price_eur * is_short) @ of_class,
            constraints=LinearConstraint(
                vstack((one_each, csr_array(sums / scale[:, None]))), np.concatenate((ones, at_least / scale)), np.concatenate((ones, at_most / scale))
            ),
            integrality=np.ones(len(sku), dtype=np.int64),
            bounds=Bounds(0.0, 1.0),
            options={"node_limit": _MOST_NODES, "mip_rel_gap": _CLOSE_ENOUGH},
        )
    return None if found.x is None else np.flatnonzero(found.x > 0.5)


def _without(orders: Orders, skus: IntArray) -> Totals:
    """What the orders of all other SKUs add up to."""
    mine = np.isin(np.arange(len(orders.chosen)), skus)
    choices = orders.choices
    others = choices._replace(**{name: values[~mine] for name, values in choices._asdict().items()})
    return totals_of(others, orders.limits, orders.chosen[~mine])


@contextmanager
def _quiet_solver() -> Iterator[None]:
    """Send what is printed to standard output from C to standard error: some paths of HiGHS (in scipy 1.17) leave a debugging line there, in the midst of a caller's JSON."""
    with _ONE_AT_A_TIME:
        kept = os.dup(_STDOUT)
        os.dup2(_STDERR, _STDOUT)
        try:
            yield
        finally:
            ctypes.CDLL(None).fflush(None)
            os.dup2(kept, _STDOUT)
            os.close(kept)
