"""`replenish value`: what a quarter's orders were worth, merchant by merchant."""

import re
from datetime import date
from typing import Annotated

import typer

from cli.table_output import check_table_name, write_table
from cli.terminal import JsonOption, ProfileOption, SettingsOption, emit, progress, today
from domain.errors import UsageError


def value(
    source: Annotated[str, typer.Option(help="Folder or s3:// prefix holding the data contract's tables.")],
    quarter: Annotated[str, typer.Option(help="A quarter that is over, e.g. 2026Q2.")],
    out: Annotated[str, typer.Option(help="File to write: .parquet or .csv.")],
    baseline: Annotated[str, typer.Option(help="Policy that is played instead, on a simple forecast.")] = "base_stock",
    profile: ProfileOption = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the orders on record cost in a quarter, against what a simple policy would have cost on the same demand, deliveries and returns.

    Example: `replenish value --source data/demo-market --quarter 2026Q2 --out value.parquet`
    """
    from assets.backtest.plan import BENCHMARK_FORECASTER, Contestant
    from assets.backtest.running import play_start
    from assets.replay.terms import RECORDED, Play, ReplayTerms, policy_named
    from cli.source_reading import read_and_report
    from domain.settings import load_settings
    from quality.governance import value_by_merchant
    from sources.truth import true_weekly_demand

    check_table_name(out)
    settings = load_settings(settings_file, profile=profile)
    policy_named(baseline)
    start, n_weeks = _game_of(quarter)
    raw = read_and_report(source, settings=settings)
    terms = ReplayTerms(start, n_weeks, n_weeks, "sales", None, BENCHMARK_FORECASTER, "once", "rolling")
    contestants = {RECORDED: Contestant(Play(RECORDED)), baseline: Contestant(Play(baseline, "mean"), BENCHMARK_FORECASTER)}
    results = play_start(raw.frames, true_weekly_demand(source), terms, contestants, settings=settings, today=today(), on_progress=progress)
    report = value_by_merchant(results, realised=RECORDED, baseline=baseline)
    write_table(report, out)
    lines = [
        f"  {row['merchant_id']:>12s}  {row['realised_cost_eur']:>14,.0f} EUR on record  {row['baseline_cost_eur']:>14,.0f} EUR with {baseline}  "
        f"{row['saved_eur']:>+14,.0f} EUR  fill rate {row['realised_fill_rate']:.1%} against {row['baseline_fill_rate']:.1%}"
        for row in report.iter_rows(named=True)
    ]
    emit(
        {"quarter": quarter, "baseline": baseline, "merchants": report.to_dicts(), "out": out},
        "\n".join([f"{quarter}, saved against {baseline}:", *lines]),
        as_json=as_json,
    )


def _game_of(quarter: str) -> tuple[date, int]:
    """The Monday whose week is the last before the quarter's first whole week, and the whole weeks in it.

    Raises:
        UsageError: It is no quarter.
    """
    from domain.calendar import ONE_DAY, ONE_WEEK, monday_of

    match = re.fullmatch(r"(\d{4})Q([1-4])", quarter)
    if not match:
        raise UsageError("--quarter is no quarter", got=quarter, wanted="a year and a quarter, e.g. 2026Q2", remedy="Correct --quarter.")
    year, number = int(match[1]), int(match[2])
    first = date(year, 3 * number - 2, 1)
    following = date(year + number // 4, 3 * number % 12 + 1, 1)
    first_monday = monday_of(first + 6 * ONE_DAY)
    return first_monday - ONE_WEEK, (monday_of(following) - first_monday).days // 7
