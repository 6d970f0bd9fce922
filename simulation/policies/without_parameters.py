"""What policies with nothing to tune have in common: a box of one point."""

import numpy as np

from simulation.kernels.order_plans import IntArray
from simulation.optimizers.protocol import SearchSpace
from simulation.policies.protocol import PolicyTerms, Situation


class WithoutParameters:
    """The search of a policy whose orders the situation says."""

    def search_space(self, situation: Situation) -> SearchSpace:
        """A box without dimensions: one point."""
        nothing = np.zeros((*situation.shape, 0), dtype=np.int64)
        return SearchSpace(nothing, nothing, nothing, nothing)

    def starts(self, situation: Situation) -> IntArray:
        """The one point."""
        return np.zeros((*situation.shape, 1, 0), dtype=np.int64)

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """None."""
        del words, situation
        return np.zeros(0, dtype=np.int64)
