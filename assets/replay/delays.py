"""How late a supplier is, week after week: a slow process that all its articles share, and deliveries that keep their sequence."""

from datetime import date, timedelta

import numpy as np
from scipy.special import ndtr, ndtri

from domain.randomness import stable_hash
from simulation.replay.world import FloatArray, IntArray

_WEEKLY_MEMORY = 0.8
"""Correlation of a supplier's delay from one week to the next. Our own choice: who is late this week is mostly late the next."""
_WEEKS_BACK = 26
"""What was more than half a year ago no longer counts: .8²⁶ = .003."""


def supplier_delays(supplier: tuple[str, ...], start: date, n_weeks: int, *, seed: int) -> FloatArray:
    """Where in its distribution of lead times a supplier is in each week from `start` on, in (0, 1), `(n_weeks,)`; the same in every game.

    Args:
        supplier: Merchant and whoever delivers.
        start: Monday.
        n_weeks: How many.
        seed: Of the draws.
    """
    weeks = [start + timedelta(weeks=week) for week in range(-_WEEKS_BACK, n_weeks)]
    news = ndtri([(stable_hash("lead time", *supplier, week, seed) + 0.5) / 2.0**64 for week in weeks])
    weights = _WEEKLY_MEMORY ** np.arange(_WEEKS_BACK, -1, -1)
    state = np.convolve(news, weights[::-1], mode="valid") / np.sqrt((weights**2).sum())
    return np.asarray(ndtr(state))


def in_sequence(lead_time_weeks: IntArray, newest_arrival: int) -> IntArray:
    """Lead times of an order a week, none arriving before the one ahead of it, nor before a week of arrival."""
    epochs = np.arange(lead_time_weeks.size)
    return np.maximum(np.maximum.accumulate(epochs + lead_time_weeks), newest_arrival) - epochs
