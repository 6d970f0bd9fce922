"""Classical periodic (R, s, Q): at every review order Q when the trigger is breached (method §4). θ = (s, Q).

The extended policy without its kick-start and its life-cycle limit: what those two add is the difference between them.
"""

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace, power_of_two_below
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
        return policy_form(situation.n_weeks, reorder_point=0, order_quantity=1, uses_on_hand_trigger=on_hand)

    def search_space(self, situation: Situation) -> SearchSpace:
        """The reorder point in single units, the quantity on the pack grid, both up to the largest sampled demand."""
        pack, most = situation.pack_units, situation.order_units(situation.most_units)
        scale = max(situation.demand_quantile_units(situation.protection_interval_weeks, 0.75), 1)
        return SearchSpace(
            lower=np.zeros(2, dtype=np.int64),
            upper=np.array([situation.most_units, most], dtype=np.int64),
            pitch=np.array([1, pack], dtype=np.int64),
            first_step=np.array([power_of_two_below(scale / 4), power_of_two_below(scale / 2 / pack)], dtype=np.int64),
            directions=_DIRECTIONS,
            is_rugged=True,
        )

    def starts(self, situation: Situation) -> IntArray:
        """Never order; and pairs of a reorder point and an order that covers some weeks."""
        protected = situation.protection_interval_weeks
        covers = situation.cover_quantiles_units(_START_LEVELS, n_weeks=protected, first_weeks=situation.n_weeks)
        weekly = situation.mean_weekly_demand_units
        pairs = (
            (point, situation.order_units(cover_weeks * max(weekly, point / (2 * protected))))
            for cover_weeks in situation.order_cover_weeks
            for point in (*covers[:, 0].tolist(), *covers.max(axis=1).tolist())
        )
        return np.array(list(dict.fromkeys([(0, 0), *pairs])), dtype=np.int64)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Both parameters."""
        return PolicyTerms(reorder_point_units=int(theta[0]), order_quantity_units=situation.order_units(int(theta[1])))

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """Both."""
        del situation
        return np.array([words.reorder_point_units or 0, words.order_quantity_units or 0], dtype=np.int64)
