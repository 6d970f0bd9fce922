"""Myopic newsvendor: at every review order up to the critical-ratio quantile of demand over the protection interval (method §4).

Each review is a newsvendor's single period of R + L weeks. A unit short costs what a sale earns [m]: the margin lost, less
receiving, shipping and the expected handling of its return. A unit left over costs its holding through the period [h·(R + L)].
The level is the quantile of demand at the critical ratio m / (m + h·(R + L)); what is on hand and on order is taken off it.

Nothing is tuned: the ratio knows nothing of fixed order costs, of sales lost before the order arrives, nor of the reviews
to come. An article whose sales earn nothing is never ordered. Weeks beyond the forecast count as without demand.
"""

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import FloatArray
from simulation.policies.protocol import PolicyTerms, Situation, policy_form
from simulation.policies.without_parameters import WithoutParameters


class NewsvendorPolicy(WithoutParameters):
    """Closed form, no parameters."""

    name = "newsvendor"

    def form(self, situation: Situation) -> PolicyForm:
        """Up to the level of each review's own weeks."""
        return policy_form(situation.n_weeks, shape=situation.shape, level_units=situation.remembered(self._levels))

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Today's level."""
        del theta
        return PolicyTerms(base_stock_level_units=int(situation.remembered(self._levels)[0, 0]))

    @staticmethod
    def _levels(situation: Situation) -> IntArray:
        """One row: the level of each review `(…, 1, n_weeks)`."""
        ratio = critical_ratio(situation)[..., None]
        levels = situation.cover_quantiles_units(ratio, n_weeks=situation.protection_interval_weeks, first_weeks=situation.n_weeks)
        return np.where(ratio[..., None] > 0, levels, 0)


def critical_ratio(situation: Situation) -> FloatArray:
    """Margin over margin and holding, m / (m + h·(R + L)), in [0, 1]; 0 where a sale earns nothing."""
    holding, inbound, outbound, handling, lost_margin = np.moveaxis(situation.cost_rates_eur, -1, 0)[:5]
    earned = lost_margin - inbound - outbound - handling * situation.terms.return_weights.sum(axis=-1, dtype=np.float64)
    at_risk = earned + holding * situation.protection_interval_weeks
    return np.asarray(np.where(earned > 0, earned / np.where(earned > 0, at_risk, 1.0), 0.0))
