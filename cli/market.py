"""`replenish market`: a synthetic market to try everything on."""

from typing import Annotated, Literal

import typer

from cli.terminal import JsonOption, emit, progress


def market(
    merchants: Annotated[int, typer.Option(min=1, help="Merchants.")],
    articles: Annotated[int, typer.Option(min=1, help="Articles per merchant: sizes and colours of styles.")],
    weeks: Annotated[int, typer.Option(min=1, help="Complete weeks of history.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same market.")],
    out: Annotated[str, typer.Option(help="Folder to write the data contract's tables into.")],
    profile: Annotated[Literal["fashion", "grocery", "mixed"], typer.Option(help="Which kinds of merchants it is made of.")] = "mixed",
    faults: Annotated[str | None, typer.Option(metavar="FILE", help="What goes wrong in it: TOML or JSON (docs/how-to/inject_faults.md).")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads that build; the result does not depend on it.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Build a synthetic market: sales, returns, stock, shipments, articles, costs, signals; and the true demand.

    Example: `replenish market --merchants 6 --articles 80 --weeks 130 --seed 7 --out data/demo-market`

    With faults: `replenish market … --faults examples/faults.toml`

    Large: `replenish market --merchants 200 --articles 5000 --weeks 156 --seed 1 --profile fashion --out /big/market`
    """
    from sources.market import read_faults, write_market

    injected = read_faults(faults) if faults else ()
    tables = write_market(
        n_merchants=merchants,
        n_articles=articles,
        n_weeks=weeks,
        seed=seed,
        out=out,
        profile=profile,
        faults=injected,
        n_threads=threads,
        on_progress=progress,
    )
    rows = ", ".join(f"{name} {count:,}" for name, count in tables.items())
    emit(
        {"tables": tables, "n_series": merchants * articles, "seed": seed, "profile": profile, "out": out, "faults": [fault.kind for fault in injected]},
        f"{profile} market with {merchants} merchants × {articles} articles → {out} ({rows} rows)",
        as_json=as_json,
    )
