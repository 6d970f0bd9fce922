"""The merchant's clock decides what day and what week it is: instants are kept as its clocks showed them.

Done once, where a source is read, so that sales, stock, receipts, fingerprints, suites and marts agree. An instant at exactly midnight UTC is a day
that was written without a time (shipments, mostly), and stays that day.
"""

from collections.abc import Mapping

import polars as pl

from domain.tables import RAW_TABLES

_UTC = "UTC"


def on_merchants_clocks(tables: Mapping[str, pl.DataFrame], *, default_time_zone: str) -> dict[str, pl.DataFrame]:
    """The tables with every instant as the clocks of its merchant showed it (the columns' type still says UTC).

    Args:
        tables: The nine contract tables: `merchants` names the time zones.
        default_time_zone: IANA name, for merchants that name none.
    """
    zones = tables["merchants"].select("merchant_id", _zone=pl.col("time_zone"))
    if {default_time_zone, *zones["_zone"].drop_nulls()} == {_UTC}:
        return dict(tables)
    return {name: _shifted(frame, _instants(name), zones, default_time_zone=default_time_zone) for name, frame in tables.items()}


def _instants(table: str) -> list[str]:
    return [name for name, dtype in pl.Schema(RAW_TABLES[table]).items() if isinstance(dtype, pl.Datetime)]


def _shifted(frame: pl.DataFrame, instants: list[str], zones: pl.DataFrame, *, default_time_zone: str) -> pl.DataFrame:
    if not instants or frame.is_empty():
        return frame
    zoned = frame.join(zones, on="merchant_id", how="left", maintain_order="left").with_columns(pl.col("_zone").fill_null(default_time_zone))
    found = zoned["_zone"].unique().sort().to_list()
    return zoned.with_columns(_on_clock(name, found) for name in instants).select(frame.columns)


def _on_clock(instant: str, zones: list[str]) -> pl.Expr:
    """The instant on the row's own clock; the zones are few, the rows many."""
    value = pl.col(instant)
    shown = value
    for zone in zones:
        local = value.dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.replace_time_zone(_UTC)
        shown = pl.when(pl.col("_zone") == zone).then(local).otherwise(shown)
    return pl.when(value == value.dt.truncate("1d")).then(value).otherwise(shown).alias(instant)
