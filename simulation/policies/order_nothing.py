"""The baseline that never orders: what happens if nobody acts."""

from simulation.kernels.order_plans import IntArray, PolicyForm
from simulation.policies.protocol import PolicyTerms, Situation, policy_form
from simulation.policies.without_parameters import WithoutParameters


class OrderNothingPolicy(WithoutParameters):
    """No parameters, no orders."""

    name = "order_nothing"

    def form(self, situation: Situation) -> PolicyForm:
        """Reviews that order nothing."""
        return policy_form(situation.n_weeks, shape=situation.shape)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Nothing to say."""
        del theta, situation
        return PolicyTerms()
