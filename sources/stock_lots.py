"""Rows that are parts of a whole: several lots of one article in one warehouse on one day are its stock together."""

import polars as pl

from domain.tables import ADDED_UP, ROW_KEYS
from sources.readings import readings_of


def add_up(table: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """One row per key, and the reading that says so; other tables as they are. Lots without a count do not count, unless none has one."""
    if table not in ADDED_UP:
        return rows, []
    key, units = list(ROW_KEYS[table]), ADDED_UP[table]
    is_lot = pl.struct(key).is_duplicated()
    lots = rows.filter(is_lot)
    if lots.is_empty():
        return rows, []
    known = pl.col(units).count() > 0
    whole = lots.group_by(key).agg(pl.when(known).then(pl.col(units).sum()).alias(units)).select(rows.columns)
    sentence = f"several rows of one article, warehouse and day: their {units} are added up."
    return pl.concat([rows.filter(~is_lot), whole]), [readings_of(lots, reading="lots_added_up", table=table, evidence=sentence, column=units)]
