"""Facts that only the whole market shows, read shard by shard: no more than one shard's columns are in memory at a time."""

from collections.abc import Iterable, Mapping
from datetime import date

from assets.partitioned import PartitionReader
from domain.settings import SourceReadingSettings
from ml.preprocessing.market_facts import FACT_COLUMNS, MarketFacts, find_market_facts, tally_market


def read_market_facts(inputs: Mapping[str, PartitionReader], shards: Iterable[str], *, before: date, reading: SourceReadingSettings) -> MarketFacts:
    """How merchants report stock and when their sales are silent, as known before a day.

    Args:
        inputs: Readers of all shards of the tables in `FACT_COLUMNS`.
        shards: Every shard.
        before: The day.
        reading: How the source is to be read.
    """
    tallies = (
        tally_market({name: inputs[name].read_columns(columns, shard=shard) for name, columns in FACT_COLUMNS.items()}, before=before) for shard in shards
    )
    return find_market_facts(tallies, before=before, reading=reading)
