"""The boundary object of the two pipelines: all the optimiser needs to know of one SKU on one day.

`feature_store/assemble.py` writes vectors as rows of `stage_tables.SkuVectors`; batch and online optimisation read
them back through `vector_from_row`, so both see the same bytes. A change of meaning bumps `SCHEMA_VERSION`.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from domain.errors import StaleInputError
from domain.quantiles import QUANTILE_LEVELS
from domain.stage_tables import HORIZON_WEEKS

SCHEMA_VERSION = 3

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


NO_UNITS: IntArray = np.zeros(0, dtype=np.int64)
NO_UNITS.setflags(write=False)


class FeatureVector(NamedTuple):
    """One SKU on one day. Units and meanings of the fields: `stage_tables.SkuVectors`."""

    merchant_id: str
    article_id: str
    date: dt.date
    cutoff: dt.date
    demand_quantiles_units: FloatArray
    """`(12, 39)`, monotone along the second axis."""
    on_hand_units: int
    inbound_units: IntArray
    """`(12,)`"""
    returns_due_units: FloatArray
    """`(12,)`"""
    unit_price_eur: float
    unit_cost_eur: float
    unit_value_eur: float
    holding_rate_eur_per_unit_week: float
    inbound_rate_eur_per_unit: float
    outbound_rate_eur_per_unit: float
    return_handling_rate_eur_per_unit: float
    fixed_order_cost_eur: float
    return_rate: float
    return_lag_weights: FloatArray
    """`(n_lags,)`, weeks since the sale, sums to 1."""
    observed_lead_time_cv: float | None
    minimum_order_quantity_units: int | None
    pack_size_units: int | None
    model: str
    segment: str
    vector_hash: str
    demand_common_share: float | None = None
    demand_autocorrelation: float | None = None
    inbound_later_units: IntArray = NO_UNITS
    """Of week 12, 13, …; units in transit that come later still stand in the last."""
    supplier_id: str | None = None
    last_order_date: dt.date | None = None
    lead_time_weeks: float | None = None
    """`None` = the merchant's."""


_ARRAYS: Mapping[str, type] = {
    "demand_quantiles_units": np.float64,
    "inbound_units": np.int64,
    "inbound_later_units": np.int64,
    "returns_due_units": np.float64,
    "return_lag_weights": np.float64,
}


def vector_from_row(row: Mapping[str, Any]) -> FeatureVector:
    """The vector in a row of the `vectors/sku_vectors` table.

    Raises:
        StaleInputError: The row was written with another schema version, horizon or set of levels.
    """
    shape, n_quantiles = (HORIZON_WEEKS, len(QUANTILE_LEVELS)), len(row["demand_quantiles_units"])
    if row["schema_version"] != SCHEMA_VERSION or n_quantiles != shape[0] * shape[1]:
        raise StaleInputError(
            f"the vector of merchant {row['merchant_id']}, article {row['article_id']} does not fit this code",
            got=f"schema version {row['schema_version']}, {n_quantiles} quantiles",
            wanted=f"schema version {SCHEMA_VERSION}, {shape[0]} weeks × {shape[1]} levels",
            remedy="Re-materialise vectors/sku_vectors.",
        )
    values = {name: row[name] for name in FeatureVector._fields}
    arrays: dict[str, npt.NDArray[Any]] = {name: np.asarray(row[name], dtype=dtype) for name, dtype in _ARRAYS.items()}
    arrays["demand_quantiles_units"] = arrays["demand_quantiles_units"].reshape(shape)
    return FeatureVector(**(values | arrays))


def hash_vector_row(row: Mapping[str, Any]) -> str:
    """16 hex digits over a row's values (`vector_hash` itself left out): equal inputs, equal hash, on every route."""
    content = {name: str(value) if isinstance(value, dt.date) else value for name, value in row.items() if name != "vector_hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
