"""Lead times as they were: received shipments per merchant and supplier, and what they teach beside what is stated.

A lead time is the number of full weeks between the days of order and receipt, (received − ordered).days // 7. Means are shrunk from level to level: what is
stated (without it the market's own mean), then merchant, supplier, article, ten shipments of the level above counting beside a level's own.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from domain.stage_tables import ALL_SUPPLIERS, LeadTimes
from ml.preprocessing.visible import SERIES_KEY, end_of_week

PRIOR_SHIPMENTS = 10.0
"""Shipments of the level above that a level's own compete with."""
FEWEST_SHIPMENTS = 10
"""Received shipments of a merchant (without a stated lead time: of the market) below which nothing is learnt."""
_COUNTS = ["n_received_shipments", "lead_weeks"]


def count_lead_times(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.DataFrame:
    """Received shipments and their weeks per merchant and supplier, of the whole market.

    Args:
        tables: `inbound_shipments` and `articles` of all shards; receipts after the cutoff week are not looked at.
        cutoff: Monday of the last week that may be seen.

    Returns:
        `stage_tables.LeadTimes`, sorted: per merchant a row for all of its suppliers, and one for each.
    """
    received = received_lead_times(tables, cutoff=cutoff)
    by_supplier = received.filter(pl.col("supplier_id").is_not_null()).group_by("merchant_id", "supplier_id").agg(_sums())
    of_merchant = received.group_by("merchant_id").agg(_sums()).with_columns(supplier_id=pl.lit(ALL_SUPPLIERS))
    rows = pl.concat([of_merchant.select(by_supplier.columns), by_supplier])
    return LeadTimes.validate(rows.select(LeadTimes.column_names()).sort("merchant_id", "supplier_id"))


def received_lead_times(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.DataFrame:
    """Key, supplier and full weeks on the way of every shipment received by the end of the cutoff week."""
    possible = pl.col("ordered_at") <= pl.col("received_at")
    received = tables["inbound_shipments"].filter(possible, pl.col("received_at") < end_of_week(cutoff), pl.col("quantity_units") > 0)
    weeks = full_weeks("ordered_at", "received_at")
    suppliers = tables["articles"].select(*SERIES_KEY, "supplier_id")
    return received.select(*SERIES_KEY, weeks=weeks).join(suppliers, on=SERIES_KEY, how="left")


def full_weeks(start: str, end: str) -> pl.Expr:
    """Full weeks between the days of two instants."""
    return (pl.col(end).cast(pl.Date) - pl.col(start).cast(pl.Date)).dt.total_days() // 7


def learnt_lead_times(series: pl.DataFrame, counts: pl.DataFrame, tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.DataFrame:
    """Learnt mean beside the stated one.

    Args:
        series: Key, `supplier_id` (null = not known), `stated_weeks` of the merchant, `is_stated` (false = it is the platform's default).
        counts: Of `count_lead_times`, of the whole market.
        tables: `inbound_shipments` and `articles` of (at least) these series.
        cutoff: As the counts'.

    Returns:
        `series` with `learnt_weeks`: null where too few shipments were received to learn from.
    """
    of_merchant = counts.filter(pl.col("supplier_id") == ALL_SUPPLIERS)
    n_market, weeks_market = (int(of_merchant[name].sum()) for name in _COUNTS)
    own = received_lead_times(tables, cutoff=cutoff).group_by(SERIES_KEY).agg(_sums())
    joined = (
        series.join(of_merchant.select("merchant_id", *_COUNTS), on="merchant_id", how="left", maintain_order="left")
        .join(counts, on=["merchant_id", "supplier_id"], how="left", suffix="_of_supplier", maintain_order="left")
        .join(own, on=SERIES_KEY, how="left", suffix="_of_article", maintain_order="left")
    )
    can_learn = (pl.col(_COUNTS[0]) >= FEWEST_SHIPMENTS) | (~pl.col("is_stated") & pl.lit(n_market >= FEWEST_SHIPMENTS))
    anchor = pl.when("is_stated").then("stated_weeks").otherwise(pl.lit(weeks_market / n_market if n_market else None, pl.Float64))
    learnt = _shrunk(_shrunk(_shrunk(anchor, ""), "_of_supplier"), "_of_article")
    return joined.with_columns(learnt_weeks=pl.when(can_learn).then(learnt)).select(*series.columns, "learnt_weeks")


def _sums() -> list[pl.Expr]:
    return [pl.len().cast(pl.Int64).alias(_COUNTS[0]), pl.col("weeks").sum().cast(pl.Int64).alias(_COUNTS[1])]


def _shrunk(parent: pl.Expr, level: str) -> pl.Expr:
    """The level's mean, pulled toward its parent's."""
    n, weeks = (pl.col(name + level).fill_null(0) for name in _COUNTS)
    return (weeks + PRIOR_SHIPMENTS * parent) / (n + PRIOR_SHIPMENTS)
