"""Orders within the limits, from the prices: repair what exceeds a limit, then take every change that still lowers the cost."""

from collections.abc import Iterator

import numpy as np

from simulation.constraints.moves import cheap_moves, take_pair_that_reduces_excess, take_pairs, take_single
from simulation.constraints.orders import Move, Orders
from simulation.constraints.problem import Choices, FloatArray, IntArray, Limits, loosened, penalized_cost
from simulation.constraints.supplier_moves import leave_out_a_supplier, leave_out_idle_suppliers, leave_out_short_suppliers, toggled_suppliers

_MOST_SWEEPS = 30


class Improvement:
    """From orders that are cheapest at the prices to orders within the limits.

    Args:
        choices: The orders.
        limits: The limits.
        unaided: `(n_skus, n_orders)` costs at the prices of budget, capacity and floors.
        bonus: `(n_suppliers,)` per euro ordered, at the suppliers whose minimum binds.
        bound_eur: What no orders can be below: changes that cost more at the prices than is to be gained are not looked at.
    """

    def __init__(self, choices: Choices, limits: Limits, unaided: FloatArray, bonus: FloatArray, *, bound_eur: float) -> None:
        self.choices, self.limits, self.unaided, self.bound_eur = choices, limits, unaided, bound_eur
        per_unit = np.append(bonus, 0.0)[choices.supplier] * choices.value_eur
        self.reduced = unaided - per_unit[:, None] * choices.units if per_unit.any() else unaided

    def from_start(self, start: IntArray) -> IntArray:
        """Columns `(n_skus,)` of orders that keep the limits, as cheap as they were found to be.

        Args:
            start: Columns that are cheapest at the prices.
        """
        variants = (False, True) if self.limits.minimum_eur > 0 else (False,)
        found = [self._started(start, cuts_suppliers_first=first) for first in variants]
        return min(found, key=lambda one: penalized_cost(one.totals, self.limits)).chosen

    def _started(self, start: IntArray, *, cuts_suppliers_first: bool) -> Orders:
        """Whether whole suppliers are better cut before single orders is seen afterwards."""
        orders = Orders(self.choices, self.limits, start)
        leave_out_short_suppliers(orders, self.unaided)
        if cuts_suppliers_first:
            leave_out_idle_suppliers(orders, self.unaided)
        self._repair(orders)
        self._polish(orders)
        return orders

    def _repair(self, orders: Orders) -> None:
        """Order less until budget and capacity are kept: what costs least at the prices per share of the excess first."""
        while orders.excess(orders.totals) > 0:
            before = orders.excess(orders.totals)
            for move in self._reductions(orders):
                then = orders.after((move,))
                if orders.excess(then) < orders.excess(orders.totals) and orders.keeps_minimums(then):
                    orders.take((move,))
                    if orders.excess(orders.totals) == 0:
                        return
            is_stuck = orders.excess(orders.totals) >= before
            if is_stuck and not (self.limits.minimum_eur > 0 and take_pair_that_reduces_excess(orders, self.reduced)):
                leave_out_a_supplier(orders, self.unaided)

    def _reductions(self, orders: Orders) -> Iterator[Move]:
        """Smaller orders that leave suppliers their minimum, the cheapest per share of the excess they remove first; each SKU once, ties in order of key."""
        choices, limits, totals, rows = self.choices, self.limits, orders.totals, np.arange(len(orders.chosen))
        fewer = choices.units[rows, orders.chosen][:, None] - choices.units
        removed = np.zeros_like(fewer)
        if totals.spent_eur > loosened(limits.budget_eur):
            removed += fewer * choices.value_eur[:, None] / max(limits.budget_eur, 1.0)
        if totals.units > loosened(limits.capacity_units):
            removed += fewer / max(limits.capacity_units, 1.0)
        dearer = np.maximum(self.reduced - self.reduced[rows, orders.chosen][:, None], 0.0)
        spare = np.append(totals.supplier_eur - limits.minimum_eur, np.inf)[choices.supplier]  # NONE is the last
        helps = (removed > 0) & np.isfinite(dearer) & (fewer * choices.value_eur[:, None] <= spare[:, None])
        rate = np.where(helps, dearer / np.where(helps, removed, 1.0), np.inf)
        column = rate.argmin(axis=1)
        for sku in np.argsort(rate[rows, column], kind="stable"):
            if not helps[sku, column[sku]]:
                return
            yield Move(int(sku), int(column[sku]))

    def _polish(self, orders: Orders) -> None:
        """Take what helps, alone or in pairs or a supplier at a time, until nothing does."""
        for _ in range(_MOST_SWEEPS):
            gap = penalized_cost(orders.totals, self.limits) - self.bound_eur
            moves = cheap_moves(self.reduced, orders, within_eur=gap)
            if gap <= 0 or not (take_single(orders, moves) or self._toggle(orders) or take_pairs(orders, moves)):
                return

    def _toggle(self, orders: Orders) -> bool:
        """Serve or leave out suppliers where that helps as it is; whether any does."""
        n_taken = 0
        for rows, columns in toggled_suppliers(orders, self.unaided):
            if orders.is_improved_by(orders.after_replacing(rows, columns)):
                orders.replace(rows, columns)
                n_taken += 1
        return n_taken > 0
