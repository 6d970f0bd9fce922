"""Myopic newsvendor: at every review order up to the critical-ratio quantile of demand over the protection interval (method §4).

Each review is a newsvendor's single period of R + L weeks. A unit short costs what a sale earns [m]: the margin lost, less
receiving, shipping and the expected handling of its return. A unit left over costs its holding through the period [h·(R + L)].
The level is the quantile of demand at the critical ratio m / (m + h·(R + L)); what is on hand and on order is taken off it.

Nothing is tuned: the ratio knows nothing of fixed order costs, of sales lost before the order arrives, nor of the reviews
to come. An article whose sales earn nothing is never ordered. Weeks beyond the forecast count as without demand.
"""

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace
from simulation.policies.protocol import PolicyTerms, Situation, policy_form


class NewsvendorPolicy:
    """Closed form, no parameters."""

    name = "newsvendor"

    def form(self, situation: Situation) -> PolicyForm:
        """Up to the level of each review's own weeks."""
        return policy_form(situation.n_weeks, level_units=situation.remembered(self._levels))

    def search_space(self, situation: Situation) -> SearchSpace:
        """A box without dimensions: one point."""
        del situation
        nothing = np.zeros(0, dtype=np.int64)
        return SearchSpace(nothing, nothing, nothing, nothing)

    def starts(self, situation: Situation) -> IntArray:
        """The one point."""
        del situation
        return np.zeros((1, 0), dtype=np.int64)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Today's level."""
        del theta
        return PolicyTerms(base_stock_level_units=int(situation.remembered(self._levels)[0, 0]))

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """None: the situation says all."""
        del words, situation
        return np.zeros(0, dtype=np.int64)

    @staticmethod
    def _levels(situation: Situation) -> IntArray:
        """One row: the level of each review `(1, n_weeks)`."""
        ratio = critical_ratio(situation)
        if ratio == 0.0:
            return np.zeros((1, situation.n_weeks), np.int64)
        return situation.cover_quantiles_units((ratio,), n_weeks=situation.protection_interval_weeks, first_weeks=situation.n_weeks)


def critical_ratio(situation: Situation) -> float:
    """Margin over margin and holding, m / (m + h·(R + L)), in [0, 1]; 0 where a sale earns nothing."""
    holding, inbound, outbound, handling, lost_margin = situation.terms.cost_rates_eur[:5].tolist()
    earned = lost_margin - inbound - outbound - handling * float(situation.terms.return_weights.sum())
    return earned / (earned + holding * situation.protection_interval_weeks) if earned > 0 else 0.0
