"""How far a plan must look: twelve weeks, or more where an order of today arrives so late that its effect would not be seen.

The forecast ends after twelve weeks. Beyond them each week is the mean of the last four, quantile by quantile; a demand that
has ended stays ended. A season that begins later is not foreseen.
"""

import math

import numpy as np

from domain.settings import InventorySettings
from domain.stage_tables import HORIZON_WEEKS
from domain.vector_chunk import VectorChunk

LONGEST_HORIZON_WEEKS = 30
"""A path keeps a lead time as one bit of 31."""

LONGEST_FREE_LEAD_TIME_WEEKS = 8.0
_SEEN_WEEKS = 3
"""Weeks that a plan looks beyond the review after the arrival of an order of today."""
_LATE_SHARE = 1.25
"""Deliveries a quarter late are still seen."""
_LAST_WEEKS = 4


def horizon_weeks(inventory: InventorySettings) -> int:
    """Weeks simulated: 12 for lead times up to six weeks with weekly reviews."""
    needed = math.ceil(_LATE_SHARE * inventory.lead_time_weeks + inventory.review_period_weeks + _SEEN_WEEKS)
    return min(max(needed, HORIZON_WEEKS), LONGEST_HORIZON_WEEKS)


def is_plannable(inventory: InventorySettings) -> bool:
    """Whether an order of today arrives within the longest horizon, with a review after it."""
    return inventory.lead_time_weeks + inventory.review_period_weeks + 1 <= LONGEST_HORIZON_WEEKS


def has_free_order(inventory: InventorySettings) -> bool:
    """Whether today's order is worth a search of its own.

    With a long lead time the next order does nearly as well as today's on every path: postponed from week to week, nothing would ever be
    ordered. Today's order then fills up to the level that later ones fill up to.
    """
    return inventory.lead_time_weeks <= LONGEST_FREE_LEAD_TIME_WEEKS


def to_horizon(chunk: VectorChunk, n_weeks: int) -> VectorChunk:
    """The chunk's arrays by week, with `n_weeks` weeks; what arrives later still is in transit only."""
    if n_weeks == HORIZON_WEEKS:
        return chunk
    n_more, quantiles = n_weeks - HORIZON_WEEKS, chunk.demand_quantiles_units
    last = quantiles[:, -_LAST_WEEKS:].mean(axis=1) * (quantiles[:, -1, -1] > 0)[:, None]
    later = chunk.inbound_later_units[:, :n_more]
    wider = ((0, 0), (0, n_more))
    return chunk._replace(
        demand_quantiles_units=np.concatenate((quantiles, np.repeat(last[:, None], n_more, axis=1)), axis=1),
        inbound_units=np.concatenate((chunk.inbound_units, np.pad(later, ((0, 0), (0, n_more - later.shape[1])))), axis=1),
        returns_due_units=np.pad(chunk.returns_due_units, wider),
        return_lag_weights=np.pad(chunk.return_lag_weights, wider),
    )
