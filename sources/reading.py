"""Files of a source → rows as they stand in them: which file holds which table, and can it be read at all."""

import zoneinfo
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import DataError
from domain.tables import ADDED_UP, RAW_TABLES, SALES_TABLES, required_columns
from sources.csv_text import parse_csv
from sources.storage import is_folder, join, list_files, list_irregular, read_bytes

_ENDINGS = (".parquet", ".csv")
REJECTS_TABLE = "rejects"
"""What a conversion could not use lies beside the tables it wrote."""
_TABLE_FILES = frozenset(table + ending for table in (*RAW_TABLES, REJECTS_TABLE) for ending in _ENDINGS)


class RawRows(NamedTuple):
    """The rows of one file, untouched."""

    frame: pl.DataFrame
    broken_lines: list[str]
    """Lines of a CSV file that are no rows."""
    file_columns: list[str]
    """Every column of the file, also those that were not asked for."""

    @property
    def n_rows(self) -> int:
        """Rows in the file, broken lines included."""
        return self.frame.height + len(self.broken_lines)


def find_tables(source: str) -> dict[str, str]:
    """Location of each table that the folder or prefix holds, in the contract's order. Sub-folders are never opened.

    Raises:
        DataError: The folder is missing, a table has two files, or there is not exactly one table of sales.
    """
    if not is_folder(source):
        raise DataError(f"{source} is not a folder", wanted="a folder or s3:// prefix with the tables of the data contract", remedy="Correct the source.")
    names = list_files(source)
    _check_irregular(source)
    found: dict[str, str] = {}
    for table in RAW_TABLES:
        files = [table + ending for ending in _ENDINGS if table + ending in names]
        if len(files) > 1:
            raise DataError(f"{source} holds table {table} twice", got=" and ".join(files), wanted="one file per table", remedy="Remove one of them.")
        if files:
            found[table] = join(source, files[0])
    sales = [found[table] for table in SALES_TABLES if table in found]
    if len(sales) != 1:
        raise DataError(
            f"{source} must hold exactly one table of sales",
            got=" and ".join(sales) or f"neither, among the files {', '.join(names[:10]) or '(none)'}",
            wanted=" or ".join(f"{table}.parquet / {table}.csv" for table in SALES_TABLES),
            remedy="Provide the one, remove the other.",
        )
    return found


def _check_irregular(source: str) -> None:
    """A table that cannot be opened must not count as absent: nobody's stock would be known, and everything ordered."""
    for name, found in sorted(list_irregular(source).items()):
        if name in _TABLE_FILES:
            raise DataError(
                f"{join(source, name)} is named like a table of the contract, but it is no file",
                got=found,
                wanted="a Parquet or CSV file",
                remedy="Provide the file, or remove the name if the table is meant to be absent.",
            )


def list_strangers(source: str) -> list[str]:
    """Files of the source that look like tables and are none of the contract: a misspelt name would be no table, silently."""
    names = [name for name in list_files(source) if name not in _TABLE_FILES]
    return [name for name in names if name.lower().endswith(_ENDINGS) or name.lower().split(".")[0] in RAW_TABLES]


def read_rows(location: str, *, table: str) -> RawRows:
    """The contract's columns of a table's file.

    Raises:
        DataError: The file is damaged, a column of the contract is missing, or sales hold no row.
    """
    # Lots of one article may differ in a column that the contract does not know: they are no copies of each other.
    rows = read_any(location, columns=None if table in ADDED_UP else RAW_TABLES[table].column_names())
    columns = rows.file_columns
    missing = [name for name in required_columns(RAW_TABLES[table]) if name not in columns]
    if missing:
        raise DataError(
            f"table {table} ({location}) lacks {len(missing)} required column(s): rule column|required",
            got=", ".join(columns) or "no column: the file is empty, it has not even a header",
            wanted=", ".join(missing),
            remedy=_missing_columns_remedy(columns),
        )
    if table in SALES_TABLES and not rows.n_rows:
        raise DataError(f"table {table} ({location}) is empty: rule table|not_empty", wanted="at least one row of sales", remedy="Export the sales again.")
    return rows


def read_any(location: str, *, columns: list[str] | None = None, fallback_encoding: str | None = None) -> RawRows:
    """A Parquet or CSV file as it is, CSV fields as text.

    Args:
        location: A path or s3:// location; the ending decides the format.
        columns: Keep only these where they exist; `None` = all.
        fallback_encoding: Of a CSV file that is not UTF-8; `None` = refuse it.

    Raises:
        DataError: The file is damaged or not UTF-8.
        StorageError: The file cannot be read at all.
    """
    content = read_bytes(location)
    if location.endswith(".csv"):
        text = parse_csv(content, location, fallback_encoding=fallback_encoding)
        return RawRows(text.frame.select(_wanted(text.frame.columns, columns)), text.broken_lines, text.frame.columns)
    try:
        return RawRows(*_parquet_rows(content, columns))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, OSError) as error:
        raise DataError(
            f"{location} is not a whole Parquet file",
            got=f"{len(content)} bytes; {str(error).splitlines()[0]}",
            wanted="a complete Parquet file",
            remedy="Export it again; it may have been cut off while it was copied.",
        ) from error


def _parquet_rows(content: bytes, columns: list[str] | None) -> tuple[pl.DataFrame, list[str], list[str]]:
    """The frame, no broken lines, and the file's columns."""
    zones = _time_zones(content)
    names = list(zones) or list(pl.read_parquet_schema(content))
    wanted = _wanted(names, columns)
    zoned = {name for name in wanted if zones.get(name, "UTC") not in {"", "UTC"}}
    if not zoned:
        return pl.read_parquet(content, columns=wanted), [], names
    # Instants are stored in UTC and the zone is only how to show them; Polars fails on zones that it does not know, such as +05:30.
    table = pq.read_table(pa.BufferReader(content), columns=wanted)
    strange = zoned - {name for name in zoned if zones[name] in zoneinfo.available_timezones()}
    fields = [field.with_type(pa.timestamp(field.type.unit, "UTC")) if field.name in strange else field for field in table.schema]
    frame = pl.from_arrow(table.cast(pa.schema(fields)))
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame(), [], names


def _time_zones(content: bytes) -> dict[str, str]:
    """Time zone by column, empty for columns without one; nothing where Arrow does not know a type that Polars wrote."""
    try:
        return {field.name: getattr(field.type, "tz", None) or "" for field in pq.read_schema(pa.BufferReader(content))}
    except pa.ArrowException:
        return {}


def _missing_columns_remedy(columns: list[str]) -> str:
    separator = next((sign for sign in (";", "\t", "|") if len(columns) == 1 and sign in columns[0]), None)
    if separator:
        return f"Write the file with commas between its columns, not {separator!r}, and numbers with a decimal point."
    return "Add the column(s) under these names; the data contract lists them with their units."


def _wanted(names: list[str], columns: list[str] | None) -> list[str]:
    return [name for name in names if columns is None or name in columns]
