"""Local files written beside their place and renamed: whole or not at all, whoever else writes the same file.

A writer holds a lock on its part file. The system releases it when the writer is killed, so whoever can take the lock knows
that the file was abandoned; a live writer's file is never touched, be it of this process, another one or another container.
"""

import contextlib
import fcntl
import glob
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

TEMPORARY_PREFIX = ".part-"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Where to write the content of `path`: it takes the file's place when the block ends, and goes when it fails.

    Raises:
        OSError: The folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent, of=path.name)
    with _locked_part(path) as (part, file):
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise


def remove_abandoned(folder: Path, *, of: str = "") -> None:
    """Remove part files that killed writers left; a live writer's stay.

    Args:
        folder: Where.
        of: Name of the file they were to become; empty = any.
    """
    for part in folder.glob(f"{TEMPORARY_PREFIX}*-{glob.escape(of)}" if of else f"{TEMPORARY_PREFIX}*"):
        with contextlib.suppress(OSError), part.open("rb") as file:  # a live writer's: the lock is refused
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked_part(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new part file with a lock on it; another one where somebody took it for abandoned between the two steps."""
    while True:
        part = path.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}-{path.name}")
        with part.open("xb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if part.exists():
                yield part, file
                return
