"""From a merchant's curves and settings to the allocation problem: what is left of each limit, and the menu of orders."""

from typing import NamedTuple

import numpy as np
import polars as pl

from domain.settings import InventorySettings
from simulation.constraints.problem import NONE, BoolArray, Choices, FloatArray, IntArray, Limits, sums_by

FLOOR_PRICE_CAP = 10.0
"""A floor gives way where one more unit served would cost more than so many times the mean price of a unit of its class:
stock that is held a whole season for a chance of one in a hundred to sell."""


class Situated(NamedTuple):
    """One merchant's problem, and the words for its parts."""

    choices: Choices
    limits: Limits
    classes: list[str]
    """Classes with a floor."""
    suppliers: list[str]
    """Suppliers with a minimum."""
    class_demand_units: FloatArray
    """`(n_classes,)`"""
    spent_before_eur: float
    arriving_units: float


def problem_of(curves: pl.DataFrame, inventory: InventorySettings) -> Situated:
    """The problem of one merchant.

    Args:
        curves: Its rows of `stage_tables.OrderCurves`, sorted by key.
        inventory: Its settings.
    """
    units, cost, served = _menu(curves, inventory)
    value, demand = curves["unit_value_eur"].to_numpy(), curves["demanded_units"].to_numpy()
    classes = sorted(inventory.fill_rate_floors)
    of_class, minimum = _places(curves["service_class"], classes), inventory.minimum_order_value_eur or 0.0
    suppliers = sorted(curves["supplier_id"].drop_nulls().unique()) if minimum > 0 else []
    of_supplier = _places(curves["supplier_id"], suppliers)
    largest_eur = np.where(np.isfinite(cost), units, 0.0).max(axis=1, initial=0.0) * value
    class_demand = sums_by(of_class, demand, len(classes))
    floors = np.array([inventory.fill_rate_floors[name] for name in classes])
    spent, arriving = float(curves["ordered_this_week_eur"].sum()), float(curves["arriving_units"].sum())
    limits = Limits(
        _left(inventory.budget_eur_per_week, spent),
        _left(inventory.inbound_capacity_units_per_week, arriving),
        floors * class_demand,
        FLOOR_PRICE_CAP * sums_by(of_class, demand * curves["unit_price_eur"].to_numpy(), len(classes)) / np.where(class_demand > 0, class_demand, 1.0),
        minimum,
        sums_by(of_supplier, largest_eur, len(suppliers)) >= minimum,
        np.zeros(len(suppliers), dtype=bool),
    )
    choices = Choices(units, cost, served, value, of_class, of_supplier)
    return Situated(choices, limits, classes, suppliers, class_demand, spent, arriving)


def _left(limit: float | None, used: float) -> float:
    return np.inf if limit is None else max(limit - used, 0.0)


def _places(names: pl.Series, listed: list[str]) -> IntArray:
    place = {name: number for number, name in enumerate(listed)}
    return np.array([place.get(name, NONE) for name in names], dtype=np.int64)


def _menu(curves: pl.DataFrame, inventory: InventorySettings) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Units, cost and units served `(n_skus, n_orders)`, the recommended order first."""
    lengths = curves["order_units"].list.len().to_numpy()
    is_there = np.arange(int(lengths.max(initial=1))) < lengths[:, None]
    units, cost, served = (_filled(curves[name], is_there, filler) for name, filler in (("order_units", 0.0), ("objective_eur", np.inf), ("served_units", 0.0)))
    is_recommended = is_there & (units == curves["recommended_units"].to_numpy()[:, None])
    order = np.argsort(~is_recommended, axis=1, kind="stable")
    units, cost, served = (np.take_along_axis(values, order, axis=1) for values in (units, cost, served))
    return units, _never_below_recommended(cost, served, curves["demanded_units"].to_numpy(), inventory.minimum_fill_rate or 0.0), served


def _filled(lists: pl.Series, is_there: BoolArray, filler: float) -> FloatArray:
    values = np.full(is_there.shape, filler)
    values[is_there] = lists.explode(empty_as_null=False).to_numpy()
    return values


def _never_below_recommended(cost: FloatArray, served: FloatArray, demand: FloatArray, floor: float) -> FloatArray:
    """Costs at which the recommended order is the best one where nothing binds.

    A SKU's own floor (`minimum_fill_rate`) is worth what it costs at the recommended order: units short of it are charged with the least
    price at which no order below the floor looks better. What looks better without breaking a floor (the search missed it by a hair, or a
    policy whose first order is no parameter) counts as equal.
    """
    here = cost[:, :1]
    short = np.maximum(floor * demand[:, None] - served, 0.0)
    short -= np.minimum(short, short[:, :1])
    is_short = short > 0
    price = np.where(is_short, (here - cost) / np.where(is_short, short, 1.0), 0.0).max(axis=1, initial=0.0, keepdims=True)
    return np.asarray(np.maximum(cost + price * short, here))
