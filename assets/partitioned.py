"""What flows between Dagster and the pure functions: frames by partition, read and computed one at a time.

An asset returns `PartitionedFrames`, a promise per partition that the IO manager keeps one by one, so a run over many
weeks and shards needs the memory of one. An asset receives a `PartitionReader` per input.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from assets.layout import PartitionKey, partition_location, read_partition, read_partition_if_present, read_partitions
from assets.lineage import Scope
from domain.errors import StaleInputError
from sources.storage import exists

Metadata = Mapping[str, Any]
Progress = Callable[[str], None]
"""Told a line of text as work proceeds."""


@dataclass(frozen=True)
class Partitions:
    """Partition definitions and the mappings between them; built in `orchestration/partitions.py`."""

    shard: dg.PartitionsDefinition
    weekly: dg.PartitionsDefinition
    daily: dg.PartitionsDefinition
    mappings: Mapping[Scope, dg.PartitionMapping]
    """By scope; a scope without one is Dagster's default, the same partition."""


@dataclass(frozen=True)
class PartitionedFrames:
    """What an asset promises to write: per partition, a frame computed when its turn comes, and what to say about it."""

    keys: Sequence[PartitionKey]
    compute: Callable[[PartitionKey], pl.DataFrame]
    describe: Callable[[pl.DataFrame], Metadata] | None = None


@dataclass(frozen=True)
class PartitionReader:
    """The partitions of an upstream table that Dagster mapped to this run, and earlier ones by their place.

    Dagster is not told of earlier weeks and days (`assets.lineage.LOOKING_BACK`): what a partition reads of them must not depend on which others are
    made in the same run.
    """

    table: str
    root: str
    keys: Sequence[PartitionKey] = field(repr=False)

    def read(self, **dimensions: str) -> pl.DataFrame:
        """Rows of the mapped partitions with these dimension values, in order of shard.

        Raises:
            StaleInputError: A partition has not been materialised, or is not an input of this run.
        """
        return self.read_columns(None, **dimensions)

    def read_columns(self, columns: Sequence[str] | None, **dimensions: str) -> pl.DataFrame:
        """Some columns of them (`None` = all); of the others nothing is read.

        Raises:
            StaleInputError: A partition has not been materialised, or is not an input of this run.
        """
        keys = self._matching(dimensions)
        if not keys:
            raise StaleInputError(f"{self.table} has no partition {dimensions} among the inputs of this run", remedy=f"Materialise {self.table} first.")
        return read_partitions(self.root, self.table, keys, columns=list(columns) if columns else None)

    def read_if_present(self, **key: str) -> pl.DataFrame | None:
        """One partition, mapped to this run or not; `None` where it has not been materialised."""
        return read_partition_if_present(self.root, self.table, key)

    def read_each_if_complete(self, **time: str) -> Iterator[pl.DataFrame]:
        """The mapped shards of any week or day, one after the other; none where any has not been materialised: a part of the shards is not the whole."""
        keys: list[PartitionKey] = [{**time, "shard": shard} for shard in sorted({key["shard"] for key in self.keys})]
        is_complete = all(exists(partition_location(self.root, self.table, key)) for key in keys)
        return (read_partition(self.root, self.table, key) for key in (keys if is_complete else ()))

    def read_each(self, **dimensions: str) -> list[pl.DataFrame]:
        """The same partitions as separate frames."""
        return [read_partition(self.root, self.table, key) for key in self._matching(dimensions)]

    def _matching(self, dimensions: Mapping[str, str]) -> list[PartitionKey]:
        return [key for key in self.keys if all(key[name] == value for name, value in dimensions.items())]


def keys_of(partition_keys: Sequence[str]) -> list[PartitionKey]:
    """Dagster's partition keys by dimension, oldest first, then by shard (Dagster gives them in any order)."""
    keys = [key.keys_by_dimension if isinstance(key, dg.MultiPartitionKey) else {"shard": key} for key in partition_keys]
    return sorted(keys, key=lambda key: (key.get("week", ""), key.get("day", ""), key["shard"]))


def week_of(key: PartitionKey) -> date:
    """The cutoff of a weekly partition."""
    return date.fromisoformat(key["week"])


def day_of(key: PartitionKey) -> date:
    """The decision day of a daily partition."""
    return date.fromisoformat(key["day"])
