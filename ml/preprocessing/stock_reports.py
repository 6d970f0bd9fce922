"""How a source reports stock: does a report list everything (what it omits is not there), or only what changed?

A merchant's reports are snapshots where most articles stand in each of them, counts repeat from one to the next, and zeros are never listed: what
sold out just vanishes. A source that lists its zeros is read as it stands. Report days are those of the whole market, so shards agree on them.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from domain.settings import StockReporting
from ml.preprocessing.visible import SERIES_KEY

LANE = ["merchant_id", "warehouse_id"]
RECENT_DAYS = 28
LEAST_COVERAGE, LEAST_REPEATED, MOST_ZEROS = 0.7, 0.02, 0.005
"""A snapshot lists so much of what was listed lately, repeats so many counts, and names so few zeros; shares."""
LEAST_OF_USUAL = 0.5
"""Articles of a report over those of the usual one, below which it is a correction and says nothing of what it omits."""
STOPPED_DAYS = 7
"""Least days by which a warehouse that stopped reporting lies behind its merchant; twice its own rhythm where that is longer."""
_COUNTS = ["n_articles", "n_repeated", "n_zero"]


class StockReports(NamedTuple):
    """What a market's stock reports are, as known before a day."""

    days: pl.DataFrame
    """merchant_id, warehouse_id, date: reports whose omissions say zero; no rows of a merchant that reports changes."""
    lanes: pl.DataFrame
    """merchant_id, warehouse_id, first_day, last_day, has_stopped: every warehouse that ever reported."""
    merchants: pl.DataFrame
    """merchant_id, is_snapshot."""


def tally_stock_reports(stock_levels: pl.DataFrame, *, before: date) -> pl.DataFrame:
    """Articles, repeated counts and zeros by warehouse and day, of one shard; in rows without a date the articles of the last 28 days.

    Args:
        stock_levels: The contract's table; rows from the day on are not looked at.
        before: The day.
    """
    seen = known_counts(stock_levels.lazy(), before=before).sort(*SERIES_KEY, "warehouse_id", "date")
    repeats = pl.col("on_hand_units") == pl.col("on_hand_units").shift().over(*SERIES_KEY, "warehouse_id")
    rows = seen.with_columns(repeats=repeats.fill_null(value=False))
    figures = {"n_articles": pl.len(), "n_repeated": pl.col("repeats").sum(), "n_zero": (pl.col("on_hand_units") == 0).sum()}
    by_day = rows.group_by(*LANE, "date").agg(**{name: figure.cast(pl.Int64) for name, figure in figures.items()})
    recent = rows.filter(pl.col("date") >= before - timedelta(days=RECENT_DAYS)).group_by(LANE).agg(n_articles=pl.col("article_id").n_unique().cast(pl.Int64))
    undated = recent.with_columns(date=pl.lit(None, pl.Date), n_repeated=pl.lit(0, pl.Int64), n_zero=pl.lit(0, pl.Int64))
    return pl.concat([by_day, undated.select(by_day.collect_schema().names())]).collect()


def known_counts(stock_levels: pl.LazyFrame, *, before: date) -> pl.LazyFrame:
    """Units by article, warehouse and day: rows of lots added up, what is below zero counted as nothing."""
    known = stock_levels.filter(pl.col("date") < before, pl.col("on_hand_units").is_not_null())
    lots = known.group_by(*SERIES_KEY, "warehouse_id", "date").agg(pl.col("on_hand_units").sum())
    return lots.with_columns(pl.col("on_hand_units").clip(lower_bound=0))


def find_stock_reports(tallies: Iterable[pl.DataFrame], *, before: date, reporting: StockReporting | None) -> StockReports:
    """What the reports of a whole market are.

    Args:
        tallies: Of `tally_stock_reports`, of every shard.
        before: The day up to which they were made.
        reporting: The setting; `None` = guessed for each merchant.
    """
    whole = pl.concat([*tallies]).group_by(*LANE, "date").agg(pl.col(_COUNTS).sum()).sort(*LANE, "date", nulls_last=False)
    by_day = whole.filter(pl.col("date").is_not_null())
    recent = whole.filter(pl.col("date").is_null()).select(*LANE, n_recent="n_articles")
    merchants = _kinds(by_day, recent, before=before, reporting=reporting)
    usual = pl.col("n_articles").median().over(LANE)
    is_whole = pl.lit(value=True) if reporting == "snapshot" else pl.col("n_articles") >= LEAST_OF_USUAL * usual
    snapshots = by_day.join(merchants.filter("is_snapshot"), on="merchant_id", how="semi")
    return StockReports(snapshots.filter(is_whole).select(*LANE, "date"), _lanes(by_day), merchants)


def _kinds(by_day: pl.DataFrame, recent: pl.DataFrame, *, before: date, reporting: StockReporting | None) -> pl.DataFrame:
    """merchant_id, is_snapshot."""
    lately = by_day.filter(pl.col("date") >= before - timedelta(days=RECENT_DAYS)).group_by(LANE).agg(n_usual=pl.col("n_articles").median())
    coverage = lately.join(recent, on=LANE, nulls_equal=True).group_by("merchant_id").agg(coverage=pl.col("n_usual").sum() / pl.col("n_recent").sum())
    shares = by_day.group_by("merchant_id").agg(
        repeated=pl.col("n_repeated").sum() / pl.col("n_articles").sum(), zeros=pl.col("n_zero").sum() / pl.col("n_articles").sum()
    )
    guess = (pl.col("coverage") >= LEAST_COVERAGE) & (pl.col("repeated") >= LEAST_REPEATED) & (pl.col("zeros") <= MOST_ZEROS)
    is_snapshot = guess.fill_null(value=False) if reporting is None else pl.lit(value=reporting == "snapshot")
    return shares.join(coverage, on="merchant_id", how="left").select("merchant_id", is_snapshot=is_snapshot).sort("merchant_id")


def _lanes(by_day: pl.DataFrame) -> pl.DataFrame:
    gap = pl.col("date").sort().diff().dt.total_days().median().fill_null(0)
    lanes = by_day.group_by(LANE).agg(first_day=pl.col("date").min(), last_day=pl.col("date").max(), gap=gap)
    behind = (pl.col("last_day").max().over("merchant_id") - pl.col("last_day")).dt.total_days()
    stopped = lanes.with_columns(has_stopped=behind > pl.max_horizontal(pl.lit(STOPPED_DAYS), 2 * pl.col("gap")))
    return stopped.drop("gap").sort(LANE, nulls_last=False)
