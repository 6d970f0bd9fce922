"""Readings of lead times: what shipments show where that is clearly not what is stated."""

import polars as pl

from domain.stage_tables import ALL_SUPPLIERS
from feature_store.readings.lines import lines
from ml.preprocessing.lead_times import FEWEST_SHIPMENTS

LEAST_DIFFERENCE_WEEKS, LEAST_SHARE = 1.0, 0.25
"""A week, and a quarter of what is stated: less is rounding and chance."""


def differing(counts: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """Merchants and suppliers whose shipments take clearly longer or shorter than stated, one line for each.

    A supplier that is late as all of its merchant's are is no cause of its own.

    Args:
        counts: `stage_tables.LeadTimes`.
        stated: merchant_id, stated_weeks (in force without shipments), is_stated.
    """
    known = counts.filter(pl.col("n_received_shipments") >= FEWEST_SHIPMENTS).join(stated, on="merchant_id")
    shown = known.with_columns(weeks=pl.col("lead_weeks") / pl.col("n_received_shipments"))
    difference = (pl.col("weeks") - pl.col("stated_weeks")).abs()
    differs = shown.filter(difference >= LEAST_DIFFERENCE_WEEKS, difference >= LEAST_SHARE * pl.col("stated_weeks"))
    whole = differs.filter(pl.col("supplier_id") == ALL_SUPPLIERS)
    rows = pl.concat([whole, differs.join(whole, on="merchant_id", how="anti")]).sort("merchant_id", "supplier_id")
    who = pl.when(pl.col("supplier_id") == ALL_SUPPLIERS).then(pl.lit("Shipments")).otherwise(pl.format("Shipments of supplier {}", "supplier_id"))
    evidence = pl.format(
        "{} took {} weeks on average ({} received), against {} {}: their own mean counts with it.",
        who,
        pl.col("weeks").round(1),
        "n_received_shipments",
        pl.col("stated_weeks").round(1),
        pl.when("is_stated").then(pl.lit("stated")).otherwise(pl.lit("by default")),
    )
    return lines(rows, reading="lead_time_differs", table="merchants", column="lead_time_weeks", n_rows=pl.col("n_received_shipments"), evidence=evidence)
