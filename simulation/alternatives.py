"""What else could be done instead of the recommendation, on the same fresh paths, with how sure the difference is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from simulation.comparison import AS_PLANNED, Comparison, compare, first_orders
from simulation.cost_curve import possible_orders
from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.policies.protocol import Situation
from simulation.sampling.paths import Paths

RECOMMENDED, NOTHING_TODAY, ONE_PACK_LESS, ONE_PACK_MORE, NEVER_ORDER = "recommended", "nothing_today", "one_pack_less", "one_pack_more", "never_order"
"""Alternatives that are no policy; policies go by their own names."""


class Plan(NamedTuple):
    """A policy with parameters, ready to be simulated."""

    form: PolicyForm
    theta: IntArray
    order_units: int = AS_PLANNED
    """Today's order; later ones are the policy's."""


class Alternative(NamedTuple):
    """One thing that could be done today. Meanings: `domain.stage_tables.Alternatives`."""

    alternative: str
    order_now_units: int
    expected_cost_eur: float
    cost_p75_eur: float
    fill_rate: float
    difference_eur: float
    standard_error_eur: float


def compare_alternatives(chosen: Plan, recommended_units: int, others: Mapping[str, Plan], *, situation: Situation, fresh: Paths) -> Mapping[str, Alternative]:
    """The recommendation, other orders today with the same policy afterwards, and other policies.

    Args:
        chosen: The recommended policy.
        recommended_units: What it orders today.
        others: Policies by name.
        situation: The SKU and its merchant's settings.
        fresh: Paths that no parameter was chosen on.

    Returns:
        By name, the recommendation first; other orders that would be the recommended one are left out.
    """
    orders = _other_orders(recommended_units, situation)
    plans = [first_orders(chosen.form, chosen.theta, (chosen.order_units, *orders.values()), situation.terms)]
    plans += [first_orders(plan.form, plan.theta, (plan.order_units,), situation.terms) for plan in others.values()]
    figures = compare(plans, paths=fresh, terms=situation.terms, objective=situation.inventory.objective)
    return dict(zip((RECOMMENDED, *orders, *others), _as_rows((RECOMMENDED, *orders, *others), figures), strict=True))


def _other_orders(recommended_units: int, situation: Situation) -> Mapping[str, int]:
    """Today's order a pack less or more, or none at all; where a supplier's minimum lies between, the next order it accepts."""
    pack = situation.pack_units
    wished = {NOTHING_TODAY: 0, ONE_PACK_LESS: recommended_units - pack, ONE_PACK_MORE: recommended_units + pack}
    orders = {name: int(possible_orders(np.array([units]), situation)[0]) for name, units in wished.items()}
    if orders[ONE_PACK_LESS] == recommended_units:  # the smallest order there is: less is nothing
        orders[ONE_PACK_LESS] = 0
    return {name: units for name, units in orders.items() if units != recommended_units and (name != ONE_PACK_LESS or units > 0)}


def _as_rows(names: Sequence[str], figures: Comparison) -> list[Alternative]:
    shown = (
        figures.expected_cost_eur,
        figures.cost_p75_eur,
        np.clip(figures.fill_rate, 0.0, 1.0),
        figures.difference_eur,
        figures.standard_error_eur,
    )
    columns = (values.tolist() for values in shown)
    return [Alternative(*values) for values in zip(names, figures.order_now_units.tolist(), *columns, strict=True)]
