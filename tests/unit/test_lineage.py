"""The lineage table agrees with Dagster: same inputs, and partition mappings that name the same partitions (its slow twin)."""

import warnings
from itertools import pairwise

import dagster as dg
import pytest

from assets.lineage import LINEAGE, Scope, upstream_keys, visible_before
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
    if scope is Scope.ALL_SHARDS_OF_RECENT_WEEKS:  # Dagster is told of the own week only (decision 0016)
        ours = [each for each in ours if each["week"] == key["week"]]
    assert keys_of(list(mapped)) == ours


def test_every_computed_table_has_a_lineage_and_inputs_come_first() -> None:
    graph = build_definitions(Settings(n_shards=2)).resolve_asset_graph()
    computed = {node.key.to_user_string(): node for node in graph.asset_nodes if node.group_name not in {"raw", "analytics", "backtest"}}
    assert set(computed) == set(LINEAGE)
    for table, node in computed.items():
        assert {key.to_user_string() for key in node.parent_keys} == {*LINEAGE[table].inputs, *LINEAGE[table].gates}
    order = list(LINEAGE)
    assert all(order.index(name) < order.index(table) for table, name, _ in EDGES if name in LINEAGE)
    assert set(STAGE_TABLES) <= set(LINEAGE) | {"raw/rejects", "raw/fingerprints"}


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
