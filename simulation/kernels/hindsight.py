"""Perfect information: the cheapest orders for a path whose whole future is known, by dynamic programming over stock on hand.

An order is priced where it is placed and counted where it arrives; of the epochs whose orders arrive in the same week the
latest is the cheapest. The value of a week is a function of the stock the week before has left. The best order of every
stock comes of two running minima, so that a week costs time proportional to the largest stock:

* where nothing is lost, the cost depends on stock plus order alone: a minimum over larger sums, pack by pack;
* where something is lost, stock leaves no trace in what is left over: a minimum over smaller orders.

Without returns this is exact. Returns couple the weeks: what is sold comes back. They are taken as if all demand were
served, and each unit lost is credited with the most its missing returns can save in handling and holding
(`known_futures.py`): the value is then a lower bound, and still exact where the best plan loses nothing beyond what
no order could save. Largest order and storage capacity are left out, which also leaves a lower bound.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.known_futures import KnownFuture, WeekRates, early_units, known_future, week_rates
from simulation.kernels.order_plans import IntArray
from simulation.kernels.path_costs import COST_TERMS
from simulation.kernels.weekly_simulation import Doubles, PathBlocks, SkuTerms

_INBOUND, _FIXED_ORDER = COST_TERMS.index("inbound"), COST_TERMS.index("fixed_order")


class OrderGrid(NamedTuple):
    """Orders that can be placed, in units: the smallest, and by packs on."""

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
        future = known_future(path, paths, terms)
        rates = week_rates(future, terms)
        most = _most_stock(future, grid, int(terms.on_hand_units))
        value = _values(future, rates, grid, most, terms)
        cost[path] = value[0, 0, int(terms.on_hand_units)] + future.constant_eur + rates.unsold_eur
        _follow(value, future, rates, grid, terms, ordered[path], arriving[path])
    return cost, ordered, arriving


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
    available = stock + early_units(order + future.arriving_units[week], grid.share_64ths)
    lost = max(future.demand_units[week] - available, 0)
    left = total - future.demand_units[week] + lost
    if left >= served.shape[0]:
        return np.inf
    if lost == 0:
        return float(rates.holding[week] * left + served[left])
    return float(rates.holding[week] * left + rates.loss[week] * lost - credit + short[left])


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
        early = early_units(order + known, grid.share_64ths)
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
def _follow(value: Doubles, future: KnownFuture, rates: WeekRates, grid: OrderGrid, terms: SkuTerms, ordered: IntArray, arriving: IntArray) -> None:
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
        available = stock + early_units(best + future.arriving_units[week], grid.share_64ths)
        if available < future.demand_units[week]:
            layer = n_layers - 1
        stock += best + future.arriving_units[week] - min(available, future.demand_units[week])
