"""Panels of any grain → the contract's weeks: on which weekday their weeks start, days that are added up, weeks without a row."""

from typing import Literal, NamedTuple, get_args

import polars as pl

from domain.errors import UsageError

WeekStart = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MissingWeeks = Literal["zero", "unknown"]
WEEKDAYS: tuple[str, ...] = get_args(WeekStart)
_MOSTLY = 0.9
"""Share of the dates that must fall on one weekday for it to name the weeks."""
_FEW_GAPS, _FEWEST_GAPS = 0.02, 5
"""Share, and number, of weeks without a row below which nothing is said."""
_SERIES = ("merchant_id", "article_id")
_WEEK_KEY = (*_SERIES, "week")


class Weeks(NamedTuple):
    """A panel's rows by ISO week."""

    rows: pl.DataFrame
    n_added_up: int
    """Rows that were added to another of their series and week."""
    warnings: list[str]


def check_choices(week_starts: str | None, missing_weeks: str | None) -> None:
    """Refuse a choice that there is not.

    Raises:
        UsageError: Naming the choices.
    """
    for option, given, choices in (("--week-starts", week_starts, WEEKDAYS), ("--missing-weeks", missing_weeks, get_args(MissingWeeks))):
        if given is not None and given not in choices:
            raise UsageError(f"{option} knows no {given!r}", got=given, wanted=" or ".join(choices), remedy="Choose one of them.")


def first_weekday(days: pl.Series, week_starts: str | None) -> tuple[int, list[str]]:
    """The weekday on which the panel's weeks start (0 = Monday), and a warning where it had to be guessed.

    Dates that fall on Saturdays or Sundays are read as first days, others as days within an ISO week.
    """
    if week_starts is not None:
        return WEEKDAYS.index(week_starts), []
    usual = _usual_weekday(days)
    if usual in {None, 0}:
        return 0, []
    start = usual if usual in {5, 6} else 0
    newest = days.sort()[-1]
    name, first = WEEKDAYS[usual or 0].capitalize(), WEEKDAYS[start].capitalize()
    monday = mondays(pl.Series([newest]), start)[0]
    read = f"the weeks are named by {name}s: read as weeks that start on {first}, so the row of {newest} stands in the week of Monday {monday}"
    return start, [f"{read}; if that is wrong every week is up to a week off: choose --week-starts"]


def mondays(days: pl.Series, starts_on: int) -> pl.Series:
    """The Monday of the ISO week that holds most of each date's week, where weeks start on the given weekday."""
    day = pl.lit(days)
    first = day - pl.duration(days=(day.dt.weekday().cast(pl.Int64) - 1 - starts_on) % 7)
    shift = -starts_on if starts_on <= 3 else 7 - starts_on  # of a week from Thursday on, four days lie in the ISO week of that Thursday
    return pl.select((first + pl.duration(days=shift)).cast(pl.Date)).to_series().alias(days.name)


def add_up_days(rows: pl.DataFrame, days: pl.Series) -> Weeks:
    """Rows of one series and week on different dates are parts of the week: a daily panel, a week that New Year cuts in two.

    Units add up, an unknown part makes the week unknown; prices are weighted by units, shares in stock are averaged. The last
    week of a daily panel is unknown where its days do not reach to the end.

    Args:
        rows: In the contract's types, one per series and date; `week` is the Monday.
        days: The dates as they were.
    """
    if not rows.select(_WEEK_KEY).is_duplicated().any():
        return Weeks(rows, 0, [])
    is_daily = _usual_weekday(days) is None
    units, price = pl.col("sales_units"), pl.col("unit_price_eur")
    priced = price.is_not_null() & (units > 0)
    whole = rows.group_by(_WEEK_KEY).agg(
        sales_units=pl.when(units.null_count() == 0).then(units.sum()),
        available_share=pl.col("available_share").mean(),
        unit_price_eur=pl.coalesce((price * units).filter(priced).sum() / units.filter(priced).sum(), price.mean()).fill_nan(None),
        promotion=pl.col("promotion").max(),
    )
    n_added_up = rows.height - whole.height
    warnings = [f"{n_added_up:,} rows lie in one week with another of their series: their units are added up"]
    newest = days.sort()[-1]
    is_cut = pl.col("week") + pl.duration(days=6) > newest
    if is_daily and whole.select(is_cut.any()).item():
        whole = whole.with_columns(pl.when(~is_cut).then("sales_units").alias("sales_units"))
        warnings.append(f"the days end on {newest}, within a week: what that week sold is read as unknown")
    return Weeks(whole.select(rows.columns), n_added_up, warnings)


def fill_missing(rows: pl.DataFrame, missing_weeks: str | None) -> Weeks:
    """Weeks without a row between a series' first and its merchant's last week: zeros, or unknown, as they are without a row."""
    last = rows.group_by("merchant_id").agg(last=pl.col("week").max())
    spans = rows.group_by(_SERIES).agg(first=pl.col("week").min()).join(last, on="merchant_id")
    grid = spans.with_columns(week=pl.date_ranges("first", "last", interval="1w")).explode("week").select(_WEEK_KEY)
    missing = grid.join(rows, on=_WEEK_KEY, how="anti")
    share = missing.height / max(grid.height, 1)
    if missing_weeks == "zero":
        zeros = missing.with_columns(sales_units=pl.lit(0, pl.Int64))
        return Weeks(pl.concat([rows, zeros], how="diagonal").select(rows.columns), 0, [f"{missing.height:,} weeks without a row are written as zero sales"])
    if missing_weeks == "unknown" or share <= _FEW_GAPS or missing.height < _FEWEST_GAPS:
        return Weeks(rows, 0, [])
    consequence = "if rows are missing where nothing was sold, demand comes out far too high: choose --missing-weeks zero (or unknown, if this is right)"
    return Weeks(rows, 0, [f"{share:.0%} of the weeks have no row: read as unknown, demand is estimated from the weeks with a row alone; {consequence}"])


def _usual_weekday(days: pl.Series) -> int | None:
    """The weekday (0 = Monday) of nearly all dates; `None` where they are spread, as in a daily panel."""
    counts = days.drop_nulls().dt.weekday().value_counts(sort=True)
    if counts.is_empty() or counts["count"][0] < _MOSTLY * int(counts["count"].sum()):
        return None
    return int(counts.to_series(0)[0]) - 1
