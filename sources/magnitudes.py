"""Counts that cannot be, seen beside what the series and the merchant usually show.

A count is refused where it has the size of a barcode or a typing error (a hundred thousand and more, a thousand times the usual
line); a large one below that is kept and said, because it may be a true sale. Two lines of 1.3 million in three public data sets are
above a hundred times the usual: both are true, and both are kept.
"""

from collections.abc import Mapping

import polars as pl

from sources.barcodes import FEWEST_DIGITS, is_barcode
from sources.cells import is_placeholder
from sources.readings import SERIES_KEY
from sources.verdicts import INSTEAD, ROW, Action, Verdict

REFUSED_FROM_UNITS, REFUSED_FROM_UNITS_A_WEEK, REFUSED_RATIO = 100_000, 10_000_000, 1_000
"""Size and ratio together make a count implausible. A week below is kept: the series calls it a unit error, and models read it as unknown."""
BARCODE_FROM_UNITS = 10 ** (FEWEST_DIGITS - 1)
BARCODE_RATIO = 100
"""Enough where the number is a valid barcode."""
SAID_FROM_UNITS, SAID_RATIO = 1_000, 100
FEWEST_LINES, MERCHANT_RATIO = 5, 100
"""The usual line of a series with fewer lines is at most this many times the merchant's: two barcodes of three lines are then seen."""
STOCK_RATIO = 10
"""Stock of more than ten times all that was ever sold is said."""
LEAST_PLACEHOLDER_UNITS = 100_000
_SALES_UNITS = {"sales_transactions": "quantity_units", "weekly_sales": "sales_units"}
_REFUSED_FROM = {"sales_transactions": REFUSED_FROM_UNITS, "weekly_sales": REFUSED_FROM_UNITS_A_WEEK}
_BESIDE_SALES = {"returns": "quantity_units", "inbound_shipments": "quantity_units"}


def judge_sales(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Lines of sales (weeks, in a table of weeks) against the usual line of their series."""
    verdicts = []
    for table, column in _SALES_UNITS.items():
        suspects = _with_usual(frames[table], column)
        units, usual = pl.col(column), pl.col("usual")
        refused = (units >= _REFUSED_FROM[table]) & (units > REFUSED_RATIO * usual) | is_barcode(units) & (units > BARCODE_RATIO * usual)
        text = pl.format("{} is {}, where the series usually shows {}", pl.lit(column), units, usual)
        verdicts += _two_verdicts(table, column, suspects, refused=refused, said=units > SAID_RATIO * usual, text=text)
    return verdicts


def judge_beside_sales(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Returns and shipments against all that was ever sold of the article."""
    sold, verdicts = _units_sold(frames), []
    for table, column in _BESIDE_SALES.items():
        suspects = _with_sold(frames[table], column, sold)
        units, total = pl.col(column), pl.col("sold")
        refused = (units >= REFUSED_FROM_UNITS) & (units > REFUSED_RATIO * total) | is_barcode(units) & (units > BARCODE_RATIO * total)
        text = pl.format("{} is {}, where {} were ever sold", pl.lit(column), units, total)
        verdicts += _two_verdicts(table, column, suspects, refused=refused, said=units > STOCK_RATIO * total, text=text)
    return verdicts


def judge_stock(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Stock against all that was ever sold: "unlimited" is kept and said, a barcode is no count."""
    suspects = _with_sold(frames["stock_levels"], "on_hand_units", _units_sold(frames))
    units, sold = pl.col("on_hand_units"), pl.col("sold")
    unlimited = (suspects["on_hand_units"] >= LEAST_PLACEHOLDER_UNITS) & is_placeholder(suspects["on_hand_units"])
    enough = pl.max_horizontal(STOCK_RATIO * sold, pl.lit(LEAST_PLACEHOLDER_UNITS))
    suspects = suspects.with_columns(unlimited=unlimited).with_columns(pl.when("unlimited").then(enough).alias(INSTEAD))
    far_above = units > STOCK_RATIO * sold
    refused = ~pl.col("unlimited") & (units >= BARCODE_FROM_UNITS) & (units > REFUSED_RATIO * sold)
    text = pl.format("on_hand_units is {}, where {} were ever sold", units, sold)

    def verdict(reading: str, action: Action, rows: pl.Expr, reason: str) -> Verdict:
        return Verdict("stock_levels", "on_hand_units", reading, action, suspects.filter(rows), pl.concat_str(text, pl.lit(reason)))

    return [
        verdict("implausible", "change the cell", refused, ": no count but a barcode or a typing error, read as not known."),
        verdict("unlimited_stock", "change the cell", pl.col("unlimited") & far_above, ": a placeholder for unlimited, read as a stock that needs no order."),
        verdict("unusual_stock", "keep", ~pl.col("unlimited") & ~refused & far_above, ": taken as it is."),
    ]


def _two_verdicts(table: str, column: str, suspects: pl.DataFrame, *, refused: pl.Expr, said: pl.Expr, text: pl.Expr) -> list[Verdict]:
    return [
        Verdict(table, column, "implausible", "refuse the row", suspects.filter(refused), pl.concat_str(text, pl.lit(": the row is refused."))),
        Verdict(table, column, "unusual_quantity", "keep", suspects.filter(~refused & said), pl.concat_str(text, pl.lit(": taken as it is."))),
    ]


def _with_usual(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The large rows, with the lower median of their series; few series have any, so this costs one look at a column."""
    large = frame.with_row_index(ROW).filter(pl.col(column) >= SAID_FROM_UNITS)
    median = pl.col(column).quantile(0.5, interpolation="lower").cast(pl.Int64)
    positive = frame.filter(pl.col(column) > 0)
    of_series = positive.join(large.select(SERIES_KEY).unique(), on=SERIES_KEY, how="semi").group_by(SERIES_KEY).agg(of_series=median, n_lines=pl.len())
    of_merchant = positive.join(large.select("merchant_id").unique(), on="merchant_id", how="semi").group_by("merchant_id").agg(of_merchant=median)
    joined = large.join(of_series, on=SERIES_KEY, how="left").join(of_merchant, on="merchant_id", how="left")
    bound = pl.when(pl.col("n_lines") < FEWEST_LINES).then(MERCHANT_RATIO * pl.col("of_merchant"))
    return joined.with_columns(usual=pl.min_horizontal("of_series", bound))


def _with_sold(frame: pl.DataFrame, column: str, sold: pl.DataFrame) -> pl.DataFrame:
    large = frame.with_row_index(ROW).filter(pl.col(column) >= SAID_FROM_UNITS)
    return large.join(sold, on=SERIES_KEY, how="left").with_columns(pl.col("sold").fill_null(0))


def _units_sold(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    parts = [frames[table].select(*SERIES_KEY, units=pl.col(column)) for table, column in _SALES_UNITS.items()]
    return pl.concat(parts).group_by(SERIES_KEY).agg(sold=pl.col("units").sum())
