"""What the market, a merchant and an article sold by week, over all series: the season and the trend that one series is too noisy to show.

Shards add up their own series into a small table; the tables of all shards add up to the whole (whole units: exact in
any order), so a row does not depend on which series share its shard. A figure of an origin uses weeks up to it only.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from domain.stage_tables import AFTER_CHANGE
from ml.preprocessing.visible import SERIES_KEY
from ml.transformation.panel import FloatArray, IntArray, Panel, whole_panel

GROUP_KINDS: Mapping[str, pl.Expr] = {"market": pl.lit(""), "merchant": pl.col("merchant_id"), "article": pl.col("article_id")}
"""What the series are grouped by, and the group's id."""
FEWEST_SERIES = 3
"""Known series per week below which a group says no more than its series say themselves."""
LEVEL_WEEKS = 8
GROUP_WEEKS_SCHEMA = {"kind": pl.String, "group_id": pl.String, "week": pl.Date, "sales_units": pl.Int64, "n_series": pl.Int64}

_YEAR_WEEKS = 52
_NO_GROUP = -1


def build_group_weeks(weekly_demand: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """Units sold and number of series by group and week, over the weeks whose demand is known, of one shard or of all.

    A series whose article number changed what it counts says nothing of its groups: it would enter them as a newcomer of another size.

    Returns:
        kind, group_id, week, sales_units, n_series; sorted.
    """
    panel = whole_panel(of_one_unit(weekly_demand), cutoff=cutoff)
    parts = [_group_weeks(panel, kind) for kind in sorted(GROUP_KINDS)] if len(panel.start) else []
    return pl.concat([pl.DataFrame(schema=GROUP_WEEKS_SCHEMA), *parts])


def of_one_unit(weekly_demand: pl.DataFrame) -> pl.DataFrame:
    """The series without those whose article number changed what it counts: where they begin is no launch, and no growth of a group."""
    if "flag" not in weekly_demand.columns:
        return weekly_demand
    changed = weekly_demand.filter(pl.col("flag") == AFTER_CHANGE).select(SERIES_KEY).unique()
    return weekly_demand.join(changed, on=SERIES_KEY, how="anti", maintain_order="left")


def _group_weeks(panel: Panel, kind: str) -> pl.DataFrame:
    """Sums over groups of numbers, not of texts: ten times as fast as grouping rows by their ids."""
    ids = panel.keys.select(GROUP_KINDS[kind].alias("group_id").cast(pl.String)).to_series()
    groups = ids.unique().sort()
    of_series = np.broadcast_to(groups.search_sorted(ids).to_numpy(), len(panel.start))
    known = panel.is_known
    first_day = int(panel.first_day.min())
    week = (panel.first_day[known] - first_day) // 7
    n_weeks = int(week.max(initial=0)) + 1
    cell = of_series[panel.series[known]].astype(np.int64) * n_weeks + week
    units, n_series = (np.bincount(cell, weights=weights, minlength=len(groups) * n_weeks) for weights in (panel.sales_units[known], None))
    filled = np.flatnonzero(n_series)
    return pl.DataFrame(
        {
            "kind": pl.repeat(kind, len(filled), eager=True),
            "group_id": groups[filled // n_weeks],
            "week": pl.Series(first_day + 7 * (filled % n_weeks)).cast(pl.Int32).cast(pl.Date),
            "sales_units": units[filled].astype(np.int64),
            "n_series": n_series[filled].astype(np.int64),
        },
        schema=GROUP_WEEKS_SCHEMA,
    )


def merge_group_weeks(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The tables of all shards added up: the same rows however the series were split.

    Groups that never have enough series are left out (they could say nothing), so that millions of articles
    sold by one merchant each need no memory.
    """
    added = (
        pl.concat([pl.DataFrame(schema=GROUP_WEEKS_SCHEMA), *parts]).lazy().group_by("kind", "group_id", "week").agg(pl.col("sales_units", "n_series").sum())
    )
    return added.filter(pl.col("n_series").max().over("kind", "group_id") >= FEWEST_SERIES).sort("kind", "group_id", "week").collect()


class GroupHistory(NamedTuple):
    """Running totals of every group of one kind; week 0 is the first week of any group."""

    position: Mapping[str, int]
    """Row of a group by its id."""
    units: FloatArray
    """`(n_groups, n_weeks + 1)` units sold before each week."""
    n_series: FloatArray
    """`(n_groups, n_weeks + 1)` known series-weeks before each week."""
    first_day: int
    """Monday of week 0, in days since 1970-01-01."""


def group_histories(group_weeks: pl.DataFrame) -> dict[str, GroupHistory]:
    """The merged table as running totals, by kind."""
    days = group_weeks["week"].to_physical().cast(pl.Int64).to_numpy()
    first_day, n_weeks = (int(days.min()), int(days.max() - days.min()) // 7 + 1) if len(days) else (0, 0)
    return {kind: _history(group_weeks.filter(pl.col("kind") == kind), first_day=first_day, n_weeks=n_weeks) for kind in GROUP_KINDS}


def _history(rows: pl.DataFrame, *, first_day: int, n_weeks: int) -> GroupHistory:
    ids = rows["group_id"].unique(maintain_order=True).to_list()
    position = {group_id: order for order, group_id in enumerate(ids)}
    group = rows["group_id"].replace_strict(position, return_dtype=pl.Int64).to_numpy() if ids else np.zeros(0, dtype=np.int64)
    week = (rows["week"].to_physical().cast(pl.Int64).to_numpy() - first_day) // 7
    units, n_series = np.zeros((2, len(ids), n_weeks + 1))
    units[group, week + 1] = rows["sales_units"].to_numpy()
    n_series[group, week + 1] = rows["n_series"].to_numpy()
    return GroupHistory(position, np.cumsum(units, axis=1), np.cumsum(n_series, axis=1), first_day)


def group_features(histories: Mapping[str, GroupHistory], panel: Panel, *, row: IntArray, horizon: IntArray) -> dict[str, FloatArray]:
    """Season and trend of each origin's groups, free of units; NaN where a group is too small or too young.

    Args:
        histories: Of `group_histories`, of the whole market.
        panel: The series.
        row: `(n,)` panel rows of the origins.
        horizon: `(n,)` weeks ahead.
    """
    columns: dict[str, FloatArray] = {}
    for kind, history in histories.items():
        group, week = _groups_of(history, panel, kind)[panel.series[row]], (panel.first_day[row] - history.first_day) // 7
        columns |= {f"{kind}_{name}": values for name, values in _of_group(history, group, week, horizon).items()}
    return columns


def article_levels(histories: Mapping[str, GroupHistory], panel: Panel, *, row: IntArray) -> FloatArray:
    """Units per known series and week of each origin's article over the last year, all merchants together: what a new series of it may expect.

    Args:
        histories: Of `group_histories`, of the whole market.
        panel: The series.
        row: `(n,)` panel rows of the origins.

    Returns:
        `(n,)` units; NaN where fewer than three series of the article were known.
    """
    history = histories["article"]
    group, week = _groups_of(history, panel, "article")[panel.series[row]], (panel.first_day[row] - history.first_day) // 7
    units, weeks = _totals(history, group, week - _YEAR_WEEKS + 1, week)
    return np.asarray(np.divide(units, weeks, out=np.full(len(row), np.nan), where=weeks >= FEWEST_SERIES))


def _groups_of(history: GroupHistory, panel: Panel, kind: str) -> IntArray:
    """Row of each series' group in the history `(n_series,)`."""
    if not history.position:
        return np.full(panel.keys.height, _NO_GROUP)
    ids = panel.keys.select(pl.all(), group_id=GROUP_KINDS[kind])["group_id"]
    return ids.replace_strict(history.position, default=_NO_GROUP, return_dtype=pl.Int64).to_numpy()


def _totals(history: GroupHistory, group: IntArray, first: IntArray, last: IntArray) -> tuple[FloatArray, FloatArray]:
    """Units and known series-weeks of weeks first … last `(n,)`; zero where there is no group."""
    if not history.position:
        return np.zeros(len(group)), np.zeros(len(group))
    # Weeks after the newest known one (a cutoff after the data) hold nothing.
    low, high = (np.clip(week, 0, history.units.shape[1] - 1) for week in (first, last + 1))
    units, weeks = (totals[group, high] - totals[group, low] for totals in (history.units, history.n_series))
    return np.where(group != _NO_GROUP, units, 0.0), np.where(group != _NO_GROUP, weeks, 0.0)


def _of_group(history: GroupHistory, group: IntArray, week: IntArray, horizon: IntArray) -> dict[str, FloatArray]:
    """How the target week stood to the level a year ago, and where the level is heading."""

    def mean(first: IntArray, last: IntArray) -> FloatArray:
        """Units per known series and week of weeks first … last; NaN before the first week, or where too few series are known."""
        units, weeks = _totals(history, group, first, last)
        enough = (first >= 0) & (weeks >= FEWEST_SERIES * (last + 1 - first))
        return np.asarray(np.divide(units, weeks, out=np.full(len(group), np.nan), where=enough))

    def level(end: IntArray) -> FloatArray:
        return mean(end - LEVEL_WEEKS + 1, end)

    year_ago, target = week - _YEAR_WEEKS, week + horizon - _YEAR_WEEKS
    now, then, before_then = level(week), level(year_ago), level(year_ago - _YEAR_WEEKS)
    return {
        "same_week_last_year": _over(mean(target, target), then),
        "near_week_last_year": _over(mean(target - 1, target + 1), then),
        "around_week_last_year": _over(mean(target - 3, target + 3), then),
        "near_week_two_years_ago": _over(mean(target - _YEAR_WEEKS - 1, target - _YEAR_WEEKS + 1), before_then),
        "last_two_weeks": _over(mean(week - 1, week), now),
        "level_over_year": _over(now, mean(week - _YEAR_WEEKS + 1, week)),
        "level_over_last_year": _over(now, then),
    }


def _over(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    return np.asarray(np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0))
