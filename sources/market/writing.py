"""Writing a market of any size: a Parquet file per table, row group after row group, complete or not at all."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import UsageError
from sources.contract_writer import TRUTH_FOLDER, staged_source
from sources.market.build import DEMO_LAST_DAY, MarketSize, add_touched, check_touched, market_parts
from sources.market.events import TRUTH_TABLE
from sources.market.faults import Fault, WorldFault
from sources.market.profiles import Profile

_ROW_GROUP_ROWS = 1_000_000
_SECONDS_BETWEEN_LINES = 10.0


def write_market(
    *,
    n_merchants: int,
    n_articles: int,
    n_weeks: int,
    seed: int,
    out: str | Path,
    last_day: dt.date = DEMO_LAST_DAY,
    profile: Profile = "mixed",
    faults: tuple[Fault, ...] = (),
    n_threads: int = 2,
    on_progress: Callable[[str], None] | None = None,
) -> dict[str, int]:
    """Write the market as a source folder, the truth beside it in `truth/`; return the rows per table.

    Memory does not grow with the number of series. The bytes do not depend on the number of threads.

    Args:
        n_merchants: Number of merchants.
        n_articles: Articles of each merchant.
        n_weeks: Complete weeks of history; the days of an incomplete newest week come on top.
        seed: Same seed, same market.
        out: Local folder: absent, empty or written by us before.
        last_day: Last day with data.
        profile: Which kinds of merchants it is made of.
        faults: What goes wrong in it.
        n_threads: Threads that build.
        on_progress: Told every ten seconds how far it has come, and at the end what each fault touched.

    Raises:
        UsageError: A number is below 1, the profile is unknown, a fault touches nothing, or `out` is not a folder of ours.
        StorageError: `out` cannot be written.
    """
    size = MarketSize(n_merchants, n_articles, n_weeks, seed, profile, last_day, faults)
    size.check()
    if n_threads < 1:
        raise UsageError("n_threads is not usable", got=str(n_threads), wanted="at least 1", remedy="Use as many threads as the machine has cores.")
    n_series, done, told = n_merchants * n_articles, 0, time.monotonic()
    touched = [0] * len(faults)
    with staged_source(out) as staging, _ParquetTables(staging) as tables:
        for frames, n_touched in market_parts(size, n_threads=n_threads):
            touched = add_touched(touched, n_touched)
            for name, frame in frames.items():
                tables.add(name, frame)
            done += frames["articles"].height if "articles" in frames else 0
            if on_progress and time.monotonic() - told > _SECONDS_BETWEEN_LINES:
                told = time.monotonic()
                on_progress(f"market: {done:,} of {n_series:,} series")
        check_touched(faults, touched)
    for fault, n_changed in zip(faults, touched, strict=True):
        if on_progress:
            on_progress(f"fault {fault.kind} from {fault.first_day}: {n_changed:,} {'units' if isinstance(fault, WorldFault) else 'rows'} touched")
    return tables.rows


class _ParquetTables:
    """Open Parquet files by table; rows are gathered into row groups of one million."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rows: dict[str, int] = {}

    def add(self, name: str, frame: pl.DataFrame) -> None:
        """Append rows to a table."""
        waiting = self._waiting.setdefault(name, [])
        waiting.append(frame)
        self.rows[name] = self.rows.get(name, 0) + frame.height
        if sum(part.height for part in waiting) >= _ROW_GROUP_ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        table: pa.Table = pl.concat(self._waiting.pop(name)).to_arrow(compat_level=pl.CompatLevel.oldest())
        if name not in self._writers:
            folder = self._folder / TRUTH_FOLDER if name == TRUTH_TABLE else self._folder
            folder.mkdir(parents=True, exist_ok=True)
            self._writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
        self._writers[name].write_table(table, row_group_size=_ROW_GROUP_ROWS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if kind is None:
            for name in list(self._waiting):
                self._flush(name)
        for writer in self._writers.values():
            writer.close()
