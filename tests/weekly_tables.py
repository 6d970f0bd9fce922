"""Small sources for tests: the nine contract tables, empty but for the rows a test names."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from domain.tables import RAW_TABLES

MONDAY = date(2025, 1, 6)
"""Week 0 of every test world."""


def week(index: int) -> date:
    return MONDAY + timedelta(weeks=index)


def day(index: int, *, hour: int = 12) -> datetime:
    """Noon of the day `index` days after the first Monday."""
    return datetime(2025, 1, 6, hour, tzinfo=UTC) + timedelta(days=index)


def tables_of(**rows: Sequence[Mapping[str, Any]] | pl.DataFrame) -> dict[str, pl.DataFrame]:
    """All nine tables; merchant "m" and article "a" where a row names none."""
    tables = {name: schema.create_empty() for name, schema in RAW_TABLES.items()}
    for name, given in rows.items():
        frame = given if isinstance(given, pl.DataFrame) else pl.DataFrame([{"merchant_id": "m", "article_id": "a"} | dict(row) for row in given])
        schema = tables[name].schema
        known = frame.select(pl.col(column).cast(schema[column]) for column in frame.columns if column in schema)
        tables[name] = RAW_TABLES[name].validate(pl.concat([tables[name], known], how="diagonal"))
    return tables


def weekly_rows(units: Sequence[int | None], *, merchant_id: str = "m", article_id: str = "a", first: int = 0) -> list[dict[str, Any]]:
    return [{"merchant_id": merchant_id, "article_id": article_id, "week": week(first + index), "sales_units": value} for index, value in enumerate(units)]


def panel_tables(*, n_series: int, n_weeks: int, seed: int = 1) -> dict[str, pl.DataFrame]:
    """A made-up panel: levels from slow to fast, a yearly wave, some unknown weeks, some young series."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for index in range(n_series):
        first = 0 if index % 5 else int(generator.integers(0, n_weeks))
        level = float(generator.lognormal(1.0, 1.2)) + 0.1
        wave = 1 + 0.5 * np.sin(2 * np.pi * np.arange(first, n_weeks) / 52)
        units: list[int | None] = [int(value) for value in generator.negative_binomial(2, 2 / (2 + level * wave))]
        units = [None if generator.random() < 0.03 else value for value in units]
        rows += weekly_rows(units, merchant_id=f"m{index % 3}", article_id=f"a{index}", first=first)
    shares = generator.random(len(rows))
    return tables_of(weekly_sales=[row | {"available_share": 0.5 if share < 0.05 else None} for row, share in zip(rows, shares, strict=True)])
