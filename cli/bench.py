"""`replenish bench …`: measurements, never tests. Every figure comes with the machine it was taken on."""

from typing import Annotated, Any

import typer

from cli.terminal import JsonOption, emit, progress

app = typer.Typer(help="Measure the engine on this machine.", no_args_is_help=True)

ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Threads that share the work.")]


@app.callback()
def bench() -> None:
    """Measure the engine on this machine."""


@app.command()
def simulate(threads: ThreadsOption = 2, as_json: JsonOption = False) -> None:
    """Simulated path-weeks per second: against NumPy, and against what the processor could do.

    Example: `replenish bench simulate --json`
    """
    from benchmarks.simulate import run

    progress("measuring the simulation kernel (about half a minute)")
    _emit(run(threads=threads), as_json=as_json)


@app.command()
def optimize(
    n_skus: Annotated[int, typer.Option("--skus", min=7, help="SKUs to optimise, spread over seven scenario families.")] = 2_000,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """SKUs optimised per second, and the gap to the best policy anyone finds on the same paths.

    Example: `replenish bench optimize --skus 2000 --json`
    """
    from benchmarks.optimize import run

    progress("optimising, then searching for the best policies of 200 SKUs exhaustively (some minutes)")
    _emit(run(n_skus=n_skus, threads=threads), as_json=as_json)


@app.command(name="forecast")
def forecast(
    n_series: Annotated[int, typer.Option("--series", min=200, help="Series of the made-up market.")] = 100_000,
    n_weeks: Annotated[int, typer.Option("--weeks", min=40, help="Weeks of history of each series.")] = 156,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Seconds to build features, to train and to predict 12 weeks × 39 levels, and the most memory it took.

    Example: `replenish bench forecast --series 100000 --weeks 156 --json`
    """
    from benchmarks.forecast import run
    from domain.settings import ForecastSettings

    progress(f"forecasting {n_series:,} series (minutes)")
    _emit(run(n_series=n_series, n_weeks=n_weeks, settings=ForecastSettings(n_threads=threads), on_progress=progress), as_json=as_json)


@app.command()
def policies(
    n_skus: Annotated[int, typer.Option("--skus", min=14, help="SKUs to compare on, spread over seven scenario families.")] = 700,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Cost and service of every policy by scenario family, against hindsight and against never ordering.

    Example: `replenish bench policies --skus 140`
    """
    from benchmarks.scenario_page import tables
    from benchmarks.scenario_table import run

    progress("tuning every policy and simulating it on 5,000 fresh paths (about half a second per SKU)")
    figures = run(n_skus=n_skus, threads=threads)
    emit(figures, tables(figures), as_json=as_json)


@app.command()
def checks(
    n_rows: Annotated[
        int, typer.Option("--rows", min=10_000, help="Sales of the made-up market; returns, arrivals and stock counts come on top.")
    ] = 50_000_000,
    as_json: JsonOption = False,
) -> None:
    """Seconds the suites of the raw tables take, and the most memory.

    Example: `replenish bench checks --rows 50000000 --json`
    """
    from benchmarks.suite_checks import run

    _emit(run(n_rows=n_rows, on_progress=progress), as_json=as_json)


@app.command()
def daily(
    n_merchants: Annotated[int, typer.Option("--merchants", min=2, help="Merchants of the market that is played day by day.")] = 6,
    n_articles: Annotated[int, typer.Option("--articles", min=5, help="Articles of each.")] = 60,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Does deciding every day hold still, and what does it cost against deciding once a week?

    Example: `replenish bench daily --json`
    """
    from benchmarks.daily import run

    progress("deciding quiet weeks under every policy, then playing a market day by day (some minutes)")
    _emit(run(n_merchants=n_merchants, n_articles=n_articles, threads=threads), as_json=as_json)


@app.command()
def fuzz(
    n_cases: Annotated[int, typer.Option("--cases", min=1, help="Spoilt exports to read and decide.")] = 1_200,
    seed: Annotated[int, typer.Option(min=0, help="Of the faults and of the rows they hit.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Spoilt exports: how many end in a traceback, and how many change an order by more than half without a word.

    Example: `replenish bench fuzz --json`
    """
    from benchmarks.fuzz import run

    progress(f"spoiling a small market in {n_cases:,} ways (some minutes)")
    _emit(run(n_cases=n_cases, seed=seed, on_progress=progress), as_json=as_json)


def _emit(figures: dict[str, Any], *, as_json: bool) -> None:
    emit(figures, "\n".join(_lines(figures)), as_json=as_json)


def _lines(figures: dict[str, Any], indent: str = "") -> list[str]:
    """A line per figure, nested ones indented below their name."""
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        else:
            lines.append(
                f"{indent}{name:{44 - len(indent)}s} {value:,.4g}" if isinstance(value, float | int) else f"{indent}{name:{44 - len(indent)}s} {value}"
            )
    return lines
