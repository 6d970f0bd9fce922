"""The baseline that never orders: what happens if nobody acts."""

import numpy as np

from domain.settings import InventorySettings
from simulation.kernels.order_rules import ORDER_NOTHING, IntArray
from simulation.optimizers.protocol import SearchSpace
from simulation.policies.protocol import PolicyTerms, Situation


class OrderNothingPolicy:
    """No parameters, no orders."""

    name = "order_nothing"

    def rule(self, inventory: InventorySettings) -> int:
        """The rule that never orders."""
        del inventory
        return ORDER_NOTHING

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
        """Nothing to say."""
        del theta, situation
        return PolicyTerms()
