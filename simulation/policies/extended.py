"""Extended periodic (R, s, Q) with a kick-start order: θ = (t₀, Q₀, s, Q, t_limit) (method §4)."""

import math

import numpy as np

from domain.settings import InventorySettings
from simulation.kernels.order_rules import EXTENDED_ON_HAND, EXTENDED_POSITION, IntArray
from simulation.optimizers.protocol import SearchSpace, power_of_two_below
from simulation.policies.protocol import PolicyTerms, Situation

_START_LEVELS = (0.5, 0.75, 0.9)
"""Levels of demand over the protection interval at which reorder points start."""


class ExtendedPolicy:
    """Order Q₀ at t₀; after it, at reviews up to t_limit, order Q when the trigger is breached.

    t₀ = 0 with Q₀ = 0 means: nothing now, let the trigger act at later reviews.
    """

    name = "extended"

    def rule(self, inventory: InventorySettings) -> int:
        """One rule per trigger."""
        return EXTENDED_POSITION if inventory.trigger == "position" else EXTENDED_ON_HAND

    def search_space(self, situation: Situation) -> SearchSpace:
        """Quantities up to the largest sampled demand on the pack grid, the reorder point in single units, weeks as epochs."""
        pack = situation.pack_units
        most = situation.order_units(max(situation.demand_quantile_units(situation.n_weeks, 1.0), 1))
        last = situation.n_weeks - 1
        scale = max(situation.demand_quantile_units(situation.protection_interval_weeks, 0.75), 1)
        quantity_step, point_step = power_of_two_below(scale / 2 / pack), power_of_two_below(scale / 4)
        return SearchSpace(
            lower=np.zeros(5, dtype=np.int64),
            upper=np.array([situation.inventory.initial_order_latest_week, most, most, most, last], dtype=np.int64),
            pitch=np.array([1, pack, 1, pack, 1], dtype=np.int64),
            first_step=np.array([1, quantity_step, point_step, quantity_step, 2], dtype=np.int64),
        )

    def starts(self, situation: Situation) -> IntArray:
        """Never order; one order for the whole horizon; and six pairs of reorder point and order quantity (lab §4)."""
        last = situation.n_weeks - 1
        whole_horizon = situation.demand_quantile_units(situation.n_weeks, 0.75) - situation.inventory_position_units
        rows = [[0, 0, 0, 0, 0], [0, self._on_grid(whole_horizon, situation), 0, 0, 0]]
        for cover_weeks in self._cover_weeks(situation):
            quantity = situation.order_units(cover_weeks * situation.mean_weekly_demand_units)
            for level in _START_LEVELS:
                point = situation.demand_quantile_units(situation.protection_interval_weeks, level)
                kick_start = point + quantity / 2 - situation.inventory_position_units
                rows.append([0, self._on_grid(kick_start, situation), point, quantity, last])
        return np.array(rows, dtype=np.int64)

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

    @staticmethod
    def _on_grid(quantity_units: float, situation: Situation) -> int:
        return situation.order_units(max(quantity_units, 0.0))

    @staticmethod
    def _cover_weeks(situation: Situation) -> tuple[float, float]:
        """Weeks of demand in an order: one review period, and the economic order quantity √(2KD/h) or four weeks more."""
        review = situation.inventory.review_period_weeks
        holding, fixed = situation.terms.cost_rates_eur[0], situation.terms.cost_rates_eur[-1]
        weekly = situation.mean_weekly_demand_units
        if fixed > 0 and holding > 0 and weekly > 0:
            return review, min(max(math.sqrt(2 * fixed / (holding * weekly)), 2 * review), situation.n_weeks)
        return review, review + 4
