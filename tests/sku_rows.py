"""Example SKUs as rows of the table of vectors."""

import numpy as np
import polars as pl

from benchmarks.sku import example_vector
from domain.feature_vector import SCHEMA_VERSION, hash_vector_row
from domain.stage_tables import SkuVectors


def vector_rows(n_skus: int = 4) -> pl.DataFrame:
    """SKUs of two merchants."""
    rows = []
    for number in range(n_skus):
        values = example_vector(number)._asdict()
        arrays = {name: value.ravel().tolist() for name, value in values.items() if isinstance(value, np.ndarray)}
        row = values | arrays | {"merchant_id": f"merchant-{number % 2}", "schema_version": SCHEMA_VERSION, "sales_history_units": [0] * 12}
        rows.append(row | {"vector_hash": hash_vector_row(row)})
    return SkuVectors.validate(pl.DataFrame(rows, schema=SkuVectors.create_empty().schema))
