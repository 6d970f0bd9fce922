"""CSV files as columns of text. One parser decides what a line is, so a broken line costs that line and nothing else."""

import csv
import io
from typing import NamedTuple

import polars as pl

from domain.errors import DataError

_CHUNK_ROWS = 100_000


class CsvText(NamedTuple):
    """A CSV file, every field still text and an empty field null."""

    frame: pl.DataFrame
    broken_lines: list[str]
    """Lines with the wrong number of fields or an open quote, as they stand in the file."""


def parse_csv(content: bytes, location: str, *, fallback_encoding: str | None = None) -> CsvText:
    """Parse a comma-separated file with a header; quoted fields may hold commas and line breaks, blank lines are no rows.

    Args:
        content: The file; a byte order mark is tolerated.
        location: Its name, for messages.
        fallback_encoding: Read it so where it is not UTF-8; `None` = refuse it.

    Raises:
        DataError: It is not UTF-8, or a name stands twice in the header.
    """
    lines = list(io.StringIO(_decode(content, location, fallback_encoding), newline=""))
    header, start = _header(lines, location)
    frames, broken = [pl.DataFrame(schema=dict.fromkeys(header, pl.String))], []
    rows: list[list[str]] = []
    while start < len(lines):
        row, end = _record(lines, start)
        row = row and _without_empty_end(row, len(header))
        if row is None or len(row) not in {0, len(header)}:
            # A stray quote swallows what follows: give up its first line only and start again behind it.
            broken.append(lines[start].rstrip("\r\n"))
            end = start + 1
        elif row:
            rows.append(row)
        start = end
        if len(rows) == _CHUNK_ROWS or (rows and start >= len(lines)):
            frames.append(_to_frame(rows, header))
            rows = []
    return CsvText(pl.concat(frames, rechunk=True), broken)


def _decode(content: bytes, location: str, fallback_encoding: str | None) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback_encoding:
            return content.decode(fallback_encoding, errors="replace")
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{location} is not UTF-8 text", got=f"byte {error.object[error.start]:#04x} in line {line}", wanted="UTF-8", remedy="Save the file as UTF-8."
        ) from error


def _header(lines: list[str], location: str) -> tuple[list[str], int]:
    if not lines:
        return [], 0
    row, end = _record(lines, 0)
    header = _without_empty_end([name.strip() for name in row or []], 0)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"the header of {location} names a column twice", got=", ".join(twice), wanted="each name once", remedy="Correct the header.")
    return header, end


def _without_empty_end(row: list[str], n_fields: int) -> list[str]:
    """The fields without what commas at the end of a line add: empty ones beyond the wanted number."""
    while len(row) > n_fields and not row[-1]:
        row = row[:-1]
    return row


def _record(lines: list[str], start: int) -> tuple[list[str] | None, int]:
    """Fields of the record that starts at this line (`None` = not parsable) and the line after it."""
    line = lines[start]
    if '"' not in line:
        return (line.rstrip("\r\n").split(",") if line.strip("\r\n") else []), start + 1
    reader = csv.reader((lines[number] for number in range(start, len(lines))), strict=True)
    try:
        return next(reader), start + reader.line_num
    except csv.Error:
        return None, start + 1


def _to_frame(rows: list[list[str]], header: list[str]) -> pl.DataFrame:
    columns = [pl.Series(name, values, dtype=pl.String) for name, values in zip(header, zip(*rows, strict=True), strict=True)]
    return pl.DataFrame(columns).with_columns(pl.when(pl.all() != "").then(pl.all()))
