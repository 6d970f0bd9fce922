"""Feature vectors of many SKUs of one merchant as arrays: what the engine's hot path reads, a row per SKU."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from domain.errors import DataError
from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS
from domain.stage_tables import HORIZON_WEEKS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SHAPE = (HORIZON_WEEKS, QUANTILE_LEVELS.size)


class VectorChunk(NamedTuple):
    """Units and meanings: `stage_tables.SkuVectors`."""

    vectors: Sequence[FeatureVector]
    demand_quantiles_units: FloatArray
    """`(n_skus, 12, 39)`"""
    inbound_units: IntArray
    """`(n_skus, 12)`"""
    inbound_later_units: IntArray
    """`(n_skus, n)` of week 12, 13, …"""
    returns_due_units: FloatArray
    """`(n_skus, 12)`"""
    return_lag_weights: FloatArray
    """`(n_skus, 12)`; weights of longer lags are left out."""
    n_return_lags: IntArray
    """`(n_skus,)` weights there are, at most 12."""
    rates: FloatArray
    """`(n_skus, 9)` price, cost, holding, inbound, outbound, return handling, fixed order cost, return rate, units on hand."""
    order_terms: FloatArray
    """`(n_skus, 2)` smallest order and pack size; NaN = the merchant's."""
    lead_time_cv: FloatArray
    """`(n_skus,)` as observed; NaN = not known."""
    dependence: FloatArray
    """`(n_skus, 2)` common share and autocorrelation of the weeks; NaN = not known."""


def chunk_of(vectors: Sequence[FeatureVector]) -> VectorChunk:
    """The vectors as arrays.

    Raises:
        DataError: A vector has another horizon or another number of levels.
    """
    columns = FeatureVector._make(zip(*vectors, strict=True))  # each field a tuple of all SKUs
    quantiles, inbound, returns_due = columns.demand_quantiles_units, columns.inbound_units, columns.returns_due_units
    if {units.shape for units in quantiles} != {_SHAPE} or {units.shape for units in (*inbound, *returns_due)} != {(HORIZON_WEEKS,)}:
        raise _misshapen(vectors)
    lags, n_lags = _lags([weights[:HORIZON_WEEKS] for weights in columns.return_lag_weights])
    return VectorChunk(
        vectors,
        np.concatenate(quantiles, dtype=np.float64).reshape(-1, *_SHAPE),
        np.concatenate(inbound, dtype=np.int64).reshape(-1, HORIZON_WEEKS),
        _later(list(columns.inbound_later_units)),
        np.concatenate(returns_due, dtype=np.float64).reshape(-1, HORIZON_WEEKS),
        lags,
        n_lags,
        _by_sku(
            columns.unit_price_eur,
            columns.unit_cost_eur,
            columns.holding_rate_eur_per_unit_week,
            columns.inbound_rate_eur_per_unit,
            columns.outbound_rate_eur_per_unit,
            columns.return_handling_rate_eur_per_unit,
            columns.fixed_order_cost_eur,
            columns.return_rate,
            columns.on_hand_units,
        ),
        _by_sku(columns.minimum_order_quantity_units, columns.pack_size_units),
        _by_sku(columns.observed_lead_time_cv)[:, 0],
        _by_sku(columns.demand_common_share, columns.demand_autocorrelation),
    )


def _later(units: Sequence[IntArray]) -> IntArray:
    """Side by side, zeros behind them."""
    later = np.zeros((len(units), max(len(of_sku) for of_sku in units)), dtype=np.int64)
    for sku, of_sku in enumerate(units):
        later[sku, : len(of_sku)] = of_sku
    return later


def _lags(weights: Sequence[FloatArray]) -> tuple[FloatArray, IntArray]:
    """Weights side by side, zeros behind them, and how many there are."""
    n_lags = np.array([of_sku.size for of_sku in weights])
    lags = np.zeros((len(weights), HORIZON_WEEKS))
    lags[np.arange(HORIZON_WEEKS) < n_lags[:, None]] = np.concatenate(weights)
    return lags, n_lags


def _by_sku(*columns: Any) -> FloatArray:
    """Numbers, or `None` as NaN, of each SKU side by side `(n_skus, n_columns)`."""
    return np.ascontiguousarray(np.array(columns, dtype=np.float64).T)


def _misshapen(vectors: Sequence[FeatureVector]) -> DataError:
    """Which vector is the first, and what is wrong with it."""
    vector = next(vector for vector in vectors if shape_fault(vector))
    return unusable(vector, shape_fault(vector))


def shape_fault(vector: FeatureVector) -> str:
    """What is wrong with the shape of a vector's arrays; empty = nothing."""
    if vector.demand_quantiles_units.shape != _SHAPE:
        return f"quantiles of shape {vector.demand_quantiles_units.shape} instead of {_SHAPE}"
    if not vector.inbound_units.shape == vector.returns_due_units.shape == (HORIZON_WEEKS,):
        return f"shipments or returns due that are not by week 0 … {HORIZON_WEEKS - 1}"
    return ""


def unusable(vector: FeatureVector, found: str) -> DataError:
    """A vector no decision can come of."""
    return DataError(
        f"the feature vector of merchant {vector.merchant_id}, article {vector.article_id} cannot be decided on",
        got=found,
        wanted=f"{HORIZON_WEEKS} weeks of finite, non-negative quantiles that do not cross, and non-negative stock, prices and rates",
        remedy="Correct the source and re-materialise vectors/sku_vectors.",
    )
