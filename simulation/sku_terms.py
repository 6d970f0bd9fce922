"""From feature vectors and a merchant's settings to the numbers the kernels read, and the inputs no number can come of.

Everything is computed for a chunk of SKUs at a time; one SKU is a chunk of one.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS, tail_scale
from domain.settings import InventorySettings, Settings
from domain.vector_chunk import VectorChunk, chunk_of, unusable
from simulation.horizon import LONGEST_HORIZON_WEEKS, horizon_weeks, is_plannable, to_horizon
from simulation.kernels.chunks import ChunkTerms, find_faults, sku_terms_at
from simulation.kernels.order_plans import Floats, IntArray, OrderTerms
from simulation.kernels.vector_checks import FAULTS
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.sampling.paths import FloatArray

MOST_UNITS = 2**23
"""Most units of one SKU on hand, on order and demanded over the horizon: whole numbers held as float32 are exact up to twice this."""

_WEEK_TERMS, _OVERSTOCK = np.array([0, 1, 2, 3, 4, 6]), 5
"""Places of the cost terms charged every week, and of the one charged at the end, among `path_costs.COST_TERMS`."""

_TOO_LONG = "a lead time of {:g} weeks with a review every {} weeks; at most {} weeks can be planned"
_NEGATIVE_STOCK = FAULTS.index("negative stock or shipments")
_LARGEST_DRAW = math.log((1 - QUANTILE_LEVELS[-1]) * 2**24)
"""Scales of the tail between the last level and the largest demand that can be drawn."""


def sku_terms(vector: FeatureVector, settings: Settings) -> SkuTerms:
    """The SKU's stock, order terms and cost rates; see `chunk_terms`."""
    terms: SkuTerms = sku_terms_at(chunk_terms(chunk_of([vector]), settings), 0)
    return terms


def chunk_terms(chunk: VectorChunk, settings: Settings) -> ChunkTerms:
    """Stock, order terms and cost rates of SKUs of one merchant; an article's own order terms win over its merchant's.

    Args:
        chunk: The SKUs.
        settings: With the merchant's own in force.

    Raises:
        DataError: A vector holds numbers no decision can come of, or its order terms contradict each other.
    """
    faults = faults_of(chunk, settings)
    if any(faults):
        sku = next(place for place, fault in enumerate(faults) if fault)
        raise unusable(chunk.vectors[sku], faults[sku])
    inventory = settings.for_article(chunk.vectors[0].lead_time_weeks).inventory
    n_weeks, rates, in_transit = horizon_weeks(inventory), _cost_rates(chunk, settings), _in_transit(chunk)
    chunk = to_horizon(chunk, n_weeks)
    largest_demand = _largest_demand(chunk)
    weights, n_lags = _return_weights(chunk)
    grain = _grain(weights, chunk.returns_due_units, largest_demand)[:, None]
    discount = _discount_weights(inventory.discount, n_weeks)
    minimum, pack, orders = _orders(chunk, inventory)
    return ChunkTerms(
        on_hand_units=chunk.rates[:, -1].astype(np.float32),
        in_transit_units=in_transit.astype(np.float32),
        returns_due_units=_on_grain(chunk.returns_due_units, grain),
        return_weights=_on_grain(weights, grain),
        n_lags=n_lags,
        inbound_share_before_demand=np.float32(round(inventory.inbound_share_before_demand * 64) / 64),
        minimum_units=minimum,
        pack_units=pack,
        orders=orders,
        week_rates_eur=week_rates(rates, discount),
        cost_rates_eur=rates,
        discount_weights=discount,
    )


def faults_of(chunk: VectorChunk, settings: Settings) -> list[str]:
    """Why no decision can come of a SKU, `n_skus` sentences; empty = one can.

    Quantiles that are not monotone, finite and non-negative; negative or endless stock, shipments, rates or returns; a lead time
    beyond every plan; a smallest order above the largest.
    """
    inventory = settings.for_article(chunk.vectors[0].lead_time_weeks).inventory
    if not is_plannable(inventory):
        return [_TOO_LONG.format(inventory.lead_time_weeks, inventory.review_period_weeks, LONGEST_HORIZON_WEEKS - inventory.review_period_weeks - 1)] * len(
            chunk.vectors
        )
    n_weeks, amounts = horizon_weeks(inventory), np.concatenate((_cost_rates(chunk, settings), chunk.rates), axis=1)
    wide = to_horizon(chunk, n_weeks)
    found = find_faults(wide.demand_quantiles_units, wide.inbound_units, wide.returns_due_units, wide.return_lag_weights, amounts)
    with np.errstate(over="ignore", invalid="ignore"):
        is_endless = chunk.rates[:, -1] + _in_transit(chunk) + n_weeks * _largest_demand(wide) > MOST_UNITS
    faults = [FAULTS[fault] for fault in found]
    checks = ((chunk.rates[:, 7] > 1, "a return rate above 1"), (chunk.inbound_later_units.min(axis=1, initial=0) < 0, FAULTS[_NEGATIVE_STOCK]))
    for is_faulty, fault in (*checks, (is_endless, f"stock, shipments or demand beyond {MOST_UNITS:,} units"), *_contradictions(chunk, inventory)):
        faults = [known or (fault if here else "") for known, here in zip(faults, is_faulty, strict=True)]
    return faults


def _in_transit(chunk: VectorChunk) -> FloatArray:
    """All of it, whenever it arrives `(n_skus,)`."""
    return np.asarray(chunk.inbound_units.sum(axis=1, dtype=np.float64) + chunk.inbound_later_units.sum(axis=1, dtype=np.float64))


def _largest_demand(chunk: VectorChunk) -> FloatArray:
    """That can be drawn in any week `(n_skus,)`."""
    quantiles = chunk.demand_quantiles_units
    return np.asarray((quantiles[..., -1] + _LARGEST_DRAW * tail_scale(quantiles)).max(axis=1) + 1)


def _orders(chunk: VectorChunk, inventory: InventorySettings) -> tuple[Floats, Floats, OrderTerms]:
    """Minimum and pack of each SKU, and what the supplier and the warehouse of all accept."""
    minimum, pack = _minimum_and_pack(chunk, inventory)
    limits = (inventory.maximum_order_quantity_units, inventory.storage_capacity_units)
    shared = OrderTerms(np.float32(minimum[0]), np.float32(pack[0]), _limit(limits[0]), _limit(limits[1]), inventory.review_period_weeks, 0)
    return minimum.astype(np.float32), pack.astype(np.float32), shared


def _minimum_and_pack(chunk: VectorChunk, inventory: InventorySettings) -> tuple[IntArray, IntArray]:
    """An article's own, else its merchant's `(n_skus,)` each."""
    of_merchant = (inventory.minimum_order_quantity_units, inventory.pack_size_units)
    minimum, pack = np.where(np.isnan(chunk.order_terms), of_merchant, chunk.order_terms).T.astype(np.int64)
    return minimum, pack


def _contradictions(chunk: VectorChunk, inventory: InventorySettings) -> Iterator[tuple[npt.NDArray[np.bool_], str]]:
    """Order terms that no order can keep, and which SKUs have them."""
    minimum, pack = _minimum_and_pack(chunk, inventory)
    yield (pack < 1) | (minimum < 1), "a pack size or a minimum order below one unit"
    smallest = -(-minimum // np.maximum(pack, 1)) * pack
    limits = (("largest order", inventory.maximum_order_quantity_units), ("storage capacity", inventory.storage_capacity_units))
    for name, limit in limits:
        if limit is not None:
            yield smallest > limit // np.maximum(pack, 1) * pack, f"a smallest order, in whole packs, above the {name} of {limit:,} units"


def week_rates(rates: FloatArray, discount: FloatArray) -> Floats:
    """Discounted rates by week `(…, n_weeks, 6)`: holding, inbound, outbound, returns, lost sales, fixed; overstock is held into the last week."""
    by_week = discount[:, None] * rates[..., None, _WEEK_TERMS]
    by_week[..., -1, 0] += discount[-1] * rates[..., _OVERSTOCK]
    return np.ascontiguousarray(by_week, dtype=np.float32)  # of one layout for one SKU and many: another would compile every kernel anew


def _cost_rates(chunk: VectorChunk, settings: Settings) -> FloatArray:
    """EUR per unit (per order for the last) `(n_skus, 7)`, in the order of `path_costs.COST_TERMS`."""
    price, cost, holding, inbound, outbound, returns, fixed, return_rate, _ = chunk.rates.T
    # A unit sold at a loss is no gain when it is not sold: the margin lost is never negative.
    lost_margin = np.maximum(price - cost, 0.0) * (1 - return_rate)
    return np.stack((holding, inbound, outbound, returns, lost_margin, settings.inventory.terminal_markdown_share * cost, fixed), axis=1)


def _return_weights(chunk: VectorChunk) -> tuple[FloatArray, IntArray]:
    """Expected returns per unit sold, 1, 2, … weeks after the sale `(n_skus, n_weeks)`, and how many of them there are.

    Lag 0 counts as 1, lags beyond the horizon as never.
    """
    by_lag, weights, rate = np.zeros_like(chunk.return_lag_weights), chunk.return_lag_weights, chunk.rates[:, 7]
    by_lag[:, :-1] = weights[:, 1:]
    by_lag[:, 0] += weights[:, 0]
    n_lags = np.where((rate == 0) | (chunk.n_return_lags == 0), 0, np.maximum(chunk.n_return_lags - 1, 1))
    return rate[:, None] * by_lag, n_lags


def _grain(weights: FloatArray, returns_due: FloatArray, largest_demand: FloatArray) -> FloatArray:
    """The power of two that return weights are multiples of the inverse of: as fine as lets a week's returns stay exact in float32.

    Never coarser than 1/256: beyond some thirty thousand returns in one week a rounding of that size is no matter, and units
    stay whole all the same.
    """
    largest = weights.sum(axis=1) * largest_demand + returns_due.max(axis=1) + 2
    return np.asarray(2.0 ** np.clip(23 - np.ceil(np.log2(largest)), 8, 20))


def _on_grain(values: FloatArray, grain: FloatArray) -> Floats:
    return np.asarray(np.floor(values * grain + 0.5) / grain, dtype=np.float32)


def _limit(units: int | None) -> np.float32:
    return np.float32(np.inf if units is None else units)


@lru_cache(maxsize=64)
def _discount_weights(discount: float, n_weeks: int) -> FloatArray:
    return discount ** np.arange(n_weeks, dtype=np.float64)
