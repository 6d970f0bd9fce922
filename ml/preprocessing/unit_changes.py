"""Article numbers that changed what they count: pieces instead of cartons, or another article under an old number.

Such a change is sudden, large and lasting. On the selling weeks of one series, with medians over five of them: from some week on every median is at
least three times (at most a third of) every median before, both sides are steady and differ by a factor of six, ten weeks sold before the change and
five since. A season is neither sudden nor new in its second year; a promotion does not last. The weeks before say nothing about what the number
counts today.
"""

import polars as pl

from ml.preprocessing.visible import SERIES_KEY

MEDIAN_WEEKS = 5
LEAST_RATIO, LEAST_GAP = 6.0, 3.0
FEWEST_WEEKS_BEFORE = 10
MOST_SPREAD = 2.5
"""Of the upper quartile over the lower one, on both sides: lumpy demand jumps by nature."""


def find_unit_changes(weekly: pl.DataFrame) -> pl.DataFrame:
    """Series whose level jumped for good, and the first week of the new one.

    Args:
        weekly: merchant_id, article_id, week, sales_units, is_censored; only weeks that may be seen.

    Returns:
        merchant_id, article_id, changed_in (Monday), usual_before, usual_since (median units of a selling week); sorted.
    """
    selling = weekly.filter(pl.col("sales_units") > 0, ~pl.col("is_censored")).sort(*SERIES_KEY, "week")
    suspects = selling.group_by(SERIES_KEY).agg(lowest=pl.col("sales_units").min(), largest=pl.col("sales_units").max(), n=pl.len())
    chosen = suspects.filter(pl.col("n") >= FEWEST_WEEKS_BEFORE + MEDIAN_WEEKS, pl.col("largest") >= LEAST_RATIO * pl.col("lowest")).select(SERIES_KEY)
    return _changes(selling.join(chosen, on=SERIES_KEY, how="semi", maintain_order="left"))


def _changes(selling: pl.DataFrame) -> pl.DataFrame:
    units = pl.col("sales_units").cast(pl.Float64)
    median = units.rolling_median(MEDIAN_WEEKS).over(SERIES_KEY)
    place = pl.int_range(pl.len()).over(SERIES_KEY)
    rows = selling.with_columns(median=median, place=place, units=units, units_before=units.shift(1).over(SERIES_KEY))
    # The medians that end before a week, and those that begin with it: none rests on both sides.
    highest = {"low": pl.col("median").cum_min(), "high": pl.col("median").cum_max()}
    following = {"low": pl.col("median").cum_min(reverse=True), "high": pl.col("median").cum_max(reverse=True)}
    before = {f"{name}_before": values.shift(1).over(SERIES_KEY) for name, values in highest.items()}
    since = {f"{name}_since": values.shift(1 - MEDIAN_WEEKS).over(SERIES_KEY) for name, values in following.items()}
    sided = rows.with_columns(**before, **since)
    rises = pl.col("low_since") >= LEAST_GAP * pl.col("high_before")
    falls = pl.col("high_since") * LEAST_GAP <= pl.col("low_before")
    # Medians of five still hold two weeks of the other side: the change is where the units themselves cross from one to the other.
    middle = pl.when(rises).then(pl.col("low_since") * pl.col("high_before")).otherwise(pl.col("high_since") * pl.col("low_before")).sqrt()
    crosses = (pl.col("units") >= middle) != (pl.col("units_before") >= middle)
    found = sided.filter(pl.col("place") >= FEWEST_WEEKS_BEFORE, rises | falls, crosses, (pl.col("units") >= middle) == rises)
    first = found.unique(SERIES_KEY, keep="last", maintain_order=True)
    levels = selling.join(first.select(*SERIES_KEY, changed_in="week"), on=SERIES_KEY)
    is_before = pl.col("week") < pl.col("changed_in")
    sides = {"before": pl.col("sales_units").filter(is_before), "since": pl.col("sales_units").filter(~is_before)}
    medians = {f"usual_{name}": units.median() for name, units in sides.items()}
    steady = [units.quantile(0.75) <= MOST_SPREAD * units.quantile(0.25) for units in sides.values()]
    usual = levels.group_by(*SERIES_KEY, "changed_in").agg(**medians, is_steady=pl.all_horizontal(steady))
    ratio = pl.max_horizontal(pl.col("usual_since") / pl.col("usual_before"), pl.col("usual_before") / pl.col("usual_since"))
    return usual.filter("is_steady", ratio >= LEAST_RATIO).drop("is_steady").sort(SERIES_KEY)
