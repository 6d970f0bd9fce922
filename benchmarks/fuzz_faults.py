"""What goes wrong with exports: faults of cells, rows and files, each a small edit of one CSV file."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

Edit = Callable[[list[list[str]], np.random.Generator], str | bytes]
"""Rows with the header first, and a generator → the file's new content."""

CELLS: Mapping[str, str] = {
    "barcode of 13 digits": "4006381333931",
    "barcode of 8 digits": "96385074",
    "barcode of 12 digits": "036000291452",
    "a number near the largest float": "1e308",
    "a number beyond it": "1e400",
    "2^62": "4611686018427387904",
    "2^63": "9223372036854775808",
    "ten to the fifteenth": "1000000000000000",
    "nan": "nan",
    "inf": "inf",
    "minus inf": "-inf",
    "negative": "-3",
    "empty": "",
    "blanks": "   ",
    "text": "n/a",
    "decimal comma": '"2,5"',
    "thousands and comma": '"1.234,56"',
    "hexadecimal": "0x1F",
    "full-width digits": "１２",
    "formula": "=1+1",
    "boolean": "true",
    "a very long field": "x" * 200_000,
    "a NUL byte": "a\x00b",
    "a stray quote": 'a"b',
    "an open quote": '"a',
    "year 1": "0001-01-01",
    "1990": "1990-01-02",
    "two months late": "2026-11-19",
    "2099": "2099-12-31",
    "day first": "31/12/2026",
    "30 February": "2026-02-30",
    "an epoch": "1790467200",
    "a zone": "2026-08-01T10:00:00+05:30",
    "24 o'clock": "2026-08-01T24:00:00",
    "emoji": "🦆",
}
"""A value that stands in one cell, by what it is."""
ZERO_FOR_NOTHING = ("unit_price_eur", "unit_cost_eur", "minimum_order_quantity_units", "pack_size_units", "lead_time_weeks", "review_period_weeks")
"""Columns whose zero is a fault; a zero stock or rate is a value like any other."""
FREE_TEXT = ("name", "category")
"""Columns in which any text can be true."""


class Fault(NamedTuple):
    """One way to spoil one table."""

    kind: str
    name: str
    table: str
    edit: Edit


def faults_of(table: str, columns: list[str]) -> list[Fault]:
    """Every fault of a table."""
    places = [(place, column) for place, column in enumerate(columns) if column not in FREE_TEXT]
    cells = [("cell", f"{column}: {name}", _cell(place, text)) for place, column in places for name, text in CELLS.items()]
    cells += [("cell", f"{column}: zero", _cell(columns.index(column), "0")) for column in ZERO_FOR_NOTHING if column in columns]
    cells += [("cell", f"{column}: a thousandfold", _cell_times(place)) for place, column in enumerate(columns) if "units" in column or "eur" in column]
    rows = [("row", name, edit) for name, edit in _ROWS.items()]
    rows += [("row", f"{one} and {other} swapped", _swapped(place)) for place, (one, other) in enumerate(itertools.pairwise(columns))]
    files = [("file", name, edit) for name, edit in _FILES.items()]
    files += [("file", f"without {column}", _without(place)) for place, column in enumerate(columns)]
    files += [("file", f"{column} renamed", _renamed(place)) for place, column in enumerate(columns)]
    files += [("file", f"{column} with decimal commas", _with_commas(place)) for place, column in enumerate(columns) if column.endswith("_eur")]
    return [Fault(kind, name, table, edit) for kind, name, edit in [*cells, *rows, *files]]


def spoil(folder: Path, fault: Fault, draws: np.random.Generator) -> None:
    """Write the fault into the table's file."""
    file = folder / f"{fault.table}.csv"
    rows = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
    content = fault.edit(rows, draws)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def _text(rows: list[list[str]], separator: str = ",") -> str:
    return "\n".join(separator.join(row) for row in rows) + "\n"


def _any_row(rows: list[list[str]], draws: np.random.Generator) -> int:
    return int(draws.integers(1, len(rows)))


def _cell(place: int, text: str) -> Edit:
    def edit(rows: list[list[str]], draws: np.random.Generator) -> str:
        rows[_any_row(rows, draws)][place] = text
        return _text(rows)

    return edit


def _cell_times(place: int) -> Edit:
    def edit(rows: list[list[str]], draws: np.random.Generator) -> str:
        row = rows[_any_row(rows, draws)]
        row[place] = f"{float(row[place]) * 1_000:g}" if row[place] else row[place]
        return _text(rows)

    return edit


def _swapped(place: int) -> Edit:
    def edit(rows: list[list[str]], draws: np.random.Generator) -> str:
        row = rows[_any_row(rows, draws)]
        row[place], row[place + 1] = row[place + 1], row[place]
        return _text(rows)

    return edit


def _without(place: int) -> Edit:
    return lambda rows, _: _text([row[:place] + row[place + 1 :] for row in rows])


def _renamed(place: int) -> Edit:
    return lambda rows, _: _text([[*rows[0][:place], rows[0][place].upper(), *rows[0][place + 1 :]], *rows[1:]])


def _with_commas(place: int) -> Edit:
    return lambda rows, _: _text([rows[0], *([*row[:place], f'"{row[place].replace(".", ",")}"', *row[place + 1 :]] for row in rows[1:])])


def _edited_row(change: Callable[[list[str]], list[list[str]]]) -> Edit:
    """A row becomes some rows."""

    def edit(rows: list[list[str]], draws: np.random.Generator) -> str:
        place = _any_row(rows, draws)
        return _text([*rows[:place], *change(rows[place]), *rows[place + 1 :]])

    return edit


def _content(content: bytes) -> Edit:
    """A file that has nothing to do with the table."""
    return lambda _rows, _draws: content


_ROWS: Mapping[str, Edit] = {
    "twice": _edited_row(lambda row: [row, row]),
    "a thousand times": _edited_row(lambda row: [row] * 1_000),
    "cut short": _edited_row(lambda row: [row[:-1]]),
    "a field too many": _edited_row(lambda row: [[*row, "7"]]),
    "commas at its end": _edited_row(lambda row: [[*row, "", ""]]),
    "moved by a field": _edited_row(lambda row: [["", *row[:-1]]]),
    "turned round": _edited_row(lambda row: [row[::-1]]),
    "of another separator": _edited_row(lambda row: [[";".join(row)]]),
    "blank": _edited_row(lambda row: [[""], row]),
    "the header again": lambda rows, _: _text([*rows, rows[0]]),
    "totals below": lambda rows, _: _text([*rows, ["Total", *["99999"] * (len(rows[0]) - 1)]]),
}
_FILES: Mapping[str, Edit] = {
    "nothing": _content(b""),
    "a header only": lambda rows, _: _text(rows[:1]),
    "no header": lambda rows, _: _text(rows[1:]),
    "a byte order mark": lambda rows, _: b"\xef\xbb\xbf" + _text(rows).encode(),
    "UTF-16": lambda rows, _: _text(rows).encode("utf-16"),
    "Latin-1": lambda rows, _: _text([*rows[:1], *([*row[:-1], row[-1] + "é"] for row in rows[1:])]).encode("latin-1"),
    "semicolons": lambda rows, _: _text(rows, ";"),
    "tabs": lambda rows, _: _text(rows, "\t"),
    "Windows line ends": lambda rows, _: _text(rows).replace("\n", "\r\n"),
    "no last line end": lambda rows, _: _text(rows).rstrip("\n"),
    "commas at line ends": lambda rows, _: _text([[*row, ""] for row in rows]),
    "a name twice": lambda rows, _: _text([[*row, row[0]] for row in rows]),
    "columns turned round": lambda rows, _: _text([row[::-1] for row in rows]),
    "an unknown column": lambda rows, _: _text([[*row, "colour" if row is rows[0] else "red"] for row in rows]),
    "rows turned round": lambda rows, _: _text([rows[0], *rows[:0:-1]]),
    "all rows twice": lambda rows, _: _text([*rows, *rows[1:]]),
    "the half of its bytes": lambda rows, _: _text(rows).encode()[: len(_text(rows)) // 2],
    "a key that restarts": lambda rows, _: _text([rows[0], *([str(n % 7), *row[1:]] for n, row in enumerate(rows[1:]))]),
    "NUL bytes": _content(b"\x00" * 4_096),
    "a picture": _content(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 16),
    "a web page": _content(b"<html><body>503 Service Unavailable</body></html>\n"),
    "quotes around everything": lambda rows, _: _text([[f'"{cell}"' for cell in row] for row in rows]),
    "dates day first": lambda rows, _: _text([[_day_first(cell) for cell in row] for row in rows]),
}


def _day_first(cell: str) -> str:
    year, _, rest = cell.partition("-")
    return f"{rest[3:5]}.{rest[:2]}.{year}" if len(year) == 4 and year.isdigit() and len(rest) >= 5 else cell
