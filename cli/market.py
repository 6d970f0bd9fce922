"""`replenish market`: a synthetic market to try everything on."""

from typing import Annotated

import typer

from cli.terminal import JsonOption, emit


def market(
    merchants: Annotated[int, typer.Option(min=1, help="Merchants.")],
    articles: Annotated[int, typer.Option(min=1, help="Articles per merchant.")],
    weeks: Annotated[int, typer.Option(min=1, help="Weeks of history.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same market.")],
    out: Annotated[str, typer.Option(help="Folder to write the data contract's tables into.")],
    as_json: JsonOption = False,
) -> None:
    """Build a synthetic market: sales, returns, stock, shipments, articles, costs.

    Example: `replenish market --merchants 6 --articles 80 --weeks 130 --seed 7 --out data/demo-market`
    """
    from sources.market import write_market

    tables = write_market(n_merchants=merchants, n_articles=articles, n_weeks=weeks, seed=seed, out=out)
    rows = ", ".join(f"{name} {count:,}" for name, count in tables.items())
    emit(
        {"tables": tables, "n_series": merchants * articles, "seed": seed, "out": out},
        f"market with {merchants} merchants × {articles} articles → {out} ({rows} rows)",
        as_json=as_json,
    )
