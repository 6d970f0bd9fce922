"""A few rows far before or far behind all others: mistyped dates, that would turn unknown history into zeros or move the decision day."""

from collections.abc import Mapping

import polars as pl

from sources.fingerprints import EVENT_DAYS
from sources.readings import SALES_DAYS
from sources.verdicts import ROW, Verdict

LEAST_GAP_BEHIND_DAYS, LEAST_GAP_BEFORE_DAYS = 14, 56
"""Days without any row that set the last, or the first, rows apart."""
GAP_RATIO = 5
"""And how many times the longest gap between the other days of the two years next to it."""
FEWEST_DAYS = 10
"""Days with rows below which a gap says nothing."""
MOST_ROWS, MOST_SHARE, MOST_SHARE_OF_SMALL = 3, 0.0005, 0.01
"""Rows that can be a mistake: up to three, but one per cent of them, or one in two thousand of many."""
_NEAR_DAYS = 730
_SNAPSHOT = "stock_levels"
_SNAPSHOT_SHARE = 0.5
"""A day with half of the usual counts is a report of its own: stock is often newer than the sales beside it."""


def isolated_sales(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Sales far before all others of their merchant."""
    verdicts = []
    for table, column in SALES_DAYS.items():
        days = _days(frames[table], column, group=pl.col("merchant_id"))
        edge = _edge(days, least_gap=LEAST_GAP_BEFORE_DAYS)
        rows = frames[table].with_row_index(ROW).join(edge.rename({"group": "merchant_id"}), on="merchant_id").filter(_day(column) <= pl.col("edge"))
        verdicts.append(_verdict(table, column, rows, "before all others of the merchant"))
    return verdicts


def isolated_news(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Events far behind all others of the source, whatever their table."""
    columns = [(table, column) for table, events in EVENT_DAYS.items() if table != "external_signals" for column in events]
    everywhere = pl.lit("")
    pooled = pl.concat([_counted(frames, table, column, everywhere) for table, column in columns])
    days = pooled.group_by("group", "day").agg(pl.col("n").sum()).with_columns(day=-pl.col("day"))
    edge = _edge(days, least_gap=LEAST_GAP_BEHIND_DAYS)
    if edge.is_empty():
        return []
    first = -edge["edge"].item()
    found = []
    for table, column in columns:
        rows = frames[table].with_row_index(ROW).filter(_day(column) >= first)
        found.append(_verdict(table, column, rows, "behind all others of the source"))
    return found


def _counted(frames: Mapping[str, pl.DataFrame], table: str, column: str, group: pl.Expr) -> pl.DataFrame:
    days = _days(frames[table], column, group=group)
    if table != _SNAPSHOT or days.is_empty():
        return days
    is_report = pl.col("n") >= _SNAPSHOT_SHARE * pl.col("n").median()
    return days.with_columns(n=pl.when(is_report).then(pl.lit(2**40)).otherwise("n").cast(pl.Int64))


def _days(frame: pl.DataFrame, column: str, *, group: pl.Expr) -> pl.DataFrame:
    """Rows per group and day (a number): `group`, `day`, `n`."""
    dated = frame.select(group=group, day=_day(column)).drop_nulls()
    return dated.group_by("group", "day").agg(n=pl.len().cast(pl.Int64))


def _day(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Date).to_physical().cast(pl.Int64)


def _edge(days: pl.DataFrame, *, least_gap: int) -> pl.DataFrame:
    """Per group whose first rows are isolated: the last day of them, `edge`. Days ascend from the side that is looked at."""
    near = days.filter(pl.col("day") <= pl.col("day").quantile(0.5).over("group") + _NEAR_DAYS).sort("group", "day")
    steps = near.with_columns(
        gap=(pl.col("day").shift(-1) - pl.col("day")).over("group"),
        n_so_far=pl.col("n").cum_sum().over("group"),
        n_all=pl.col("n").sum().over("group"),
        n_days=pl.len().over("group"),
    )
    later = steps.with_columns(largest_later=pl.col("gap").shift(-1).cum_max(reverse=True).over("group"))
    few = pl.max_horizontal(pl.min_horizontal(pl.lit(float(MOST_ROWS)), MOST_SHARE_OF_SMALL * pl.col("n_all")).clip(1.0), MOST_SHARE * pl.col("n_all"))
    apart = (pl.col("gap") >= least_gap) & (pl.col("gap") >= GAP_RATIO * pl.col("largest_later"))
    found = later.filter(pl.col("n_days") >= FEWEST_DAYS, pl.col("n_so_far") <= few, apart)
    return found.group_by("group").agg(edge=pl.col("day").max())


def _verdict(table: str, column: str, rows: pl.DataFrame, where: str) -> Verdict:
    sentence = pl.format("{} is {}, far {}: the row is refused.", pl.lit(column), pl.col(column).cast(pl.Date), pl.lit(where))
    return Verdict(table, column, "isolated_date", "refuse the row", rows, sentence)
