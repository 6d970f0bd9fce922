"""Tables that a command writes where `--out` says: Parquet, or CSV for a spreadsheet."""

from pathlib import PurePath
from typing import TYPE_CHECKING

from domain.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_ENDINGS = (".parquet", ".csv")


def check_table_name(out: str) -> None:
    """Refuse a table of an unknown kind before any work is done.

    Raises:
        UsageError: It ends neither in .parquet nor in .csv.
    """
    check_ending(out, _ENDINGS, example="orders.csv")


def check_ending(out: str, endings: tuple[str, ...], *, example: str) -> None:
    """Refuse a file that nobody can write before any work is done.

    Raises:
        UsageError: Its name has none of the endings.
    """
    if PurePath(out).suffix.lower() not in endings:
        raise UsageError("--out has an ending nobody can write", got=out, wanted=" or ".join(endings), remedy=f"For example --out {example}.")


def write_table(frame: "pl.DataFrame", out: str) -> None:
    """Write a frame of plain columns, as the ending says.

    Raises:
        StorageError: The folder cannot be written.
    """
    from sources.storage import write_csv, write_parquet

    if PurePath(out).suffix.lower() == ".csv":
        write_csv(frame, out)
    else:
        write_parquet(frame, out)
