"""Any weekly panel (one row per merchant, article and week) → the contract's `weekly_sales`."""

from pathlib import Path

import polars as pl

from sources.casting import as_text, cast_losslessly, family_fits
from sources.contract_writer import check_target
from sources.conversion import ConversionReport, convert_rows, require_columns
from sources.filtering import rejected_lines
from sources.reading import read_any

_TABLE = "weekly_sales"


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
) -> ConversionReport:
    """Convert a panel in a Parquet or CSV file; the arguments after `out` name its columns.

    A date is mapped to the Monday of its ISO week, so a panel dated on Tuesdays keeps one row per week. Null units mean
    that sales are not known. Of two rows of a series in one ISO week the one that sorts first is kept.

    Args:
        from_file: The panel.
        out: Local folder for the source.
        merchant: Column of the merchant's id (numeric ids become text).
        article: Column of the article's id.
        week: Column of any date in the week.
        units: Column of units sold.
        price: Column of the mean price per unit, in euro.
        in_stock: Column of the share of the week in stock in [0, 1], or whether it was in stock.

    Raises:
        UsageError: A column does not exist, or `out` is not a folder of ours.
        DataError: The file is damaged, or a column is of a type that can never fit.
    """
    check_target(out)
    rows = read_any(str(from_file))
    columns = {"merchant_id": merchant, "article_id": article, "week": week, "sales_units": units, "unit_price_eur": price, "available_share": in_stock}
    named = {target: source for target, source in columns.items() if source is not None}
    require_columns(rows.frame, list(named.values()), location=str(from_file))
    mapped = rows.frame.select(pl.col(source).alias(target) for target, source in named.items())
    mapped = mapped.with_columns(_mondays(mapped["week"]), *([_shares(mapped["available_share"])] if in_stock else []))
    return convert_rows({_TABLE: mapped}, out=out, refused=rejected_lines(_TABLE, rows.broken_lines))


def _mondays(dates: pl.Series) -> pl.Series:
    """Each date's ISO Monday; what is no date stays as it is, for the contract's rules to refuse."""
    wanted = pl.Date()
    if not family_fits(dates.dtype, wanted):
        return dates
    days = cast_losslessly(dates, wanted).values
    mondays = pl.select(pl.lit(days).dt.truncate("1w").dt.to_string("%Y-%m-%d")).to_series()
    return pl.select(pl.coalesce(pl.lit(mondays), pl.lit(as_text(dates)))).to_series().alias(dates.name)


def _shares(in_stock: pl.Series) -> pl.Series:
    """Booleans as shares, also where a CSV file spells them out."""
    if in_stock.dtype == pl.String:
        return in_stock.str.to_lowercase().replace({"true": "1", "false": "0"})
    return in_stock.cast(pl.Float64) if in_stock.dtype == pl.Boolean else in_stock
