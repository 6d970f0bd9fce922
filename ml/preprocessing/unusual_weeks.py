"""Weeks that are no ordinary demand: named in the table, never edited there.

The rules of this file look at one series, at its selling weeks up to the cutoff, on a logarithmic scale: how many times its median selling week a
week sold, and how many robust standard deviations (1.4826 · MAD, at least a tenth of a decade) that is.
On Dominick's, the online retailer and Favorita together 7 of 1.14 million selling weeks are called unit errors (docs/decisions/0016).
"""

from datetime import date

import polars as pl

from domain.stage_tables import AFTER_CHANGE, BEFORE_CHANGE, OUTLIER, UNIT_ERROR
from ml.preprocessing.unit_changes import find_unit_changes
from ml.preprocessing.visible import SERIES_KEY

UNIT_ERROR_RATIO, UNIT_ERROR_DEVIATIONS = 100.0, 8.0
"""A hundredfold is pieces typed as cartons, or a misplaced thousands separator; what models learn from such a week is the typing."""
OUTLIER_RATIO, OUTLIER_DEVIATIONS = 10.0, 5.0
"""Promotions and single large orders: demand, if an unusual one. The models learn from it."""
FEWEST_SELLING_WEEKS = 5
"""Selling weeks below which a series has no ordinary week to compare with."""
LARGEST_SHARE_OF_ERRORS = 0.1
"""Above this share of its selling weeks a series has changed its unit or its level, and is not mistyped."""
FEWEST_HISTORY_WEEKS = 13
"""Known weeks below which a forecast rests mostly on other series."""
NEVER_SOLD = "never_sold"
MOSTLY = 0.5
_LEAST_SPREAD = 0.1
_TO_STANDARD_DEVIATION = 1.4826


def flag_weeks(weekly: pl.DataFrame) -> pl.DataFrame:
    """The rows, in their order, with `flag`: unit_error, outlier, or null.

    Args:
        weekly: merchant_id, article_id, week, sales_units; only weeks that may be seen. Medians do not depend on the order of rows.
    """
    units = pl.col("sales_units")
    # A look at each series' largest week spares most of them the logarithms: 5 times faster.
    usual, largest = units.quantile(0.5, interpolation="lower"), units.max()
    suspects = weekly.filter(units > 0).group_by(SERIES_KEY).agg(n=pl.len(), usual=usual, largest=largest)
    chosen = suspects.filter(pl.col("n") >= FEWEST_SELLING_WEEKS, pl.col("largest") >= OUTLIER_RATIO * pl.col("usual")).select(SERIES_KEY)
    flagged = weekly.join(chosen, on=SERIES_KEY, how="semi").with_columns(flag=_flag()).filter(pl.col("flag").is_not_null())
    return weekly.join(flagged.select(*SERIES_KEY, "week", "flag"), on=[*SERIES_KEY, "week"], how="left", maintain_order="left")


def flag_history(weekly: pl.DataFrame) -> pl.DataFrame:
    """The rows with `flag`, those before and after an article number began to count something else apart: the weeks since are judged by themselves.

    Args:
        weekly: merchant_id, article_id, week, sales_units, is_censored; only weeks that may be seen.
    """
    changes = find_unit_changes(weekly)
    if changes.is_empty():
        return flag_weeks(weekly)
    dated = weekly.join(changes.select(*SERIES_KEY, "changed_in"), on=SERIES_KEY, how="left")
    is_before = (pl.col("week") < pl.col("changed_in")).fill_null(value=False)
    since = flag_weeks(dated.filter(~is_before))
    after = pl.when(pl.col("changed_in").is_not_null()).then(pl.lit(AFTER_CHANGE))
    rows = [dated.filter(is_before).with_columns(flag=pl.lit(BEFORE_CHANGE)), since.with_columns(flag=pl.coalesce("flag", after))]
    return pl.concat(rows).drop("changed_in")


def _flag() -> pl.Expr:
    selling = pl.when(pl.col("sales_units") > 0).then(pl.col("sales_units")).cast(pl.Float64).log10()
    deviation = selling - selling.median().over(SERIES_KEY)
    spread = (_TO_STANDARD_DEVIATION * deviation.abs().median().over(SERIES_KEY)).clip(lower_bound=_LEAST_SPREAD)

    def beyond(ratio: float, deviations: float) -> pl.Expr:
        return ((10**deviation >= ratio) & (deviation >= deviations * spread)).fill_null(value=False)

    error = beyond(UNIT_ERROR_RATIO, UNIT_ERROR_DEVIATIONS)
    is_rare = error.sum().over(SERIES_KEY) <= LARGEST_SHARE_OF_ERRORS * selling.count().over(SERIES_KEY)
    return pl.when(error & is_rare).then(pl.lit(UNIT_ERROR)).when(beyond(OUTLIER_RATIO, OUTLIER_DEVIATIONS)).then(pl.lit(OUTLIER))


def without_unit_errors(weekly_demand: pl.DataFrame) -> pl.DataFrame:
    """The series as models, vectors and judges read them: a unit error is a week of unknown demand, and a series begins with its present unit."""
    present = weekly_demand.filter(pl.col("flag").ne_missing(BEFORE_CHANGE))
    return present.with_columns(sales_units=pl.when(pl.col("flag").eq_missing(UNIT_ERROR).not_()).then("sales_units"))


def flag_series(weekly_demand: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """What somebody who reads a series' forecast should know of its history.

    Returns:
        merchant_id, article_id, flags (names separated by ", ", empty = nothing unusual); sorted by series. never_known, never_sold and
        constant are about all known weeks, short_history means fewer than 13 of them, mostly_out_of_stock that stock cut off
        more than half of the weeks, unit_error, before_unit_change and outlier that a week is flagged so.
    """
    visible = weekly_demand.lazy().filter(pl.col("week") <= cutoff)
    known = pl.col("sales_units").filter(
        pl.col("sales_units").is_not_null(), ~pl.col("is_censored"), pl.col("flag").ne_missing(UNIT_ERROR), pl.col("flag").ne_missing(BEFORE_CHANGE)
    )
    conditions = {
        "never_known": known.len() == 0,
        NEVER_SOLD: (known.len() > 0) & (known.max() == 0),
        "constant": (known.len() > 1) & (known.min() == known.max()) & (known.max() > 0),
        "short_history": known.len().is_between(1, FEWEST_HISTORY_WEEKS - 1),
        "mostly_out_of_stock": pl.col("is_censored").mean() > MOSTLY,
        UNIT_ERROR: (pl.col("flag") == UNIT_ERROR).any(),
        BEFORE_CHANGE: (pl.col("flag") == BEFORE_CHANGE).any(),
        OUTLIER: (pl.col("flag") == OUTLIER).any(),
    }
    names = [pl.when(pl.col(name).fill_null(value=False)).then(pl.lit(name)) for name in conditions]
    found = visible.group_by(SERIES_KEY).agg(**conditions).with_columns(flags=pl.concat_str(names, separator=", ", ignore_nulls=True).fill_null(""))
    return found.select(*SERIES_KEY, "flags").sort(SERIES_KEY).collect()


def with_flags(forecast: pl.DataFrame, weekly_demand: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """The forecast with the `flags` of each row's series, in its order; a series that is not in `weekly_demand` never sold."""
    return forecast.join(flag_series(weekly_demand, cutoff=cutoff), on=SERIES_KEY, how="left", maintain_order="left").with_columns(
        pl.col("flags").fill_null(NEVER_SOLD)
    )
