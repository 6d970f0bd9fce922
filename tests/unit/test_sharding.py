"""Every row of an article lies in exactly one shard, merchant-level rows in all of them."""

import polars as pl

from assets.sharding import assign_shards, rows_of_shard

ARTICLES = pl.DataFrame({"merchant_id": ["m1"] * 30 + ["m2"] * 30, "article_id": [f"a{number}" for number in range(60)], "units": range(60)})
COST_RATES = pl.DataFrame({"merchant_id": ["m1", "m1", "m2"], "article_id": [None, "a1", "never sold"], "rate": [0.1, 0.2, 0.3]})
MERCHANTS = pl.DataFrame({"merchant_id": ["m1", "m2"]})
TABLES = {"articles": ARTICLES, "cost_rates": COST_RATES, "merchants": MERCHANTS}
SHARDS = assign_shards(TABLES, n_shards=3)
NAMES = ["00", "01", "02"]


def test_rows_of_articles_are_split_without_loss() -> None:
    parts = [rows_of_shard(ARTICLES, SHARDS, shard=name) for name in NAMES]
    assert all(not part.is_empty() for part in parts)
    assert pl.concat(parts).sort("units").equals(ARTICLES)


def test_a_series_has_one_shard_in_all_tables() -> None:
    with_rate = [name for name in NAMES if "a1" in rows_of_shard(COST_RATES, SHARDS, shard=name)["article_id"]]
    with_units = [name for name in NAMES if "a1" in rows_of_shard(ARTICLES, SHARDS, shard=name)["article_id"]]
    assert with_rate == with_units
    assert len(with_rate) == 1


def test_merchant_level_rows_are_in_every_shard() -> None:
    for name in NAMES:
        assert rows_of_shard(MERCHANTS, SHARDS, shard=name).equals(MERCHANTS)
        assert rows_of_shard(COST_RATES, SHARDS, shard=name).filter(pl.col("article_id").is_null()).height == 1


def test_order_of_rows_changes_nothing() -> None:
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=1) for name, frame in TABLES.items()}
    assert assign_shards(shuffled, n_shards=3).equals(SHARDS)
