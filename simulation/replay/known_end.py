"""Planning to a known end: no order after the last one, no cost after the last week.

The simulation runs twelve weeks or more. Here the weeks beyond the end lose their demand and their rates, and what is ordered after the
last order never arrives and costs nothing, whichever policy orders it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.kernels.chunks import ChunkPaths, ChunkTerms
from simulation.kernels.path_costs import COST_TERMS
from simulation.policies.protocol import SituationOfMany
from simulation.sku_terms import week_rates

_WEEK_INBOUND, _WEEK_FIXED_ORDER = 1, 5
"""Columns of `week_rates_eur`."""


class End(NamedTuple):
    """Counted from an epoch."""

    n_orders: int
    """Orders that may still be placed, this epoch's included."""
    n_weeks: int
    """Weeks whose cost counts."""


def to_known_end(many: SituationOfMany, end: End) -> SituationOfMany:
    """The situation of SKUs whose game ends; unchanged where the end lies beyond the horizon."""
    n_weeks = many.n_weeks
    if end.n_weeks > n_weeks or (end.n_weeks == n_weeks and end.n_orders >= n_weeks):
        return many
    return SituationOfMany(_ended_terms(many.terms, end), many.inventory, _ended_paths(many.paths, end))


def arrives_in_time(paths: ChunkPaths, end: End) -> npt.NDArray[np.bool_]:
    """Whether an order of each epoch can arrive before the end on any path `(n_skus, n_weeks)`: the others are no use to anyone."""
    n_weeks = paths.arrivals.shape[2]
    in_time = np.zeros((len(paths.arrivals), n_weeks), dtype=np.bool_)
    for week in range(min(end.n_weeks, n_weeks)):
        arriving = np.bitwise_or.reduce(paths.arrivals[:, :, week], axis=(1, 2))
        for epoch in range(week + 1):
            in_time[:, epoch] |= (arriving >> (week - epoch)) & 1 == 1
    return in_time


def _ended_terms(terms: ChunkTerms, end: End) -> ChunkTerms:
    discount = np.where(np.arange(terms.discount_weights.size) < end.n_weeks, terms.discount_weights, 0.0)
    rates = week_rates(terms.cost_rates_eur, discount)
    rates[:, end.n_weeks - 1, 0] += np.asarray(discount[end.n_weeks - 1] * terms.cost_rates_eur[:, COST_TERMS.index("overstock")], dtype=np.float32)
    rates[:, end.n_orders :, [_WEEK_INBOUND, _WEEK_FIXED_ORDER]] = 0
    return terms._replace(week_rates_eur=rates, discount_weights=discount)


def _ended_paths(paths: ChunkPaths, end: End) -> ChunkPaths:
    demand, arrivals = paths.demand_units, paths.arrivals
    demand[:, :, end.n_weeks :] = 0
    for week in range(end.n_orders, demand.shape[2]):  # bit ℓ of a week is the order of epoch week − ℓ
        arrivals[:, :, week] &= ~np.int32((1 << (week - end.n_orders + 1)) - 1)
    return paths
