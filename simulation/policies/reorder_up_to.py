"""Tuned periodic (s, S): at a review with an inventory position of at most s, order up to S (method §4). θ = (s, S).

A reorder point above the level is the level itself: what is missing to S is then ordered at every review, as base-stock does.
"""

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace, powers_of_two_below
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
        return policy_form(situation.n_weeks, shape=situation.shape, reorder_point=0, order_up_to=1)

    def search_space(self, situation: Situation) -> SearchSpace:
        """Both in single units up to the largest sampled demand of the horizon."""
        scale = situation.demand_quantile_units(situation.protection_interval_weeks, 0.75)
        upper, step = (np.stack((values, values), axis=-1) for values in (situation.most_units, powers_of_two_below(scale / 4)))
        islands = (1 + 3 * 2 * len(_START_LEVELS),)
        return SearchSpace(np.zeros_like(upper), upper, np.ones_like(upper), step, directions=_DIRECTIONS, islands=islands, is_rugged=True)

    def starts(self, situation: Situation) -> IntArray:
        """Never order; base-stock; and levels some weeks of demand above the reorder point."""
        covers = situation.cover_quantiles_units(_START_LEVELS, n_weeks=situation.protection_interval_weeks, first_weeks=situation.n_weeks)
        points = np.concatenate((covers[..., 0], covers.max(axis=-1)), axis=-1)
        apart = [np.floor(weeks * situation.mean_weekly_demand_units + 0.5).astype(np.int64)[..., None] for weeks in situation.order_cover_weeks]
        rows = [np.stack((points, points + units), axis=-1) for units in (np.zeros_like(apart[0]), *apart)]
        return np.concatenate((np.zeros_like(rows[0][..., :1, :]), *rows), axis=-2)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Both parameters, s at most S."""
        del situation
        level = int(theta[1])
        return PolicyTerms(reorder_point_units=min(int(theta[0]), level), base_stock_level_units=level)

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """Both."""
        del situation
        return np.array([words.reorder_point_units or 0, words.base_stock_level_units or 0], dtype=np.int64)
