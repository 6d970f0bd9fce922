"""Feature vectors of many SKUs of one merchant as arrays: what the engine's hot path reads, a row per SKU."""

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from domain.errors import DataError
from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS
from domain.stage_tables import HORIZON_WEEKS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_RATES = (
    "unit_price_eur",
    "unit_cost_eur",
    "holding_rate_eur_per_unit_week",
    "inbound_rate_eur_per_unit",
    "outbound_rate_eur_per_unit",
    "return_handling_rate_eur_per_unit",
    "fixed_order_cost_eur",
    "return_rate",
    "on_hand_units",
)
_rates_of = attrgetter(*_RATES)
_SHAPE = (HORIZON_WEEKS, QUANTILE_LEVELS.size)


class VectorChunk(NamedTuple):
    """Units and meanings: `stage_tables.SkuVectors`."""

    vectors: Sequence[FeatureVector]
    demand_quantiles_units: FloatArray
    """`(n_skus, 12, 39)`"""
    inbound_units: IntArray
    """`(n_skus, 12)`"""
    returns_due_units: FloatArray
    """`(n_skus, 12)`"""
    return_lag_weights: FloatArray
    """`(n_skus, 12)`; weights of longer lags are left out."""
    n_return_lags: IntArray
    """`(n_skus,)` weights there are, at most 12."""
    rates: FloatArray
    """`(n_skus, 9)` price, cost, holding, inbound, outbound, return handling, fixed order cost, return rate, units on hand."""


def chunk_of(vectors: Sequence[FeatureVector]) -> VectorChunk:
    """The vectors as arrays.

    Raises:
        DataError: A vector has another horizon or another number of levels.
    """
    for vector in vectors:
        _refuse_other_shapes(vector)
    lags = np.zeros((len(vectors), HORIZON_WEEKS))
    n_lags = np.empty(len(vectors), np.int64)
    for k, vector in enumerate(vectors):
        n_lags[k] = min(vector.return_lag_weights.size, HORIZON_WEEKS)
        lags[k, : n_lags[k]] = vector.return_lag_weights[:HORIZON_WEEKS]
    return VectorChunk(
        vectors,
        np.array([vector.demand_quantiles_units for vector in vectors], dtype=np.float64),
        np.array([vector.inbound_units for vector in vectors], dtype=np.int64),
        np.array([vector.returns_due_units for vector in vectors], dtype=np.float64),
        lags,
        n_lags,
        np.array([_rates_of(vector) for vector in vectors], dtype=np.float64),
    )


def _refuse_other_shapes(vector: FeatureVector) -> None:
    found = ""
    if vector.demand_quantiles_units.shape != _SHAPE:
        found = f"quantiles of shape {vector.demand_quantiles_units.shape} instead of {_SHAPE}"
    elif not vector.inbound_units.size == vector.returns_due_units.size == HORIZON_WEEKS:
        found = f"shipments or returns due that are not by week 0 … {HORIZON_WEEKS - 1}"
    if found:
        raise unusable(vector, found)


def unusable(vector: FeatureVector, found: str) -> DataError:
    """A vector no decision can come of."""
    return DataError(
        f"the feature vector of merchant {vector.merchant_id}, article {vector.article_id} cannot be decided on",
        got=found,
        wanted=f"{HORIZON_WEEKS} weeks of finite, non-negative quantiles that do not cross, and non-negative stock, prices and rates",
        remedy="Correct the source and re-materialise vectors/sku_vectors.",
    )
