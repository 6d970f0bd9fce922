"""Changes of all SKUs of a supplier at once: leave it out, or order just enough from it for its minimum."""

import numpy as np

from simulation.constraints.orders import Orders
from simulation.constraints.problem import NONE, Choices, FloatArray, IntArray, Limits, sums_by, supplier_is_fine


def leave_out_short_suppliers(orders: Orders, reduced: FloatArray) -> None:
    """Order nothing where the minimum is not reached; `toggle_suppliers` may serve them again."""
    short = np.flatnonzero(~supplier_is_fine(orders.totals.supplier_eur, orders.limits))
    if short.size:
        rows = np.flatnonzero(np.isin(orders.choices.supplier, short))
        orders.replace(rows, _without_orders(orders.choices, reduced, rows))


def leave_out_idle_suppliers(orders: Orders, reduced: FloatArray) -> None:
    """While budget or capacity is exceeded: leave out suppliers whose orders are worth no more than they cost at the prices."""
    without, dearer = _leaving_out(orders, reduced)
    served = np.flatnonzero(orders.totals.supplier_eur > 0)
    rate = dearer[served] / orders.totals.supplier_eur[served]
    for supplier in served[np.argsort(rate, kind="stable")]:
        if orders.excess(orders.totals) == 0 or dearer[supplier] > 0:
            return
        mine = np.flatnonzero(orders.choices.supplier == supplier)
        orders.replace(mine, without[mine])


def leave_out_a_supplier(orders: Orders, reduced: FloatArray) -> None:
    """Leave out the supplier whose orders are worth least per euro at the prices: no single order can be cut without breaking a minimum."""
    without, dearer = _leaving_out(orders, reduced)
    served = np.flatnonzero(orders.totals.supplier_eur > 0)
    worst = served[np.argmin(dearer[served] / orders.totals.supplier_eur[served])]
    mine = np.flatnonzero(orders.choices.supplier == worst)
    orders.replace(mine, without[mine])


def toggled_suppliers(orders: Orders, reduced: FloatArray) -> list[tuple[IntArray, IntArray]]:
    """Each supplier the other way, as rows and columns: left out if served and the reverse; the cheapest at the prices first."""
    choices, limits = orders.choices, orders.limits
    if limits.minimum_eur == 0:
        return []
    by_supplier = np.argsort(choices.supplier, kind="stable")
    starts = np.searchsorted(choices.supplier[by_supplier], np.arange(limits.n_suppliers + 1))
    found = []
    for supplier in np.unique(choices.supplier[choices.supplier != NONE]):
        rows = by_supplier[starts[supplier] : starts[supplier + 1]]
        is_served = orders.totals.supplier_eur[supplier] > 0
        columns = _without_orders(choices, reduced, rows) if is_served else _just_enough(choices, limits, reduced, rows)
        dearer = float((reduced[rows, columns] - reduced[rows, orders.chosen[rows]]).sum())
        found.append((dearer, rows, columns))
    return [(rows, columns) for _, rows, columns in sorted(found, key=lambda one: one[0])]


def _leaving_out(orders: Orders, reduced: FloatArray) -> tuple[IntArray, FloatArray]:
    """The columns without orders `(n_skus,)`, and how much dearer each supplier is with them `(n_suppliers,)`."""
    choices, rows = orders.choices, np.arange(len(orders.chosen))
    without = _without_orders(choices, reduced, rows)
    more = reduced[rows, without] - reduced[rows, orders.chosen]
    return without, sums_by(choices.supplier, more, orders.limits.n_suppliers)


def _without_orders(choices: Choices, reduced: FloatArray, rows: IntArray) -> IntArray:
    """Columns of the cheapest orders that are worth nothing, usually 0 units."""
    is_free = choices.units[rows] * choices.value_eur[rows, None] == 0
    return np.asarray(np.where(is_free, reduced[rows], np.inf).argmin(axis=1))


def _just_enough(choices: Choices, limits: Limits, reduced: FloatArray, rows: IntArray) -> IntArray:
    """Columns with which a supplier's SKUs reach the minimum: raised one by one, the cheapest per euro first."""
    place = np.arange(len(rows))
    columns = reduced[rows].argmin(axis=1)
    euros = choices.units[rows] * choices.value_eur[rows, None]
    while euros[place, columns].sum() < limits.minimum_eur:
        more = euros - euros[place, columns][:, None]
        missing = limits.minimum_eur - euros[place, columns].sum()
        dearer = reduced[rows] - reduced[rows][place, columns][:, None]
        helps = (more > 0) & np.isfinite(dearer)
        if not helps.any():
            break
        rate = np.where(helps, dearer / np.minimum(np.where(helps, more, 1.0), missing), np.inf)
        sku, column = divmod(int(rate.argmin()), rate.shape[1])
        columns[sku] = column
    return np.asarray(columns)
