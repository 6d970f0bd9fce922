"""All SKUs of a frame: `optimize_policy` once per row, several at a time.

The kernels release the interpreter lock, so threads that share the rows use all cores. A row's result depends on the row
alone, whoever computes it.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import polars as pl

from domain.feature_vector import vector_from_row
from domain.settings import Settings
from domain.stage_tables import Recommendations
from simulation.optimize import optimize_policy

_ROWS_AT_A_TIME = 1024
"""Rows handed to the threads together: an error stops the run soon."""


def optimize_vectors(vectors: pl.DataFrame, settings: Settings, *, merchants: pl.DataFrame, on_progress: Callable[[int], None] | None = None) -> pl.DataFrame:
    """Optimise every SKU; the result does not depend on which others stand in the frame.

    Args:
        vectors: Rows of `stage_tables.SkuVectors`.
        settings: The platform's; each merchant's own are put on top.
        merchants: Contract table `merchants`, possibly without rows.
        on_progress: Told how many SKUs are done, after each.

    Returns:
        Rows of `stage_tables.Recommendations`, sorted by key, before any budget.

    Raises:
        UsageError: A merchant's setting is unknown or out of bounds.
        StaleInputError: A vector was written for another version of this code.
    """
    merchant_rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}

    @cache
    def settings_of(merchant_id: str) -> Settings:
        return settings.for_merchant(merchant_id, merchant_rows.get(merchant_id))

    def row_of(row: Mapping[str, Any]) -> dict[str, Any]:
        return optimize_policy(vector_from_row(row), settings_of(row["merchant_id"]), seed=settings.seed).as_row()

    ordered = vectors.sort("merchant_id", "article_id")
    for merchant_id in ordered["merchant_id"].unique():
        settings_of(merchant_id)  # once each, before the threads ask
    rows = []
    with ThreadPoolExecutor(settings.simulation.n_threads) as threads:
        for part in ordered.iter_slices(_ROWS_AT_A_TIME):
            for done in threads.map(row_of, part.iter_rows(named=True)):
                rows.append(done)
                if on_progress is not None:
                    on_progress(len(rows))
    return Recommendations.validate(pl.DataFrame(rows, schema=Recommendations.create_empty().schema))
