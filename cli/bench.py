"""`replenish bench …`: measurements, never tests. Every figure comes with the machine it was taken on."""

import typer

from cli.terminal import JsonOption, emit, progress

app = typer.Typer(help="Measure the engine on this machine.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Measure the engine on this machine."""


@app.command()
def kernel(as_json: JsonOption = False) -> None:
    """Simulated path-weeks per second, SKUs optimised per second, compile time.

    Example: `replenish bench kernel --json`
    """
    from benchmarks.kernel import run

    progress("measuring the simulation kernel and the optimiser (about a minute)")
    figures = run()
    emit(
        figures,
        "\n".join(f"{name:36s} {value:,.4g}" if isinstance(value, int | float) else f"{name:36s} {value}" for name, value in figures.items()),
        as_json=as_json,
    )
