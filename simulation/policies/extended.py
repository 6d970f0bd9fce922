"""Extended periodic (R, s, Q) with a kick-start order: θ = (t₀, Q₀, s, Q, t_limit) (method §4)."""

import math
from collections.abc import Sequence

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace, powers_of_two_below
from simulation.policies.protocol import PolicyTerms, Situation, policy_form

_START_LEVELS = (0.5, 0.75, 0.9)
"""Levels of demand over the protection interval at which reorder points start."""

_PEAK_LEVELS = (0.5, 0.8)
"""Levels of demand over the busiest protection interval at which they start, too."""

_WHOLE_LEVELS, _SPREAD_WEEKS = (0.6, 0.8), (2, 3, 4, 5, 6, 8, 10)
"""Levels of the horizon's demand that spread orders make up, and the weeks they end in."""

_ISLANDS = (2 + 2 * 2 * (len(_START_LEVELS) + len(_PEAK_LEVELS)), 2 * (len(_START_LEVELS) + len(_PEAK_LEVELS)), 3 * len(_WHOLE_LEVELS) * len(_SPREAD_WEEKS))
"""Starts that order once or at a trigger from now; from a week later; that spread their orders."""

_LARGE_ORDER_WEEKS = 4
"""Weeks of mean demand in the orders that follow a large first one."""

_DIRECTIONS = np.array(
    [
        (0, 1, 0, 0, 0),
        (0, -1, 0, 0, 0),
        (0, 0, 1, 0, 0),
        (0, 0, -1, 0, 0),
        (0, 0, 0, 1, 0),
        (0, 0, 0, -1, 0),
        (0, 0, 1, -1, 0),
        (0, 0, -1, 1, 0),
        (0, 1, -1, 0, 0),
        (0, -1, 1, 0, 0),
        (0, 1, 1, 0, 0),
        (0, -1, -1, 0, 0),
        (0, 0, 0, 0, -1),
        (0, 0, 0, 0, 1),
        (1, 0, 0, 0, 0),
        (-1, 0, 0, 0, 0),
    ],
    dtype=np.int64,
)
"""Each parameter up and down, and exchanges along ridges: reorder point for quantity, first order for reorder point."""


_RIDGES = np.array([(4, 3)], dtype=np.int64)
"""Fewer weeks with larger orders bring as much."""


class ExtendedPolicy:
    """Order Q₀ at t₀; after it, at reviews up to t_limit, order Q when the trigger is breached.

    t₀ = 0 with Q₀ = 0 means: nothing now, let the trigger act at later reviews.
    """

    name = "extended"

    def form(self, situation: Situation) -> PolicyForm:
        """All five parameters."""
        on_hand = situation.inventory.trigger == "on_hand"
        return policy_form(
            situation.n_weeks,
            shape=situation.shape,
            kick_start_epoch=0,
            kick_start_units=1,
            reorder_point=2,
            order_quantity=3,
            last_epoch=4,
            uses_on_hand_trigger=on_hand,
        )

    def search_space(self, situation: Situation) -> SearchSpace:
        """Quantities up to the largest sampled demand on the pack grid, the reorder point in single units, weeks as epochs."""
        pack, most, points = situation.pack_units, situation.order_units(situation.most_units), situation.most_units
        scale = np.maximum(situation.remembered(_covers)[..., -1, :].max(axis=-1), 1)
        quantity_step, point_step, one = powers_of_two_below(scale / 2 / pack), powers_of_two_below(scale / 4), np.ones_like(pack)
        latest, last = situation.inventory.initial_order_latest_week * one, (situation.n_weeks - 1) * one
        upper = np.stack((latest, most, points, most, last), axis=-1)
        return SearchSpace(
            lower=np.zeros_like(upper),
            upper=upper,
            pitch=np.stack((one, pack, one, pack, one), axis=-1),
            first_step=np.stack((one, quantity_step, point_step, quantity_step, 2 * one), axis=-1),
            directions=_DIRECTIONS,
            ridges=_RIDGES,
            islands=_ISLANDS,
            is_rugged=True,
        )

    def starts(self, situation: Situation) -> IntArray:
        """Never order, or once; pairs of reorder point and order quantity (lab §4), from now and from a week later; orders spread evenly."""
        now, later, spread = self._orders_at_a_trigger(situation, 0), self._orders_at_a_trigger(situation, 1), self._orders_spread(situation)
        return np.concatenate((self._one_order(situation), now, later, spread), axis=-2)

    def _one_order(self, situation: Situation) -> IntArray:
        """Never order, and one order for the whole horizon."""
        whole = situation.demand_quantile_units(situation.n_weeks, 0.75)
        nothing = np.zeros_like(whole)
        return _rows([(nothing,) * 5, (nothing, situation.order_units(whole - situation.inventory_position_units), nothing, nothing, nothing)])

    def _orders_at_a_trigger(self, situation: Situation, first_epoch: int) -> IntArray:
        """Pairs of reorder point and order quantity, the first order filling up to the point; if it is now, also with half of what the horizon needs."""
        n_weeks, position, weekly = situation.n_weeks, situation.inventory_position_units, situation.mean_weekly_demand_units
        protected, first = situation.protection_interval_weeks, min(first_epoch, situation.inventory.initial_order_latest_week)
        covers = situation.remembered(_covers)
        points = [*np.moveaxis(covers[..., : len(_START_LEVELS), 0], -1, 0), *np.moveaxis(covers[..., len(_START_LEVELS) :, :].max(axis=-1), -1, 0)]
        order, start = situation.order_units, np.full(situation.shape, first)
        half = order(situation.demand_quantile_units(n_weeks, 0.75) / 2 - position)
        last, large = np.full(situation.shape, _last_that_arrives(situation)), order(_LARGE_ORDER_WEEKS * weekly)
        rows = []
        for cover_weeks in situation.order_cover_weeks:
            for point in points:
                quantity = order(cover_weeks * np.maximum(weekly, point / (2 * protected)))
                rows.append((start, order(points[1] + quantity / 2 - position), point, quantity, last))
                rows += [] if first_epoch else [(start, half, point, large, last)]
        return _rows(rows)

    @staticmethod
    def _orders_spread(situation: Situation) -> IntArray:
        """Equal orders at every review up to a week, whatever the stock, that make up what the horizon needs with a first one."""
        position, order = situation.inventory_position_units, situation.order_units
        covers = situation.remembered(_covers)
        always, soon = covers[..., -1, :].max(axis=-1), covers[..., 1, 0]
        rows = []
        for level in _WHOLE_LEVELS:
            missing = situation.demand_quantile_units(situation.n_weeks, level) - position
            for week in _SPREAD_WEEKS:
                last = min(week, _last_that_arrives(situation))
                n_later = max(last // situation.inventory.review_period_weeks, 1)
                firsts = (order(soon - position), order(missing / (n_later + 1)), order(missing / 3))
                rows += [(np.zeros_like(first), first, always, order((missing - first) / n_later), np.full(situation.shape, last)) for first in firsts]
        return _rows(rows)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """All five parameters; a limit before the kick-start is the kick-start itself."""
        kick_start_epoch, kick_start_units, point, quantity, last_epoch = (int(value) for value in theta)
        return PolicyTerms(
            initial_order_epoch=kick_start_epoch,
            initial_order_quantity_units=int(situation.order_units(kick_start_units)),
            reorder_point_units=point,
            order_quantity_units=int(situation.order_units(quantity)),
            last_order_epoch=max(last_epoch, kick_start_epoch),
        )

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """All five."""
        del situation
        values = (words.initial_order_epoch, words.initial_order_quantity_units, words.reorder_point_units, words.order_quantity_units, words.last_order_epoch)
        return np.array([value or 0 for value in values], dtype=np.int64)


def _rows(rows: Sequence[tuple[IntArray, ...]]) -> IntArray:
    """`(…, n_rows, 5)` whole numbers."""
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2).astype(np.int64)


def _covers(situation: Situation) -> IntArray:
    """Demand over a protection interval from each week on, at the levels of today's and of the busiest one `(…, n_levels, n_weeks)`."""
    return situation.cover_quantiles_units(_START_LEVELS + _PEAK_LEVELS, n_weeks=situation.protection_interval_weeks, first_weeks=situation.n_weeks)


def _last_that_arrives(situation: Situation) -> int:
    """The last epoch whose order arrives within the horizon, at the mean lead time."""
    return max(situation.n_weeks - 1 - math.floor(situation.inventory.lead_time_weeks + 0.5), 0)
