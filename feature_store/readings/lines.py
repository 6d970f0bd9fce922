"""One reading: the rows concerned, in the columns of the contract."""

import polars as pl

from domain.stage_tables import Readings

_KEYS = ("merchant_id", "article_id")


def lines(rows: pl.DataFrame, *, reading: str, table: str, column: str | None, n_rows: pl.Expr | int = 1, evidence: pl.Expr) -> pl.DataFrame:
    """A line per row; without a merchant or article among its columns it is about all of them.

    Args:
        rows: Whom it concerns, with the columns that the expressions read.
        reading: What was found, in a word or two.
        table: Of the contract.
        column: Concerned; `None` = whole rows.
        n_rows: Rows concerned.
        evidence: What was found, and what was assumed instead.
    """
    keys = {name: pl.col(name) if name in rows.columns else pl.lit(None, pl.String) for name in _KEYS}
    fixed = {"reading": pl.lit(reading), "table": pl.lit(table), "column": pl.lit(column, pl.String)}
    counted = n_rows if isinstance(n_rows, pl.Expr) else pl.lit(n_rows)
    return rows.select(**fixed, **keys, n_rows=counted.cast(pl.Int64), evidence=evidence).select(Readings.column_names())
