"""The data contract's reader: a folder or s3:// prefix of Parquet or CSV files → typed tables and rejects.

Faults of rows become rejects; faults of a table stop the reading before anything is written.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from domain.errors import DataError
from domain.stage_tables import Rejects
from domain.tables import RAW_TABLES, SALES_TABLES
from sources.filtering import filter_rows, rejected_lines
from sources.reading import RawRows, find_tables, list_strangers, read_rows


@dataclass(frozen=True)
class RawTables:
    """Everything a source holds: `rows_accepted + rows_rejected = rows_read`."""

    frames: Mapping[str, pl.DataFrame]
    """All tables of `RAW_TABLES` in the contract's columns and types, sorted by `ROW_KEYS`; an absent table is empty."""
    present: tuple[str, ...]
    """Tables that the source has, in the contract's order."""
    rejects: pl.DataFrame
    """`stage_tables.Rejects`."""
    rows_read: int
    missing_optional: list[str]
    """Absent tables (`returns`) and columns (`articles.brand`)."""
    not_read: list[str]
    """Files (`stock.csv`) and columns (`articles.colour`) of the source that the contract does not know."""

    @property
    def rows_accepted(self) -> int:
        """Rows in `frames`."""
        return sum(frame.height for frame in self.frames.values())

    @property
    def rows_rejected(self) -> int:
        """Rows in `rejects`."""
        return self.rejects.height

    @property
    def rejects_by_rule(self) -> dict[str, int]:
        """Number of rejects by `table: rule`."""
        return count_rules(self.rejects)


def read_source(location: str, *, today: dt.date) -> RawTables:
    """Read, check and type a source.

    Args:
        location: Folder or s3:// prefix that holds `<table>.parquet` or `<table>.csv`.
        today: Rows about what happened after this day are rejects.

    Raises:
        DataError: A table cannot be used at all; the message names file, table, column and rule.
        StorageError: A file cannot be read.
    """
    files = find_tables(location)
    rows = {table: read_rows(file, table=table) for table, file in files.items()}
    frames: dict[str, pl.DataFrame] = {table: schema.create_empty() for table, schema in RAW_TABLES.items()}
    rejects: list[pl.DataFrame] = [Rejects.create_empty()]
    for table, raw in rows.items():
        frames[table], refused = accept_rows(table, raw, today=today, location=files[table])
        if table in SALES_TABLES and frames[table].is_empty():
            raise _nothing_left(table, files[table], refused)
        rejects.append(refused)
    return RawTables(
        frames=frames,
        present=tuple(files),
        rejects=pl.concat(rejects),
        rows_read=sum(raw.n_rows for raw in rows.values()),
        missing_optional=_missing_optional(rows),
        not_read=[*list_strangers(location), *_unknown_columns(rows)],
    )


def accept_rows(table: str, raw: RawRows, *, today: dt.date, location: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accepted rows and rejects of one file, its broken lines included."""
    accepted, refused = filter_rows(table, raw.frame, today=today, location=f"table {table} ({location})")
    return accepted, pl.concat([refused, rejected_lines(table, raw.broken_lines)]).sort(Rejects.column_names())


def count_rules(rejects: pl.DataFrame) -> dict[str, int]:
    """Number of rejects by `table: rule`, sorted by name."""
    counts = rejects.group_by("table", "rule").len().sort("table", "rule")
    return {f"{table}: {rule}": count for table, rule, count in counts.rows()}


def _missing_optional(rows: Mapping[str, RawRows]) -> list[str]:
    tables = [table for table in RAW_TABLES if table not in rows and table not in SALES_TABLES]
    columns = [f"{table}.{name}" for table, raw in rows.items() for name in RAW_TABLES[table].column_names() if name not in raw.frame.columns]
    return tables + columns


def _unknown_columns(rows: Mapping[str, RawRows]) -> list[str]:
    return [f"{table}.{name}" for table, raw in rows.items() for name in raw.file_columns if name not in RAW_TABLES[table].column_names()]


def _nothing_left(table: str, file: str, rejects: pl.DataFrame) -> DataError:
    return DataError(
        f"table {table} ({file}): all of its {rejects.height} rows were rejected",
        got=", ".join(f"{rule}: {count}" for rule, count in count_rules(rejects).items()),
        wanted="at least one row that keeps every rule",
        remedy="Correct the export: the rule names the column and what it must be.",
    )
