"""How the reader read what is unclear: rows of `stage_tables.Readings`, one line per reading and series."""

import polars as pl

from domain.stage_tables import Readings

SERIES_KEY = ("merchant_id", "article_id")
SALES_DAYS = {"sales_transactions": "occurred_at", "weekly_sales": "week"}
"""The column that dates a sale, by table."""


def readings_of(rows: pl.DataFrame, *, reading: str, table: str, evidence: pl.Expr | str, column: str | None = None) -> pl.DataFrame:
    """One line per series of the rows, its evidence that of the row that sorts first: the order of rows does not show.

    Args:
        rows: Rows or cells concerned, with the merchant and the article where the table has them.
        reading: Its name.
        table: Table of the contract.
        evidence: A sentence per row, or one for all.
        column: Column concerned; `None` = the whole row.
    """
    sentence = pl.lit(evidence) if isinstance(evidence, str) else evidence
    key = [pl.col(name) if name in rows.columns else pl.lit(None, pl.String).alias(name) for name in SERIES_KEY]
    lines = rows.select(*key, evidence=sentence).group_by(SERIES_KEY).agg(n_rows=pl.len().cast(pl.Int64), evidence=pl.col("evidence").min())
    named = lines.with_columns(reading=pl.lit(reading), table=pl.lit(table), column=pl.lit(column, pl.String))
    return named.select(Readings.column_names()).sort(SERIES_KEY, nulls_last=False)


def sorted_readings(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """All readings of a source, in an order of their own."""
    return Readings.validate(pl.concat([Readings.create_empty(), *parts]).sort(Readings.column_names(), nulls_last=False))
