"""Partitions: shard, week × shard (key = the cutoff's Monday), day × shard (key = the decision day), and their mappings."""

from collections.abc import Mapping
from datetime import date

import dagster as dg

from assets.layout import oldest_partition, shard_names
from assets.lineage import Scope
from assets.partitioned import Partitions
from assets.source_days import source_days
from domain.calendar import EARLIEST_DATE, ONE_WEEK, monday_of
from domain.settings import Settings
from orchestration.run_tags import DAY, RANGE_END_TAG, RANGE_START_TAG, WEEK

_DAYS_PER_WEEK = 7
_FIRST_WEEKLY_TABLE = "series/weekly_demand"


def first_week(settings: Settings) -> date:
    """The first cutoff that means something: the week of the first sale, or the oldest one that was ever computed.

    An empty data root knows neither; then every week of the contract is offered, and definitions loaded after the first
    ingestion offer less.
    """
    oldest = oldest_partition(settings.data, _FIRST_WEEKLY_TABLE, "week")
    days = source_days(settings)
    known = [monday_of(days.first_sale)] if days else []
    known += [date.fromisoformat(oldest)] if oldest else []
    return min(known, default=EARLIEST_DATE)


def build_partitions(n_shards: int, *, first_week: date = EARLIEST_DATE) -> Partitions:
    """Everything that depends on the number of shards and on where history begins.

    A week is open from the moment it begins (`end_offset=1`): on its Sunday evening it can be the newest complete
    one. A decision day may be tomorrow (`end_offset=2`), decided with today's data; the first one follows the first cutoff.
    """
    shard = dg.StaticPartitionsDefinition(shard_names(n_shards))
    week = dg.WeeklyPartitionsDefinition(start_date=first_week.isoformat(), day_offset=1, end_offset=1)
    day = dg.DailyPartitionsDefinition(start_date=(first_week + ONE_WEEK).isoformat(), end_offset=2)
    same, every = dg.IdentityPartitionMapping(), dg.AllPartitionMapping()
    return Partitions(
        shard=shard,
        weekly=dg.MultiPartitionsDefinition({"week": week, "shard": shard}),
        daily=dg.MultiPartitionsDefinition({"day": day, "shard": shard}),
        mappings={
            Scope.SAME_SHARD: dg.MultiToSingleDimensionPartitionMapping("shard"),
            Scope.ALL_SHARDS: every,
            Scope.ALL_SHARDS_OF_WEEK: _mapping(week=("week", same), shard=("shard", every)),
            Scope.ALL_SHARDS_OF_DAY: _mapping(day=("day", same), shard=("shard", every)),
            Scope.CUTOFF_OF_DAY: _mapping(week=("day", _cutoff_of_day()), shard=("shard", same)),
            # Of what looks back, Dagster is told of the own week or day (`assets.lineage.LOOKING_BACK`); of one shard that is its default.
            Scope.ALL_SHARDS_OF_RECENT_WEEKS: _mapping(week=("week", same), shard=("shard", every)),
        },
    )


def shard_range(n_shards: int) -> Mapping[str, str]:
    """Run tags that cover all shards of the raw tables."""
    names = shard_names(n_shards)
    return {RANGE_START_TAG: names[0], RANGE_END_TAG: names[-1]}


def week_range(cutoff: date, *, n_shards: int) -> Mapping[str, str]:
    """Run tags that cover all shards of one cutoff."""
    return {**_range("week", cutoff, shard_names(n_shards)), WEEK: cutoff.isoformat()}


def day_range(decision_date: date, *, n_shards: int) -> Mapping[str, str]:
    """Run tags that cover all shards of one decision day."""
    return {**_range("day", decision_date, shard_names(n_shards)), DAY: decision_date.isoformat()}


def _range(dimension: str, value: date, names: list[str]) -> Mapping[str, str]:
    first, last = (dg.MultiPartitionKey({dimension: value.isoformat(), "shard": name}) for name in (names[0], names[-1]))
    return {RANGE_START_TAG: str(first), RANGE_END_TAG: str(last)}


def _mapping(**by_upstream: tuple[str, dg.PartitionMapping]) -> dg.MultiPartitionMapping:
    """Upstream dimension → (downstream dimension, mapping)."""
    return dg.MultiPartitionMapping({up: dg.DimensionPartitionMapping(down, mapping) for up, (down, mapping) in by_upstream.items()})


def _cutoff_of_day() -> dg.TimeWindowPartitionMapping:
    """The week before the one that contains the day. Dagster counts the offset in days, the unit downstream."""
    return dg.TimeWindowPartitionMapping(start_offset=-_DAYS_PER_WEEK, end_offset=-_DAYS_PER_WEEK)
