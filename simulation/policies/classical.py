"""Classical periodic (R, s, Q): at every review order Q when the trigger is breached (method §4). θ = (s, Q).

The extended policy without its kick-start and its life-cycle limit: what those two add is the difference between them.
"""

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace, powers_of_two_below
from simulation.policies.protocol import PolicyTerms, Situation, policy_form

_START_LEVELS = (0.5, 0.75, 0.9)
"""Levels of demand over the protection interval at which reorder points start, today's and its peak's."""

_DIRECTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1)], dtype=np.int64)
"""Each parameter up and down, and the ridge: reorder point for quantity."""


class ClassicalPolicy:
    """Order Q at each review where the trigger is breached, up to the end."""

    name = "classical"

    def form(self, situation: Situation) -> PolicyForm:
        """Both parameters, under the merchant's trigger."""
        on_hand = situation.inventory.trigger == "on_hand"
        return policy_form(situation.n_weeks, shape=situation.shape, reorder_point=0, order_quantity=1, uses_on_hand_trigger=on_hand)

    def search_space(self, situation: Situation) -> SearchSpace:
        """The reorder point in single units, the quantity on the pack grid, both up to the largest sampled demand."""
        pack, points = situation.pack_units, situation.most_units
        scale = np.maximum(situation.demand_quantile_units(situation.protection_interval_weeks, 0.75), 1)
        upper = np.stack((points, situation.order_units(points)), axis=-1)
        return SearchSpace(
            lower=np.zeros_like(upper),
            upper=upper,
            pitch=np.stack((np.ones_like(pack), pack), axis=-1),
            first_step=np.stack((powers_of_two_below(scale / 4), powers_of_two_below(scale / 2 / pack)), axis=-1),
            directions=_DIRECTIONS,
            islands=(1 + 4 * len(_START_LEVELS),),
            is_rugged=True,
        )

    def starts(self, situation: Situation) -> IntArray:
        """Never order; and pairs of a reorder point and an order that covers some weeks."""
        protected = situation.protection_interval_weeks
        covers = situation.cover_quantiles_units(_START_LEVELS, n_weeks=protected, first_weeks=situation.n_weeks)
        points = np.concatenate((covers[..., 0], covers.max(axis=-1)), axis=-1)
        weekly = np.maximum(np.expand_dims(situation.mean_weekly_demand_units, -1), points / (2 * protected))
        pairs = [np.stack((points, situation.order_units(weeks[..., None] * weekly)), axis=-1) for weeks in situation.order_cover_weeks]
        return np.concatenate((np.zeros_like(pairs[0][..., :1, :]), *pairs), axis=-2)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Both parameters."""
        return PolicyTerms(reorder_point_units=int(theta[0]), order_quantity_units=int(situation.order_units(int(theta[1]))))

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """Both."""
        del situation
        return np.array([words.reorder_point_units or 0, words.order_quantity_units or 0], dtype=np.int64)
