"""`replenish backtest`: many past start dates, policies, objectives and forecasters under identical conditions, and a report."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.terminal import JsonOption, ProfileOption, SettingsOption, emit, parse_day, progress, today
from domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from assets.backtest.plan import Contestant
    from domain.settings import Settings


def backtest(
    source: Annotated[str, typer.Option(help="Folder or s3:// prefix holding the data contract's tables.")],
    starts: Annotated[str, typer.Option(help="Last observed weeks, Mondays separated by commas; or FIRST:LAST for every fourth week between them.")],
    orders: Annotated[int, typer.Option(min=1, help="Decisions per game, one a week.")],
    weeks: Annotated[int, typer.Option(min=1, help="Weeks played, and paid for.")],
    out: Annotated[str, typer.Option(help="Folder to write: results.parquet, report.html, merchants/ID.html.")],
    contest: Annotated[
        Literal["policies", "full"] | None,
        typer.Option(
            help="A ready list: policies = every policy; full = also people, ablations, one-shot plans. Both with the policy and objective of the settings, "
            "which the report is then about. Default: policies."
        ),
    ] = None,
    policies: Annotated[str, typer.Option(help="Instead of a ready list: policies of `replenish replay`, separated by commas.")] = "",
    objectives: Annotated[str, typer.Option(help="For each of these policies: mean, p75, cvar75 …")] = "mean",
    forecasters: Annotated[str, typer.Option(help="For each of these policies: champion, or baselines of `replenish evaluate`.")] = "champion",
    observe: Annotated[Literal["demand", "sales"], typer.Option(help="What later decisions see.")] = "demand",
    inbound_before_demand: Annotated[float | None, typer.Option(min=0, max=1, help="Share of a week's arrivals on hand before its demand.")] = None,
    retrain: Annotated[Literal["once", "weekly"], typer.Option(help="once: models are frozen at each start.")] = "once",
    end: Annotated[Literal["known", "rolling"], typer.Option(help="Whether the engine is told when the game ends.")] = "known",
    profile: ProfileOption = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay the past many times and compare: against the recorded orders where there are any, else against the default policy.

    Example: `replenish backtest --source data/demo-market --starts 2026-01-05:2026-06-01 --orders 4 --weeks 8 --policies recorded,default,base_stock --out backtest`
    """
    import polars as pl

    from assets.backtest.plan import OURS, comparison_of, configured
    from assets.backtest.report import write_reports
    from assets.backtest.running import play_all
    from assets.backtest.tables import played_everywhere, policy_comparison, with_measures
    from assets.replay.terms import ReplayTerms, check_numbers
    from cli.source_reading import read_and_report
    from domain.settings import load_settings
    from sources.storage import join, write_parquet
    from sources.truth import true_weekly_demand

    settings = load_settings(settings_file, profile=profile)
    contestants = _contestants(contest, policies, objectives, forecasters, settings=settings)
    days = _start_dates(starts)
    terms = ReplayTerms(days[0], orders, weeks, observe, inbound_before_demand, "champion", retrain, end)
    for day in days:
        check_numbers(replace(terms, start=day))
    raw = read_and_report(source, settings=settings)
    parts = play_all(raw.frames, true_weekly_demand(source), terms, days, contestants, settings=settings, today=today(), on_progress=progress)
    results = pl.concat(list(parts))
    ours, reference = comparison_of(list(contestants), about=OURS if policies else next(iter(configured(settings))))
    write_parquet(results, join(out, "results.parquet"))
    report = write_reports(results, out, ours=ours, reference=reference)
    result = _figures(results, reference) | {"starts": [str(day) for day in days], "ours": ours, "results": join(out, "results.parquet"), "report": report}
    comparison = policy_comparison(played_everywhere(with_measures(results)), reference=reference).to_dicts()
    lines = [f"{row['contestant']:32s} {row['cost']:>28s} cost   {row['GMV after fulfilment']:>28s} GMV after fulfilment" for row in comparison]
    emit(result, "\n".join([f"Against {reference}, {len(days)} start dates:", *lines, f"Report: {report}"]), as_json=as_json)


def _figures(results: "pl.DataFrame", reference: str) -> dict[str, Any]:
    """Per contestant its cost and fill rate, as promised and as they came, and how cost and GMV stand against the reference."""
    import polars as pl

    from assets.backtest.tables import played_everywhere, uplifts, with_measures

    columns = ("cost_eur", "sold_units", "demand_units", "promised_cost_eur", "promised_sold_units", "promised_demand_units")
    sums = results.group_by("contestant", maintain_order=True).agg(pl.col(columns).sum(), is_promised=pl.col("promised_cost_eur").is_not_null().all())
    contestants = [
        {
            "contestant": row["contestant"],
            "total_cost_eur": row["cost_eur"],
            "fill_rate": row["sold_units"] / row["demand_units"] if row["demand_units"] else 1.0,
            "promised_cost_eur": row["promised_cost_eur"] if row["is_promised"] else None,
            "promised_fill_rate": row["promised_sold_units"] / row["promised_demand_units"] if row["is_promised"] and row["promised_demand_units"] else None,
        }
        for row in sums.iter_rows(named=True)
    ]
    return {"reference": reference, "contestants": contestants, "uplifts": uplifts(played_everywhere(with_measures(results)), reference=reference)}


def _contestants(contest: str | None, policies: str, objectives: str, forecasters: str, *, settings: "Settings") -> "Mapping[str, Contestant]":
    from assets.backtest.plan import FULL_CONTEST, POLICY_CONTEST, configured, crossed

    if contest is not None and policies:
        raise UsageError("--contest and --policies exclude each other", got=f"--contest {contest} --policies {policies}", remedy="Give one of them.")
    if policies:
        return crossed(_listed(policies), _listed(objectives), _listed(forecasters))
    return configured(settings) | dict(FULL_CONTEST if contest == "full" else POLICY_CONTEST)


def _start_dates(text: str) -> list[date]:
    first, colon, last = text.partition(":")
    if colon:
        begin, until = parse_day(first.strip(), option="--starts"), parse_day(last.strip(), option="--starts")
        days = [begin + timedelta(weeks=4 * index) for index in range(max((until - begin).days // 28 + 1, 0))]
    else:
        days = sorted({parse_day(day, option="--starts") for day in _listed(text)})
    if not days:
        raise UsageError(
            "--starts names no start date", got=repr(text), wanted="Mondays separated by commas, or FIRST:LAST", remedy="For example 2026-01-05:2026-06-01."
        )
    return days


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
