"""What a replenishment policy is: a form its orders take, parameters to search over, where to start, and words for the result."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from domain.settings import InventorySettings
from simulation.kernels.demand_totals import total_demand, total_quantiles
from simulation.kernels.order_plans import ABSENT, IntArray, PolicyForm, accepted_units
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.optimizers.protocol import SearchSpace
from simulation.sampling.paths import Paths


class Situation:
    """What a policy may look at when it says where to search: the SKU, the merchant's settings and sampled demand.

    Args:
        terms: The SKU's numbers.
        inventory: The merchant's settings.
        paths: The paths on which candidates will compete.
    """

    def __init__(self, terms: SkuTerms, inventory: InventorySettings, paths: Paths) -> None:
        self.terms, self.inventory, self.paths = terms, inventory, paths
        self._remembered: dict[Callable[[Situation], IntArray], IntArray] = {}

    def remembered(self, compute: Callable[["Situation"], IntArray]) -> IntArray:
        """What `compute` says of this situation, computed once."""
        if compute not in self._remembered:
            self._remembered[compute] = compute(self)
        return self._remembered[compute]

    @cached_property
    def mean_weekly_demand_units(self) -> float:
        """Over paths and weeks."""
        return float(total_demand(self.paths.blocks)) / (self.paths.n_paths * self.n_weeks)

    @property
    def n_weeks(self) -> int:
        """Weeks simulated, and decision epochs."""
        return int(self.paths.blocks.demand_units.shape[1])

    @cached_property
    def protection_interval_weeks(self) -> int:
        """Review period plus mean lead time [R + L], whole weeks, within the horizon."""
        return min(math.ceil(self.inventory.review_period_weeks + self.inventory.lead_time_weeks), self.n_weeks)

    @cached_property
    def inventory_position_units(self) -> float:
        """On hand plus in transit at epoch 0."""
        return float(self.terms.on_hand_units + self.terms.in_transit_units)

    @cached_property
    def order_cover_weeks(self) -> tuple[float, float]:
        """Weeks of demand an order may be for: one review period, and the economic order quantity √(2KD/h) or four weeks more."""
        review = self.inventory.review_period_weeks
        holding, fixed = self.terms.cost_rates_eur[0], self.terms.cost_rates_eur[-1]
        weekly = self.mean_weekly_demand_units
        if fixed > 0 and holding > 0 and weekly > 0:
            return review, min(max(math.sqrt(2 * fixed / (holding * weekly)), 2 * review), self.n_weeks)
        return review, review + 4

    @property
    def pack_units(self) -> int:
        """Order multiple."""
        return int(self.terms.orders.pack_units)

    @cached_property
    def most_units(self) -> int:
        """No order needs to be larger: the largest sampled demand of the horizon."""
        return max(self.demand_quantile_units(self.n_weeks, 1.0), 1)

    def demand_quantile_units(self, n_weeks: int, level: float) -> int:
        """Quantile over paths of the total demand of the first `n_weeks` weeks; `level` in [0, 1]."""
        return int(self.cover_quantiles_units((level,), n_weeks=n_weeks, first_weeks=1)[0, 0])

    def cover_quantiles_units(self, levels: Sequence[float], *, n_weeks: int, first_weeks: int) -> IntArray:
        """Quantiles over paths of the total demand of `n_weeks` weeks that begin with week 0, 1, …, `first_weeks` − 1 `(n_levels, first_weeks)`."""
        totals: IntArray = total_quantiles(self.paths.blocks, np.arange(first_weeks), n_weeks, np.array(levels, dtype=np.float64))
        return totals

    def order_units(self, quantity_units: float) -> int:
        """The order that comes of a wished quantity: whole packs, at least the minimum, at most the maximum."""
        return int(accepted_units(np.float32(quantity_units), self.terms.orders))


class PolicyTerms(NamedTuple):
    """A policy's parameters in words; `None` where the policy has no such parameter. Weeks are epochs: 0 = now."""

    initial_order_epoch: int | None = None
    initial_order_quantity_units: int | None = None
    reorder_point_units: int | None = None
    order_quantity_units: int | None = None
    base_stock_level_units: int | None = None
    last_order_epoch: int | None = None


def policy_form(
    n_weeks: int,
    *,
    kick_start_epoch: int = ABSENT,
    kick_start_units: int = ABSENT,
    last_epoch: int = ABSENT,
    reorder_point: int = ABSENT,
    order_quantity: int = ABSENT,
    order_up_to: int = ABSENT,
    level_row: int = ABSENT,
    uses_on_hand_trigger: bool = False,
    quantity_units: npt.ArrayLike | None = None,
    level_units: npt.ArrayLike | None = None,
) -> PolicyForm:
    """A form that names the parameters it has; see `PolicyForm`. Without quantities and levels its reviews order nothing."""
    no_quantity = -1.0 if level_units is not None or order_up_to != ABSENT else 0.0
    quantities = np.full(n_weeks, no_quantity) if quantity_units is None else quantity_units
    levels = np.zeros((1, n_weeks)) if level_units is None else level_units
    return PolicyForm(
        kick_start_epoch,
        kick_start_units,
        last_epoch,
        reorder_point,
        order_quantity,
        order_up_to,
        level_row,
        uses_on_hand_trigger,
        np.asarray(quantities, dtype=np.float32),
        np.atleast_2d(np.asarray(levels, dtype=np.float32)),
    )


class Policy(Protocol):
    """One way to decide orders. Implementations hold no state."""

    name: str

    def form(self, situation: Situation) -> PolicyForm:
        """How its parameters become orders."""

    def search_space(self, situation: Situation) -> SearchSpace:
        """The integer box of its parameters [θ]."""

    def starts(self, situation: Situation) -> IntArray:
        """Promising θ `(n_starts, n_parameters)`, where there are parameters among them one that never orders; clipped to the box by the optimiser."""

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """θ in words, with order quantities as they are ordered (after MOQ and pack)."""

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """θ back from its words."""
