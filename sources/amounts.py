"""Prices, costs, rates and order terms that cannot be, seen beside the prices paid for the series and what it ever sold.

A cell a thousand times what others show is read as empty; one that is merely odd is kept and said.
"""

from collections.abc import Mapping

import polars as pl

from sources.readings import SERIES_KEY
from sources.verdicts import ROW, Verdict

REFUSED_RATIO = 1_000.0
ODD_PRICE_RATIO = 20.0
"""A price that many times above or below the usual one is said."""
LEAST_ODD_COST_RATIO, MOST_ODD_COST_RATIO = 0.01, 1.0
"""Cost over price outside of which a cost is said."""
ODD_WEEKLY_RATE_RATIO = 0.25
"""Holding rate per week over price above which it is said."""
ODD_FIXED_COST_EUR = 10_000.0
FEWEST_PRICES = 3
"""Priced rows from which a series has a usual price of its own."""
MERCHANT_RATIO = 100.0
_ODD_UNIT_RATES = {"inbound_rate_eur_per_unit": 0.25, "outbound_rate_eur_per_unit": 1.0, "return_handling_rate_eur_per_unit": 1.0}
"""Rates per unit, each with the share of the price above which it is said."""
_SALES = ("sales_transactions", "weekly_sales")
_TERMS = ("minimum_order_quantity_units", "pack_size_units")
_PRICE = "unit_price_eur"


def judge_prices(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Prices paid against the series' usual price, else the list price, else a hundred times the merchant's usual price."""
    lists = frames["articles"].select(*SERIES_KEY, list_price=_PRICE)
    verdicts = []
    for table in _SALES:
        frame = frames[table].with_row_index(ROW).filter(pl.col(_PRICE).is_not_null())
        series = _usual_prices(frame).join(lists, on=SERIES_KEY, how="left").join(_merchant_prices(frame), on="merchant_id", how="left")
        own = pl.coalesce(pl.when(pl.col("n") >= FEWEST_PRICES).then("own"), "list_price")
        series = series.with_columns(floor=own, usual=pl.coalesce(own, MERCHANT_RATIO * pl.col("of_merchant")))
        odd = series.filter((pl.col("most") > ODD_PRICE_RATIO * pl.col("usual")) | (pl.col("least") * ODD_PRICE_RATIO < pl.col("floor")))
        rows = frame.join(odd.select(*SERIES_KEY, "usual", "floor"), on=SERIES_KEY)
        verdicts += _against(table, _PRICE, rows, least=1 / ODD_PRICE_RATIO, most=ODD_PRICE_RATIO)
    return verdicts


def judge_articles(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """List prices against prices paid, costs against prices, smallest orders and packs against all that was ever sold."""
    rows = frames["articles"].with_row_index(ROW).join(_paid(frames), on=SERIES_KEY, how="left")
    of_price = rows.with_columns(usual=pl.when(pl.col("n") >= FEWEST_PRICES).then("own"))
    of_cost = rows.with_columns(usual=pl.coalesce(_PRICE, "own"))
    verdicts = _against("articles", _PRICE, of_price, least=1 / ODD_PRICE_RATIO, most=ODD_PRICE_RATIO)
    verdicts += _against("articles", "unit_cost_eur", of_cost, least=LEAST_ODD_COST_RATIO, most=MOST_ODD_COST_RATIO)
    for column in _TERMS:
        above = rows.filter(pl.col(column) > pl.max_horizontal("sold", pl.lit(99)))
        text = pl.format("{} is {}, where {} were ever sold: taken as it is.", pl.lit(column), pl.col(column), pl.col("sold"))
        verdicts.append(Verdict("articles", column, "unusual_order_terms", "keep", above, text))
    return verdicts


def judge_rates(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Rates per unit against the price of the article, or the merchant's usual price."""
    paid = _paid(frames)
    of_merchant = paid.group_by("merchant_id").agg(of_merchant=pl.col("own").quantile(0.5, interpolation="lower"))
    rows = frames["cost_rates"].with_row_index(ROW).join(paid, on=SERIES_KEY, how="left").join(of_merchant, on="merchant_id", how="left")
    rows = rows.with_columns(usual=pl.coalesce("own", "of_merchant"))
    verdicts = _against("cost_rates", "holding_rate_eur_per_unit_week", rows, least=0.0, most=ODD_WEEKLY_RATE_RATIO)
    for column, most in _ODD_UNIT_RATES.items():
        verdicts += _against("cost_rates", column, rows, least=0.0, most=most)
    fixed = rows.filter(pl.col("fixed_order_cost_eur") > ODD_FIXED_COST_EUR)
    text = pl.format("fixed_order_cost_eur is {} per order: taken as it is.", "fixed_order_cost_eur")
    return [*verdicts, Verdict("cost_rates", "fixed_order_cost_eur", "unusual_amount", "keep", fixed, text)]


def _against(table: str, column: str, rows: pl.DataFrame, *, least: float, most: float) -> list[Verdict]:
    """Two verdicts on a column beside `usual`: a thousand times as much is empty, outside of the two ratios is said."""
    amount, usual = pl.col(column), pl.col("usual")
    refused = amount > REFUSED_RATIO * usual
    odd = ~refused & ((amount > most * usual) | (amount < least * pl.col("floor" if "floor" in rows.columns else "usual")).fill_null(value=False))
    text = pl.format("{} is {}, where the usual price is {}", pl.lit(column), amount, usual.round(4))
    return [
        Verdict(table, column, "implausible", "change the cell", rows.filter(refused), pl.concat_str(text, pl.lit(": read as an empty cell."))),
        Verdict(table, column, "unusual_amount", "keep", rows.filter(odd), pl.concat_str(text, pl.lit(": taken as it is."))),
    ]


def _usual_prices(priced: pl.DataFrame) -> pl.DataFrame:
    price = pl.col(_PRICE)
    return priced.group_by(SERIES_KEY).agg(own=price.quantile(0.5, interpolation="lower"), least=price.min(), most=price.max(), n=pl.len())


def _merchant_prices(priced: pl.DataFrame) -> pl.DataFrame:
    return priced.group_by("merchant_id").agg(of_merchant=pl.col(_PRICE).quantile(0.5, interpolation="lower"))


def _paid(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Per series with a sale: usual price paid, number of priced rows, units ever sold."""
    units = {"sales_transactions": "quantity_units", "weekly_sales": "sales_units"}
    sales = pl.concat([frames[table].select(*SERIES_KEY, _PRICE, units=units[table]) for table in _SALES])
    price = pl.col(_PRICE)
    return sales.group_by(SERIES_KEY).agg(own=price.quantile(0.5, interpolation="lower"), n=price.count(), sold=pl.col("units").sum())
