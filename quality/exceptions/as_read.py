"""Exceptions of what the source leaves open about an article: how it was read, and what today's number decides."""

import polars as pl

from quality.exceptions.exception_rows import SERIES_KEY, exception_rows

TOLD_BY_THEMSELVES = ("shipment_probably_lost", "shipment_without_date", "stock_below_zero")
"""Readings with an exception, and money, of their own."""


def as_read(skus: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """Articles with readings: at stake are today's order and the sales expected to be lost, be it nothing.

    Args:
        skus: The day's SKUs.
        readings: `stage_tables.Readings` of the same articles, of the source and of the day; lines about merchants are left out.
    """
    of_articles = readings.filter(pl.col("article_id").is_not_null(), ~pl.col("reading").is_in(TOLD_BY_THEMSELVES))
    each = of_articles.group_by(*SERIES_KEY, "reading").agg(pl.col("evidence").min()).sort(*SERIES_KEY, "reading")
    rows = skus.join(each, on=SERIES_KEY, how="inner")
    at_stake = pl.col("order_now_value_eur") + pl.col("expected_lost_sales_cost_eur")
    found = exception_rows(rows, reason="", at_stake=at_stake, action=pl.format("Check it: {}", "evidence"))
    return found.with_columns(reason=rows["reading"].str.replace_all("_", " "))
