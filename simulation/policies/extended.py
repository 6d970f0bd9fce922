"""Extended periodic (R, s, Q) with a kick-start order: θ = (t₀, Q₀, s, Q, t_limit) (method §4)."""

import math

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace, power_of_two_below
from simulation.policies.protocol import PolicyTerms, Situation, policy_form

_START_LEVELS = (0.5, 0.75, 0.9)
"""Levels of demand over the protection interval at which reorder points start."""

_PEAK_LEVELS = (0.5, 0.8)
"""Levels of demand over the busiest protection interval at which they start, too."""

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


class ExtendedPolicy:
    """Order Q₀ at t₀; after it, at reviews up to t_limit, order Q when the trigger is breached.

    t₀ = 0 with Q₀ = 0 means: nothing now, let the trigger act at later reviews.
    """

    name = "extended"

    def form(self, situation: Situation) -> PolicyForm:
        """All five parameters."""
        on_hand = situation.inventory.trigger == "on_hand"
        return policy_form(
            situation.n_weeks, kick_start_epoch=0, kick_start_units=1, reorder_point=2, order_quantity=3, last_epoch=4, uses_on_hand_trigger=on_hand
        )

    def search_space(self, situation: Situation) -> SearchSpace:
        """Quantities up to the largest sampled demand on the pack grid, the reorder point in single units, weeks as epochs."""
        pack, most = situation.pack_units, situation.order_units(situation.most_units)
        last = situation.n_weeks - 1
        scale = max(situation.demand_quantile_units(situation.protection_interval_weeks, 0.75), 1)
        quantity_step, point_step = power_of_two_below(scale / 2 / pack), power_of_two_below(scale / 4)
        return SearchSpace(
            lower=np.zeros(5, dtype=np.int64),
            upper=np.array([situation.inventory.initial_order_latest_week, most, situation.most_units, most, last], dtype=np.int64),
            pitch=np.array([1, pack, 1, pack, 1], dtype=np.int64),
            first_step=np.array([1, quantity_step, point_step, quantity_step, 2], dtype=np.int64),
            directions=_DIRECTIONS,
            is_rugged=True,
        )

    def starts(self, situation: Situation) -> IntArray:
        """Never order; one order for the whole horizon; pairs of reorder point and order quantity (lab §4), for today's demand and for its peak.

        Each pair begins with today's order filling up to the reorder point, with half of what the horizon needs, and a week later.
        """
        n_weeks, position, weekly = situation.n_weeks, situation.inventory_position_units, situation.mean_weekly_demand_units
        protected, later = situation.protection_interval_weeks, min(1, situation.inventory.initial_order_latest_week)
        whole = situation.demand_quantile_units(n_weeks, 0.75)
        covers = situation.cover_quantiles_units(_START_LEVELS + _PEAK_LEVELS, n_weeks=protected, first_weeks=n_weeks)
        points = [*covers[: len(_START_LEVELS), 0].tolist(), *covers[len(_START_LEVELS) :].max(axis=1).tolist()]
        last_that_arrives = max(n_weeks - 1 - math.floor(situation.inventory.lead_time_weeks + 0.5), 0)
        rows = [(0, 0, 0, 0, 0), (0, self._order(whole - position, situation), 0, 0, 0)]
        for cover_weeks in situation.order_cover_weeks:
            for point in points:
                quantity = situation.order_units(cover_weeks * max(weekly, point / (2 * protected)))
                fill = self._order(points[1] + quantity / 2 - position, situation)
                half = self._order(whole / 2 - position, situation)
                rows.append((0, fill, point, quantity, last_that_arrives))
                rows.append((0, half, point, situation.order_units(_LARGE_ORDER_WEEKS * weekly), last_that_arrives))
                rows.append((later, fill, point, quantity, last_that_arrives))
        return np.array(list(dict.fromkeys(rows)), dtype=np.int64)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """All five parameters; a limit before the kick-start is the kick-start itself."""
        kick_start_epoch, kick_start_units, point, quantity, last_epoch = (int(value) for value in theta)
        return PolicyTerms(
            initial_order_epoch=kick_start_epoch,
            initial_order_quantity_units=situation.order_units(kick_start_units),
            reorder_point_units=point,
            order_quantity_units=situation.order_units(quantity),
            last_order_epoch=max(last_epoch, kick_start_epoch),
        )

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """All five."""
        del situation
        values = (words.initial_order_epoch, words.initial_order_quantity_units, words.reorder_point_units, words.order_quantity_units, words.last_order_epoch)
        return np.array([value or 0 for value in values], dtype=np.int64)

    @staticmethod
    def _order(quantity_units: float, situation: Situation) -> int:
        return situation.order_units(max(quantity_units, 0.0))
