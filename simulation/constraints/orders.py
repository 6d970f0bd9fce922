"""One order per SKU, and what they add up to: changed move by move, or all SKUs of a supplier at once."""

from typing import NamedTuple

import numpy as np

from simulation.constraints.problem import (
    NONE,
    TOLERANCE,
    Choices,
    IntArray,
    Limits,
    Totals,
    keeps_hard_limits,
    loosened,
    penalized_cost,
    sums_by,
    supplier_is_fine,
    totals_of,
)

_NOTHING_EUR = 1e-6
"""Differences of sums below it are rounding."""


class Move(NamedTuple):
    """One SKU's change to another of its orders."""

    sku: int
    column: int


class Orders:
    """One order per SKU and what they add up to, kept up to date move by move."""

    def __init__(self, choices: Choices, limits: Limits, chosen: IntArray) -> None:
        self.choices, self.limits, self.chosen = choices, limits, chosen.copy()
        self.totals = totals_of(choices, limits, self.chosen)

    def after(self, moves: tuple[Move, ...]) -> Totals:
        """The totals if the SKUs changed; each SKU at most once."""
        cost, spent, units, served, suppliers = self.totals
        served, suppliers, choices = served.copy(), suppliers.copy(), self.choices
        for sku, column in moves:
            old = self.chosen[sku]
            more_units = choices.units[sku, column] - choices.units[sku, old]
            cost += choices.cost_eur[sku, column] - choices.cost_eur[sku, old]
            spent += more_units * choices.value_eur[sku]
            units += more_units
            if choices.service_class[sku] != NONE:
                served[choices.service_class[sku]] += choices.served_units[sku, column] - choices.served_units[sku, old]
            if choices.supplier[sku] != NONE:
                suppliers[choices.supplier[sku]] += more_units * choices.value_eur[sku]
        return Totals(float(cost), float(spent), float(units), served, np.where(np.abs(suppliers) < _NOTHING_EUR, 0.0, suppliers))

    def take(self, moves: tuple[Move, ...]) -> None:
        """Change the SKUs."""
        self.totals = self.after(moves)
        for sku, column in moves:
            self.chosen[sku] = column

    def after_replacing(self, rows: IntArray, columns: IntArray) -> Totals:
        """The totals if many SKUs changed; `rows` each once."""
        choices, limits, old = self.choices, self.limits, self.chosen[rows]
        units = choices.units[rows, columns] - choices.units[rows, old]
        served = choices.served_units[rows, columns] - choices.served_units[rows, old]
        suppliers = self.totals.supplier_eur + sums_by(choices.supplier[rows], units * choices.value_eur[rows], limits.n_suppliers)
        return Totals(
            self.totals.cost_eur + float((choices.cost_eur[rows, columns] - choices.cost_eur[rows, old]).sum()),
            self.totals.spent_eur + float(units @ choices.value_eur[rows]),
            self.totals.units + float(units.sum()),
            self.totals.served_units + sums_by(choices.service_class[rows], served, len(limits.floor_units)),
            np.where(np.abs(suppliers) < _NOTHING_EUR, 0.0, suppliers),
        )

    def replace(self, rows: IntArray, columns: IntArray) -> None:
        """Change many SKUs, added up afresh."""
        self.chosen[rows] = columns
        self.totals = totals_of(self.choices, self.limits, self.chosen)

    def is_improved_by(self, then: Totals) -> bool:
        """Whether other totals keep the limits and cost less."""
        before = penalized_cost(self.totals, self.limits)
        return penalized_cost(then, self.limits) < before - TOLERANCE * max(1.0, abs(before)) and keeps_hard_limits(then, self.limits)

    def keeps_minimums(self, then: Totals) -> bool:
        """Whether every supplier gets nothing or enough."""
        return bool(supplier_is_fine(then.supplier_eur, self.limits).all())

    def excess(self, totals: Totals) -> float:
        """How far budget and capacity are exceeded, as shares of themselves."""
        pairs = ((totals.spent_eur, self.limits.budget_eur), (totals.units, self.limits.capacity_units))
        return sum((used - limit) / max(limit, 1.0) for used, limit in pairs if used > loosened(limit))
