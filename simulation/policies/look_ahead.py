"""Look-ahead: only today's order is optimised; later orders are simulated as base-stock at path quantiles (method §4).

θ = (Q₀, row): today's quantity, and which of a few fractiles of demand the later levels are. The levels follow the
forecast week by week. Optimised again at every decision, it never has to stick to a parameter it chose before.
"""

import math

import numpy as np

from simulation.horizon import has_free_order
from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace, powers_of_two_below
from simulation.policies.protocol import PolicyTerms, Situation, policy_form

_FRACTILES = (0.5, 0.7, 0.85, 0.95)
"""Levels of demand over the protection interval that later orders may fill up to; the paths say which costs least.
Row 0 stands before them: no later orders at all."""

_DIRECTIONS = np.array([(1, 0), (-1, 0)], dtype=np.int64)
"""One dimension: the fractile is settled by the starts."""


_NO_DIRECTION = np.zeros((1, 2), dtype=np.int64)

_FAR_FRACTILE = 0.9
"""The level with a long lead time: so far ahead, paths cannot say which one costs least."""


class LookAheadPolicy:
    """Order Q₀ now; at later reviews order what is missing to the quantile of demand until the order after that arrives.

    With a long lead time (`horizon.has_free_order`) today's order is what is missing, too.
    """

    name = "look_ahead"

    def form(self, situation: Situation) -> PolicyForm:
        """Today's quantity, and the row of later levels."""
        return policy_form(situation.n_weeks, shape=situation.shape, kick_start_units=0, level_row=1, level_units=situation.remembered(self._levels))

    def search_space(self, situation: Situation) -> SearchSpace:
        """Q₀ on the pack grid up to the largest sampled demand."""
        pack, scale = situation.pack_units, situation.mean_weekly_demand_units * situation.inventory.review_period_weeks
        first_step = powers_of_two_below(scale / 2 / pack)
        one, n_rows = np.ones_like(pack), 1 + len(_fractiles(situation))
        upper = np.stack((situation.order_units(situation.most_units), (n_rows - 1) * one), axis=-1)
        return SearchSpace(
            np.zeros_like(upper),
            upper,
            np.stack((pack, one), axis=-1),
            np.stack((first_step, one), axis=-1),
            directions=_DIRECTIONS if has_free_order(situation.inventory) else _NO_DIRECTION,
            islands=(n_rows,),
        )

    def starts(self, situation: Situation) -> IntArray:
        """Nothing now or ever; and what is missing now to each fractile, and so on at later reviews."""
        missing = situation.remembered(self._levels)[..., 0] - situation.inventory_position_units[..., None]
        orders = situation.order_units(missing)
        return np.stack((orders, np.broadcast_to(np.arange(orders.shape[-1]), orders.shape)), axis=-1)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Today's order, and the level at the next review."""
        return PolicyTerms(
            initial_order_epoch=0,
            initial_order_quantity_units=int(situation.order_units(int(theta[0]))),
            base_stock_level_units=int(situation.remembered(self._levels)[int(theta[1]), self._next_review(situation)]),
        )

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """The row is the first whose level at the next review is the one named."""
        levels = situation.remembered(self._levels)[:, self._next_review(situation)]
        row = int(np.argmin(np.abs(levels - (words.base_stock_level_units or 0))))
        return np.array([words.initial_order_quantity_units or 0, row], dtype=np.int64)

    @staticmethod
    def _next_review(situation: Situation) -> int:
        return min(situation.inventory.review_period_weeks, situation.n_weeks - 1)

    @staticmethod
    def _levels(situation: Situation) -> IntArray:
        """`(…, 1 + n_fractiles, n_weeks)`: nothing where an order of mean lead time would arrive beyond the horizon."""
        n_weeks, lead = situation.n_weeks, math.floor(situation.inventory.lead_time_weeks + 0.5)
        fractiles = _fractiles(situation)
        levels = np.zeros((*situation.shape, 1 + len(fractiles), n_weeks), np.int64)
        n_useful = max(n_weeks - lead, 0)
        levels[..., 1:, :n_useful] = situation.cover_quantiles_units(fractiles, n_weeks=situation.protection_interval_weeks, first_weeks=n_useful)
        return levels


def _fractiles(situation: Situation) -> tuple[float, ...]:
    return _FRACTILES if has_free_order(situation.inventory) else (_FAR_FRACTILE,)
