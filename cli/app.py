"""The Typer app: one command per file, and the door at which errors become messages and exit codes."""

import contextlib
import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from cli import approve, backtest, bench, convert, evaluate, explain, forecast, market, optimize, repair, replay, run, status, ui, value
from cli.terminal import emit
from domain.errors import ReplenishError, UsageError

_INTERRUPTED = 130
"""What a shell reports of a program that Ctrl-C ended."""


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"replenish {version('replenish')}")
        raise typer.Exit


app = typer.Typer(
    name="replenish",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command(name="run")(run.run)
app.command(name="forecast")(forecast.forecast)
app.command(name="evaluate")(evaluate.evaluate)
app.command(name="optimize")(optimize.optimize)
app.command(name="explain")(explain.explain)
app.command(name="replay")(replay.replay)
app.command(name="backtest")(backtest.backtest)
app.command(name="market")(market.market)
app.add_typer(convert.app, name="convert")
app.add_typer(bench.app, name="bench")
app.command(name="status")(status.status)
app.command(name="repair")(repair.repair)
app.command(name="approve")(approve.approve)
app.command(name="value")(value.value)
app.command(name="ui")(ui.ui)


@app.callback()
def replenish(version: Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version.")] = False) -> None:
    """From raw sales to replenishment orders: what, when and how much to order, with the evidence."""


def main() -> None:
    """Run the command line: exit 0 on success, 2 on bad usage or bad input, 130 when interrupted, 1 on a defect of ours.

    With `--json`, bad usage and bad input are told as one JSON object on stdout, too.
    """
    as_json, is_for_people = "--json" in sys.argv[1:], not {"--help", "--version"}.isdisjoint(sys.argv[1:])
    try:
        with contextlib.nullcontext() if is_for_people else contextlib.redirect_stdout(sys.stderr):  # libraries that print must not spoil --json
            sys.exit(app(standalone_mode=not as_json) or 0)
    except ReplenishError as error:
        _refuse(error.as_dict(), f"error: {error}", as_json=as_json)
    except TyperException as error:
        told = UsageError(error.format_message(), remedy="`--help` lists the options of a command.")
        _refuse(told.as_dict(), f"error: {told}", as_json=as_json)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _refuse(fields: dict[str, str], text: str, *, as_json: bool) -> NoReturn:
    typer.echo(text, err=True)
    if as_json:
        emit(fields, "", as_json=True)
    sys.exit(2)
