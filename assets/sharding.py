"""Split raw tables by shard at ingestion, so that no later step needs a shuffle. No Dagster."""

from collections.abc import Mapping

import polars as pl

from domain.randomness import shard_of

SERIES_KEY = ("merchant_id", "article_id")


def assign_shards(tables: Mapping[str, pl.DataFrame], *, n_shards: int) -> pl.DataFrame:
    """Shard of every series that occurs in any table: `merchant_id`, `article_id`, `shard` (00, 01, …)."""
    keys = [frame.select(SERIES_KEY).drop_nulls().unique() for frame in tables.values() if {*SERIES_KEY} <= {*frame.columns}]
    series = pl.concat(keys).unique().sort(SERIES_KEY)
    shards = [f"{shard_of(merchant_id, article_id, n_shards=n_shards):02d}" for merchant_id, article_id in series.iter_rows()]
    return series.with_columns(pl.Series("shard", shards, dtype=pl.String))


def rows_of_shard(frame: pl.DataFrame, shards: pl.DataFrame, *, shard: str) -> pl.DataFrame:
    """A table's rows for one shard, in their order; merchant-level tables and rows (no article) belong to every shard."""
    if "article_id" not in frame.columns:
        return frame
    other = shards.filter(pl.col("shard") != shard).select(SERIES_KEY)
    return frame.join(other, on=SERIES_KEY, how="anti", maintain_order="left")
