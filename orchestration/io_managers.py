"""One Parquet IO manager: writes promised frames partition by partition, hands readers to those who ask for inputs."""

import time
from collections.abc import Mapping
from dataclasses import asdict

import dagster as dg
import polars as pl
from dataframely.exc import ValidationError

from assets.layout import PartitionKey, check_shard_count, partition_location
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Progress, keys_of
from assets.provenance import InputHashes, Provenance, code_version, data_hash, settings_hash
from assets.transient_faults import transient_faults_retried
from domain.errors import StaleInputError
from domain.settings import Settings
from domain.stage_tables import STAGE_TABLES
from sources.storage import write_parquet

_SLOW_SECONDS = 2.0


class ParquetPartitions(dg.IOManager):
    """Parquet below the data root, one file per partition, written whole or not at all; the same inputs rewrite the same bytes."""

    def __init__(self, settings: Settings, *, on_progress: Progress) -> None:
        self._settings = settings
        self._root, self._n_shards = settings.data, settings.n_shards
        self._tell = on_progress

    def handle_output(self, context: dg.OutputContext, obj: PartitionedFrames) -> None:
        """Compute, validate and write one partition after the other.

        Raises:
            StaleInputError: A frame breaks the table's contract: nothing is written of that partition.
        """
        check_shard_count(self._root, n_shards=self._n_shards)
        table = "/".join(context.asset_key.path)
        dagster_keys = {tuple(sorted(keys_of([key])[0].items())): key for key in context.asset_partition_keys}
        started, n_rows = time.monotonic(), 0
        hashes = InputHashes(self._root, n_shards=self._n_shards)
        for key in obj.keys:
            with transient_faults_retried(context.step_context.previous_attempt_count):
                frame, metadata = self._write_one(table, key, obj, hashes.of(table, key))
            n_rows += frame.height
            if metadata["seconds"] >= _SLOW_SECONDS:
                self._tell(_line(table, key, rows=frame.height, seconds=metadata["seconds"]))
            context.step_context.add_asset_metadata(metadata, asset_key=context.asset_key, partition_key=dagster_keys[tuple(sorted(key.items()))])
        line = f"{table}: {n_rows:,} rows in {len(obj.keys)} partitions, {time.monotonic() - started:.1f} s"
        context.log.info(line)  # one per table: every event is a commit of Dagster's records, a partition's figures are in its metadata
        self._tell(line)

    def load_input(self, context: dg.InputContext) -> PartitionReader:
        """A reader over the partitions that Dagster mapped to this run."""
        check_shard_count(self._root, n_shards=self._n_shards)
        return PartitionReader("/".join(context.asset_key.path), self._root, keys_of(context.asset_partition_keys))

    def _write_one(self, table: str, key: PartitionKey, frames: PartitionedFrames, inputs: Mapping[str, str]) -> tuple[pl.DataFrame, Metadata]:
        started = time.monotonic()
        frame = _validated(table, frames.compute(key))
        location = partition_location(self._root, table, key)
        provenance = Provenance(data_hash(frame), code_version(table), settings_hash(table, self._settings), inputs)
        n_bytes = write_parquet(frame, location, metadata=provenance.as_metadata())
        described = dict(frames.describe(frame)) if frames.describe else {}
        seconds = round(time.monotonic() - started, 3)
        written = {"dagster/row_count": frame.height, "path": location, "bytes": n_bytes, "seconds": seconds}
        return frame, written | described | {f"provenance/{name}": value for name, value in asdict(provenance).items()}


def _validated(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    contract = STAGE_TABLES.get(table)
    if contract is None:
        return frame
    try:
        return contract.validate(frame)
    except ValidationError as error:
        raise StaleInputError(
            f"{table} would break its contract; nothing was written",
            got=str(error).strip(),
            wanted=f"rows of {contract.__name__} (domain/stage_tables.py)",
            remedy="Re-materialise the tables it is made from; if it happens again, it is a defect of the stage.",
        ) from error


def _line(table: str, key: PartitionKey, *, rows: int, seconds: float) -> str:
    return f"{table} {' '.join(f'{name}={value}' for name, value in key.items())}: {rows:,} rows in {seconds:.1f} s"
