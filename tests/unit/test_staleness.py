"""Why a partition is stale, and what a repair has to make again beyond that: partitions that are gone."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from assets.layout import partition_location
from assets.lineage import LINEAGE
from assets.provenance import InputHashes, Provenance, code_version, settings_hash
from assets.staleness import Reason, judge_partitions, lost_partitions
from domain.settings import ForecastSettings, Settings
from sources.storage import write_parquet


def test_a_deleted_partition_is_lost_where_others_are_made_from_it_but_a_begun_week_has_lost_nothing(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), n_shards=1)
    whole, begun = ({"week": week, "shard": "00"} for week in ("2026-03-02", "2026-03-09"))
    weekly = [table for table, lineage in LINEAGE.items() if lineage.rhythm == "weekly"]
    for table in weekly:
        write_parquet(pl.DataFrame({"row": [1]}), partition_location(settings.data, table, whole))
    write_parquet(pl.DataFrame({"row": [1]}), partition_location(settings.data, "series/weekly_demand", begun))
    assert not any(lost_partitions(settings).values())
    for table in ("features/group_weeks", "features/training_sample", "evaluation/forecast_drift"):
        Path(partition_location(settings.data, table, whole)).unlink()
    lost = {table: keys for table, keys in lost_partitions(settings).items() if keys}
    assert lost == {"features/group_weeks": [whole], "features/training_sample": [whole]}  # nothing is made from verdicts


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"code_version": "of another code"}, Reason.CODE),
        ({"settings_hash": "of other settings"}, Reason.SETTINGS),
        ({"inputs": {}}, Reason.UPSTREAM),
    ],
)
def test_each_part_of_the_provenance_makes_stale_by_itself(tmp_path: Path, changes: dict[str, object], reason: Reason | None) -> None:
    settings, table, key = (
        Settings(data=str(tmp_path), n_shards=1, forecast=ForecastSettings(n_threads=1)),
        "forecast/models",
        {"week": "2026-03-02", "shard": "00"},
    )
    for name in LINEAGE[table].inputs:
        write_parquet(pl.DataFrame({"row": [1]}), partition_location(settings.data, name, key))
    made = Provenance("rows", code_version(table), settings_hash(table, settings), InputHashes(settings.data, n_shards=1).of(table, key))
    write_parquet(pl.DataFrame({"row": [1]}), partition_location(settings.data, table, key), metadata=replace(made, **changes).as_metadata())  # type: ignore[arg-type]
    assert [list(found.reasons) for found in judge_partitions(settings, table, [key])] == ([[reason]] if reason else [])
