"""What only the whole market shows: how merchants report stock, and when their sales are silent. Tallied by shard, found over all shards."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

import polars as pl

from domain.calendar import monday_of
from domain.settings import SourceReadingSettings
from ml.preprocessing.silence import find_silence, tally_sales_days
from ml.preprocessing.stock_reports import StockReports, find_stock_reports, tally_stock_reports

FACT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "stock_levels": ("merchant_id", "article_id", "warehouse_id", "date", "on_hand_units"),
    "sales_transactions": ("merchant_id", "occurred_at"),
}
"""What is tallied of each table."""


class MarketFacts(NamedTuple):
    """As known before a day."""

    reports: StockReports
    silence: pl.DataFrame
    """Of `find_silence`: weeks of a merchant without sales that cannot be zeros."""


class MarketTallies(NamedTuple):
    """Of one shard."""

    stock: pl.DataFrame
    sales: pl.DataFrame


def tally_market(tables: Mapping[str, pl.DataFrame], *, before: date) -> MarketTallies:
    """Tallies of one shard's rows dated before a day (`FACT_COLUMNS`)."""
    return MarketTallies(tally_stock_reports(tables["stock_levels"], before=before), tally_sales_days(tables["sales_transactions"], before=before))


def find_market_facts(tallies: Iterable[MarketTallies], *, before: date, reading: SourceReadingSettings) -> MarketFacts:
    """The facts of the whole market from the tallies of every shard; weeks are judged that are over before the day."""
    parts = list(tallies)
    return MarketFacts(
        find_stock_reports([part.stock for part in parts], before=before, reporting=reading.stock_reports),
        find_silence([part.sales for part in parts], before=monday_of(before)),
    )


def market_facts_of(tables: Mapping[str, pl.DataFrame], *, before: date, reading: SourceReadingSettings | None = None) -> MarketFacts:
    """The same, of tables that hold the whole market."""
    return find_market_facts([tally_market(tables, before=before)], before=before, reading=reading or SourceReadingSettings())
