"""All SKUs of a frame: `optimize_policy` once per row, nothing more."""

from collections.abc import Callable
from functools import cache

import polars as pl

from domain.feature_vector import vector_from_row
from domain.settings import Settings
from domain.stage_tables import Policies
from simulation.optimize import optimize_policy


def optimize_vectors(vectors: pl.DataFrame, settings: Settings, *, merchants: pl.DataFrame, on_progress: Callable[[int], None] | None = None) -> pl.DataFrame:
    """Optimise every SKU; the result does not depend on which others stand in the frame.

    Args:
        vectors: Rows of `stage_tables.SkuVectors`.
        settings: The platform's; each merchant's own are put on top.
        merchants: Contract table `merchants`, possibly without rows.
        on_progress: Told how many SKUs are done, after each.

    Returns:
        Rows of `stage_tables.Policies`, sorted by key, before any budget.

    Raises:
        UsageError: A merchant's setting is unknown or out of bounds.
        StaleInputError: A vector was written for another version of this code.
    """
    merchant_rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}

    @cache
    def settings_of(merchant_id: str) -> Settings:
        return settings.for_merchant(merchant_id, merchant_rows.get(merchant_id))

    rows = []
    for n_done, row in enumerate(vectors.sort("merchant_id", "article_id").iter_rows(named=True), start=1):
        rows.append(optimize_policy(vector_from_row(row), settings_of(row["merchant_id"]), seed=settings.seed).as_row())
        if on_progress is not None:
            on_progress(n_done)
    return Policies.validate(pl.DataFrame(rows, schema=Policies.create_empty().schema))
