"""The baseline that never orders: what happens if nobody acts."""

import numpy as np

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.optimizers.protocol import SearchSpace
from simulation.policies.protocol import PolicyTerms, Situation, policy_form


class OrderNothingPolicy:
    """No parameters, no orders."""

    name = "order_nothing"

    def form(self, situation: Situation) -> PolicyForm:
        """Reviews that order nothing."""
        return policy_form(situation.n_weeks, shape=situation.shape)

    def search_space(self, situation: Situation) -> SearchSpace:
        """A box without dimensions: one point."""
        nothing = np.zeros((*situation.shape, 0), dtype=np.int64)
        return SearchSpace(nothing, nothing, nothing, nothing)

    def starts(self, situation: Situation) -> IntArray:
        """The one point."""
        return np.zeros((*situation.shape, 1, 0), dtype=np.int64)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Nothing to say."""
        del theta, situation
        return PolicyTerms()

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """None."""
        del words, situation
        return np.zeros(0, dtype=np.int64)
