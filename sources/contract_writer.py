"""Writing a source: a local folder of contract tables in which nothing half-written is ever visible.

Everything is written into a staging sub-folder first and then moved into place file by file. What a killed run left
behind is removed by the next one.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from domain.errors import ReplenishError, StorageError, UsageError
from domain.tables import RAW_TABLES
from sources.reading import REJECTS_TABLE
from sources.storage import write_parquet

REJECTS_FILE = f"{REJECTS_TABLE}.parquet"
TRUTH_FOLDER = "truth"
_STAGING_PREFIX = ".staging-"
_OURS = {*(f"{table}.parquet" for table in RAW_TABLES), REJECTS_FILE, TRUTH_FOLDER}


def check_target(out: str | Path) -> Path:
    """The target as a path, if it is absent, empty or written by us before.

    Raises:
        UsageError: It is a file, an object store prefix, or a folder that holds anything else.
    """
    folder = Path(out)
    remedy = "Name a folder of its own for the converted source."
    if str(out).startswith("s3://"):
        raise UsageError("a source is converted into a local folder", got=str(out), remedy="Convert locally and copy the folder.")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", wanted="a folder that is absent, empty or from an earlier conversion", remedy=remedy)
    strangers = sorted(entry.name for entry in folder.iterdir() if entry.name not in _OURS and not _is_staging(entry)) if folder.is_dir() else []
    if strangers:
        raise UsageError(f"{folder} holds files that are not ours", got=", ".join(strangers[:5]), wanted="only tables of the data contract", remedy=remedy)
    return folder


def write_tables(
    frames: Mapping[str, pl.DataFrame], *, out: str | Path, rejects: pl.DataFrame | None = None, truth: Mapping[str, pl.DataFrame] | None = None
) -> None:
    """Replace the tables of a source folder; tables of an earlier conversion that are not written again are removed.

    Args:
        frames: Contract tables by name.
        out: Local folder.
        rejects: `stage_tables.Rejects` for `rejects.parquet`; `None` = the conversion rejects nothing by design.
        truth: Tables of the synthetic world's own knowledge, by name.

    Raises:
        UsageError: See `check_target`.
        StorageError: The folder cannot be written.
    """
    tables = dict(frames) | ({Path(REJECTS_FILE).stem: rejects} if rejects is not None else {})
    files = {f"{name}.parquet": frame for name, frame in tables.items()}
    files |= {f"{TRUTH_FOLDER}/{name}.parquet": frame for name, frame in (truth or {}).items()}
    with staged_source(out) as staging:
        for name, frame in files.items():
            write_parquet(frame, str(staging / name))


@contextmanager
def staged_source(out: str | Path) -> Iterator[Path]:
    """A folder to write a source's files into; they replace the target's when the block ends without an error.

    Raises:
        UsageError: See `check_target`.
        StorageError: The folder cannot be written.
    """
    folder = check_target(out)
    staging = folder / f"{_STAGING_PREFIX}{os.getpid()}"
    try:
        _remove_abandoned(folder)
        staging.mkdir(parents=True)
        yield staging
        files = sorted(path.relative_to(staging).as_posix() for path in staging.rglob("*") if path.is_file())
        _remove_stale(folder, keep=set(files))
        for name in files:
            (folder / name).parent.mkdir(exist_ok=True)
            (staging / name).replace(folder / name)
        shutil.rmtree(staging)
    except (OSError, ReplenishError) as error:
        shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, ReplenishError):
            raise
        raise StorageError(f"cannot write into {folder}", got=str(error), wanted="a writable folder", remedy="Correct the rights or name another.") from error


def _is_staging(entry: Path) -> bool:
    return entry.is_dir() and entry.name.startswith(_STAGING_PREFIX)


def _remove_abandoned(folder: Path) -> None:
    for entry in folder.glob(f"{_STAGING_PREFIX}*"):
        shutil.rmtree(entry)


def _remove_stale(folder: Path, *, keep: set[str]) -> None:
    for entry in folder.rglob("*.parquet"):
        if not entry.relative_to(folder).parts[0].startswith(_STAGING_PREFIX) and entry.relative_to(folder).as_posix() not in keep:
            entry.unlink()
    truth = folder / TRUTH_FOLDER
    if truth.is_dir() and not any(truth.iterdir()):
        truth.rmdir()
