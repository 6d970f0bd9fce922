"""The IO manager: one partition at a time, contract before write, readers that say what is missing."""

from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.layout import partition_location
from assets.partitioned import PartitionedFrames, PartitionReader, keys_of
from domain.errors import StaleInputError, UsageError
from domain.settings import Settings
from orchestration.io_managers import ParquetPartitions
from sources.storage import write_parquet

SHARDS = dg.StaticPartitionsDefinition(["00", "01"])
KEYS = [{"shard": "00"}, {"shard": "01"}]
GOOD = pl.DataFrame({"table": ["sales"], "rule": ["units|positive"], "row": ["{}"]})


def materialize(root: Path, frames: PartitionedFrames, *, n_shards: int = 2, told: list[str] | None = None) -> dg.ExecuteInProcessResult:
    @dg.asset(key=["raw", "rejects"], partitions_def=SHARDS)
    def rejects() -> PartitionedFrames:
        return frames

    manager = ParquetPartitions(Settings(data=str(root), n_shards=n_shards), on_progress=(told if told is not None else []).append)
    tags = {"dagster/asset_partition_range_start": "00", "dagster/asset_partition_range_end": "01"}
    definitions = dg.Definitions(assets=[rejects], resources={"io_manager": manager}, jobs=[dg.define_asset_job("job", [rejects])])
    with dg.DagsterInstance.ephemeral() as instance:
        return definitions.resolve_job_def("job").execute_in_process(instance=instance, tags=tags)


def test_partitions_are_computed_and_written_one_by_one(tmp_path: Path) -> None:
    seen: list[bool] = []

    def compute(key: Mapping[str, str]) -> pl.DataFrame:
        seen.append(Path(partition_location(str(tmp_path), "raw/rejects", KEYS[0])).exists())
        return GOOD.with_columns(row=pl.lit(key["shard"]))

    told: list[str] = []
    result = materialize(tmp_path, PartitionedFrames(KEYS, compute, lambda frame: {"first": frame["row"][0]}), told=told)
    assert seen == [False, True]  # the first is on disk before the second is computed
    events = {event.partition: event.step_materialization_data.materialization.metadata for event in result.get_asset_materialization_events()}
    assert events["01"]["first"].value == "01"
    assert events["00"]["dagster/row_count"].value == 1
    assert told[-1].startswith("raw/rejects: 2 rows in 2 partitions")


def test_a_breach_of_contract_writes_nothing(tmp_path: Path) -> None:
    broken = GOOD.with_columns(rule=pl.lit(None, pl.String))
    with pytest.raises(StaleInputError, match="raw/rejects would break its contract"):
        materialize(tmp_path, PartitionedFrames(KEYS, lambda _: broken))
    assert not list(tmp_path.rglob("part.parquet"))


def test_a_killed_write_is_repaired(tmp_path: Path) -> None:
    materialize(tmp_path, PartitionedFrames(KEYS, lambda _: GOOD))
    part = Path(partition_location(str(tmp_path), "raw/rejects", KEYS[0]))
    whole = part.read_bytes()
    part.with_name(".part-999-part.parquet").write_bytes(whole[:10])  # what a killed writer leaves
    part.write_bytes(whole[:20])  # worse than a killed writer can do
    materialize(tmp_path, PartitionedFrames(KEYS, lambda _: GOOD))
    assert part.read_bytes() == whole
    assert [file.name for file in part.parent.iterdir()] == ["part.parquet"]


def test_another_number_of_shards_is_refused(tmp_path: Path) -> None:
    materialize(tmp_path, PartitionedFrames(KEYS, lambda _: GOOD))
    with pytest.raises(UsageError, match=r"another number of shards"):
        materialize(tmp_path, PartitionedFrames(KEYS, lambda _: GOOD), n_shards=3)


def test_reader_selects_by_dimension(tmp_path: Path) -> None:
    materialize(tmp_path, PartitionedFrames(KEYS, lambda key: GOOD.with_columns(row=pl.lit(key["shard"]))))
    reader = PartitionReader("raw/rejects", str(tmp_path), keys_of(["01", "00"]))
    assert reader.read()["row"].to_list() == ["00", "01"]
    assert reader.read(shard="01")["row"].to_list() == ["01"]
    assert [frame["row"][0] for frame in reader.read_each()] == ["00", "01"]


def test_a_missing_partition_is_named_with_its_remedy(tmp_path: Path) -> None:
    reader = PartitionReader("series/weekly_demand", str(tmp_path), [{"week": "2024-01-08", "shard": "00"}])
    with pytest.raises(StaleInputError, match=r"series/weekly_demand has no partition for week 2024-01-08, shard 00[\s\S]*Materialise series/weekly_demand"):
        reader.read(week="2024-01-08", shard="00")
    with pytest.raises(StaleInputError, match="among the inputs of this run"):
        reader.read(week="2024-01-15", shard="00")
    assert reader.read_if_present(week="2024-01-08", shard="00") is None
    assert reader.read_if_present(week="2023-01-02", shard="00") is None


def test_earlier_weeks_are_read_whatever_the_run_is_of(tmp_path: Path) -> None:
    """Whether a run is of one week or of many must not show in what a partition is made from."""
    for shard in ("00", "01"):
        write_parquet(pl.DataFrame({"row": [shard]}), partition_location(str(tmp_path), "forecast/held_out", {"week": "2024-01-01", "shard": shard}))
    reader = PartitionReader("forecast/held_out", str(tmp_path), [{"week": "2024-01-08", "shard": shard} for shard in ("00", "01")])
    earlier = reader.read_if_present(week="2024-01-01", shard="01")
    assert earlier is not None
    assert earlier["row"].to_list() == ["01"]
    assert [frame["row"][0] for frame in reader.read_each_if_complete(week="2024-01-01")] == ["00", "01"]
    Path(partition_location(str(tmp_path), "forecast/held_out", {"week": "2024-01-01", "shard": "01"})).unlink()
    assert list(reader.read_each_if_complete(week="2024-01-01")) == []
