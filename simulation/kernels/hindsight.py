"""Perfect information: the cheapest orders for a path whose whole future is known, by dynamic programming over stock on hand.

An order is priced where it is placed and counted where it arrives; of the epochs whose orders arrive in the same week the
latest is the cheapest. The value of a week is a function of the stock the week before has left. The best order of every
stock comes of two running minima, so that a week costs time proportional to the largest stock:

* where nothing is lost, the cost depends on stock plus order alone: a minimum over larger sums, pack by pack;
* where something is lost, stock leaves no trace in what is left over: a minimum over smaller orders.

Without returns this is exact. Returns couple the weeks: what is sold comes back. They are taken as if all demand were
served, and each unit lost is credited with the most its missing returns can save in handling and holding
(`_week_rates`): the value is then a lower bound, and still exact where the best plan loses nothing beyond what
no order could save. Largest order and storage capacity are left out, which also leaves a lower bound.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.order_plans import BLOCK_PATHS, IntArray
from simulation.kernels.weekly_simulation import Doubles, PathBlocks, SkuTerms

_HOLDING, _INBOUND, _OUTBOUND, _RETURNS, _LOST_SALES, _OVERSTOCK, _FIXED_ORDER = 0, 1, 2, 3, 4, 5, 6


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


class OrderGrid(NamedTuple):
    """Orders that can be placed, units: smallest, smallest + pack, …"""

    smallest: int
    pack: int
    share_64ths: int
    """Of arrivals, on hand before demand."""


@kernel
def plan_in_hindsight(paths: PathBlocks, terms: SkuTerms) -> tuple[Doubles, IntArray, IntArray]:
    """The cheapest plan of every path on its own.

    Args:
        paths: The futures.
        terms: The SKU.

    Returns:
        Its cost, EUR `(n_paths,)`, a lower bound where the module says so; and what it orders at each epoch, and what
        arrives of it in each week `(n_paths, n_weeks)`.
    """
    n_paths, n_weeks = paths.n_paths, paths.demand_units.shape[1]
    cost, ordered, arriving = np.empty(n_paths), np.zeros((n_paths, n_weeks), np.int64), np.zeros((n_paths, n_weeks), np.int64)
    pack = int(terms.orders.pack_units)
    grid = OrderGrid(int(np.ceil(terms.orders.minimum_units / terms.orders.pack_units)) * pack, pack, int(terms.inbound_share_before_demand * 64))
    for path in range(n_paths):
        future = _known_future(path, paths, terms)
        rates = _week_rates(future, terms)
        most = _most_stock(future, grid, int(terms.on_hand_units))
        value = _values(future, rates, grid, most, terms)
        cost[path] = value[0, 0, int(terms.on_hand_units)] + future.constant_eur + rates.unsold_eur
        _follow(value, future, rates, grid, terms, ordered[path], arriving[path])
    return cost, ordered, arriving


@kernel
def _known_future(path: int, paths: PathBlocks, terms: SkuTerms) -> KnownFuture:
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
            served = min(on_hand + _early(arriving[week], share), demand[week])
            constant += weights[week] * rates[_LOST_SALES] * (demand[week] - served)
            on_hand += arriving[week] - served
            demand[week] = served
        constant += weights[week] * (rates[_OUTBOUND] * demand[week] + rates[_RETURNS] * returned)
    return KnownFuture(demand, arriving, carried, epochs, constant)


@kernel
def _week_rates(future: KnownFuture, terms: SkuTerms) -> WeekRates:
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
def _early(arriving: int, share_64ths: int) -> int:
    """⌊share · arrivals + ½⌋"""
    return (share_64ths * arriving + 32) // 64


@kernel
def _most_stock(future: KnownFuture, grid: OrderGrid, on_hand: int) -> int:
    """No good plan ever holds more: an order beyond the demand that is left pays only to have its early share in time."""
    total, largest, arriving = future.demand_units.sum(), future.demand_units.max(), future.arriving_units.sum()
    to_be_early = 64 * largest // grid.share_64ths + 1 if grid.share_64ths > 0 else 0
    return int(max(on_hand, total + grid.smallest, to_be_early) + grid.pack + arriving)


@kernel
def _values(future: KnownFuture, rates: WeekRates, grid: OrderGrid, most: int, terms: SkuTerms) -> Doubles:
    """Cheapest cost of the weeks from each week on `(n_weeks + 1, n_layers, most + 1)`, EUR, by stock on hand.

    With returns there are two layers: nothing lost so far, and something.
    """
    n_weeks, n_layers = future.demand_units.shape[0], 2 if terms.n_lags > 0 else 1
    value = np.full((n_weeks + 1, n_layers, most + 1), np.inf)
    value[n_weeks] = 0.0
    room = most + future.demand_units.max() + grid.pack + 1
    by_sum, by_order = np.empty(room), np.empty(most + 2)
    for week in range(n_weeks - 1, -1, -1):
        for layer in range(n_layers):
            served, short, credit = value[week + 1, layer], value[week + 1, n_layers - 1], rates.slack[week] if layer < n_layers - 1 else 0.0
            for stock in range(most + 1):
                value[week, layer, stock] = _week_cost(week, stock, 0, future, rates, grid, served, short, credit)
            if future.order_epoch[week] >= 0:
                _order(week, future, rates, grid, terms, served, short, credit, by_sum, by_order, value[week, layer])
    return value


@kernel
def _week_cost(
    week: int, stock: int, order: int, future: KnownFuture, rates: WeekRates, grid: OrderGrid, served: Doubles, short: Doubles, credit: float
) -> float:
    """A week and all after it, from a stock and an order that arrives in it; the order itself is not charged."""
    total = stock + order + future.arriving_units[week]
    available = stock + _early(order + future.arriving_units[week], grid.share_64ths)
    lost = max(future.demand_units[week] - available, 0)
    left = total - future.demand_units[week] + lost
    if left >= served.shape[0]:
        return np.inf
    if lost == 0:
        return rates.holding[week] * left + served[left]
    return rates.holding[week] * left + rates.loss[week] * lost - credit + short[left]


@kernel
def _order(
    week: int,
    future: KnownFuture,
    rates: WeekRates,
    grid: OrderGrid,
    terms: SkuTerms,
    served: Doubles,
    short: Doubles,
    credit: float,
    by_sum: Doubles,
    by_order: Doubles,
    value: Doubles,
) -> None:
    """Lower `value` `(most + 1,)` to what the best order that arrives in this week makes of it."""
    most, demand, known, weight = value.shape[0] - 1, future.demand_units[week], future.arriving_units[week], terms.discount_weights[future.order_epoch[week]]
    price, fixed = weight * terms.cost_rates_eur[_INBOUND], weight * terms.cost_rates_eur[_FIXED_ORDER]
    # Nothing lost: the cost of stock + order, the cheapest of this sum and of those by whole packs above it.
    largest_sum = most + demand - known
    for total in range(largest_sum, -1, -1):
        left = total + known - demand
        here = price * total + rates.holding[week] * left + served[left] if left >= 0 else np.inf
        by_sum[total] = min(here, by_sum[total + grid.pack] if total + grid.pack <= largest_sum else np.inf)
    # Something lost: the cost of an order, the cheapest of this one and of smaller ones.
    n_orders = 0
    for order in range(grid.smallest, most + 1, grid.pack):
        early = _early(order + known, grid.share_64ths)
        left = order + known - early
        if early >= demand or left > most:
            break
        here = price * order - rates.loss[week] * early + rates.holding[week] * left + short[left]
        by_order[n_orders] = min(here, by_order[n_orders - 1]) if n_orders > 0 else here
        n_orders += 1
    for stock in range(most + 1):
        enough = _enough(demand - stock, known, grid)
        if stock + enough <= largest_sum:
            value[stock] = min(value[stock], fixed - price * stock + by_sum[stock + enough])
        n_short = min((enough - grid.smallest) // grid.pack, n_orders)
        if n_short > 0:
            value[stock] = min(value[stock], fixed + rates.loss[week] * (demand - stock) - credit + by_order[n_short - 1])


@kernel
def _enough(missing: int, known: int, grid: OrderGrid) -> int:
    """Smallest order of whose arrivals enough are on hand before demand."""
    if missing <= 0:
        return grid.smallest
    if grid.share_64ths == 0:
        return 1 << 40
    needed = -((32 - 64 * missing) // grid.share_64ths) - known
    return grid.smallest + max(-((grid.smallest - needed) // grid.pack), 0) * grid.pack


@kernel
def _follow(
    value: Doubles, future: KnownFuture, rates: WeekRates, grid: OrderGrid, terms: SkuTerms, ordered: IntArray, arriving: IntArray
) -> None:
    """The orders of the cheapest plan, week by week from the stock at hand: by epoch into `ordered`, by week of arrival into `arriving`."""
    stock, layer, n_layers, most = int(terms.on_hand_units), 0, value.shape[1], value.shape[2] - 1
    for week in range(future.demand_units.shape[0]):
        served, short, credit = value[week + 1, layer], value[week + 1, n_layers - 1], rates.slack[week] if layer < n_layers - 1 else 0.0
        best, lowest, epoch = 0, _week_cost(week, stock, 0, future, rates, grid, served, short, credit), future.order_epoch[week]
        if epoch >= 0:
            weight = terms.discount_weights[epoch]
            for order in range(grid.smallest, most + future.demand_units[week] + 1, grid.pack):
                charge = weight * (terms.cost_rates_eur[_INBOUND] * order + terms.cost_rates_eur[_FIXED_ORDER])
                cost = charge + _week_cost(week, stock, order, future, rates, grid, served, short, credit)
                if cost < lowest:
                    best, lowest = order, cost
        if best > 0:
            ordered[epoch], arriving[week] = best, best
        available = stock + _early(best + future.arriving_units[week], grid.share_64ths)
        if available < future.demand_units[week]:
            layer = n_layers - 1
        stock += best + future.arriving_units[week] - min(available, future.demand_units[week])
