"""Start dates played one by one into a folder: a benchmark that was stopped goes on where it was."""

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from assets.backtest.plan import Contestant
from assets.backtest.running import play_start
from assets.replay.terms import ReplayTerms
from domain.settings import Settings
from sources.folder import read_source
from sources.storage import write_parquet

_BEGAN = time.monotonic()


def say(message: str) -> None:
    """One line of progress."""
    print(f"{time.monotonic() - _BEGAN:7.0f} s  {message}", flush=True)


def machine() -> str:
    """What the figures were measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"


def played_starts(
    source: Path,
    truth: pl.DataFrame | None,
    terms: ReplayTerms,
    starts: Sequence[date],
    contestants: Callable[[date], Mapping[str, Contestant]],
    *,
    settings: Settings,
    work: Path,
) -> pl.DataFrame:
    """The rows of all start dates; of one whose file is in `work`, nothing is played again.

    Args:
        source: Folder of the source.
        truth: Demand known to a synthetic world, if any.
        terms: The game.
        starts: Start dates.
        contestants: Who plays on a start date.
        settings: Of the engine.
        work: Folder of finished start dates: to be emptied after a change of code.
    """
    tables = None
    files = [work / f"{start}.parquet" for start in sorted(starts)]
    for start, file in zip(sorted(starts), files, strict=True):
        if file.exists():
            continue
        tables = tables or read_source(str(source), today=datetime.now(UTC).date()).frames
        began, game = time.monotonic(), replace(terms, start=start)
        rows = play_start(tables, truth, game, contestants(start), settings=settings, today=datetime.now(UTC).date(), on_progress=say)
        write_parquet(rows.with_columns(seconds=pl.lit(time.monotonic() - began)), str(file))
    return pl.concat([pl.read_parquet(file) for file in files])
