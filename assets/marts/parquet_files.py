"""The Parquet files behind a version: kept as they were when it was built, whatever the pipeline replaces afterwards.

A partition is replaced by renaming, so a hard link keeps the replaced file alive and costs no space while it is not.
Without it a query over several files would meet old ones and new ones (measured: one query in three during a rewrite).
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from assets.layout import PartitionKey, partition_location
from domain.errors import StaleInputError
from sources.storage import is_remote, read_bytes


def keep_files(root: str, table: str, keys: Iterable[PartitionKey], *, folder: Path) -> list[Path]:
    """Link the files of some partitions into `folder`; copy them where links are not possible.

    Returns:
        The files, in the order of `keys`.

    Raises:
        StaleInputError: One has disappeared meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_keep(partition_location(root, table, key), folder / f"{'-'.join(key.values())}.parquet", table=table) for key in keys]


def _keep(location: str, kept: Path, *, table: str) -> Path:
    if kept.exists():  # two views show this partition
        return kept
    if is_remote(location):
        kept.write_bytes(read_bytes(location))
        return kept
    try:
        _link_or_copy(location, kept)
    except FileNotFoundError as error:
        raise StaleInputError(
            f"{table} lost a partition while the DuckDB file was built", got=f"nothing at {location}", remedy=f"Materialise {table} again."
        ) from error
    return kept


def _link_or_copy(location: str, kept: Path) -> None:
    try:
        os.link(location, kept)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        shutil.copyfile(location, kept)
