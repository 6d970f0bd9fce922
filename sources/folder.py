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
from sources.amounts import judge_articles, judge_prices, judge_rates
from sources.filtering import Filtered, filter_rows, rejected_lines
from sources.isolated_days import isolated_news, isolated_sales
from sources.magnitudes import judge_beside_sales, judge_sales, judge_stock
from sources.reading import RawRows, find_tables, list_strangers, read_rows
from sources.readings import readings_of, sorted_readings
from sources.table_faults import check_refused_share
from sources.unlisted import unlisted_sales
from sources.verdicts import Judged, apply_verdicts


@dataclass(frozen=True)
class RawTables:
    """Everything a source holds: `rows_accepted + rows_rejected = rows_read`."""

    frames: Mapping[str, pl.DataFrame]
    """All tables of `RAW_TABLES` in the contract's columns and types, sorted by `ROW_KEYS`; an absent table is empty."""
    present: tuple[str, ...]
    """Tables that the source has, in the contract's order."""
    rejects: pl.DataFrame
    """`stage_tables.Rejects`."""
    readings: pl.DataFrame
    """`stage_tables.Readings`: how unclear, implausible and missing values were read."""
    rows_read: int
    rows_added_up: int
    """Accepted rows that were added to another of their key."""
    missing_optional: list[str]
    """Absent tables (`returns`) and columns (`articles.brand`)."""
    not_read: list[str]
    """Files (`stock.csv`) and columns (`articles.colour`) of the source that the contract does not know."""

    @property
    def rows_accepted(self) -> int:
        """Rows in `frames`, those that were added up each for itself."""
        return sum(frame.height for frame in self.frames.values()) + self.rows_added_up

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
    filtered = {table: accept_rows(table, raw, today=today, location=files[table]) for table, raw in rows.items()}
    empty = {table: schema.create_empty() for table, schema in RAW_TABLES.items()}
    judged = judge(empty | {table: found.accepted for table, found in filtered.items()})
    rejects = pl.concat([Rejects.create_empty(), *(found.rejects for found in filtered.values()), *judged.rejects])
    for table, found in filtered.items():
        refused = rejects.filter(pl.col("table") == table)
        if table in SALES_TABLES and judged.frames[table].is_empty():
            raise _nothing_left(table, files[table], refused)
        check_refused_share(table, refused, n_rows=rows[table].n_rows, n_repeated=found.n_repeated, location=files[table])
    readings = [part for found in filtered.values() for part in found.readings]
    return RawTables(
        frames={table: RAW_TABLES[table].validate(frame) for table, frame in judged.frames.items()},
        present=tuple(files),
        rejects=rejects,
        readings=sorted_readings([*readings, *judged.readings, *_empty_tables(rows)]),
        rows_read=sum(raw.n_rows for raw in rows.values()),
        rows_added_up=sum(found.n_added_up for found in filtered.values()),
        missing_optional=_missing_optional(rows),
        not_read=[*list_strangers(location), *_unknown_columns(rows)],
    )


def accept_rows(table: str, raw: RawRows, *, today: dt.date, location: str) -> Filtered:
    """The rows of one file, its broken lines among the rejects."""
    found = filter_rows(table, raw.frame, today=today, location=f"table {table} ({location})")
    rejects = pl.concat([found.rejects, rejected_lines(table, raw.broken_lines)]).sort(Rejects.column_names())
    return found._replace(rejects=rejects)


def judge(frames: Mapping[str, pl.DataFrame]) -> Judged:
    """Accepted rows seen beside each other: dates apart from all others, counts and amounts far from what is usual."""
    before = apply_verdicts(frames, isolated_sales(frames))
    dated = apply_verdicts(before.frames, isolated_news(before.frames))
    sold = apply_verdicts(dated.frames, [*judge_sales(dated.frames), *judge_prices(dated.frames)])
    verdicts = [
        *unlisted_sales(sold.frames),
        *judge_beside_sales(sold.frames),
        *judge_stock(sold.frames),
        *judge_articles(sold.frames),
        *judge_rates(sold.frames),
    ]
    rest = apply_verdicts(sold.frames, verdicts)
    steps = (before, dated, sold, rest)
    return Judged(rest.frames, [part for step in steps for part in step.rejects], [part for step in steps for part in step.readings])


def count_rules(rejects: pl.DataFrame) -> dict[str, int]:
    """Number of rejects by `table: rule`, sorted by name."""
    counts = rejects.group_by("table", "rule").len().sort("table", "rule")
    return {f"{table}: {rule}": count for table, rule, count in counts.rows()}


def _empty_tables(rows: Mapping[str, RawRows]) -> list[pl.DataFrame]:
    sentence = "the file holds no row: read as a table without rows, as if nothing of the kind existed."
    nobody = pl.DataFrame({"merchant_id": [None]}, schema={"merchant_id": pl.String})
    empty = [table for table, raw in rows.items() if not raw.n_rows]
    return [readings_of(nobody, reading="empty_table", table=table, evidence=sentence).with_columns(n_rows=pl.lit(0, pl.Int64)) for table in empty]


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
