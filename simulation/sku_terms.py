"""From feature vectors and a merchant's settings to the numbers the kernels read, and the inputs no number can come of.

Everything is computed for a chunk of SKUs at a time; one SKU is a chunk of one.
"""

import math
from functools import lru_cache

import numpy as np

from domain.errors import UsageError
from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS, tail_scale
from domain.settings import InventorySettings, Settings
from domain.stage_tables import HORIZON_WEEKS
from domain.vector_chunk import VectorChunk, chunk_of, unusable
from simulation.kernels.chunks import ChunkTerms, find_faults, sku_terms_at
from simulation.kernels.order_plans import Floats, IntArray, OrderTerms
from simulation.kernels.vector_checks import FAULTS
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.sampling.paths import FloatArray

MOST_UNITS = 2**23
"""Most units of one SKU on hand, on order and demanded over the horizon: whole numbers held as float32 are exact up to twice this."""

_WEEK_TERMS, _OVERSTOCK = np.array([0, 1, 2, 3, 4, 6]), 5
"""Places of the cost terms charged every week, and of the one charged at the end, among `path_costs.COST_TERMS`."""

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
        DataError: A vector holds numbers no decision can come of.
        UsageError: The order terms contradict each other.
    """
    rates, inventory = _cost_rates(chunk, settings), settings.inventory
    _refuse_unusable(chunk, rates)
    quantiles = chunk.demand_quantiles_units
    largest_demand = (quantiles[..., -1] + _LARGEST_DRAW * tail_scale(quantiles)).max(axis=1) + 1
    on_hand, in_transit = chunk.rates[:, -1], chunk.inbound_units.sum(axis=1)
    is_endless = on_hand + in_transit + HORIZON_WEEKS * largest_demand > MOST_UNITS
    if is_endless.any():
        raise unusable(chunk.vectors[int(is_endless.argmax())], f"stock or demand beyond {MOST_UNITS:,} units")
    weights, n_lags = _return_weights(chunk)
    grain = _grain(weights, chunk.returns_due_units, largest_demand)[:, None]
    discount = _discount_weights(inventory.discount)
    minimum, pack, orders = _orders(chunk, inventory)
    return ChunkTerms(
        on_hand_units=on_hand.astype(np.float32),
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


def _orders(chunk: VectorChunk, inventory: InventorySettings) -> tuple[Floats, Floats, OrderTerms]:
    """Minimum and pack of each SKU, and what the supplier and the warehouse of all accept.

    Raises:
        UsageError: The smallest order of one is larger than the largest, or than the warehouse.
    """
    of_merchant = (inventory.minimum_order_quantity_units, inventory.pack_size_units)
    minimum, pack = np.where(np.isnan(chunk.order_terms), of_merchant, chunk.order_terms).T.astype(np.int64)
    limits = (inventory.maximum_order_quantity_units, inventory.storage_capacity_units)
    _refuse_impossible(chunk, minimum, pack, *limits)
    shared = OrderTerms(np.float32(minimum[0]), np.float32(pack[0]), _limit(limits[0]), _limit(limits[1]), inventory.review_period_weeks, 0)
    return minimum.astype(np.float32), pack.astype(np.float32), shared


def _refuse_impossible(chunk: VectorChunk, minimum: IntArray, pack: IntArray, maximum: int | None, storage: int | None) -> None:
    below_one = (pack < 1) | (minimum < 1)
    if below_one.any():
        raise _contradiction(chunk, int(below_one.argmax()), minimum, pack, "has a pack size or a minimum order below one unit")
    smallest = -(-minimum // pack) * pack
    for name, limit in (("largest order", maximum), ("storage capacity", storage)):
        too_large = np.zeros(0, bool) if limit is None else smallest > limit // pack * pack
        if too_large.any():
            raise _contradiction(chunk, int(too_large.argmax()), minimum, pack, f"has a smallest order above its {name} of {limit}")


def _contradiction(chunk: VectorChunk, sku: int, minimum: IntArray, pack: IntArray, fact: str) -> UsageError:
    return UsageError(
        f"merchant {chunk.vectors[sku].merchant_id}, article {chunk.vectors[sku].article_id} {fact}",
        got=f"pack size {pack[sku]}, minimum order {minimum[sku]}",
        wanted="a smallest order, in whole packs of at least one unit, that fits its limits",
        remedy="Correct the article's or the merchant's order terms.",
    )


def _refuse_unusable(chunk: VectorChunk, rates: FloatArray) -> None:
    """Stop before a wrong number is computed.

    Raises:
        DataError: A vector's quantiles are not monotone, finite and non-negative, or it holds negative or endless stock, shipments, rates or returns.
    """
    amounts = np.concatenate((rates, chunk.rates), axis=1)
    faults = find_faults(chunk.demand_quantiles_units, chunk.inbound_units, chunk.returns_due_units, chunk.return_lag_weights, amounts)
    if faults.any():
        sku = int(faults.argmax())
        raise unusable(chunk.vectors[sku], FAULTS[faults[sku]])
    return_rate = chunk.rates[:, 7]
    if (return_rate > 1).any():
        sku = int((return_rate > 1).argmax())
        raise unusable(chunk.vectors[sku], f"a return rate of {return_rate[sku]}")


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
    """Expected returns per unit sold, 1, 2, … weeks after the sale `(n_skus, 12)`, and how many of them there are.

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
def _discount_weights(discount: float) -> FloatArray:
    return discount ** np.arange(HORIZON_WEEKS, dtype=np.float64)
