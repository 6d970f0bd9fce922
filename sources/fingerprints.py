"""Fingerprints of raw rows by the day on which they became visible: two reads differ exactly where a fingerprint does.

They make "what was known at the cutoff" comparable without keeping a copy: late and corrected rows show as another
fingerprint of an old day, new rows as fingerprints of new days.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping

import polars as pl

from domain.stage_tables import Fingerprints

EVENT_DAYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sales_transactions": {"occurred_at": ()},
    "weekly_sales": {"week": ()},
    "returns": {"returned_at": ()},
    "stock_levels": {"date": ()},
    # A receipt becomes known later than the order it belongs to, and must not look like a correction of it.
    "inbound_shipments": {"ordered_at": ("received_at",), "received_at": ("ordered_at", "expected_at", "quantity_units", "warehouse_id")},
    "external_signals": {"known_from": ()},
}
"""Per dated table: the columns that date its events, each with the columns that the event does not tell. Other tables have no dates."""


def fingerprint(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Fingerprints of some raw tables: rows of `stage_tables.Fingerprints`, sorted by table and day.

    The hash of a day is the exclusive or of its rows' hashes: it does not depend on their order, and accepted rows are unique.
    """
    parts = [part for name, frame in tables.items() for part in _parts(name, frame)]
    return Fingerprints.validate(pl.concat([Fingerprints.create_empty(), *parts]).sort("table", "event", "day", nulls_last=False))


def visible_hash(fingerprints: pl.DataFrame, table: str, *, before: dt.date) -> str:
    """16 hex digits over everything of a raw table that is dated before a day, and over its rows without a date.

    Args:
        fingerprints: Rows of `stage_tables.Fingerprints`.
        table: Name of the raw table.
        before: First day that does not count.
    """
    visible = fingerprints.filter(pl.col("table") == table, pl.col("day").is_null() | (pl.col("day") < before)).sort("event", "day", nulls_last=False)
    return hashlib.sha256(visible.select("event", pl.col("day").cast(pl.Int32), "n_rows", "rows_hash").write_csv().encode()).hexdigest()[:16]


def window_starts(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """First day of each table's events in a whole read, all shards together: `table`, `event`, `start`."""
    starts = [
        (name, column, frame.select(_visible_on(column).min().cast(pl.Date)).item()) for name, frame in tables.items() for column in EVENT_DAYS.get(name, {})
    ]
    return pl.DataFrame(starts, schema={"table": pl.String, "event": pl.String, "start": pl.Date}, orient="row")


def keep_left_days(old: pl.DataFrame, new: pl.DataFrame, starts: pl.DataFrame) -> pl.DataFrame:
    """The new fingerprints with the days that a moving export window has left behind, as they were last seen.

    What was computed from those days rested on rows that were right: that they are not exported any more restates nothing. A window cut
    by the clock leaves part of its first day, which then counts as it was.

    Args:
        old: `stage_tables.Fingerprints` of the ingestion before.
        new: Of this one, of the same shard.
        starts: Of `window_starts`, of this read.
    """
    key = ["table", "event", "day"]
    live_start = pl.col("day").filter(~pl.col("has_left")).min().over("table", "event")
    known = old.with_columns(live_start=live_start).join(starts, on=["table", "event"]).join(new.select(*key, now=pl.col("n_rows")), on=key, how="left")
    is_cut = (pl.col("now").fill_null(0) < pl.col("n_rows")) & (pl.col("has_left") | (pl.col("start") > pl.col("live_start")))
    seen = known.filter((pl.col("day") < pl.col("start")) | ((pl.col("day") == pl.col("start")) & is_cut))
    left = seen.with_columns(has_left=pl.lit(value=True)).select(new.columns)
    return Fingerprints.validate(pl.concat([new.join(left, on=key, how="anti"), left]).sort("table", "event", "day", nulls_last=False))


def restated_days(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Days that both reads know of and that changed, or that were between known days and came or went: `table`, `day`, sorted.

    A day after the newest one of the old read is news, not a restatement.
    """
    key = ["table", "event", "day"]
    newest = old.group_by("table").agg(newest=pl.col("day").max())
    changed = pl.concat([new.join(old, on=[*key, "n_rows", "rows_hash"], how="anti"), old.join(new, on=[*key, "n_rows", "rows_hash"], how="anti")])
    return changed.join(newest, on="table").filter(pl.col("day") <= pl.col("newest")).select("table", "day").unique().sort("table", "day")


def _parts(name: str, frame: pl.DataFrame) -> list[pl.DataFrame]:
    if frame.is_empty():
        return []
    events = EVENT_DAYS.get(name)
    if events is None:
        return [_by_day(name, "", frame, day=pl.lit(None, pl.Date))]
    parts = []
    for position, (column, hidden) in enumerate(events.items()):
        happened = frame if position == 0 else frame.filter(pl.col(column).is_not_null())
        parts.append(_by_day(name, column, happened.drop(hidden), day=_visible_on(column)))
    return parts


def _visible_on(column: str) -> pl.Expr:
    """The day on which a row is complete; a week's row on its Sunday."""
    return pl.col(column) + pl.duration(days=6) if column == "week" else pl.col(column).cast(pl.Date)


def _by_day(name: str, event: str, frame: pl.DataFrame, *, day: pl.Expr) -> pl.DataFrame:
    hashed = pl.DataFrame({"row_hash": frame.hash_rows()}).with_columns(day=frame.with_columns(_day=day)["_day"])
    grouped = hashed.group_by("day").agg(n_rows=pl.len().cast(pl.Int64), rows_hash=pl.col("row_hash").bitwise_xor())
    return grouped.select(pl.lit(name).alias("table"), pl.lit(event).alias("event"), "day", "n_rows", "rows_hash", has_left=pl.lit(value=False))
