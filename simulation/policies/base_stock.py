"""Periodic base-stock: at every review order up to S (method §4). θ = (S,), compared with the inventory position."""

import numpy as np

from domain.settings import InventorySettings
from simulation.kernels.order_rules import BASE_STOCK, IntArray
from simulation.optimizers.protocol import SearchSpace, power_of_two_below
from simulation.policies.protocol import PolicyTerms, Situation

_START_LEVELS = (0.5, 0.75, 0.95)


class BaseStockPolicy:
    """Order what is missing to S, on hand and on order counted."""

    name = "base_stock"

    def rule(self, inventory: InventorySettings) -> int:
        """The same under either trigger: base-stock always looks at the inventory position."""
        del inventory
        return BASE_STOCK

    def search_space(self, situation: Situation) -> SearchSpace:
        """S in single units up to the largest sampled demand of the horizon."""
        scale = situation.demand_quantile_units(situation.protection_interval_weeks, 0.75)
        most = max(situation.demand_quantile_units(situation.n_weeks, 1.0), 1)
        first_step = power_of_two_below(scale / 8)
        return SearchSpace(*(np.array([value], dtype=np.int64) for value in (0, most, 1, first_step)))

    def starts(self, situation: Situation) -> IntArray:
        """Never order, and quantiles of demand over the protection interval."""
        weeks = situation.protection_interval_weeks
        levels = [0] + [situation.demand_quantile_units(weeks, level) for level in _START_LEVELS]
        return np.array(levels, dtype=np.int64)[:, None]

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """The one parameter."""
        del situation
        return PolicyTerms(base_stock_level_units=int(theta[0]))
