"""What a replenishment policy is: a form its orders take, parameters to search over, where to start, and words for the result."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from domain.settings import InventorySettings
from simulation.kernels.chunks import ChunkPaths, ChunkTerms, sku_paths_at, sku_terms_at, total_demand_of_chunk, total_quantiles_of_chunk
from simulation.kernels.demand_totals import total_demand, total_quantiles
from simulation.kernels.order_plans import ABSENT, Floats, IntArray, PolicyForm
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.optimizers.protocol import SearchSpace
from simulation.sampling.paths import FloatArray, Paths


class Situation:
    """What a policy may look at when it says where to search: one SKU, the merchant's settings and sampled demand.

    In the situation of many SKUs (`SituationOfMany`) every number is an array with a leading SKU axis, so a policy is written once for
    both: with NumPy, on the last axes.

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
    def demanded_units(self) -> FloatArray:
        """On all paths in all weeks together."""
        return np.asarray(self._total_demand_units(), dtype=np.float64)[()]

    @cached_property
    def mean_weekly_demand_units(self) -> FloatArray:
        """Over paths and weeks."""
        return np.asarray(self.demanded_units / (self.paths.n_paths * self.n_weeks))[()]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the SKU axis: `()` for one."""
        return self._demand_blocks().shape[:-3]

    @property
    def n_weeks(self) -> int:
        """Weeks simulated, and decision epochs."""
        return int(self._demand_blocks().shape[-2])

    @cached_property
    def protection_interval_weeks(self) -> int:
        """Review period plus mean lead time [R + L], whole weeks, within the horizon."""
        return min(math.ceil(self.inventory.review_period_weeks + self.inventory.lead_time_weeks), self.n_weeks)

    @cached_property
    def inventory_position_units(self) -> FloatArray:
        """On hand plus in transit at epoch 0."""
        return np.asarray(self.terms.on_hand_units + self.terms.in_transit_units, dtype=np.float64)[()]

    @cached_property
    def order_cover_weeks(self) -> tuple[FloatArray, FloatArray]:
        """Weeks of demand an order may be for: one review period, and the economic order quantity √(2KD/h) or four weeks more."""
        review = self.inventory.review_period_weeks
        holding, fixed, weekly = self.cost_rates_eur[..., 0], self.cost_rates_eur[..., -1], self.mean_weekly_demand_units
        has_economic_quantity = (fixed > 0) & (holding > 0) & (weekly > 0)
        economic = np.sqrt(2 * fixed / np.where(has_economic_quantity, holding * weekly, 1.0))
        return np.full(self.shape, float(review)), np.where(has_economic_quantity, np.clip(economic, 2 * review, self.n_weeks), review + 4)

    @cached_property
    def pack_units(self) -> IntArray:
        """Order multiple."""
        return np.asarray(self._minimum_and_pack()[1], dtype=np.int64)[()]

    @cached_property
    def most_units(self) -> IntArray:
        """No order needs to be larger: the largest sampled demand of the horizon."""
        return np.maximum(self.demand_quantile_units(self.n_weeks, 1.0), 1)

    @property
    def cost_rates_eur(self) -> FloatArray:
        """`(…, 7)` per unit (per order for the last), in the order of `path_costs.COST_TERMS`."""
        return self.terms.cost_rates_eur

    def demand_quantile_units(self, n_weeks: int, level: float) -> IntArray:
        """Quantile over paths of the total demand of the first `n_weeks` weeks; `level` in [0, 1]."""
        return self.cover_quantiles_units((level,), n_weeks=n_weeks, first_weeks=1)[..., 0, 0][()]

    def cover_quantiles_units(self, levels: npt.ArrayLike, *, n_weeks: int, first_weeks: int) -> IntArray:
        """Quantiles over paths of the total demand of `n_weeks` weeks that begin with week 0, 1, …, `first_weeks` − 1 `(…, n_levels, first_weeks)`.

        `levels` are the same for all SKUs, or each SKU's own.
        """
        totals: IntArray = self._total_quantiles(np.arange(first_weeks), n_weeks, np.array(levels, dtype=np.float64))
        return totals

    def order_units(self, quantity_units: npt.ArrayLike) -> IntArray:
        """The orders that come of wished quantities: whole packs, at least the minimum, at most the maximum; nothing stays nothing.

        The same single-precision arithmetic as `order_plans.accepted_units`.
        """
        wished = np.asarray(quantity_units, dtype=np.float32)
        minimum, pack = (np.reshape(units, np.shape(units) + (1,) * (wished.ndim - np.ndim(units))) for units in self._minimum_and_pack())
        packs = np.minimum(np.ceil(np.maximum(wished, minimum) / pack), np.floor(self.terms.orders.maximum_units / pack))
        return np.where(wished > 0, packs * pack, np.float32(0)).astype(np.int64)[()]

    def _minimum_and_pack(self) -> tuple[npt.ArrayLike, npt.ArrayLike]:
        return self.terms.orders.minimum_units, self.terms.orders.pack_units

    def _demand_blocks(self) -> Floats:
        return self.paths.blocks.demand_units

    def _total_demand_units(self) -> FloatArray:
        return np.asarray(total_demand(self.paths.blocks))

    def _total_quantiles(self, first_week: IntArray, n_weeks: int, levels: FloatArray) -> IntArray:
        totals: IntArray = total_quantiles(self.paths.blocks, first_week, n_weeks, levels)
        return totals


class SituationOfMany(Situation):
    """The situation of each of many SKUs of one merchant: numbers have a leading SKU axis.

    Args:
        terms: The SKUs' numbers.
        inventory: The merchant's settings.
        paths: The paths on which candidates will compete.
    """

    terms: ChunkTerms  # type: ignore[assignment]
    paths: ChunkPaths  # type: ignore[assignment]

    def __init__(self, terms: ChunkTerms, inventory: InventorySettings, paths: ChunkPaths) -> None:
        super().__init__(terms, inventory, paths)  # type: ignore[arg-type]

    def sku(self, sku: int) -> Situation:
        """One of them alone."""
        return Situation(sku_terms_at(self.terms, sku), self.inventory, Paths(sku_paths_at(self.paths, sku)))

    def _minimum_and_pack(self) -> tuple[npt.ArrayLike, npt.ArrayLike]:
        return self.terms.minimum_units, self.terms.pack_units

    def _demand_blocks(self) -> Floats:
        return self.paths.demand_units

    def _total_demand_units(self) -> FloatArray:
        totals: FloatArray = total_demand_of_chunk(self.paths)
        return totals

    def _total_quantiles(self, first_week: IntArray, n_weeks: int, levels: FloatArray) -> IntArray:
        own = np.ascontiguousarray(np.broadcast_to(levels, (*self.shape, levels.shape[-1])))
        totals: IntArray = total_quantiles_of_chunk(self.paths, first_week, n_weeks, own)
        return totals


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
    shape: tuple[int, ...] = (),
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
    """A form that names the parameters it has; see `PolicyForm`. Without quantities and levels its reviews order nothing. `shape` is that of the SKU axis."""
    no_quantity = -1.0 if level_units is not None or order_up_to != ABSENT else 0.0
    quantities = np.full((*shape, n_weeks), no_quantity) if quantity_units is None else quantity_units
    levels = np.zeros((*shape, 1, n_weeks)) if level_units is None else level_units
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
        np.asarray(levels, dtype=np.float32),
    )


class Policy(Protocol):
    """One way to decide orders. Implementations hold no state."""

    name: str

    def form(self, situation: Situation) -> PolicyForm:
        """How its parameters become orders."""

    def search_space(self, situation: Situation) -> SearchSpace:
        """The integer box of its parameters [θ]; directions are the same for all SKUs."""

    def starts(self, situation: Situation) -> IntArray:
        """Promising θ `(…, n_starts, n_parameters)`, among them one that never orders; clipped to the box by the optimiser."""

    def describe(self, theta: IntArray, situation: Situation) -> PolicyTerms:
        """θ of one SKU in words, with order quantities as they are ordered (after MOQ and pack)."""

    def parameters(self, words: PolicyTerms, situation: Situation) -> IntArray:
        """θ of one SKU back from its words."""
