"""What commands share of the terminal: results on stdout, progress and reports on stderr."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import typer

from domain.errors import UsageError

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; everything else goes to stderr.")]
ProfileOption = Annotated[Literal["tiny", "full"] | None, typer.Option(help="tiny: fewer paths and trees, for smoke tests.")]
SettingsOption = Annotated[str | None, typer.Option("--settings", metavar="FILE.toml", help="Settings file; default: the one REPLENISH_SETTINGS names.")]


def emit(result: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print a command's result on the real stdout: as JSON for programs, as text for people."""
    print(json.dumps(result, default=str) if as_json else text, file=sys.__stdout__, flush=True)


def progress(message: str) -> None:
    """Print one line of progress on stderr."""
    typer.echo(f"{datetime.now(UTC):%H:%M:%S}  {message}", err=True)


def today() -> date:
    """The wall-clock day (UTC): rows dated after it are rejects."""
    return datetime.now(UTC).date()


def parse_day(text: str, *, option: str) -> date:
    """A calendar day given on the command line.

    Raises:
        UsageError: It is not a date of the form YYYY-MM-DD.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} is not a date", got=repr(text), wanted="YYYY-MM-DD", remedy=f"For example {option} 2026-01-05.") from error
