"""`replenish replay`: the past played again, decision by decision, with what was known then."""

from typing import Annotated, Literal

import typer

from cli.terminal import JsonOption, ProfileOption, SettingsOption, emit, parse_day, progress, today


def replay(
    source: Annotated[str, typer.Option(help="Folder or s3:// prefix holding the data contract's tables.")],
    start: Annotated[str, typer.Option(help="Monday of the last observed week, YYYY-MM-DD: the first decision falls at its end.")],
    orders: Annotated[int, typer.Option(min=1, help="Decisions, one a week.")],
    weeks: Annotated[int, typer.Option(min=1, help="Weeks played, and paid for.")],
    out: Annotated[str, typer.Option(help="Folder to write; the orders become orders.parquet.")],
    observe: Annotated[Literal["demand", "sales"], typer.Option(help="What later decisions see: true demand, or sales cut off by our own stock.")] = "demand",
    policy: Annotated[
        str,
        typer.Option(help="default, look_ahead, extended, extended_on_hand, classical, base_stock, s_S, newsvendor, order_nothing, recorded or hindsight."),
    ] = "default",
    objective: Annotated[str | None, typer.Option(help="mean, p75, cvar75 …; default: a merchant's own, else mean.")] = None,
    inbound_before_demand: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of a week's arrivals on hand before its demand; default: a merchant's own, else 0.5.")
    ] = None,
    forecaster: Annotated[str, typer.Option(help="champion, or a baseline of `replenish evaluate`.")] = "champion",
    retrain: Annotated[Literal["once", "weekly"], typer.Option(help="once: models are frozen at the start.")] = "once",
    end: Annotated[
        Literal["known", "rolling"], typer.Option(help="known: no order after the last, cost counted to the last week; rolling: plan twelve weeks.")
    ] = "known",
    rhythm: Annotated[
        Literal["weekly", "daily"], typer.Option(help="weekly: decide at each week's end; daily: every morning, with the merchants' order days in force.")
    ] = "weekly",
    profile: ProfileOption = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play the past again: at each week's end forecast, optimise, place the first order; then a week of what really happened.

    Example: `replenish replay --source data/demo-market --start 2026-07-06 --orders 6 --weeks 10 --observe demand --out replay`
    """
    from assets.replay.replaying import order_rows, prepare, weekly_figures
    from assets.replay.replaying import replay as play
    from assets.replay.terms import Play, ReplayTerms, check_numbers, check_objective, policy_named
    from cli.source_reading import read_and_report
    from domain.settings import load_settings
    from sources.storage import join, write_parquet
    from sources.truth import true_weekly_demand

    settings = load_settings(settings_file, profile=profile)
    check_objective(objective)
    policy_named(policy)
    terms = ReplayTerms(parse_day(start, option="--start"), orders, weeks, observe, inbound_before_demand, forecaster, retrain, end, rhythm)
    check_numbers(terms)
    raw = read_and_report(source, settings=settings)
    game = prepare(raw.frames, true_weekly_demand(source), terms, settings=settings, today=today(), on_progress=progress)
    for default in game.opening.defaults:
        progress(f"assumed {default.name} = {default.value} for {default.share_of_rows:.0%} of the series")
    for what, count in game.contradictions.items():
        progress(f"contradictions in {what}: {count:,}")
    progress(f"demand of {game.reality.drawn_demand_share:.1%} of the series-weeks is a draw of at least the sales")
    played = play(game, Play(policy, objective), on_progress=progress)
    location = join(out, "orders.parquet")
    rows = order_rows(played, game)
    write_parquet(rows, location)
    result = {
        "policy": played.policy,
        "rhythm": rhythm,
        "objective": played.objective,
        "n_series": game.opening.keys.height,
        "n_orders": rows.height,
        "total_cost_eur": played.total_cost_eur,
        "fill_rate": played.fill_rate,
        "weeks": weekly_figures(played, terms),
        "orders": location,
        "demand_source": "world" if game.reality.has_truth else "sales",
        "drawn_demand_share": game.reality.drawn_demand_share,
        "contradictions": dict(game.contradictions),
        "assumed": {default.name: default.value for default in game.opening.defaults},
    }
    text = (
        f"{played.policy} ({played.objective}): {result['n_series']:,} series, {weeks} weeks from {terms.first_week}, "
        f"{played.total_cost_eur:,.2f} EUR, fill rate {played.fill_rate:.1%}, {rows.height:,} orders → {location}"
    )
    emit(result, text, as_json=as_json)
