"""The cost curve of today's order: what every other quantity would lead to, on the same fresh paths, later orders as the policy decides.

People see it as evidence; constraints across SKUs (`simulation/constraints/`) trade the curves of a merchant's SKUs against each other.
"""

from typing import NamedTuple

import numpy as np

from simulation.comparison import compare, first_orders
from simulation.kernels.comparison import placed_orders
from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.policies.protocol import Situation
from simulation.sampling.paths import FloatArray, Paths

_N_POINTS = 16


class CostCurve(NamedTuple):
    """Per quantity ordered today, `(n_orders,)` each, in rising order of quantity; the first is 0."""

    order_units: IntArray
    expected_cost_eur: FloatArray
    objective_eur: FloatArray
    """What the merchant minimises."""
    fill_rate: FloatArray
    """Expected units served over units demanded."""
    difference_eur: FloatArray
    """Expected cost above that of the recommended quantity, path by path."""
    standard_error_eur: FloatArray
    """Of the difference."""

    def points(self) -> tuple["CurvePoint", ...]:
        """The same, order by order."""
        return tuple(CurvePoint(*values) for values in zip(*(values.tolist() for values in self), strict=True))


class CurvePoint(NamedTuple):
    """One order and what it leads to. Meanings: `domain.stage_tables.CostCurves`."""

    order_units: int
    expected_cost_eur: float
    objective_eur: float
    fill_rate: float
    difference_eur: float
    standard_error_eur: float


def order_grid(situation: Situation, recommended_units: int) -> IntArray:
    """Orders worth a look: none, the recommended one and a pack less or more, and evenly spread ones up to twice it or what the horizon may need."""
    missing = float(situation.demand_quantile_units(situation.n_weeks, 0.75) - situation.inventory_position_units)
    most = max(2.0 * recommended_units, missing, 1.0)
    around = recommended_units + situation.pack_units * np.array((-1, 0, 1))
    return possible_orders(np.concatenate(((0.0,), np.linspace(0.0, most, _N_POINTS), around)), situation)


def possible_orders(wished_units: FloatArray, situation: Situation) -> IntArray:
    """The orders that come of wished quantities, each once, in rising order: whole packs that supplier and warehouse accept."""
    placed: IntArray = np.unique(placed_orders(wished_units.astype(np.float64), situation.inventory_position_units, situation.terms.orders))
    return placed


def cost_curve(
    form: PolicyForm, theta: IntArray, recommended_units: int, orders_units: IntArray, *, fresh: Paths, terms: SkuTerms, objective: str
) -> CostCurve:
    """Simulate each order.

    Args:
        form: The policy.
        theta: Its parameters.
        recommended_units: What it orders today.
        orders_units: `(n_orders,)`, e.g. of `order_grid`.
        fresh: Paths that no parameter was chosen on.
        terms: The SKU.
        objective: As in the settings, "p75" and so on.
    """
    plans = first_orders(form, theta, (recommended_units, *orders_units.tolist()), terms)
    figures = compare([plans], paths=fresh, terms=terms, objective=objective)
    return CostCurve(
        order_units=orders_units,
        expected_cost_eur=figures.expected_cost_eur[1:],
        objective_eur=figures.objective_eur[1:],
        fill_rate=np.clip(figures.fill_rate[1:], 0.0, 1.0),
        difference_eur=figures.difference_eur[1:],
        standard_error_eur=figures.standard_error_eur[1:],
    )
