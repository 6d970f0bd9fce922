"""Changes of one SKU or of two, the cheapest at the prices first.

Orders that were chosen at the right prices nearly keep the limits; what is left is a matter of a few SKUs that are worth about the
same either way. A change is as promising as its cost at the prices, its *reduced* cost, is low.
"""

from typing import NamedTuple

import numpy as np

from simulation.constraints.orders import Move, Orders
from simulation.constraints.problem import FloatArray, loosened

_MOST_MOVES = 4_000
"""Changes of one SKU looked at in a sweep."""
_MOST_PAIRED = 200
"""Changes that are tried in pairs, and pairs that are looked at."""


class Moves(NamedTuple):
    """Changes of one SKU."""

    moves: list[Move]
    dearer_eur: FloatArray
    """`(n_moves,)` what each costs at the prices, more than the cheapest order of its SKU."""


def cheap_moves(reduced: FloatArray, orders: Orders, *, within_eur: float) -> Moves:
    """The cheapest changes at the prices, ties in order of key; what costs more than `within_eur` cannot be part of anything that gains as much."""
    dearer = reduced - reduced.min(axis=1, keepdims=True)
    dearer[np.arange(len(orders.chosen)), orders.chosen] = np.inf
    flat = np.flatnonzero((dearer.ravel() <= within_eur) & np.isfinite(dearer.ravel()))
    costs = dearer.ravel()[flat]
    if flat.size > _MOST_MOVES:
        kept = costs <= np.partition(costs, _MOST_MOVES - 1)[_MOST_MOVES - 1]
        flat, costs = flat[kept], costs[kept]
    order = np.argsort(costs, kind="stable")[:_MOST_MOVES]
    return Moves([Move(*divmod(int(place), reduced.shape[1])) for place in flat[order]], costs[order])


def take_single(orders: Orders, moves: Moves) -> bool:
    """Take every change that helps on its own; whether any did."""
    n_taken = 0
    for move in moves.moves:
        if orders.chosen[move.sku] != move.column and orders.is_improved_by(orders.after((move,))):
            orders.take((move,))
            n_taken += 1
    return n_taken > 0


def take_pairs(orders: Orders, moves: Moves) -> bool:
    """Take pairs of changes that help, one making room for the other; whether any does."""
    pairs = _Pairs(orders, moves)
    limits = orders.limits
    fits = (pairs.spent_eur <= loosened(limits.budget_eur)) & (pairs.units <= loosened(limits.capacity_units))
    n_taken = 0
    for pair in pairs.by(np.where(fits, pairs.penalized_cost_eur, np.inf)):
        if orders.is_improved_by(orders.after(pair)):
            orders.take(pair)
            n_taken += 1
    return n_taken > 0


def take_pair_that_reduces_excess(orders: Orders, reduced: FloatArray) -> bool:
    """Take the pair that comes nearer to budget and capacity at the least cost for it, and keeps the minimums; whether there is one."""
    moves = cheap_moves(reduced, orders, within_eur=np.inf)
    pairs, limits, now = _Pairs(orders, moves), orders.limits, orders.excess(orders.totals)
    over = np.zeros_like(pairs.units)
    for used, limit in ((pairs.spent_eur, limits.budget_eur), (pairs.units, limits.capacity_units)):
        if np.isfinite(limit):
            over += np.maximum(used - loosened(limit), 0.0) / max(limit, 1.0)
    less = now - over
    rate = np.where(less > 0, pairs.dearer_eur / np.where(less > 0, less, 1.0), np.inf)
    for pair in pairs.by(rate):
        then = orders.after(pair)
        if orders.excess(then) < now and orders.keeps_minimums(then):
            orders.take(pair)
            return True
    return False


class _Pairs:
    """What pairs of the cheapest changes would add up to, `(n_moves, n_moves)`."""

    def __init__(self, orders: Orders, moves: Moves) -> None:
        self.moves, self.limits, self.now = moves.moves[:_MOST_PAIRED], orders.limits, orders.totals
        self._alone = [orders.after((move,)) for move in self.moves]
        self.spent_eur, self.units = self._together("spent_eur"), self._together("units")
        dearer = moves.dearer_eur[: len(self.moves)]
        self.dearer_eur = dearer[:, None] + dearer[None, :]

    def _together(self, name: str) -> FloatArray:
        now = getattr(self.now, name)
        more = np.array([getattr(totals, name) - now for totals in self._alone]).reshape(len(self._alone), *np.shape(now))
        return np.asarray(more[:, None] + more[None, :] + now)

    @property
    def penalized_cost_eur(self) -> FloatArray:
        """With the floors' shortfalls at their highest prices."""
        short = np.maximum(self.limits.floor_units - self._together("served_units"), 0.0)
        return np.asarray(self._together("cost_eur") + short @ self.limits.floor_highest_price_eur)

    def by(self, rank: FloatArray) -> list[tuple[Move, Move]]:
        """Pairs of two SKUs by rising rank, ties in order of the changes; those without a finite one left out."""
        sku = np.array([move.sku for move in self.moves], dtype=np.int64)
        is_pair = np.triu(sku[:, None] != sku[None, :], k=1) & np.isfinite(rank)
        flat = np.flatnonzero(is_pair)
        order = np.argsort(rank.ravel()[flat], kind="stable")[:_MOST_PAIRED]
        places = (divmod(int(place), len(self.moves)) for place in flat[order])
        return [(self.moves[first], self.moves[second]) for first, second in places]
