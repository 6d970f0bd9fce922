"""Readings of sales and returns: silent weeks, changed units, returns of sales that are not on record."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from domain.stage_tables import BEFORE_CHANGE
from feature_store.readings.lines import lines
from ml.preprocessing.merchant_profiles import foreign_returns
from ml.preprocessing.visible import SERIES_KEY


def silent_weeks(silence: pl.DataFrame) -> pl.DataFrame:
    """Merchants with weeks whose sales are missing.

    Args:
        silence: Of `find_silence`.
    """
    rows = silence.group_by("merchant_id").agg(pl.len(), first=pl.col("week").min(), last=pl.col("week").max()).sort("merchant_id")
    evidence = pl.format("{} weeks between {} and {} hold far fewer sales than usual: read as unknown and not as zero.", "len", "first", "last")
    return lines(rows, reading="sales_missing", table="sales_transactions", column="occurred_at", n_rows=pl.col("len"), evidence=evidence)


def changed_units(weekly_demand: pl.DataFrame) -> pl.DataFrame:
    """Article numbers that count something else since some week."""
    before = weekly_demand.filter(pl.col("flag") == BEFORE_CHANGE)
    rows = (
        before.group_by(SERIES_KEY).agg(pl.len(), pl.col("week").max(), usual=pl.col("sales_units").filter(pl.col("sales_units") > 0).median()).sort(SERIES_KEY)
    )
    evidence = pl.format("After the week of {} sales jumped for good from about {} units a week: the weeks up to it were left out.", "week", "usual")
    return lines(rows, reading="unit_changed", table="sales_transactions", column="quantity_units", n_rows=pl.col("len"), evidence=evidence)


def returns_of_others(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.DataFrame:
    """Articles of which more came back in a year than was sold."""
    rows = foreign_returns(tables, cutoff=cutoff)
    evidence = pl.format(
        "{} units came back and {} were sold in a year: their returns say nothing of others', and were left out.", "returned_units", "sold_units"
    )
    return lines(rows, reading="returns_above_sales", table="returns", column="quantity_units", n_rows=pl.col("n_rows"), evidence=evidence)
