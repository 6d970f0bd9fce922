"""Replay of recorded orders: what people (or an earlier run) ordered, epoch by epoch, on the paths at hand."""

from collections.abc import Sequence

import numpy as np

from domain.errors import UsageError
from simulation.kernels.order_plans import IntArray, OrderTerms, PolicyForm
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.policies.protocol import PolicyTerms, Situation, policy_form
from simulation.policies.without_parameters import WithoutParameters

_ANYTHING_EVERY_WEEK = OrderTerms(
    minimum_units=np.float32(1),
    pack_units=np.float32(1),
    maximum_units=np.float32(np.inf),
    storage_units=np.float32(np.inf),
    review_period_weeks=1,
    first_decision_epoch=0,
)


class RecordedPolicy(WithoutParameters):
    """The record, and nothing to tune.

    Args:
        orders_units: Whole units ordered at epoch 0, 1, …; nothing after the last.
    """

    name = "recorded"

    def __init__(self, orders_units: Sequence[int]) -> None:
        self._orders_units = tuple(orders_units)

    def form(self, situation: Situation) -> PolicyForm:
        """A quantity per epoch.

        Raises:
            UsageError: The record is longer than the horizon, or holds an order these order terms would change.
        """
        quantities = np.zeros(max(situation.n_weeks, len(self._orders_units)))
        quantities[: len(self._orders_units)] = self._orders_units
        self._refuse_changed(quantities, situation)
        return policy_form(situation.n_weeks, quantity_units=quantities)

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """Today's order; the record is its own description."""
        del theta, situation
        return PolicyTerms(initial_order_epoch=0, initial_order_quantity_units=self._orders_units[0] if self._orders_units else 0)

    @staticmethod
    def _refuse_changed(quantities: "np.ndarray[tuple[int], np.dtype[np.float64]]", situation: Situation) -> None:
        orders = situation.terms.orders
        is_possible = np.array([units == situation.order_units(units) for units in quantities])
        is_possible[: situation.n_weeks] &= (np.arange(situation.n_weeks) % orders.review_period_weeks == 0) | (quantities[: situation.n_weeks] == 0)
        is_possible[situation.n_weeks :] = False
        if not is_possible.all() or orders.storage_units < np.inf:
            epoch = int(np.argmin(is_possible))
            raise UsageError(
                "a recorded order would not be simulated as it was placed",
                got=f"{quantities[epoch]:g} units at epoch {epoch} of {situation.n_weeks}, {orders}",
                wanted="whole packs within the limits, at reviews, and no storage capacity that could cut them",
                remedy="Replay with the terms of recorded.as_recorded(terms), which accept any order in any week.",
            )


def as_recorded(terms: SkuTerms) -> SkuTerms:
    """The same SKU, accepting any order in any week: whatever was ordered then is what is simulated."""
    return terms._replace(orders=_ANYTHING_EVERY_WEEK)
