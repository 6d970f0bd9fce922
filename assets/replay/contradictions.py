"""What a source says twice and differently: counted and reported, never refused."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from assets.replay.terms import ReplayTerms
from feature_store.stock import SERIES_KEY
from ml.preprocessing.visible import visible_returns, visible_sales, week_of

Tables = Mapping[str, pl.DataFrame]
_WEEKS_BEFORE = 26


def count_contradictions(tables: Tables, terms: ReplayTerms) -> dict[str, int]:
    """Counts over the half year before the start and the weeks of the game.

    Returns:
        `stock_levels`: series-weeks whose stock is not that of the week before plus received and returned, less sold.
        `overlapping_shipments`: shipments ordered while an earlier one of the series was still on its way.
    """
    return {"stock_levels": _impossible_levels(tables, terms), "overlapping_shipments": _overlapping(tables["inbound_shipments"], terms)}


def _impossible_levels(tables: Tables, terms: ReplayTerms) -> int:
    first = terms.start - timedelta(weeks=_WEEKS_BEFORE)
    in_time = pl.col("week").is_between(first, terms.last_week)
    key = [*SERIES_KEY, "week"]
    sundays = tables["stock_levels"].lazy().filter(pl.col("date").dt.weekday() == 7, pl.col("on_hand_units").is_not_null())
    levels = sundays.group_by(*SERIES_KEY, week=week_of("date")).agg(pl.col("on_hand_units").sum()).filter(in_time)
    sold = visible_sales(tables, cutoff=terms.last_week).select(*key, "sales_units")
    shipments = tables["inbound_shipments"].lazy().filter(pl.col("received_at").is_not_null())
    received = shipments.group_by(*SERIES_KEY, week=week_of("received_at")).agg(received=pl.col("quantity_units").sum())
    returned = visible_returns(tables, cutoff=terms.last_week).group_by(*SERIES_KEY, week=week_of("returned_at")).agg(returned=pl.col("quantity_units").sum())
    before = levels.select(*SERIES_KEY, (pl.col("week") + pl.duration(weeks=1)).alias("week"), before="on_hand_units")
    joined = levels.join(before, on=key).join(sold, on=key, how="left").join(received, on=key, how="left").join(returned, on=key, how="left")
    are_events = not tables["sales_transactions"].is_empty()
    sales = pl.col("sales_units").fill_null(0) if are_events else pl.col("sales_units")
    wanted = pl.col("before") + pl.col("received").fill_null(0) + pl.col("returned").fill_null(0) - sales
    return int(joined.filter(pl.col("on_hand_units") != wanted).select(pl.len()).collect().item())


def _overlapping(shipments: pl.DataFrame, terms: ReplayTerms) -> int:
    first = terms.start - timedelta(weeks=_WEEKS_BEFORE)
    dated = shipments.filter(pl.col("ordered_at").is_not_null()).sort(*SERIES_KEY, "ordered_at", "shipment_id")
    arrival = pl.coalesce("received_at", "expected_at")
    latest = arrival.cum_max().shift(1).over(SERIES_KEY)
    in_time = pl.col("ordered_at").cast(pl.Date).is_between(first, terms.last_week + timedelta(days=6))
    return int(dated.with_columns(latest=latest).filter(in_time, pl.col("ordered_at") < pl.col("latest")).height)
