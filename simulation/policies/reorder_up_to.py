"""Tuned periodic (s, S): at a review with an inventory position of at most s, order up to S (method §4). θ = (s, S).

A reorder point above the level is the level itself: what is missing to S is then ordered at every review, as base-stock does.
"""

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace, power_of_two_below
from simulation.policies.protocol import PolicyTerms, Situation, policy_form

_START_LEVELS = (0.5, 0.75, 0.95)
"""Levels of demand over the protection interval at which reorder points start, today's and its peak's."""

_DIRECTIONS = np.array([(1, 1), (-1, -1), (0, 1), (0, -1), (1, 0), (-1, 0), (1, -1), (-1, 1)], dtype=np.int64)
"""Both together (the size of an order stays), then each, then a wider or narrower distance around the same middle."""


class ReorderUpToPolicy:
    """Order what is missing to S, but only from s down."""

    name = "s_S"

    def form(self, situation: Situation) -> PolicyForm:
        """The same under either trigger: both parameters are compared with the inventory position."""
        return policy_form(situation.n_weeks, reorder_point=0, order_up_to=1)

    def search_space(self, situation: Situation) -> SearchSpace:
        """Both in single units up to the largest sampled demand of the horizon."""
        scale = situation.demand_quantile_units(situation.protection_interval_weeks, 0.75)
        lower, upper, pitch = (np.full(2, value, dtype=np.int64) for value in (0, situation.most_units, 1))
        return SearchSpace(lower, upper, pitch, np.full(2, power_of_two_below(scale / 4)), directions=_DIRECTIONS, is_rugged=True)

    def starts(self, situation: Situation) -> IntArray:
        """Never order; base-stock; and levels some weeks of demand above the reorder point."""
        covers = situation.cover_quantiles_units(_START_LEVELS, n_weeks=situation.protection_interval_weeks, first_weeks=situation.n_weeks)
        points = (*covers[:, 0].tolist(), *covers.max(axis=1).tolist())
        apart = [0, *(round(weeks * situation.mean_weekly_demand_units) for weeks in situation.order_cover_weeks)]
        rows = [(0, 0), *((point, point + units) for units in apart for point in points)]
        return np.array(list(dict.fromkeys(rows)), dtype=np.int64)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Both parameters, s at most S."""
        del situation
        level = int(theta[1])
        return PolicyTerms(reorder_point_units=min(int(theta[0]), level), base_stock_level_units=level)

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """Both."""
        del situation
        return np.array([words.reorder_point_units or 0, words.base_stock_level_units or 0], dtype=np.int64)
