"""What days the ingested source covers, read from the fingerprints of its rows: a small table, whatever the size of the source. No Dagster."""

from datetime import date
from typing import NamedTuple

import polars as pl

from assets.layout import read_partition_if_present, shard_names
from domain.settings import Settings
from domain.stage_tables import Fingerprints
from domain.tables import SALES_TABLES
from quality.newest_day import newest_trusted_day

FINGERPRINTS = "raw/fingerprints"
_NEWS_OF_THE_FUTURE = "external_signals"
"""A signal may be known of days to come: it does not say that the days until then have been delivered."""


class SourceDays(NamedTuple):
    """First day with a sale and last day with events (strays apart); a week of `weekly_sales` counts as its Sunday."""

    first_sale: date
    last_day: date


def source_days(settings: Settings) -> SourceDays | None:
    """The days of the source as it was ingested last; `None` where nothing has been ingested, or nothing was sold."""
    shards = (read_partition_if_present(settings.data, FINGERPRINTS, {"shard": shard}) for shard in shard_names(settings.n_shards))
    found = [shard for shard in shards if shard is not None and shard.columns == Fingerprints.column_names()]  # an earlier version's say too little
    if not found:
        return None
    events = pl.concat(found).filter(pl.col("day").is_not_null(), pl.col("table") != _NEWS_OF_THE_FUTURE, ~pl.col("has_left"))
    first_sale = events.filter(pl.col("table").is_in(SALES_TABLES))["day"].min()
    last_day = newest_trusted_day(events)
    if not isinstance(first_sale, date) or last_day is None:
        return None
    return SourceDays(first_sale, last_day)
