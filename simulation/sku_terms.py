"""From a feature vector and a merchant's settings to the numbers the kernels read, and the inputs no number can come of."""

import math
from functools import lru_cache

import numpy as np

from domain.errors import DataError, UsageError
from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS, tail_scale
from domain.settings import InventorySettings, Settings
from domain.stage_tables import HORIZON_WEEKS
from simulation.kernels.order_plans import Floats, OrderTerms
from simulation.kernels.vector_checks import FAULTS, find_fault
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.sampling.paths import FloatArray

MOST_UNITS = 2**23
"""Most units of one SKU on hand, on order and demanded over the horizon: whole numbers held as float32 are exact up to twice this."""

_WEEK_TERMS, _OVERSTOCK = np.array([0, 1, 2, 3, 4, 6]), 5
"""Places of the cost terms charged every week, and of the one charged at the end, among `path_costs.COST_TERMS`."""

_LARGEST_DRAW = math.log((1 - QUANTILE_LEVELS[-1]) * 2**24)
"""Scales of the tail between the last level and the largest demand that can be drawn."""


def sku_terms(vector: FeatureVector, settings: Settings) -> SkuTerms:
    """The SKU's stock, order terms and cost rates; the article's own order terms win over its merchant's.

    Raises:
        DataError: The vector holds numbers no decision can come of.
        UsageError: The order terms contradict each other.
    """
    rates, inventory = _cost_rates(vector, settings), settings.inventory
    _refuse_unusable(vector, rates)
    quantiles = vector.demand_quantiles_units
    largest_demand = float((quantiles[:, -1] + _LARGEST_DRAW * tail_scale(quantiles)).max()) + 1
    in_transit = int(vector.inbound_units.sum())
    if vector.on_hand_units + in_transit + HORIZON_WEEKS * largest_demand > MOST_UNITS:
        raise _unusable(vector, f"stock or demand beyond {MOST_UNITS:,} units")
    weights, n_lags = _return_weights(vector)
    grain = _grain(weights, vector.returns_due_units, largest_demand)
    discount = _discount_weights(inventory.discount)
    return SkuTerms(
        on_hand_units=np.float32(vector.on_hand_units),
        in_transit_units=np.float32(in_transit),
        returns_due_units=_on_grain(vector.returns_due_units, grain),
        return_weights=_on_grain(weights, grain),
        n_lags=n_lags,
        inbound_share_before_demand=np.float32(round(inventory.inbound_share_before_demand * 64) / 64),
        orders=order_terms(vector, inventory),
        week_rates_eur=week_rates(rates, discount),
        cost_rates_eur=rates,
        discount_weights=discount,
    )


def order_terms(vector: FeatureVector, inventory: InventorySettings) -> OrderTerms:
    """What the supplier and the warehouse accept.

    Raises:
        UsageError: The smallest order is larger than the largest, or than the warehouse.
    """
    own_minimum, own_pack = vector.minimum_order_quantity_units, vector.pack_size_units
    minimum = inventory.minimum_order_quantity_units if own_minimum is None else own_minimum
    pack = inventory.pack_size_units if own_pack is None else own_pack
    limits = (inventory.maximum_order_quantity_units, inventory.storage_capacity_units)
    _refuse_impossible(vector, minimum, pack, *limits)
    return _order_terms(minimum, pack, *limits, inventory.review_period_weeks)


@lru_cache(maxsize=1024)
def _order_terms(minimum: int, pack: int, maximum: int | None, storage: int | None, review_period_weeks: int) -> OrderTerms:
    return OrderTerms(np.float32(minimum), np.float32(pack), _limit(maximum), _limit(storage), review_period_weeks, first_decision_epoch=0)


def _refuse_impossible(vector: FeatureVector, minimum: int, pack: int, maximum: int | None, storage: int | None) -> None:
    fact, got = "", f"pack size {pack}, minimum order {minimum}"
    if pack < 1 or minimum < 1:
        fact = "has a pack size or a minimum order below one unit"
    else:
        smallest = -(-minimum // pack) * pack
        for name, limit in (("largest order", maximum), ("storage capacity", storage)):
            if limit is not None and smallest > limit // pack * pack:
                fact, got = f"has a smallest order above its {name}", f"{got}, {name} {limit}"
    if fact:
        raise UsageError(
            f"merchant {vector.merchant_id}, article {vector.article_id} {fact}",
            got=got,
            wanted="a smallest order, in whole packs of at least one unit, that fits its limits",
            remedy="Correct the article's or the merchant's order terms.",
        )


def _refuse_unusable(vector: FeatureVector, rates: FloatArray) -> None:
    """Stop before a wrong number is computed.

    Raises:
        DataError: The vector is not 12 weeks of monotone, finite, non-negative quantiles, or holds negative or endless stock, shipments, rates or returns.
    """
    quantiles, found = vector.demand_quantiles_units, ""
    wanted = (HORIZON_WEEKS, QUANTILE_LEVELS.size)
    if quantiles.shape != wanted:
        found = f"quantiles of shape {quantiles.shape} instead of {wanted}"
    elif not vector.inbound_units.size == vector.returns_due_units.size == HORIZON_WEEKS:
        found = f"shipments or returns due that are not by week 0 … {HORIZON_WEEKS - 1}"
    elif not 0 <= vector.return_rate <= 1:
        found = f"a return rate of {vector.return_rate}"
    else:
        amounts = np.array((*rates, vector.unit_price_eur, vector.unit_cost_eur, vector.on_hand_units))
        found = FAULTS[find_fault(quantiles, vector.inbound_units, vector.returns_due_units, vector.return_lag_weights, amounts)]
    if found:
        raise _unusable(vector, found)


def week_rates(rates: FloatArray, discount: FloatArray) -> Floats:
    """Discounted rates by week `(n_weeks, 6)`: holding, inbound, outbound, returns, lost sales, fixed; overstock is held into the last week."""
    by_week = discount[:, None] * rates[_WEEK_TERMS]
    by_week[-1, 0] += discount[-1] * rates[_OVERSTOCK]
    return np.asarray(by_week, dtype=np.float32)


def _cost_rates(vector: FeatureVector, settings: Settings) -> FloatArray:
    """EUR per unit (per order for the last), in the order of `path_costs.COST_TERMS`."""
    # A unit sold at a loss is no gain when it is not sold: the margin lost is never negative.
    lost_margin = max(vector.unit_price_eur - vector.unit_cost_eur, 0.0) * (1 - vector.return_rate)
    return np.array(
        [
            vector.holding_rate_eur_per_unit_week,
            vector.inbound_rate_eur_per_unit,
            vector.outbound_rate_eur_per_unit,
            vector.return_handling_rate_eur_per_unit,
            lost_margin,
            settings.inventory.terminal_markdown_share * vector.unit_cost_eur,
            vector.fixed_order_cost_eur,
        ]
    )


def _return_weights(vector: FeatureVector) -> tuple[FloatArray, int]:
    """Expected returns per unit sold, 1, 2, … weeks after the sale `(12,)`, and how many of them there are.

    Lag 0 counts as 1, lags beyond the horizon as never.
    """
    by_lag, weights = np.zeros(HORIZON_WEEKS), vector.return_lag_weights[:HORIZON_WEEKS]
    if vector.return_rate == 0 or weights.size == 0:
        return by_lag, 0
    by_lag[: weights.size - 1] = weights[1:]
    by_lag[0] += weights[0]
    return vector.return_rate * by_lag, max(weights.size - 1, 1)


def _grain(weights: FloatArray, returns_due: FloatArray, largest_demand: float) -> float:
    """The power of two that return weights are multiples of the inverse of: as fine as lets a week's returns stay exact in float32.

    Never coarser than 1/256: beyond some thirty thousand returns in one week a rounding of that size is no matter, and units
    stay whole all the same.
    """
    largest = float(weights.sum() * largest_demand + returns_due.max()) + 2
    return 2.0 ** min(max(23 - math.ceil(math.log2(largest)), 8), 20)


def _on_grain(values: FloatArray, grain: float) -> Floats:
    return np.asarray(np.floor(values * grain + 0.5) / grain, dtype=np.float32)


def _limit(units: int | None) -> np.float32:
    return np.float32(np.inf if units is None else units)


@lru_cache(maxsize=64)
def _discount_weights(discount: float) -> FloatArray:
    return discount ** np.arange(HORIZON_WEEKS, dtype=np.float64)


def _unusable(vector: FeatureVector, found: str) -> DataError:
    return DataError(
        f"the feature vector of merchant {vector.merchant_id}, article {vector.article_id} cannot be decided on",
        got=found,
        wanted=f"{HORIZON_WEEKS} weeks of finite, non-negative quantiles that do not cross, and non-negative stock, prices and rates",
        remedy="Correct the source and re-materialise vectors/sku_vectors.",
    )
