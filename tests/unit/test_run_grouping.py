"""What runs together and what must not: pools and backfill policies of the real definitions."""

from typing import Any

import dagster as dg
import pytest

from assets.lineage import LINEAGE
from domain.settings import OperationsSettings, Settings
from orchestration.definitions import build_definitions
from orchestration.instance import POOLS
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, WEEKLY_FORECAST
from orchestration.run_tags import RHYTHM


def nodes_of(settings: Settings) -> dict[str, Any]:  # Dagster does not export the type
    return {node.key.to_user_string(): node for node in build_definitions(settings).resolve_asset_graph().asset_nodes}


def test_every_asset_is_in_the_pool_of_its_rhythm() -> None:
    nodes = nodes_of(Settings(n_shards=2))
    pools = {table: node.pools for table, node in nodes.items()}
    assert {pool for held in pools.values() for pool in held} == set(POOLS)
    assert all(pools[table] == {lineage.rhythm} for table, lineage in LINEAGE.items())
    assert all(held == {"ingest"} for table, held in pools.items() if table.startswith("raw/"))
    assert pools["analytics/duckdb"] == {"daily"}


@pytest.mark.parametrize(
    ("limit", "expected"), [(None, dg.BackfillPolicy.single_run()), (1, dg.BackfillPolicy.multi_run(1)), (8, dg.BackfillPolicy.multi_run(8))]
)
def test_a_backfill_is_cut_as_the_settings_say(limit: int | None, expected: dg.BackfillPolicy) -> None:
    settings = Settings(n_shards=2, operations=OperationsSettings(partitions_per_run=limit))
    assert {node.backfill_policy for node in nodes_of(settings).values()} == {expected}


@pytest.mark.parametrize("name", [INGEST, WEEKLY_FORECAST, DAILY_OPTIMIZATION])
def test_the_runs_of_a_job_carry_its_name(name: str) -> None:
    assert build_definitions(Settings(n_shards=2)).resolve_job_def(name).tags[RHYTHM] == name
