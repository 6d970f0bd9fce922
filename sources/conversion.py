"""What the converters of public data sets share: mapped rows in, contract tables and an account of every line out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from domain.errors import UsageError
from domain.stage_tables import Rejects
from sources.contract_writer import write_tables
from sources.filtering import filter_rows
from sources.folder import count_rules
from sources.readings import sorted_readings


@dataclass(frozen=True)
class ConversionReport:
    """Every line of the input, counted once: `rows_accepted + rows_rejected = rows_read`."""

    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rejects: dict[str, int]
    """Rejected lines by `table: rule`."""
    tables: dict[str, int]
    """Rows written by table."""
    out: str
    warnings: list[str] = field(default_factory=list)
    """What was guessed, with the consequence if it is wrong."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; warnings where there are any."""
        return {name: value for name, value in asdict(self).items() if value or name != "warnings"}


def convert_rows(
    mapped: Mapping[str, pl.DataFrame], *, out: str | Path, refused: pl.DataFrame, extra: Mapping[str, pl.DataFrame] | None = None
) -> ConversionReport:
    """Filter the mapped lines by the contract, write the source folder and account for every line.

    Args:
        mapped: Input lines by the table they belong to, in columns of the contract.
        out: Local folder.
        refused: `stage_tables.Rejects` of lines that the converter itself refused.
        extra: Tables that come from no line.

    Raises:
        DataError: A column can never be what the contract wants.
        UsageError: `out` is not a folder of ours.
        StorageError: `out` cannot be written.
    """
    today = dt.datetime.now(dt.UTC).date()
    filtered = {table: filter_rows(table, rows, today=today, location=f"mapped table {table}") for table, rows in mapped.items()}
    frames = {table: result.accepted for table, result in filtered.items()}
    rejects = pl.concat([refused, *(result.rejects for result in filtered.values())])
    n_accepted = sum(result.accepted.height + result.n_added_up for result in filtered.values())
    emptied = count_cells([part for result in filtered.values() for part in result.readings])
    return write_converted(frames | dict(extra or {}), out=out, rejects=rejects, n_accepted=n_accepted, warnings=emptied)


def count_cells(readings: list[pl.DataFrame]) -> list[str]:
    """A warning per column of which cells were read as empty."""
    named = (
        sorted_readings(readings)
        .group_by("table", "column", "reading")
        .agg(pl.col("n_rows").sum(), pl.col("evidence").first())
        .sort("table", "column", "reading")
    )
    return [f"{table}.{column}: {n_rows:,} times {evidence}" for table, column, _, n_rows, evidence in named.iter_rows()]


def write_converted(tables: Mapping[str, pl.DataFrame], *, out: str | Path, rejects: pl.DataFrame, n_accepted: int, warnings: list[str]) -> ConversionReport:
    """Write the source folder and account for every line that was read.

    Raises:
        UsageError: `out` is not a folder of ours.
        StorageError: `out` cannot be written.
    """
    ordered = rejects.sort(Rejects.column_names())
    write_tables(tables, out=out, rejects=ordered)
    return ConversionReport(
        rows_read=n_accepted + ordered.height,
        rows_accepted=n_accepted,
        rows_rejected=ordered.height,
        rejects=count_rules(ordered),
        tables={name: frame.height for name, frame in tables.items()},
        out=str(out),
        warnings=warnings,
    )


def require_columns(frame: pl.DataFrame, wanted: list[str], *, location: str) -> None:
    """Refuse a file that lacks a column.

    Raises:
        UsageError: Naming the columns that are there.
    """
    unknown = [name for name in wanted if name not in frame.columns]
    if unknown:
        raise UsageError(
            f"{location} has no column {', '.join(repr(name) for name in unknown)}",
            got="columns " + ", ".join(frame.columns),
            remedy="Name one of these columns, or another file.",
        )
