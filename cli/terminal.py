"""What commands share of the terminal: results on stdout, progress and reports on stderr."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

import typer

from domain.calendar import monday_of
from domain.errors import UsageError

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, of errors too; everything else goes to stderr.")]
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
    """A calendar day given on the command line; with a time of day (`2026-09-02 08:53:00 +0200`), the day as it is written.

    Raises:
        UsageError: It is not a date of the form YYYY-MM-DD.
    """
    day, separator, moment = text.strip().replace("T", " ").partition(" ")
    try:
        if separator:
            time.fromisoformat(moment.replace(" ", ""))
        return date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(f"{option} is not a date", got=repr(text), wanted="YYYY-MM-DD", remedy=f"For example {option} 2026-01-05.") from error


def parse_monday(text: str, *, option: str) -> date:
    """A Monday given on the command line.

    Raises:
        UsageError: It is no date, or no Monday.
    """
    day = parse_day(text, option=option)
    if day != monday_of(day):
        raise UsageError(f"{option} {day} is not a Monday", wanted="the Monday of the last week that may be seen", remedy=f"Use {monday_of(day)}.")
    return day
