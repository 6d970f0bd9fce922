"""What the limits of a merchant did today, as rows of `stage_tables.ConstraintPrices`: figures, and the same in people's words."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from domain.settings import InventorySettings
from simulation.constraints.allocate import Allocation
from simulation.constraints.limits import FLOOR_PRICE_CAP, Situated
from simulation.constraints.problem import TOLERANCE

_LEAST_PRICE_EUR = 5e-5
"""Prices below it read 0.0000."""


def describe_limits(situated: Situated, found: Allocation, inventory: InventorySettings) -> Iterator[dict[str, Any]]:
    """A row per limit that is set, without date and merchant."""
    shared = {"cost_of_limits_eur": found.cost_of_limits_eur, "gap_to_bound_eur": found.gap_to_bound_eur}
    for row in (
        *_budget(situated, found, inventory),
        *_capacity(situated, found, inventory),
        *_floors(situated, found, inventory),
        *_minimums(situated, found),
    ):
        yield row | shared


def _budget(situated: Situated, found: Allocation, inventory: InventorySettings) -> Iterator[dict[str, Any]]:
    limit, before = inventory.budget_eur_per_week, situated.spent_before_eur
    if limit is None:
        return
    used, price = before + found.totals.spent_eur, found.prices.budget
    if before > limit:
        text = f"{before:,.2f} EUR were ordered earlier this week, more than the budget of {limit:,.2f}: nothing more is ordered."
    elif price > _LEAST_PRICE_EUR:
        text = f"One more euro of budget saves {price:,.2f} EUR; {used:,.2f} of {limit:,.2f} EUR are used."
    else:
        text = f"The budget suffices: {used:,.2f} of {limit:,.2f} EUR are used."
    yield _row("budget", "", text, limit=limit, before=before, used=used, price=price)


def _capacity(situated: Situated, found: Allocation, inventory: InventorySettings) -> Iterator[dict[str, Any]]:
    limit, before = inventory.inbound_capacity_units_per_week, situated.arriving_units
    if limit is None:
        return
    used, price = before + found.totals.units, found.prices.capacity
    if before > limit:
        text = f"{before:,.0f} units are already due in the week of arrival, more than the {limit:,} that can be received: nothing more is ordered."
    elif price > _LEAST_PRICE_EUR:
        text = f"Room for one more unit in the week of arrival saves {price:,.2f} EUR; {used:,.0f} of {limit:,} units are due."
    else:
        text = f"The inbound capacity suffices: {used:,.0f} of {limit:,} units are due in the week of arrival."
    yield _row("inbound_capacity", "", text, limit=limit, before=before, used=used, price=price)


def _floors(situated: Situated, found: Allocation, inventory: InventorySettings) -> Iterator[dict[str, Any]]:
    for place, name in enumerate(situated.classes):
        limit, demand = inventory.fill_rate_floors[name], float(situated.class_demand_units[place])
        used = min(float(found.totals.served_units[place]) / demand, 1.0) if demand > 0 else 1.0
        price = float(found.prices.floors[place]) * demand / 100
        is_met = used >= limit - TOLERANCE
        if demand == 0:
            text = f"No demand is expected in class {name}."
        elif not is_met:
            text = f"Class {name} reaches {used:.2%} of the {limit:.2%} asked for and gives way: {_why_not(situated, found, place)}"
        elif price > _LEAST_PRICE_EUR:
            text = f"Class {name} reaches {used:.2%}; one percentage point less than the {limit:.2%} asked for would save {price:,.2f} EUR."
        else:
            text = f"Class {name} reaches {used:.2%} by itself, {limit:.2%} are asked for."
        yield _row("fill_rate_floor", name, text, limit=limit, before=0.0, used=used, price=price, is_met=is_met)


def _why_not(situated: Situated, found: Allocation, place: int) -> str:
    if found.prices.budget > 0 or found.prices.capacity > 0:
        return "within budget and capacity the rest is worth less than what it would displace."
    if found.prices.floors[place] >= situated.limits.floor_highest_price_eur[place] * (1 - TOLERANCE):
        return f"one more unit served would cost more than {FLOOR_PRICE_CAP:g} times its price, or cannot be served by an order of today."
    return "no orders that suppliers accept come closer at its price."


def _minimums(situated: Situated, found: Allocation) -> Iterator[dict[str, Any]]:
    """Suppliers that nothing was ordered from because of the minimum, or more than without it; and those that reach it by themselves."""
    limits, recommended = situated.limits, np.zeros(len(found.chosen), dtype=np.int64)
    euros = situated.choices.units * situated.choices.value_eur[:, None]
    for place, name in enumerate(situated.suppliers):
        mine = np.flatnonzero(situated.choices.supplier == place)
        used, wanted = float(found.totals.supplier_eur[place]), float(euros[mine, recommended[mine]].sum())
        price = float(found.supplier_prices[place]) if used > 0 else 0.0
        if used == 0 and wanted > 0:
            reason = "no orders of its articles reach" if not limits.is_reachable[place] else "it is not worth"
            text = f"Nothing is ordered from {name}: {reason} the minimum of {limits.minimum_eur:,.2f} EUR ({wanted:,.2f} EUR were wanted)."
        elif price > _LEAST_PRICE_EUR:
            text = f"Orders from {name} are raised to its minimum: {used:,.2f} EUR; one euro less of it would save {price:,.2f} EUR."
        elif used == 0:
            text = f"Nothing is wanted from {name}."
        else:
            text = f"Orders from {name} reach its minimum by themselves: {used:,.2f} EUR."
        yield _row("minimum_order_value", name, text, limit=limits.minimum_eur, before=0.0, used=used, price=price)


def _row(constraint: str, applies_to: str, message: str, *, limit: float, before: float, used: float, price: float, is_met: bool = True) -> dict[str, Any]:
    values = {"limit_amount": float(limit), "used_before_amount": before, "used_amount": used, "price_eur": price}
    return {"constraint": constraint, "applies_to": applies_to, **values, "is_met": is_met, "message": message}
