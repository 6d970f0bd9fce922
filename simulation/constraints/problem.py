"""The allocation problem of one merchant on one day, as arrays: which order of each SKU's curve, under limits that add up over SKUs.

    min Σᵢ cᵢ(qᵢ) + Σ_c κ_c · (shortfall of class c)
    Σᵢ vᵢ·qᵢ ≤ B        Σᵢ qᵢ ≤ C        Σ_{i in s} vᵢ·qᵢ = 0 or ≥ m for each supplier s

Budget, capacity and minimum order values are kept whatever it costs: ordering nothing always keeps them. A floor gives way
where its next unit served would cost more than its highest price κ_c.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NONE = -1
"""Class or supplier of a SKU that has none."""

TOLERANCE = 1e-9
"""Relative: sums of euros that differ by less are equal."""


class Choices(NamedTuple):
    """Orders to choose from, one row per SKU in order of key. Column 0 is the recommended order, then rising; short rows are filled up.

    The recommended order is never dearer than another: without limits it stands.
    """

    units: FloatArray
    """`(n_skus, n_orders)` units ordered; 0 occurs in every row."""
    cost_eur: FloatArray
    """`(n_skus, n_orders)` what the merchant minimises; infinite where a row is filled up."""
    served_units: FloatArray
    """`(n_skus, n_orders)` expected units served."""
    value_eur: FloatArray
    """`(n_skus,)` of one unit on order."""
    service_class: IntArray
    """`(n_skus,)` place of the SKU's class among those with a floor, or `NONE`."""
    supplier: IntArray
    """`(n_skus,)` place of the SKU's supplier, or `NONE`."""


class Limits(NamedTuple):
    """What the orders of a day may add up to; infinity = no limit."""

    budget_eur: float
    """Left for today [B]."""
    capacity_units: float
    """Left for today's orders [C]."""
    floor_units: FloatArray
    """`(n_classes,)` units to be served."""
    floor_highest_price_eur: FloatArray
    """`(n_classes,)` per unit served, above which the floor gives way [κ]."""
    minimum_eur: float
    """Per supplier, or nothing [m]; 0 = none."""
    is_reachable: BoolArray
    """`(n_suppliers,)` whether the supplier's largest orders reach the minimum."""

    must_serve: BoolArray
    """`(n_suppliers,)` suppliers that may not be left out; none, but where sets of suppliers are compared."""

    @property
    def n_suppliers(self) -> int:
        """Suppliers with a minimum."""
        return len(self.is_reachable)


class Totals(NamedTuple):
    """What some orders add up to."""

    cost_eur: float
    spent_eur: float
    units: float
    served_units: FloatArray
    """`(n_classes,)`"""
    supplier_eur: FloatArray
    """`(n_suppliers,)`"""


def totals_of(choices: Choices, limits: Limits, chosen: IntArray) -> Totals:
    """Add up one order per SKU; `chosen` are columns `(n_skus,)`."""
    rows = np.arange(len(chosen))
    units = choices.units[rows, chosen]
    value = units * choices.value_eur
    return Totals(
        float(choices.cost_eur[rows, chosen].sum()),
        float(value.sum()),
        float(units.sum()),
        sums_by(choices.service_class, choices.served_units[rows, chosen], len(limits.floor_units)),
        sums_by(choices.supplier, value, limits.n_suppliers),
    )


def sums_by(group: IntArray, values: FloatArray, n_groups: int) -> FloatArray:
    """Sums of the values by group `(n_groups,)`; those of no group left out."""
    has = group != NONE
    return np.bincount(group[has], weights=values[has], minlength=n_groups).astype(np.float64)


def penalized_cost(totals: Totals, limits: Limits) -> float:
    """What is minimised: cost, and the floors' shortfalls at their highest prices."""
    return totals.cost_eur + float(limits.floor_highest_price_eur @ np.maximum(limits.floor_units - totals.served_units, 0.0))


def keeps_hard_limits(totals: Totals, limits: Limits) -> bool:
    """Whether budget, capacity and minimum order values are kept; floors may give way."""
    within = totals.spent_eur <= loosened(limits.budget_eur) and totals.units <= loosened(limits.capacity_units)
    return within and bool(supplier_is_fine(totals.supplier_eur, limits).all())


def supplier_is_fine(supplier_eur: FloatArray, limits: Limits) -> BoolArray:
    """Nothing, or at least the minimum `(n_suppliers,)`."""
    return np.asarray((supplier_eur == 0) | (supplier_eur >= limits.minimum_eur * (1 - TOLERANCE)))


def loosened(limit: float) -> float:
    """A limit, and the error of a sum up to it."""
    return limit * (1 + TOLERANCE)
