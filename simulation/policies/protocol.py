"""What a replenishment policy is: parameters to search over, where to start, an order rule, and words for the result."""

import math
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from domain.settings import InventorySettings
from simulation.kernels.order_rules import IntArray, round_to_order
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

    @cached_property
    def _cumulative_demand_units(self) -> IntArray:
        """`(12, n_paths)` total demand of the first 1 … 12 weeks, each sorted over paths."""
        return np.sort(self.paths.demand_units.T.cumsum(axis=0), axis=1)

    @property
    def n_weeks(self) -> int:
        """Weeks simulated, and decision epochs."""
        return int(self.paths.demand_units.shape[1])

    @property
    def mean_weekly_demand_units(self) -> float:
        """Over paths and weeks."""
        return float(self.paths.demand_units.mean())

    @property
    def protection_interval_weeks(self) -> int:
        """Review period plus mean lead time [R + L], whole weeks, within the horizon."""
        return min(math.ceil(self.inventory.review_period_weeks + self.inventory.lead_time_weeks), self.n_weeks)

    @property
    def inventory_position_units(self) -> float:
        """On hand plus in transit at epoch 0."""
        return self.terms.on_hand_units + float(self.terms.inbound_units.sum())

    @property
    def pack_units(self) -> int:
        """Order multiple."""
        return int(self.terms.pack_size_units)

    def demand_quantile_units(self, n_weeks: int, level: float) -> int:
        """Quantile over paths of the total demand of the first `n_weeks` weeks; `level` in [0, 1]."""
        row = self._cumulative_demand_units[n_weeks - 1]
        return int(row[min(int(level * row.size), row.size - 1)])

    def order_units(self, quantity_units: float) -> int:
        """The order that comes of a wished quantity: whole packs, at least the minimum."""
        return int(round_to_order(quantity_units, self.terms.minimum_order_quantity_units, self.terms.pack_size_units))


class PolicyTerms(NamedTuple):
    """A policy's parameters in words; `None` where the policy has no such parameter. Weeks are epochs: 0 = now."""

    initial_order_epoch: int | None = None
    initial_order_quantity_units: int | None = None
    reorder_point_units: int | None = None
    order_quantity_units: int | None = None
    base_stock_level_units: int | None = None
    last_order_epoch: int | None = None


class Policy(Protocol):
    """One way to decide orders. Implementations hold no state."""

    name: str

    def rule(self, inventory: InventorySettings) -> int:
        """The kernel's order rule under these settings."""

    def search_space(self, situation: Situation) -> SearchSpace:
        """The integer box of its parameters [θ]."""

    def starts(self, situation: Situation) -> IntArray:
        """Promising θ `(n_starts, n_parameters)`, among them one that never orders; clipped to the box by the optimiser."""

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """θ in words, with order quantities as they are ordered (after MOQ and pack)."""
