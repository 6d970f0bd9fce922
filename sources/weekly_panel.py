"""Any weekly panel (one row per merchant, article and week) → the contract's `weekly_sales`."""

import datetime as dt
from pathlib import Path

import polars as pl

from domain.tables import ROW_KEYS, WeeklySales
from sources.casting import as_text, cast_losslessly, family_fits
from sources.contract_writer import check_target
from sources.conversion import ConversionReport, count_cells, require_columns, write_converted
from sources.filtering import filter_rows, rejected_lines
from sources.panel_weeks import add_up_days, check_choices, fill_missing, first_weekday, mondays
from sources.reading import read_any

_TABLE = "weekly_sales"
_DAY_MARK = "\x00"
"""Between an article's id and a date: a character that no id has."""
_DAY_IN_JSON = r"\\u0000\d+"


def convert_weekly_panel(
    from_file: str | Path,
    *,
    out: str | Path,
    merchant: str,
    article: str,
    week: str,
    units: str,
    price: str | None = None,
    in_stock: str | None = None,
    week_starts: str | None = None,
    missing_weeks: str | None = None,
) -> ConversionReport:
    """Convert a panel in a Parquet or CSV file; the arguments after `out` name its columns.

    Each row's week is named by the ISO Monday that holds most of its days. Null units mean that sales are not known. Rows of a series
    on different dates of one week are added up; of two rows on one date the one that sorts first is kept.

    Args:
        from_file: The panel.
        out: Local folder for the source.
        merchant: Column of the merchant's id (numeric ids become text).
        article: Column of the article's id.
        week: Column of any date in the week.
        units: Column of units sold.
        price: Column of the mean price per unit, in euro.
        in_stock: Column of the share of the week in stock in [0, 1], or whether it was in stock.
        week_starts: Weekday on which the panel's weeks start, in English; `None` = guess, and warn.
        missing_weeks: What a week without a row means: zero or unknown; `None` = unknown, and warn.

    Raises:
        UsageError: A choice or a column does not exist, or `out` is not a folder of ours.
        DataError: The file is damaged, or a column is of a type that can never fit.
    """
    check_target(out)
    check_choices(week_starts, missing_weeks)
    rows = read_any(str(from_file))
    columns = {"merchant_id": merchant, "article_id": article, "week": week, "sales_units": units, "unit_price_eur": price, "available_share": in_stock}
    named = {target: source for target, source in columns.items() if source is not None}
    require_columns(rows.frame, list(named.values()), location=str(from_file))
    mapped = rows.frame.select(pl.col(source).alias(target) for target, source in named.items())
    if in_stock:
        mapped = mapped.with_columns(_shares(mapped["available_share"]))
    days = _days(mapped["week"])
    start, warnings = first_weekday(days, week_starts)
    weeks = pl.select(pl.coalesce(pl.lit(mondays(days, start)).dt.to_string("%Y-%m-%d"), pl.lit(as_text(mapped["week"])))).to_series()
    dated = mapped.with_columns(weeks.alias("week"), _with_day(mapped["article_id"], days)) if family_fits(mapped["week"].dtype, pl.Date()) else mapped
    filtered = filter_rows(_TABLE, dated, today=dt.datetime.now(dt.UTC).date(), location=f"mapped table {_TABLE}")
    by_week = add_up_days(_without_day(filtered.accepted), days)
    filled = fill_missing(by_week.rows, missing_weeks)
    panel = WeeklySales.validate(filled.rows.sort(ROW_KEYS[_TABLE]))
    refused = pl.concat([rejected_lines(_TABLE, rows.broken_lines), filtered.rejects.with_columns(pl.col("row").str.replace(_DAY_IN_JSON, ""))])
    said = [*warnings, *by_week.warnings, *filled.warnings, *count_cells(filtered.readings)]
    return write_converted({_TABLE: panel}, out=out, rejects=refused, n_accepted=filtered.accepted.height, warnings=said)


def _days(dates: pl.Series) -> pl.Series:
    """The dates, null where there is none."""
    wanted = pl.Date()
    return (
        cast_losslessly(dates, wanted).values if family_fits(dates.dtype, wanted) else pl.Series(dates.name, [None], dtype=wanted).new_from_index(0, len(dates))
    )


def _with_day(articles: pl.Series, days: pl.Series) -> pl.Series:
    """Article ids that differ by date, so that two dates of one week are two keys, and one date twice is a duplicate."""
    if not family_fits(articles.dtype, pl.String()):
        return articles
    ids = pl.lit(cast_losslessly(articles, pl.String()).values)
    day = pl.lit(days).dt.to_string("%Y%m%d").fill_null("0")
    return pl.select(pl.when(ids != "").then(pl.format("{}" + _DAY_MARK + "{}", ids, day)).otherwise(ids)).to_series().alias(articles.name)


def _without_day(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("article_id").str.split(_DAY_MARK).list.first())


def _shares(in_stock: pl.Series) -> pl.Series:
    """Booleans as shares, also where a CSV file spells them out."""
    if in_stock.dtype == pl.String:
        return in_stock.str.to_lowercase().replace({"true": "1", "false": "0"})
    return in_stock.cast(pl.Float64) if in_stock.dtype == pl.Boolean else in_stock
