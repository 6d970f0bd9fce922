"""UCI "Online Retail" (a British gift wholesaler, 2010–2011) → `sales_transactions`, `returns` and `merchants`.

Prices are pounds sterling and are written into the euro columns unchanged. The whole file is one merchant.
Which lines are refused, in this order, each counted once:

* `line|parsable`: a broken line of a CSV file; `line|duplicate`: an exact copy of another line (one is kept);
* `stock_code|article`: postage, fees, vouchers, manual entries (POST, DOT, M, D, C2, B, S, AMAZONFEE, CRUK, PADS, gift_…). An
  article's code is five digits and optional letters; the DCGS… codes are goods as well (party bags, dog collars);
* `quantity|positive`: nothing or less than nothing sold without being a cancellation, that is a stock correction;
* `unit_price|positive`: a sale for nothing, that is a gift, a sample or an adjustment;
* then the contract's own rules (castable, not null, dates).

An article written in both cases (15056bl, 15056BL) is one article. A cancellation ('C' invoice) is a return; it is matched to the
customer's latest earlier purchase of the article and, where that purchase is large enough, carries its time and id.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from domain.tables import Merchants
from sources.contract_writer import check_target
from sources.conversion import ConversionReport, convert_rows, require_columns
from sources.filtering import cast_column, rejected_lines, rejected_rows
from sources.reading import read_any

ARTICLE_CODE = r"^(?:\d{5}[A-Za-z]*|DCGS\w+)$"
_TYPES: Mapping[str, pl.DataType] = {
    "InvoiceNo": pl.String(),
    "StockCode": pl.String(),
    "Description": pl.String(),
    "Quantity": pl.Int64(),
    "InvoiceDate": pl.Datetime("us", "UTC"),
    "UnitPrice": pl.Float64(),
    "CustomerID": pl.String(),
    "Country": pl.String(),
}
_SLASH_DATE = r"^(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})$"


def convert_online_retail(from_file: str | Path, *, out: str | Path, merchant_id: str = "online-retail") -> ConversionReport:
    """Convert the file as UCI's table in Parquet or CSV form (dates ISO or `12/1/2010 8:26`, month first).

    Raises:
        UsageError: A column is missing, or `out` is not a folder of ours.
        DataError: The file is damaged, or a column is of a type that can never fit.
    """
    check_target(out)
    rows = read_any(str(from_file), fallback_encoding="cp1252")
    require_columns(rows.frame, list(_TYPES), location=str(from_file))
    raw = rows.frame.select(*_TYPES)
    lines = _typed_lines(raw, str(from_file))
    faults = _faults(lines, raw)
    good = _with_line_ids(lines.join(faults, on="_row", how="anti")).with_columns(pl.lit(merchant_id).alias("merchant_id"))
    sales = good.filter(~pl.col("is_return")).rename({"line_id": "transaction_id", "at": "occurred_at"})
    refused = pl.concat([rejected_rows("sales_transactions", raw, faults), rejected_lines("sales_transactions", rows.broken_lines)])
    return convert_rows(
        {"sales_transactions": sales, "returns": match_returns(good.filter("is_return"), sales)}, out=out, refused=refused, extra=_merchants(merchant_id)
    )


def match_returns(returns: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Returns with the `sold_at` and `transaction_id` of the customer's latest earlier purchase of the article, if it is large enough.

    Args:
        returns: Lines with `line_id`, `at_utc`, `customer`, `article_id`, `units` (returned, positive).
        sales: Lines with `transaction_id`, `at_utc`, `customer`, `article_id`, `units`.
    """
    by = ["customer", "article_id"]
    bought = sales.select(*by, "transaction_id", "units", pl.col("at_utc").alias("bought_at")).drop_nulls()
    bought = bought.sort("bought_at", "units", "transaction_id")
    matched = returns.sort("at_utc", "line_id").join_asof(
        bought, left_on="at_utc", right_on="bought_at", by=by, strategy="backward", suffix="_bought", check_sortedness=False
    )
    enough = pl.col("units_bought") >= pl.col("units")
    return matched.with_columns(pl.when(enough).then(pl.col("bought_at", "transaction_id"))).rename(
        {"line_id": "return_id", "at": "returned_at", "bought_at": "sold_at"}
    )


def _typed_lines(raw: pl.DataFrame, location: str) -> pl.DataFrame:
    """One row per line: its mapped columns, and typed twins of those that decisions need (null where not castable)."""
    if raw.schema["InvoiceDate"] == pl.String:
        raw = raw.with_columns(_iso_dates(pl.col("InvoiceDate")).alias("InvoiceDate"))
    typed = pl.DataFrame([cast_column(raw, name, dtype, where=f"{location}, column {name}").values for name, dtype in _TYPES.items()])
    is_return = pl.col("InvoiceNo").str.starts_with("C").fill_null(False)
    lines = typed.select(
        pl.col("InvoiceNo").alias("invoice"),
        pl.col("StockCode").str.to_uppercase().alias("article_id"),
        pl.when(is_return).then(-pl.col("Quantity")).otherwise("Quantity").alias("units"),
        pl.col("UnitPrice").alias("price"),
        pl.col("InvoiceDate").alias("at_utc"),
        pl.col("CustomerID").alias("customer"),
        "Description",
        "Country",
        is_return.alias("is_return"),
        # What cannot be cast stays as it is, for the contract's rules to refuse by name.
        raw["InvoiceDate"].alias("at"),
        raw["UnitPrice"].alias("unit_price_eur"),
        raw["Quantity"].cast(pl.String).alias("quantity_units"),
    )
    lines = lines.with_columns(pl.coalesce(pl.col("units").cast(pl.String), "quantity_units").alias("quantity_units"))
    return lines.with_row_index("_row")


def _with_line_ids(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of an invoice and article, numbered by their content; exact copies must be gone, or their order would show."""
    ordered = lines.sort("invoice", "article_id", "units", "price", "at_utc", "customer", "Description", "Country")
    n_in_invoice = pl.int_range(1, pl.len() + 1).over("invoice", "article_id")
    return ordered.with_columns(pl.format("{}-{}-{}", "invoice", "article_id", n_in_invoice).alias("line_id"))


def _iso_dates(text: pl.Expr) -> pl.Expr:
    """`12/1/2010 8:26` → `2010-12-01 08:26`; anything else as it is."""
    month, day, year, hour, minute = (text.str.extract(_SLASH_DATE, group) for group in range(1, 6))
    two = [part.str.zfill(2) for part in (month, day, hour)]
    return pl.coalesce(pl.format("{}-{}-{} {}:{}", year, *two, minute), text)


def _faults(lines: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """`_row` and `rule` of the lines that the rules of this module refuse."""
    kept = raw.with_row_index("_row").unique(subset=raw.columns, keep="first").select("_row")
    is_sale = ~pl.col("is_return")
    rule = (
        pl.when(~pl.col("_row").is_in(kept["_row"].implode()))
        .then(pl.lit("line|duplicate"))
        .when(~pl.col("article_id").str.contains(ARTICLE_CODE))
        .then(pl.lit("stock_code|article"))
        .when(is_sale & (pl.col("units") <= 0))
        .then(pl.lit("quantity|positive"))
        .when(is_sale & (pl.col("price") <= 0))
        .then(pl.lit("unit_price|positive"))
    )
    return lines.select("_row", rule.alias("rule")).drop_nulls()


def _merchants(merchant_id: str) -> dict[str, pl.DataFrame]:
    row = pl.DataFrame({"merchant_id": [merchant_id], "name": ["UCI Online Retail"]})
    return {"merchants": pl.concat([Merchants.create_empty(), row], how="diagonal")}
