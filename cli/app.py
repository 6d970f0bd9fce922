"""The Typer app: one command per file, and the door at which errors become messages and exit codes."""

import contextlib
import sys

import typer

from cli import approve, backtest, bench, convert, evaluate, explain, forecast, market, optimize, repair, replay, run, status, ui, value
from domain.errors import ReplenishError

app = typer.Typer(
    name="replenish",
    help="From raw sales to replenishment orders: what, when and how much to order, with the evidence.",
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


def main() -> None:
    """Run the command line: exit 0 on success, 2 on bad usage or bad input, 1 on a defect of ours."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # libraries that print must not spoil --json; results go through `terminal.emit`
            app()
    except ReplenishError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
