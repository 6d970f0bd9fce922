"""Parquet under a root that is a local folder or an s3:// prefix: written whole or not at all.

Local files are written beside their place and renamed (`part_files.py`); an object store publishes an object only
when its upload is complete. A killed writer leaves at most a `.part-*` file, which the next write of the same file removes.
S3 credentials and endpoint come from the standard `AWS_*` variables, read by the object store client itself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from pyarrow import fs

from domain.errors import StorageError
from sources.part_files import replacing


def is_remote(location: str) -> bool:
    """Whether the location is an object store prefix rather than a local path."""
    return location.startswith("s3://")


def join(root: str, *parts: str) -> str:
    """A location below `root`."""
    return "/".join([root.rstrip("/"), *parts]) if is_remote(root) else str(Path(root, *parts))


def write_parquet(frame: pl.DataFrame, location: str, *, metadata: Mapping[str, str] | None = None) -> int:
    """Write a frame at exactly this location, replacing what is there; return its size in bytes (0 when remote).

    Args:
        frame: The rows.
        location: Of the file.
        metadata: Texts to keep in the file beside the rows.

    Raises:
        StorageError: The folder is read-only, full or not a folder.
    """
    if is_remote(location):
        return _write_remote(frame, location, metadata)
    try:
        with replacing(Path(location)) as file:
            frame.write_parquet(file, metadata=dict(metadata or {}))
    except (OSError, pl.exceptions.PolarsError) as error:  # polars reports a full disk as an error of its own
        raise _cannot_write(location, error) from error
    return Path(location).stat().st_size


def write_csv(frame: pl.DataFrame, location: str) -> None:
    """Write a frame of plain columns as CSV at exactly this location, replacing what is there.

    Raises:
        StorageError: The folder is read-only, full or not a folder.
    """
    try:
        if is_remote(location):
            frame.write_csv(location)
            return
        with replacing(Path(location)) as file:
            frame.write_csv(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _cannot_write(location, error) from error


def _cannot_write(location: str, error: Exception) -> StorageError:
    wanted = "a bucket that may be written" if is_remote(location) else "a writable folder with space left"
    remedy = "Check the AWS_* variables and the bucket." if is_remote(location) else "Free space, correct the rights, or name another folder."
    return StorageError(f"cannot write {location}", got=str(error).splitlines()[0], wanted=wanted, remedy=remedy)


def _write_remote(frame: pl.DataFrame, location: str, metadata: Mapping[str, str] | None) -> int:
    try:
        frame.write_parquet(location, metadata=dict(metadata or {}))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _cannot_write(location, error) from error
    return 0


def read_parquet(location: str, *, columns: list[str] | None = None) -> pl.DataFrame:
    """Read one Parquet file, or some of its columns.

    Raises:
        StorageError: It is missing or damaged.
    """
    try:
        return pl.read_parquet(location, columns=columns, glob=False, hive_partitioning=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _cannot_read(location, error) from error


def find_rows(location: str, condition: pl.Expr) -> pl.DataFrame:
    """The rows of one Parquet file for which a condition holds, in their order.

    Raises:
        StorageError: It is missing or damaged.
    """
    try:
        return pl.scan_parquet(location, glob=False, hive_partitioning=False).filter(condition).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _cannot_read(location, error) from error


def _cannot_read(location: str, error: Exception) -> StorageError:
    return StorageError(f"cannot read {location}", got=str(error).splitlines()[0], wanted="a whole Parquet file", remedy="Materialise the partition again.")


def read_parquet_metadata(location: str) -> dict[str, str]:
    """The texts kept in a Parquet file beside its rows; only its footer is read. Empty where the file is damaged."""
    try:
        return pl.read_parquet_metadata(location)
    except (OSError, pl.exceptions.PolarsError):
        return {}


def read_bytes(location: str) -> bytes:
    """The content of one file.

    Raises:
        StorageError: It is missing or may not be read.
    """
    try:
        if not is_remote(location):
            return Path(location).read_bytes()
        with _s3().open_input_stream(_key(location)) as stream:
            return bytes(stream.read())
    except OSError as error:
        raise StorageError(f"cannot read {location}", got=str(error), wanted="a readable file", remedy="Correct the location or the rights.") from error


def list_files(location: str) -> list[str]:
    """Names of the files directly below a folder or prefix, sorted; empty where there is none.

    Raises:
        StorageError: The object store does not answer.
    """
    if is_remote(location):
        found = _file_info(fs.FileSelector(_key(location), allow_not_found=True), location)
        return sorted(info.base_name for info in found if info.type == fs.FileType.File)
    folder = Path(location)
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []


def list_irregular(location: str) -> dict[str, str]:
    """What lies directly below a folder and is no file, in a word, by name: a folder, a dangling link, a pipe or a device."""
    if is_remote(location):
        return dict.fromkeys(list_folders(location), "a folder")
    entries = (entry for entry in Path(location).iterdir() if not entry.is_file())
    return {entry.name: "a folder" if entry.is_dir() else "a link to nothing" if entry.is_symlink() else "a pipe or a device" for entry in entries}


def list_folders(location: str) -> list[str]:
    """Names of the folders directly below a folder or prefix, sorted; empty where there is none."""
    if is_remote(location):
        found = _s3().get_file_info(fs.FileSelector(location.removeprefix("s3://").rstrip("/"), allow_not_found=True))
        return sorted(info.base_name for info in found if info.type == fs.FileType.Directory)
    folder = Path(location)
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []


def publish_file(local: Path, location: str) -> None:
    """Move a finished local file to its place at once: renamed locally (same disk), uploaded to an object store."""
    if not is_remote(location):
        local.replace(location)
        return
    with _s3().open_output_stream(location.removeprefix("s3://")) as stream:
        stream.write(local.read_bytes())
    local.unlink()


def is_folder(location: str) -> bool:
    """Whether a folder is there, or anything below a prefix.

    Raises:
        StorageError: The object store does not answer.
    """
    if is_remote(location):
        return bool(_file_info(_key(location), location).type == fs.FileType.Directory)
    return Path(location).is_dir()


def exists(location: str) -> bool:
    """Whether a file is there.

    Raises:
        StorageError: The object store does not answer.
    """
    if is_remote(location):
        return bool(_file_info(_key(location), location).type == fs.FileType.File)
    return Path(location).is_file()


def _key(location: str) -> str:
    return location.removeprefix("s3://").rstrip("/")


def _file_info(wanted: Any, location: str) -> Any:
    try:
        return _s3().get_file_info(wanted)
    except OSError as error:
        raise StorageError(
            f"cannot reach {location}", got=str(error), wanted="a bucket these credentials may read", remedy="Check the AWS_* variables and the bucket."
        ) from error


def _s3() -> fs.FileSystem:
    filesystem, _ = fs.FileSystem.from_uri("s3://_/")  # unlike S3FileSystem(), this follows AWS_ENDPOINT_URL
    return filesystem
