"""Today's order, settled: of orders that cost alike, the one that was planned, else the one that was found, else the cheaper on the mean.

A search on a few hundred paths cannot tell such orders apart, so it would answer another one every day. They are compared on
further paths, the same ones on every day, with the error of each difference. An order that saves next to nothing is not placed.
Under a percentile what was found is no better than its neighbours by chance, so there the mean decides at once.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from simulation.cost_curve import possible_orders
from simulation.costs import objective_values, percentile_error
from simulation.horizon import has_free_order
from simulation.kernels.chunks import form_at, sku_terms_at
from simulation.kernels.demand_totals import total_demand
from simulation.kernels.order_plans import ABSENT, BLOCK_PATHS, IntArray, PolicyForm, decide, new_plan, plan_orders
from simulation.kernels.path_costs import COST_TERMS, score_first_orders
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.policies.protocol import Situation, SituationOfMany
from simulation.sampling.lead_times import whole_weeks
from simulation.sampling.paths import FloatArray

_RATIOS = np.array((0.5, 0.7, 0.85, 0.93, 1.08, 1.2, 1.4))
"""Other orders to look at, as parts of what the policy orders."""
_LEAST_BENEFIT_EUR = 1.0
_LARGEST_SHARE_OF_REVIEW = 0.1
"""No order has to save more than this share of what a review period's sales earn: cheap articles would be postponed for ever."""
_LEAST_PREVENTED_UNITS, _LEAST_PREVENTED_SHARE = 1.0, 0.1
"""Lost sales that make an order urgent: this many units, and this share of a review period's demand."""
_LOST_SALES = COST_TERMS.index("lost_sales")


class Settled(NamedTuple):
    """Today's order, and what it is for."""

    order_units: int
    prevented_units: float
    """Expected lost sales it prevents, against ordering nothing today."""
    is_urgent: bool
    """Whether it prevents a stock-out that an order on the next order day would not."""


class _Candidates(NamedTuple):
    """Orders that could be placed today, `(n_orders,)`, rising; the first is none."""

    units: IntArray
    path_cost_eur: FloatArray
    """`(n_orders, n_paths)`"""
    sold_units: FloatArray
    """On the mean path."""


def order_of_plan(form: PolicyForm, theta: IntArray, terms: SkuTerms) -> int:
    """What a policy with parameters θ orders today."""
    plan = new_plan(form.quantity_units.size)
    plan_orders(form, theta, terms.orders, plan)
    on_hand, position = terms.on_hand_units, terms.on_hand_units + terms.in_transit_units
    state = [np.full(BLOCK_PATHS, units, dtype=np.float32) for units in (on_hand, position, 0.0)]
    decide(plan.kind[0], plan.trigger_units[0], plan.amount_units[0], terms.orders, *state)
    return int(state[2][0])


def settle_order(form: PolicyForm, theta: IntArray, as_searched_units: int, *, situation: Situation, planned_units: int | None = None) -> Settled:
    """Today's order of one SKU, later ones as the policy decides.

    Where the order follows from a policy's other parameters, or the lead time is long, it is placed as it follows.

    Args:
        form: The policy.
        theta: Its parameters.
        as_searched_units: What it orders today.
        situation: The SKU on paths of the purpose "settle".
        planned_units: What was planned for today the day before; `None` = not known.
    """
    is_free = form.kick_start_units != ABSENT and has_free_order(situation.inventory)
    planned = planned_units if is_free else None
    if not as_searched_units and not planned:
        return Settled(0, 0.0, is_urgent=False)
    units = _other_orders(as_searched_units, planned or 0, situation) if is_free else np.unique((0, as_searched_units))
    cost, sold = score_first_orders(form, theta, units, situation.paths.blocks, situation.terms)
    orders = _Candidates(units, np.asarray(cost, dtype=np.float64), np.asarray(sold))
    chosen = _settled(orders, (planned, as_searched_units), situation) if is_free else units.size - 1
    prevented = float(orders.sold_units[chosen] - orders.sold_units[0])
    review_demand = float(situation.mean_weekly_demand_units) * situation.inventory.review_period_weeks
    is_urgent = prevented >= max(_LEAST_PREVENTED_UNITS, _LEAST_PREVENTED_SHARE * review_demand)
    return Settled(int(units[chosen]), prevented, is_urgent)


def _other_orders(as_searched: int, planned: int, situation: Situation) -> IntArray:
    """None, the order that was found, the one that was planned, and some around."""
    pack = int(situation.pack_units)
    wished = np.concatenate((as_searched * _RATIOS, (as_searched - pack, as_searched + pack)))
    return np.union1d((0, as_searched, planned), possible_orders(np.maximum(wished, 0.0), situation)).astype(np.int64)


def _settled(orders: _Candidates, wished: tuple[int | None, ...], situation: Situation) -> int:
    """Place of the order to place; none where it is not worth it, unless the merchant's fill rate asks for one."""
    allowed = _allowed(orders, situation)
    chosen = _preferred(orders, allowed, situation.inventory.objective, *wished)
    return 0 if allowed[0] and not _is_worth_it(orders, chosen, situation) else chosen


def _allowed(orders: _Candidates, situation: Situation) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Orders that keep the merchant's fill rate; all where none does."""
    floor = situation.inventory.minimum_fill_rate
    demanded = float(total_demand(situation.paths.blocks)) / situation.paths.n_paths
    kept = orders.sold_units >= (floor or 0.0) * demanded
    return kept if kept.any() else np.ones_like(kept)


def _preferred(orders: _Candidates, allowed: np.ndarray[tuple[int], np.dtype[np.bool_]], objective: str, planned: int | None, searched: int | None) -> int:
    """Place of the order to prefer: the planned one where its cost cannot be told from the best.

    Else what the search found under the mean; under a percentile the cheapest on the mean of those that are alike, else the smallest.
    """
    values = np.where(allowed, objective_values(orders.path_cost_eur, objective), np.inf)
    alike = values - values.min() <= _errors(orders.path_cost_eur, int(values.argmin()), objective)
    if planned is not None and (alike & (orders.units == planned)).any():
        return int(np.flatnonzero(orders.units == planned)[0])
    found = np.flatnonzero(allowed & (orders.units == searched))
    if objective == "mean" and found.size:
        return int(found[0])
    return int(np.where(alike, orders.path_cost_eur.mean(axis=1), np.inf).argmin())


def _errors(path_cost_eur: FloatArray, best: int, objective: str) -> FloatArray:
    """Standard error of each order's objective less that of the best, as of independent paths, EUR `(n_orders,)`."""
    if objective != "mean":
        percent = int(objective.removeprefix("cvar").removeprefix("p"))
        return np.full(len(path_cost_eur), percentile_error(np.sort(path_cost_eur[best]), percent))
    difference = path_cost_eur - path_cost_eur[best]
    return np.asarray(difference.std(axis=1) / np.sqrt(path_cost_eur.shape[1]))


def _is_worth_it(orders: _Candidates, chosen: int, situation: Situation) -> bool:
    """Whether the order saves enough, in what the merchant minimises, against ordering nothing today."""
    values = objective_values(orders.path_cost_eur[[0, chosen]], situation.inventory.objective)
    return bool(values[0] - values[1] >= _least_benefit_eur(situation))


def _least_benefit_eur(situation: Situation) -> float:
    given, rates = situation.inventory.smallest_benefit_eur, situation.cost_rates_eur
    least = given if given is not None else float(rates[-1]) or _LEAST_BENEFIT_EUR
    earned = float(rates[_LOST_SALES] * situation.mean_weekly_demand_units) * situation.inventory.review_period_weeks
    return min(least, _LARGEST_SHARE_OF_REVIEW * earned)


def settle_chunk(
    form: PolicyForm,
    thetas: Sequence[IntArray],
    many: SituationOfMany,
    *,
    further: Callable[[list[int]], SituationOfMany],
    planned_units: Sequence[int | None] | None = None,
) -> list[Settled]:
    """`settle_order` for each SKU of a chunk.

    Args:
        form: The policy, of all SKUs.
        thetas: What the search found.
        many: The situation of the search.
        further: The situation of some of the SKUs on paths of the purpose "settle": drawn for those that may order.
        planned_units: What was planned for today the day before, SKU by SKU; `None` = not known.
    """
    planned = [None] * len(thetas) if planned_units is None else planned_units
    searched = [
        order_of_plan(form_at(form, sku), theta, sku_terms_at(many.terms, sku)) if _is_late_demand(many, sku) else 0 for sku, theta in enumerate(thetas)
    ]
    settled = [Settled(0, 0.0, is_urgent=False) for _ in searched]
    ordering = [sku for sku, units in enumerate(searched) if units or planned[sku]]
    if ordering:
        drawn = further(ordering)
        for place, sku in enumerate(ordering):
            settled[sku] = settle_order(form_at(form, sku), thetas[sku], searched[sku], situation=drawn.sku(place), planned_units=planned[sku])
    return settled


def _is_late_demand(many: SituationOfMany, sku: int) -> bool:
    """Whether anything is asked for when an order of today arrives, or later: nothing is ordered that arrives after the last day on sale."""
    arrival = min(whole_weeks(many.inventory.lead_time_weeks), many.n_weeks - 1)
    return bool(many.paths.demand_units[sku, :, arrival:].any())
