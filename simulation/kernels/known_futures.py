"""One path whose whole future is known, as the dynamic program of `hindsight.py` sees it, and what its weeks cost.

Returns couple the weeks: what is sold comes back. They are taken as if all demand were served, and each unit lost is
credited with the most its missing returns can save in handling and holding. Demand that no order could save is taken out
before: until the first order can arrive, the weeks run as they must.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.order_plans import BLOCK_PATHS, IntArray
from simulation.kernels.path_costs import COST_TERMS
from simulation.kernels.weekly_simulation import Doubles, PathBlocks, SkuTerms

_HOLDING, _OUTBOUND, _RETURNS = COST_TERMS.index("holding"), COST_TERMS.index("outbound"), COST_TERMS.index("returns")
_LOST_SALES, _OVERSTOCK = COST_TERMS.index("lost_sales"), COST_TERMS.index("overstock")


class KnownFuture(NamedTuple):
    """One path as the dynamic program sees it; `(n_weeks,)` each unless said otherwise."""

    demand_units: IntArray
    """Without what no order could save."""
    arriving_units: IntArray
    """Shipments and returns [A + B without orders], as if all of this demand were served."""
    carried: Doubles
    """Part of a returned unit carried on after each week."""
    order_epoch: IntArray
    """Latest epoch whose order arrives in the week; −1 = none."""
    constant_eur: float
    """What the path costs whatever is ordered, if all of this demand is served."""


class WeekRates(NamedTuple):
    """Discounted EUR per unit, `(n_weeks,)` each."""

    holding: Doubles
    loss: Doubles
    """Of a unit lost instead of sold; with returns the most cautious of the weeks so far, never below 0."""
    slack: Doubles
    """Credited once, in the week that loses first: returns are whole units, expectations are not."""
    unsold_eur: float
    """With returns, where a sale costs more than it earns: what serving none of it saves at most (≤ 0)."""


@kernel
def known_future(path: int, paths: PathBlocks, terms: SkuTerms) -> KnownFuture:
    """Run the weeks until the first order can arrive as they are, and the later ones as if all demand were served."""
    n_weeks, block, lane = paths.demand_units.shape[1], path // BLOCK_PATHS, path % BLOCK_PATHS
    demand, arriving, epochs, carried = np.zeros(n_weeks, np.int64), np.zeros(n_weeks, np.int64), np.full(n_weeks, -1, np.int64), np.zeros(n_weeks)
    share, rates, weights = int(terms.inbound_share_before_demand * 64), terms.cost_rates_eur, terms.discount_weights
    on_hand, rest, constant, can_arrive = int(terms.on_hand_units), float(paths.return_offset[block, lane]), 0.0, False
    for week in range(n_weeks):
        for lead in range(week + 1):
            if (paths.arrivals[block, week, lane] >> lead) & 1 and epochs[week] < 0 and week - lead >= terms.orders.first_decision_epoch:
                epochs[week] = week - lead
        can_arrive = can_arrive or epochs[week] >= 0
        rest += float(terms.returns_due_units[week])
        for lag in range(1, min(week, terms.n_lags) + 1):
            rest += float(terms.return_weights[lag - 1]) * demand[week - lag]
        returned = int(np.floor(rest))
        rest -= returned
        carried[week], arriving[week], demand[week] = rest, int(paths.inbound_units[block, week, lane]) + returned, int(paths.demand_units[block, week, lane])
        if not can_arrive:
            served = min(on_hand + early_units(arriving[week], share), demand[week])
            constant += weights[week] * rates[_LOST_SALES] * (demand[week] - served)
            on_hand += arriving[week] - served
            demand[week] = served
        constant += weights[week] * (rates[_OUTBOUND] * demand[week] + rates[_RETURNS] * returned)
    return KnownFuture(demand, arriving, carried, epochs, constant)


@kernel
def week_rates(future: KnownFuture, terms: SkuTerms) -> WeekRates:
    """What the path's weeks cost per unit, once its returns are as if all demand were served."""
    n_weeks, rates, weights = future.demand_units.shape[0], terms.cost_rates_eur, terms.discount_weights
    holding = rates[_HOLDING] * weights
    holding[n_weeks - 1] += rates[_OVERSTOCK] * weights[n_weeks - 1]
    loss, slack, unsold = (rates[_LOST_SALES] - rates[_OUTBOUND]) * weights, np.zeros(n_weeks), 0.0
    if terms.n_lags > 0:
        _credit_missing_returns(loss, holding, terms)
        unsold = _let_fall(loss, future)
        # Fewer than one unit more is missing than expected: what `carried` leaves of one, from the week after the loss on.
        for later in range(n_weeks - 1, 0, -1):
            handled = rates[_RETURNS] * (weights[later] - (weights[later + 1] if later + 1 < n_weeks else 0.0))
            slack[later - 1] = slack[later] + (holding[later] + handled) * (1.0 - future.carried[later])
    return WeekRates(holding, loss, slack, unsold)


@kernel
def _credit_missing_returns(loss: Doubles, holding: Doubles, terms: SkuTerms) -> None:
    """Take off what the missing returns of a lost unit save at most: their handling, and holding them to the end."""
    for week in range(loss.shape[0]):
        missing = 0.0
        for lag in range(1, loss.shape[0] - week):
            weight = float(terms.return_weights[lag - 1]) if lag <= terms.n_lags else 0.0
            missing += weight
            handled = terms.cost_rates_eur[_RETURNS] * terms.discount_weights[week + lag]
            loss[week] -= weight * handled + missing * holding[week + lag]


@kernel
def _let_fall(loss: Doubles, future: KnownFuture) -> float:
    """None below 0, no later loss dearer than an earlier one; returns what is taken off for the former, all demand lost (≤ 0).

    With returns as if all demand were served, a plan may lose later what it would lose now: at no higher price.
    """
    lowest, unsold = np.inf, 0.0
    for week in range(loss.shape[0]):
        if future.order_epoch[week] >= 0 or lowest < np.inf:
            unsold += future.demand_units[week] * min(loss[week], 0.0)
            lowest = min(lowest, max(loss[week], 0.0))
            loss[week] = lowest
    return unsold


@kernel
def early_units(arriving: int, share_64ths: int) -> int:
    """⌊share · arrivals + ½⌋, what is on hand before demand."""
    return (share_64ths * arriving + 32) // 64
