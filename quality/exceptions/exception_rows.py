"""One exception: SKUs with the money at stake and what to do."""

import polars as pl

SERIES_KEY = ["merchant_id", "article_id"]
ALL_ARTICLES = "all articles"
"""Stands for the article where an exception is about a merchant."""
MARGIN_EUR = (pl.col("unit_price_eur") - pl.col("unit_cost_eur")).clip(lower_bound=0.0) * (1 - pl.col("return_rate"))
"""What a lost sale loses, per unit."""


def exception_rows(skus: pl.DataFrame, *, reason: str, at_stake: pl.Expr, action: pl.Expr) -> pl.DataFrame:
    """A row per SKU, as `stage_tables.Exceptions` without its date.

    Args:
        skus: The SKUs concerned, with the columns that the expressions read.
        reason: What is unusual.
        at_stake: Money [EUR].
        action: What to do, in words.
    """
    return skus.select(*SERIES_KEY, reason=pl.lit(reason), at_stake_eur=at_stake.cast(pl.Float64).round(2), suggested_action=action)
