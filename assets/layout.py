"""Where stage tables lie under the data root: `<stage>/<table>/week=…/shard=NN/part.parquet`. Paths only, no Dagster."""

from collections.abc import Mapping

import polars as pl

from domain.errors import StaleInputError, UsageError
from sources.storage import exists, find_rows, is_folder, join, list_folders, read_parquet, write_parquet

PartitionKey = Mapping[str, str]
"""A partition by dimension: {"week": "2024-01-08", "shard": "00"}, {"day": …, "shard": …} or {"shard": …}."""

_DIMENSIONS = ("week", "day", "shard")
_SHARD_RECORD = "layout.parquet"
_MARKET_RECORD = "market.parquet"
_LISTED = 5


def shard_names(n_shards: int) -> list[str]:
    """Keys of the shard partitions: 00, 01 and so on."""
    return [f"{shard:02d}" for shard in range(n_shards)]


def partition_location(root: str, table: str, key: PartitionKey) -> str:
    """The file of one partition of `table` ("stage/name")."""
    return join(_folder(root, table, key), "part.parquet")


def _folder(root: str, table: str, key: PartitionKey) -> str:
    return join(root, *table.split("/"), *(f"{name}={key[name]}" for name in _DIMENSIONS if name in key))


def newest_partition(root: str, table: str, dimension: str) -> str | None:
    """Newest value of a time dimension ("week" or "day") that has been written; `None` where there is none."""
    return max(_values(root, table, dimension), default=None)


def oldest_partition(root: str, table: str, dimension: str) -> str | None:
    """Oldest value of a time dimension that has been written; `None` where there is none."""
    return min(_values(root, table, dimension), default=None)


def _values(root: str, table: str, dimension: str) -> list[str]:
    prefix = f"{dimension}="
    return [name.removeprefix(prefix) for name in list_folders(join(root, *table.split("/"))) if name.startswith(prefix)]


def list_partitions(root: str, table: str) -> list[PartitionKey]:
    """The partitions of a table that have been written, oldest first, then by shard."""
    keys: list[PartitionKey] = [{}]
    while keys:
        # Strangers' folders, such as the @eaDir of a network disk, are no partitions.
        folders = [(key, name) for key in keys for name in list_folders(_folder(root, table, key)) if name.split("=")[0] in _DIMENSIONS and "=" in name]
        if not folders:
            return [key for key in keys if exists(partition_location(root, table, key))]
        keys = [{**key, name.split("=")[0]: name.split("=")[1]} for key, name in folders]
    return keys


def read_partitions(root: str, table: str, keys: list[PartitionKey], *, columns: list[str] | None = None) -> pl.DataFrame:
    """The rows of some partitions, one below the other.

    Raises:
        StaleInputError: One of them has not been materialised.
    """
    return pl.concat([read_partition(root, table, key, columns=columns) for key in keys])


def read_partition(root: str, table: str, key: PartitionKey, *, columns: list[str] | None = None) -> pl.DataFrame:
    """The rows of one partition; of columns that are not asked for, nothing is read.

    Raises:
        StaleInputError: It has not been materialised.
    """
    return read_parquet(_written(root, table, key), columns=columns)


def read_series(root: str, table: str, key: PartitionKey, *, merchant_id: str, article_id: str) -> pl.DataFrame:
    """The rows of one series in one partition; of the others little is read.

    Raises:
        StaleInputError: The partition has not been materialised.
        StorageError: It is damaged.
    """
    return find_rows(_written(root, table, key), (pl.col("merchant_id") == merchant_id) & (pl.col("article_id") == article_id))


def _written(root: str, table: str, key: PartitionKey) -> str:
    """The file of a partition that is there."""
    location = partition_location(root, table, key)
    if not exists(location):
        partition = ", ".join(f"{name} {value}" for name, value in key.items())
        raise StaleInputError(
            f"{table} has no partition for {partition}",
            got="nothing at " + location,
            wanted="a materialised partition",
            remedy=f"Materialise {table} for {partition}.",
        )
    return location


def read_partition_if_present(root: str, table: str, key: PartitionKey) -> pl.DataFrame | None:
    """The rows of one partition; `None` where it has not been materialised."""
    return read_partition(root, table, key) if exists(partition_location(root, table, key)) else None


def written_root(root: str) -> int:
    """The number of shards of a data root that has been written.

    Raises:
        UsageError: Nothing has been written there.
    """
    record = join(root, _SHARD_RECORD)
    if not exists(record):
        raise UsageError(
            f"{root} is no data root",
            got="nothing that `replenish run` has written" if is_folder(root) else "no such folder",
            remedy="Name the folder that `replenish run --data` wrote, or run it first.",
        )
    return int(read_parquet(record)["n_shards"][0])


def check_shard_count(root: str, *, n_shards: int) -> None:
    """Refuse to mix two shard counts under one root: partitions of both would hold some series twice and others never.

    Raises:
        UsageError: The root was written with another number of shards.
    """
    record = join(root, _SHARD_RECORD)
    if not exists(record):
        write_parquet(pl.DataFrame({"n_shards": [n_shards]}), record)
        return
    written = int(read_parquet(record)["n_shards"][0])
    if written != n_shards:
        raise UsageError(
            f"the data root {root} was written with another number of shards",
            got=f"n_shards = {n_shards}",
            wanted=f"n_shards = {written}",
            remedy=f"Set n_shards back to {written}, or choose an empty data root.",
        )


def check_market(root: str, merchant_ids: list[str]) -> None:
    """Refuse to mix two markets under one root: the newest week or day of one would be shown beside the other's.

    Merchants may come and go; what shares no merchant with the ingestion before is another market.

    Raises:
        UsageError: The root holds other merchants only.
    """
    record = join(root, _MARKET_RECORD)
    before = read_parquet(record)["merchant_id"].to_list() if exists(record) else []
    if before and set(before).isdisjoint(merchant_ids):
        raise UsageError(
            f"the data root {root} holds another market",
            got=f"merchants {', '.join(merchant_ids[:_LISTED])}",
            wanted=f"at least one of {', '.join(before[:_LISTED])}",
            remedy="Give each market its own data root: name another folder with --data.",
        )
    if before != merchant_ids:
        write_parquet(pl.DataFrame({"merchant_id": merchant_ids}, schema={"merchant_id": pl.String}), record)
