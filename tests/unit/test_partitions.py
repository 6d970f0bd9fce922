"""Partition keys and mappings agree with `domain.calendar`."""

import warnings
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context

from assets.layout import shard_names
from assets.lineage import Scope
from assets.partitioned import Partitions, keys_of
from domain.calendar import cutoff_for
from orchestration.partitions import build_partitions, day_range, shard_range, week_range
from orchestration.run_tags import DAY, RANGE_END_TAG, RANGE_START_TAG, WEEK


@pytest.fixture(scope="module")
def partitions() -> Partitions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return build_partitions(2)


def upstream_keys(mapping: dg.PartitionMapping, *, key: str, downstream: dg.PartitionsDefinition, upstream: dg.PartitionsDefinition) -> list[dict[str, str]]:
    subset = downstream.subset_with_partition_keys([key])
    result = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, downstream, upstream)
    return [dict(found) for found in keys_of(list(result.partitions_subset.get_partition_keys()))]


@pytest.mark.parametrize("offset", range(21))
def test_a_day_reads_the_cutoff_of_the_calendar(partitions: Partitions, offset: int) -> None:
    day = date(2024, 2, 20) + timedelta(days=offset)  # over a leap day and a month's end
    key = dg.MultiPartitionKey({"day": day.isoformat(), "shard": "01"})
    found = upstream_keys(partitions.mappings[Scope.CUTOFF_OF_DAY], key=key, downstream=partitions.daily, upstream=partitions.weekly)
    assert found == [{"week": cutoff_for(day).isoformat(), "shard": "01"}]


def test_models_read_all_shards_of_their_week(partitions: Partitions) -> None:
    key = dg.MultiPartitionKey({"week": "2024-01-08", "shard": "01"})
    found = upstream_keys(partitions.mappings[Scope.ALL_SHARDS_OF_WEEK], key=key, downstream=partitions.weekly, upstream=partitions.weekly)
    assert found == [{"week": "2024-01-08", "shard": shard} for shard in ("00", "01")]


def test_limits_read_all_shards_of_their_day(partitions: Partitions) -> None:
    key = dg.MultiPartitionKey({"day": "2024-01-09", "shard": "00"})
    found = upstream_keys(partitions.mappings[Scope.ALL_SHARDS_OF_DAY], key=key, downstream=partitions.daily, upstream=partitions.daily)
    assert found == [{"day": "2024-01-09", "shard": shard} for shard in ("00", "01")]


def test_a_series_reads_its_own_raw_shard(partitions: Partitions) -> None:
    key = dg.MultiPartitionKey({"week": "2024-01-08", "shard": "01"})
    found = upstream_keys(partitions.mappings[Scope.SAME_SHARD], key=key, downstream=partitions.weekly, upstream=partitions.shard)
    assert found == [{"shard": "01"}]


def test_ranges_cover_all_shards() -> None:
    assert shard_names(3) == ["00", "01", "02"]
    assert shard_range(3) == {RANGE_START_TAG: "00", RANGE_END_TAG: "02"}
    assert week_range(date(2024, 1, 8), n_shards=3) == {RANGE_START_TAG: "00|2024-01-08", RANGE_END_TAG: "02|2024-01-08", WEEK: "2024-01-08"}
    assert day_range(date(2024, 1, 9), n_shards=1) == {RANGE_START_TAG: "2024-01-09|00", RANGE_END_TAG: "2024-01-09|00", DAY: "2024-01-09"}


def test_keys_are_sorted_by_time_then_shard() -> None:
    keys = [dg.MultiPartitionKey({"week": week, "shard": shard}) for week, shard in (("2024-01-15", "00"), ("2024-01-08", "01"), ("2024-01-08", "00"))]
    assert [(key["week"], key["shard"]) for key in keys_of(keys)] == [("2024-01-08", "00"), ("2024-01-08", "01"), ("2024-01-15", "00")]


def test_tomorrow_can_be_decided_today_and_the_week_that_runs_is_open(partitions: Partitions) -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
    (day,) = (dimension.partitions_def for dimension in partitions.daily.partitions_defs if dimension.name == "day")
    (week,) = (dimension.partitions_def for dimension in partitions.weekly.partitions_defs if dimension.name == "week")
    with partition_loading_context(effective_dt=now):
        assert (day.get_last_partition_key(), week.get_last_partition_key()) == ("2026-03-05", "2026-03-02")
