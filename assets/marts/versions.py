"""Versions of the DuckDB file, each in a folder of its own with the Parquet files it shows, swapped by renaming a symbolic link.

A reader resolves the link once and stays on its version: nothing in a version's folder is written again after it has
been published. Folders, because DuckDB puts its write-ahead log beside the file it opened: a log that somebody left who
opened one version for writing cannot meet the next one.
"""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from domain.errors import StorageError

KEPT_SECONDS = 3_600
"""A version stays this long after the next one has replaced it, for those who still have it open."""
_FOLDER, _LOCK, _NEXT_LINK = "versions", ".lock", ".next"


@contextmanager
def next_version(link: Path) -> Iterator[Path]:
    """Where to build the next version of the file `link` points to: published when the block ends, discarded when it fails.

    Builders of one link wait for each other; each sees what has been written when its turn comes, so the newest data is published last.

    Raises:
        StorageError: The folder is read-only, full or not a folder.
    """
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        with (link.parent / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released by the system when a builder is killed
            yield from _build_next(link)
    except OSError as error:
        raise StorageError(
            f"cannot write below {link.parent}",
            got=str(error),
            wanted="a writable folder with space left",
            remedy="Free space, correct the rights, or name another folder.",
        ) from error


def _build_next(link: Path) -> Iterator[Path]:
    versions = link.parent / _FOLDER
    current = int(link.readlink().parent.name) if link.is_symlink() else 0
    _remove_abandoned(versions, current=current)
    folder = versions / _name(current + 1)
    folder.mkdir(parents=True)
    try:
        yield folder / link.name
        (folder / link.name).chmod(0o444)  # opening it for writing would lock readers of this version out
        _point(link, folder / link.name)
    except BaseException:
        shutil.rmtree(folder)
        raise
    _remove_outdated(versions, current=current + 1)


def _point(link: Path, file: Path) -> None:
    beside = link.with_name(_NEXT_LINK)
    beside.unlink(missing_ok=True)
    beside.symlink_to(file.relative_to(link.parent))
    beside.replace(link)


def _remove_abandoned(versions: Path, *, current: int) -> None:
    """What builders that were killed have left behind."""
    for number in _numbers(versions):
        if number > current:
            shutil.rmtree(versions / _name(number))


def _remove_outdated(versions: Path, *, current: int) -> None:
    """Versions whose successor is older than `KEPT_SECONDS`."""
    numbers = [number for number in _numbers(versions) if number <= current]
    for number, successor in pairwise(numbers):
        if time.time() - (versions / _name(successor)).stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(versions / _name(number))


def _numbers(versions: Path) -> list[int]:
    return sorted(int(entry.name) for entry in versions.iterdir()) if versions.is_dir() else []


def _name(number: int) -> str:
    return f"{number:08d}"
