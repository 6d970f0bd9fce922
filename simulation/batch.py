"""All SKUs of a frame: `optimize_policies` once per chunk of a merchant's rows, several chunks at a time.

The kernels release the interpreter lock, so threads that share the rows use all cores. A row's result depends on the row
alone, whoever computes it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import polars as pl

from domain.feature_vector import vector_from_row
from domain.settings import Settings
from domain.stage_tables import NEXT_ORDER_DAY, Recommendations
from simulation.decision import no_decision
from simulation.optimize import optimize_policies
from simulation.recommendation import undecided
from simulation.tuning import even_chunks

_CHUNKS_AT_A_TIME = 16
"""Chunks handed to the threads together: an error stops the run soon."""


def optimize_vectors(
    vectors: pl.DataFrame,
    settings: Settings,
    *,
    merchants: pl.DataFrame,
    plans: pl.DataFrame | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> pl.DataFrame:
    """Optimise every SKU; the result does not depend on which others stand in the frame.

    Args:
        vectors: Rows of `stage_tables.SkuVectors`.
        settings: The platform's; each merchant's own are put on top.
        merchants: Contract table `merchants`, possibly without rows.
        plans: Rows of `stage_tables.Policies` of the day before, whose plans are kept among orders that cost alike; `None` = it was not decided.
        on_progress: Told how many SKUs are done, after each.

    Returns:
        Rows of `stage_tables.Recommendations`, sorted by key, before any budget.

    A merchant whose settings are not usable gets rows that say so; the others go on.

    Raises:
        StaleInputError: A vector was written for another version of this code.
    """
    merchant_rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}

    planned = {} if plans is None else _planned_units(plans)

    @cache
    def settings_of(merchant_id: str) -> tuple[Settings, str]:
        return settings.for_merchant_if_usable(merchant_id, merchant_rows.get(merchant_id))

    def rows_of(chunk: pl.DataFrame) -> list[dict[str, Any]]:
        vectors = [vector_from_row(row) for row in chunk.iter_rows(named=True)]
        own, reason = settings_of(vectors[0].merchant_id)
        if reason:
            return [undecided(vector, own, no_decision(reason), seed=settings.seed).as_row() for vector in vectors]
        return [
            found.as_row()
            for found in optimize_policies(vectors, own, seed=settings.seed, planned_units=[planned.get((v.merchant_id, v.article_id)) for v in vectors])
        ]

    ordered = vectors.sort("merchant_id", "lead_time_weeks", "article_id")
    for merchant_id in ordered["merchant_id"].unique():
        settings_of(merchant_id)  # once each, before the threads ask
    chunks = [own[part] for own in ordered.partition_by("merchant_id", "lead_time_weeks", maintain_order=True) for part in even_chunks(own.height)]
    rows = []
    with ThreadPoolExecutor(settings.simulation.n_threads) as threads:
        for first in range(0, len(chunks), _CHUNKS_AT_A_TIME):
            for done in threads.map(rows_of, chunks[first : first + _CHUNKS_AT_A_TIME]):
                for row in done:
                    rows.append(row)
                    if on_progress is not None:
                        on_progress(len(rows))
    return Recommendations.validate(pl.DataFrame(rows, schema=Recommendations.create_empty().schema).sort("merchant_id", "article_id"))


def _planned_units(plans: pl.DataFrame) -> dict[tuple[str, str], int]:
    """Plans for the next order day; an order that was placed is no plan any more."""
    waiting = plans.filter(pl.col("decision") == NEXT_ORDER_DAY)
    return {(merchant, article): units for merchant, article, units in waiting.select("merchant_id", "article_id", "planned_order_units").iter_rows()}
