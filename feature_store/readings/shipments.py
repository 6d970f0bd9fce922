"""Readings of shipments in transit: late ones, ones without a date, dates that contradict each other."""

from datetime import UTC, date, datetime, time

import polars as pl

from feature_store.readings.lines import lines
from ml.preprocessing.visible import SERIES_KEY

_TABLE = "inbound_shipments"


def probably_lost(in_transit: pl.DataFrame) -> pl.DataFrame:
    """Shipments so late that they count for less than half.

    Args:
        in_transit: Of `open_shipments`.
    """
    late = in_transit.filter(pl.col("probability") < 0.5)
    rows = late.group_by(SERIES_KEY).agg(pl.len(), pl.col("quantity_units", "expected_units").sum(), since=pl.col("expected").min().dt.date()).sort(SERIES_KEY)
    evidence = pl.format("{} units have been expected since {} and were never received: {} were counted.", "quantity_units", "since", "expected_units")
    return lines(rows, reading="shipment_probably_lost", table=_TABLE, column="received_at", n_rows=pl.col("len"), evidence=evidence)


def without_date(in_transit: pl.DataFrame) -> pl.DataFrame:
    """Shipments of which no date says when they come."""
    rows = in_transit.filter(pl.col("expected").is_null()).group_by(SERIES_KEY).agg(pl.len(), pl.col("quantity_units").sum()).sort(SERIES_KEY)
    evidence = pl.format("{} units are on their way without any date: they were not counted.", "quantity_units")
    return lines(rows, reading="shipment_without_date", table=_TABLE, column="expected_at", n_rows=pl.col("len"), evidence=evidence)


def contradicting_dates(shipments: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Shipments expected, or received, before they were ordered."""
    start = datetime.combine(decision_date, time(), tzinfo=UTC)
    known = shipments.filter(pl.col("ordered_at") < start, pl.col("quantity_units") > 0)
    received = known.filter(pl.col("received_at") < pl.col("ordered_at")).group_by(SERIES_KEY).agg(pl.len()).sort(SERIES_KEY)
    is_open = pl.col("received_at").is_null() | (pl.col("received_at") >= start)
    expected = known.filter(is_open, pl.col("expected_at") < pl.col("ordered_at")).group_by(SERIES_KEY).agg(pl.len()).sort(SERIES_KEY)
    before = pl.format("{} shipments were received before they were ordered: read as received.", "len")
    instead = pl.format("{} shipments are expected before they were ordered: read as expected a lead time after the order.", "len")
    return pl.concat(
        [
            lines(received, reading="received_before_ordered", table=_TABLE, column="received_at", n_rows=pl.col("len"), evidence=before),
            lines(expected, reading="expected_before_ordered", table=_TABLE, column="expected_at", n_rows=pl.col("len"), evidence=instead),
        ]
    )
