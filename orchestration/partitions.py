"""Partitions: shard, week × shard (key = the cutoff's Monday), day × shard (key = the decision day), and their mappings."""

from collections.abc import Mapping
from datetime import date

import dagster as dg

from assets.layout import shard_names
from assets.partitioned import Partitions
from domain.calendar import EARLIEST_DATE, ONE_WEEK
from domain.stage_tables import HORIZON_WEEKS

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
_FIRST_DAY = EARLIEST_DATE + ONE_WEEK
_DAYS_PER_WEEK = 7


def build_partitions(n_shards: int) -> Partitions:
    """Everything that depends on the number of shards.

    A week is open from the moment it begins (`end_offset=1`): on its Sunday evening it can be the newest complete
    one. A decision day may be tomorrow (`end_offset=2`), decided with today's data.
    """
    shard = dg.StaticPartitionsDefinition(shard_names(n_shards))
    week = dg.WeeklyPartitionsDefinition(start_date=EARLIEST_DATE.isoformat(), day_offset=1, end_offset=1)
    day = dg.DailyPartitionsDefinition(start_date=_FIRST_DAY.isoformat(), end_offset=2)
    same, every = dg.IdentityPartitionMapping(), dg.AllPartitionMapping()
    return Partitions(
        shard=shard,
        weekly=dg.MultiPartitionsDefinition({"week": week, "shard": shard}),
        daily=dg.MultiPartitionsDefinition({"day": day, "shard": shard}),
        same_raw_shard=dg.MultiToSingleDimensionPartitionMapping("shard"),
        all_raw_shards=every,
        all_shards_of_week=_mapping(week=("week", same), shard=("shard", every)),
        all_shards_of_day=_mapping(day=("day", same), shard=("shard", every)),
        cutoff_of_day=_mapping(week=("day", _cutoff_of_day()), shard=("shard", same)),
        horizon_ago=_mapping(
            week=("week", dg.TimeWindowPartitionMapping(-HORIZON_WEEKS, -HORIZON_WEEKS, allow_nonexistent_upstream_partitions=True)), shard=("shard", same)
        ),
    )


def shard_range(n_shards: int) -> Mapping[str, str]:
    """Run tags that cover all shards of the raw tables."""
    names = shard_names(n_shards)
    return {RANGE_START_TAG: names[0], RANGE_END_TAG: names[-1]}


def week_range(cutoff: date, *, n_shards: int) -> Mapping[str, str]:
    """Run tags that cover all shards of one cutoff."""
    return _range("week", cutoff, shard_names(n_shards))


def day_range(decision_date: date, *, n_shards: int) -> Mapping[str, str]:
    """Run tags that cover all shards of one decision day."""
    return _range("day", decision_date, shard_names(n_shards))


def _range(dimension: str, value: date, names: list[str]) -> Mapping[str, str]:
    first, last = (dg.MultiPartitionKey({dimension: value.isoformat(), "shard": name}) for name in (names[0], names[-1]))
    return {RANGE_START_TAG: str(first), RANGE_END_TAG: str(last)}


def _mapping(**by_upstream: tuple[str, dg.PartitionMapping]) -> dg.MultiPartitionMapping:
    """Upstream dimension → (downstream dimension, mapping)."""
    return dg.MultiPartitionMapping({up: dg.DimensionPartitionMapping(down, mapping) for up, (down, mapping) in by_upstream.items()})


def _cutoff_of_day() -> dg.TimeWindowPartitionMapping:
    """The week before the one that contains the day. Dagster counts the offset in days, the unit downstream."""
    return dg.TimeWindowPartitionMapping(start_offset=-_DAYS_PER_WEEK, end_offset=-_DAYS_PER_WEEK)
