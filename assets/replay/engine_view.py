"""The leak guard: a source as it stood at the end of a week. The engine of a replay is given nothing else."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import polars as pl

from domain.calendar import ONE_WEEK

Tables = Mapping[str, pl.DataFrame]


def tables_visible_at(tables: Tables, week: date) -> dict[str, pl.DataFrame]:
    """The nine tables without anything that happened, or became known, after the Sunday of `week`.

    A shipment that arrives later is still in transit, and its arrival is not known. An end of life that lies ahead may have been announced
    later. Other attributes of articles, merchants and rates have no date: they are what was agreed before.

    Args:
        tables: The nine contract tables.
        week: Monday of the last week that may be seen.
    """
    monday = week + ONE_WEEK
    opening = datetime.combine(monday, time(), tzinfo=UTC)
    received = pl.when(pl.col("received_at") < opening).then("received_at")
    shipments = tables["inbound_shipments"]
    # Without a date of ordering, a shipment is known once it has been announced: that cannot be told from its row, so its expected arrival decides.
    known = (pl.col("ordered_at") < opening) | (pl.col("ordered_at").is_null() & pl.col("expected_at").is_not_null())
    ended = pl.when(pl.col("end_of_life_date") < monday).then("end_of_life_date")
    return {
        **tables,
        "articles": tables["articles"].with_columns(end_of_life_date=ended),
        "sales_transactions": tables["sales_transactions"].filter(pl.col("occurred_at") < opening),
        "weekly_sales": tables["weekly_sales"].filter(pl.col("week") <= week),
        "returns": tables["returns"].filter(pl.col("returned_at") < opening),
        "stock_levels": tables["stock_levels"].filter(pl.col("date") < monday),
        "inbound_shipments": shipments.filter(known).with_columns(received_at=received),
        "external_signals": tables["external_signals"].filter(pl.col("known_from") < monday),
    }
