"""Readings for a person: each printed once, with how many rows and series it is about."""

from collections.abc import Iterable
from typing import Any

import polars as pl

_NAME = ["reading", "table", "column"]


def count_readings(readings: pl.DataFrame) -> list[dict[str, Any]]:
    """One entry per reading, table and column, most rows first.

    Args:
        readings: `stage_tables.Readings`, of any number of shards.

    Returns:
        Dicts of reading, table, column, n_rows, n_series (series it is about; 0 = merchants or the whole source) and evidence, that of
        the line with most rows.
    """
    series = pl.struct("merchant_id", "article_id").filter(pl.col("article_id").is_not_null()).n_unique()
    ordered = readings.sort("n_rows", "merchant_id", "article_id", "evidence", descending=[True, False, False, False], nulls_last=False)
    counted = ordered.group_by(_NAME, maintain_order=True).agg(pl.col("n_rows").sum(), n_series=series.cast(pl.Int64), evidence=pl.col("evidence").first())
    return counted.sort("n_rows", *_NAME, descending=[True, False, False, False], nulls_last=False).to_dicts()


def reading_lines(counted: Iterable[dict[str, Any]]) -> list[str]:
    """The entries of `count_readings` in a line each."""
    return [f"{_place(entry)}: {entry['reading']} ({_extent(entry)}), for example: {entry['evidence']}" for entry in counted]


def _place(entry: dict[str, Any]) -> str:
    return f"{entry['table']}.{entry['column']}" if entry["column"] else str(entry["table"])


def _extent(entry: dict[str, Any]) -> str:
    parts = [(entry["n_rows"], "row", "rows"), (entry["n_series"], "article", "articles")]
    return ", ".join(f"{number:,} {one if number == 1 else many}" for number, one, many in parts if number) or "no row"
