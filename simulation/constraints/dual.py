"""Prices of the limits: the top of the Lagrangian dual, a bound on what any orders within the limits cost.

    L(λ) = Σᵢ min_q [cᵢ(q) + (λ_B·vᵢ + λ_C)·q − λ_class(i)·servedᵢ(q)] − λ_B·B − λ_C·C + Σ_c λ_c·T_c      (suppliers: `suppliers`)

is concave with straight pieces, and a floor's price is at most κ_c. The top is found by cutting planes (Kelley 1960): each
price vector that was tried gives a plane above L; the next one is the top of their lower envelope, a small linear program.
"""

from typing import NamedTuple, Self

import numpy as np
from scipy.optimize import linprog

from simulation.constraints.problem import TOLERANCE, Choices, FloatArray, Limits
from simulation.constraints.suppliers import Served, serve_suppliers

_MOST_STEPS = 200
_SETTLED = 1e-8
"""Relative distance of the bound from the top of the envelope at which the search ends; linear programs are solved to 1e-9."""
_A_LITTLE = 1e-4
"""Relative width to which the least price is told."""


class Prices(NamedTuple):
    """EUR that one unit of a limit is worth; the least that are optimal, hence what one more would save."""

    budget: float
    """Per euro [λ_B]."""
    capacity: float
    """Per unit [λ_C]."""
    floors: FloatArray
    """`(n_classes,)` per unit served [λ_c]."""


class Priced(NamedTuple):
    """L and its slope at some prices."""

    prices: Prices
    bound_eur: float
    """L(λ): no orders within the limits cost less."""
    slope: FloatArray
    """`(2 + n_classes,)` spent − B, units − C, T_c − served; 0 where there is no limit."""
    served: Served


def find_prices(choices: Choices, limits: Limits) -> Priced:
    """The least prices at the top of the dual."""
    highest = _highest_prices(choices, limits)
    best = price_orders(choices, limits, np.zeros(len(highest)))
    planes = [_Plane.at(best)]
    while len(planes) < _MOST_STEPS and (highest > 0).any():
        at, top = _top_of_envelope(planes, highest)
        if top - best.bound_eur <= _SETTLED * max(1.0, abs(top)) or any(np.array_equal(at, plane.place) for plane in planes):
            break
        priced = price_orders(choices, limits, at)
        planes.append(_Plane.at(priced))
        best = max(best, priced, key=lambda one: one.bound_eur)
    return _least_prices(choices, limits, best)


def price_orders(choices: Choices, limits: Limits, at: FloatArray) -> Priced:
    """L at prices `(2 + n_classes,)`: budget, capacity, floors."""
    prices = Prices(float(at[0]), float(at[1]), at[2:])
    served, cost = serve_suppliers(choices, limits, *per_sku(choices, prices))
    targets = np.concatenate(([_finite(limits.budget_eur), _finite(limits.capacity_units)], -limits.floor_units))
    slope = _usage(choices, limits, served) - targets
    slope[:2][~np.isfinite([limits.budget_eur, limits.capacity_units])] = 0.0
    return Priced(prices, cost - float(at @ targets), slope, served)


def per_sku(choices: Choices, prices: Prices) -> tuple[FloatArray, FloatArray]:
    """What a unit ordered and a unit served cost at the prices `(n_skus,)` each."""
    return prices.budget * choices.value_eur + prices.capacity, np.append(prices.floors, 0.0)[choices.service_class]  # NONE is the last


class _Plane(NamedTuple):
    """A plane above L: its height and slope at the place where it touches."""

    place: FloatArray
    height: float
    slope: FloatArray

    @classmethod
    def at(cls, priced: Priced) -> Self:
        return cls(_as_array(priced.prices), priced.bound_eur, priced.slope)


def _usage(choices: Choices, limits: Limits, served: Served) -> FloatArray:
    """Spent, units, −served by class; at a supplier whose minimum binds the mean of the two sets of orders that meets it."""
    above = np.append(served.weight, 0.0)[choices.supplier]
    rows = np.arange(len(above))

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray((1 - above) * values[rows, served.below] + above * values[rows, served.above])

    units, of_class = mean(choices.units), choices.service_class
    served_units = np.bincount(of_class + 1, weights=mean(choices.served_units), minlength=len(limits.floor_units) + 1)[1:]
    return np.concatenate(([float(choices.value_eur @ units), float(units.sum())], -served_units))


def _highest_prices(choices: Choices, limits: Limits) -> FloatArray:
    """Prices no optimum is above `(2 + n_classes,)`: there every SKU orders nothing, or a floor gives way."""
    floors = limits.floor_highest_price_eur
    worth = np.append(floors, 0.0)[choices.service_class][:, None] * choices.served_units - choices.cost_eur
    nothing = np.where(choices.units == 0, worth, -np.inf).max(axis=1, keepdims=True)
    saving = np.where(np.isfinite(choices.cost_eur) & (choices.units > 0), worth - nothing, 0.0)
    per_unit = saving / np.maximum(choices.units, 1.0)
    per_euro = per_unit / np.where(choices.value_eur > 0, choices.value_eur, np.inf)[:, None]
    highest = [max(float(most.max(initial=0.0)), 0.0) for most in (per_euro, per_unit)]
    is_set = np.isfinite([limits.budget_eur, limits.capacity_units])
    return np.concatenate((np.where(is_set, highest, 0.0), floors))


def _top_of_envelope(planes: list[_Plane], highest: FloatArray) -> tuple[FloatArray, float]:
    """Where the least of the planes is highest, and how high; prices are scaled to [0, 1]."""
    places, slopes = np.array([plane.place for plane in planes]), np.array([plane.slope for plane in planes])
    heights = np.array([plane.height for plane in planes]) - (slopes * places).sum(axis=1)
    slopes *= highest
    middle, scale = heights[0], max(float(np.abs(slopes).max()), 1.0)
    table = np.column_stack((np.ones(len(planes)), -slopes / scale))
    objective = np.concatenate(([-1.0], np.zeros(len(highest))))
    bounds = [(None, None), *(((0.0, 1.0 if most > 0 else 0.0)) for most in highest)]
    found = linprog(
        objective,
        A_ub=table,
        b_ub=(heights - middle) / scale,
        bounds=bounds,
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )
    if found.x is None or found.fun is None:  # no such case is known; any prices give a bound
        return planes[0].place, -np.inf
    return np.asarray(found.x[1:] * highest), float(middle - found.fun * scale)


def _least_prices(choices: Choices, limits: Limits, best: Priced) -> Priced:
    """Lower each price as far as the bound stays: of the optimal prices the least says what one more would save."""
    enough = best.bound_eur - TOLERANCE * max(1.0, abs(best.bound_eur))
    for place in range(2 + len(limits.floor_units)):
        low, high = 0.0, _as_array(best.prices)[place]
        for tried in (low, (1 - _A_LITTLE) * high):  # mostly one price alone is optimal: two looks settle it
            priced = _with_price(choices, limits, best, place, tried)
            if priced.bound_eur >= enough:
                best, high = priced, tried
                break
            low = tried
        while high - low > _A_LITTLE * high:
            priced = _with_price(choices, limits, best, place, (low + high) / 2)
            if priced.bound_eur >= enough:
                best, high = priced, (low + high) / 2
            else:
                low = (low + high) / 2
    return best


def _with_price(choices: Choices, limits: Limits, priced: Priced, place: int, price: float) -> Priced:
    at = _as_array(priced.prices)
    at[place] = price
    return price_orders(choices, limits, at)


def _as_array(prices: Prices) -> FloatArray:
    return np.concatenate(([prices.budget, prices.capacity], prices.floors))


def _finite(limit: float) -> float:
    return limit if np.isfinite(limit) else 0.0
