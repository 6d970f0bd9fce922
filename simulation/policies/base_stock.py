"""Periodic base-stock: at every review order up to S (method §4). θ = (S,), compared with the inventory position."""

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace, powers_of_two_below
from simulation.policies.protocol import PolicyTerms, Situation, policy_form

_START_LEVELS = (0.5, 0.75, 0.95)


class BaseStockPolicy:
    """Order what is missing to S, on hand and on order counted."""

    name = "base_stock"

    def form(self, situation: Situation) -> PolicyForm:
        """The same under either trigger: base-stock always looks at the inventory position."""
        return policy_form(situation.n_weeks, shape=situation.shape, order_up_to=0)

    def search_space(self, situation: Situation) -> SearchSpace:
        """S in single units up to the largest sampled demand of the horizon."""
        most = np.expand_dims(situation.most_units, -1)
        scale = np.expand_dims(situation.demand_quantile_units(situation.protection_interval_weeks, 0.75), -1)
        return SearchSpace(np.zeros_like(most), most, np.ones_like(most), powers_of_two_below(scale / 8), islands=(1 + len(_START_LEVELS),))

    def starts(self, situation: Situation) -> IntArray:
        """Never order, and quantiles of demand over the protection interval."""
        weeks = situation.protection_interval_weeks
        levels = situation.cover_quantiles_units(_START_LEVELS, n_weeks=weeks, first_weeks=1)
        return np.concatenate((np.zeros_like(levels[..., :1, :]), levels), axis=-2)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """The one parameter."""
        del situation
        return PolicyTerms(base_stock_level_units=int(theta[0]))

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """The one."""
        del situation
        return np.array([words.base_stock_level_units or 0], dtype=np.int64)
