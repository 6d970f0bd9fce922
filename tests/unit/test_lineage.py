"""The lineage table agrees with Dagster: same inputs, and partition mappings that name the same partitions (its slow twin)."""

import warnings
from itertools import pairwise

import dagster as dg
import pytest

from assets.lineage import LINEAGE, LOOKING_BACK, Scope, required_keys, upstream_keys, visible_before
from assets.partitioned import Partitions, keys_of
from domain.settings import Settings
from domain.stage_tables import STAGE_TABLES
from orchestration.definitions import build_definitions
from orchestration.partitions import build_partitions
from orchestration.repair import ranges
from orchestration.run_tags import RANGE_END_TAG, RANGE_START_TAG

N_SHARDS = 3


@pytest.fixture(scope="module")
def partitions() -> Partitions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return build_partitions(N_SHARDS)


def definition_of(table: str, partitions: Partitions) -> dg.PartitionsDefinition:
    if table not in LINEAGE:
        return partitions.shard
    return partitions.weekly if LINEAGE[table].rhythm == "weekly" else partitions.daily


EDGES = [(table, name, scope) for table, lineage in LINEAGE.items() for name, scope in lineage.inputs.items()]


@pytest.mark.parametrize(("table", "name", "scope"), EDGES, ids=str)
def test_upstream_keys_are_those_dagster_maps(table: str, name: str, scope: Scope, partitions: Partitions) -> None:
    downstream, upstream = definition_of(table, partitions), definition_of(name, partitions)
    time = {"week": "2026-03-02"} if LINEAGE[table].rhythm == "weekly" else {"day": "2026-03-04"}
    key = {**time, "shard": "01"}
    mapping = partitions.mappings.get(scope, dg.IdentityPartitionMapping())
    subset = downstream.subset_with_partition_keys([dg.MultiPartitionKey(key)])
    mapped = mapping.get_upstream_mapped_partitions_result_for_partitions(subset, downstream, upstream).partitions_subset.get_partition_keys()
    ours = upstream_keys(scope, key, n_shards=N_SHARDS)
    if scope in LOOKING_BACK:  # Dagster is told of the own week or day, also where only earlier ones are read (decision 0016)
        ours = [{**time, "shard": shard} for shard in sorted({each["shard"] for each in ours})]
    assert keys_of(list(mapped)) == ours
    assert all(each in ours for each in required_keys(scope, key, n_shards=N_SHARDS))


@pytest.mark.parametrize("rhythm", ["weekly", "daily"])
def test_a_backfill_of_a_week_or_day_is_not_extended_to_later_ones(rhythm: str, partitions: Partitions) -> None:
    """Dagster backfills what lies downstream of the chosen partitions; a later week need never have been computed."""
    definition, dimension, time = (partitions.weekly, "week", "2026-03-02") if rhythm == "weekly" else (partitions.daily, "day", "2026-03-04")
    chosen = definition.subset_with_partition_keys([dg.MultiPartitionKey({dimension: time, "shard": "01"})])
    reached: set[str] = set()
    for table, name, scope in EDGES:
        if name in LINEAGE and LINEAGE[table].rhythm == LINEAGE[name].rhythm == rhythm:
            mapping = partitions.mappings.get(scope, dg.IdentityPartitionMapping())
            below = mapping.get_downstream_partitions_for_partitions(chosen, definition, definition)
            reached |= {key[dimension] for key in keys_of(list(below.get_partition_keys()))}
    assert reached == {time}


def test_what_a_partition_looks_back_on() -> None:
    week, day = {"week": "2026-03-02", "shard": "01"}, {"day": "2026-03-04", "shard": "01"}

    def of(scope: Scope, key: dict[str, str]) -> list[str]:
        return [each.get("week", each.get("day", "")) for each in upstream_keys(scope, key, n_shards=1)]

    assert of(Scope.HORIZON_AGO, week) == ["2025-12-08"]
    assert of(Scope.HORIZON_AGO, day) == ["2025-12-10"]
    assert of(Scope.WEEK_AND_WEEK_BEFORE, week) == ["2026-02-23", "2026-03-02"]
    assert of(Scope.DAY_AND_PAST_DECISIONS, day) == ["2025-12-10", "2026-02-25", "2026-03-03", "2026-03-04"]
    assert required_keys(Scope.DAY_AND_PAST_DECISIONS, day, n_shards=1) == [day]
    assert required_keys(Scope.WEEK_AGO, week, n_shards=1) == []
    assert required_keys(Scope.CUTOFF_OF_DAY, day, n_shards=1) == [{"week": "2026-02-23", "shard": "01"}]


def test_every_computed_table_has_a_lineage_and_inputs_come_first() -> None:
    graph = build_definitions(Settings(n_shards=2)).resolve_asset_graph()
    computed = {node.key.to_user_string(): node for node in graph.asset_nodes if node.group_name not in {"raw", "analytics", "backtest"}}
    assert set(computed) == set(LINEAGE)
    for table, node in computed.items():
        assert {key.to_user_string() for key in node.parent_keys} == {*LINEAGE[table].inputs, *LINEAGE[table].gates}
    order = list(LINEAGE)
    assert all(order.index(name) < order.index(table) for table, name, _ in EDGES if name in LINEAGE)
    assert set(STAGE_TABLES) <= set(LINEAGE) | {"raw/rejects", "raw/readings", "raw/fingerprints"}


def test_a_week_sees_its_sunday_and_a_day_sees_the_day_before() -> None:
    assert visible_before({"week": "2026-03-02", "shard": "00"}).isoformat() == "2026-03-09"
    assert visible_before({"day": "2026-03-04", "shard": "00"}).isoformat() == "2026-03-04"


def covered(tags: dict[str, str], partitions: Partitions) -> list[dict[str, str]]:
    key_range = dg.PartitionKeyRange(tags[RANGE_START_TAG], tags[RANGE_END_TAG])
    return [dict(key) for key in keys_of(partitions.weekly.get_partition_keys_in_range(key_range))]


WEEKS = ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-30"]


@pytest.mark.parametrize("pattern", range(1, 2**6, 5))
def test_ranges_cover_exactly_what_is_stale(pattern: int, partitions: Partitions) -> None:
    grid = [{"week": week, "shard": f"{shard:02d}"} for week in WEEKS for shard in range(N_SHARDS)]
    stale = [key for position, key in enumerate(grid) if (pattern * 2_654_435_761 >> position) & 1]
    found = [key for tags in ranges(stale) for key in covered(tags, partitions)]
    assert sorted(found, key=lambda key: sorted(key.items())) == sorted(stale, key=lambda key: sorted(key.items()))


def test_adjacent_weeks_share_a_run() -> None:
    every_shard = [{"week": week, "shard": f"{shard:02d}"} for week in WEEKS for shard in range(N_SHARDS)]
    runs = list(ranges(every_shard))
    assert [(tags[RANGE_START_TAG], tags[RANGE_END_TAG]) for tags in runs] == [("00|2026-03-02", "02|2026-03-16"), ("00|2026-03-30", "02|2026-03-30")]
    assert list(ranges([])) == []
    assert all(first < second for first, second in pairwise(tags[RANGE_START_TAG].split("|")[1] for tags in runs))
