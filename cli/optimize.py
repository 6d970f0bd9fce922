"""`replenish optimize`: today's order for every series of a source, without the platform around it."""

from typing import Annotated

import typer

from cli.decision_notes import decision_notes, headline
from cli.table_output import check_table_name, write_table
from cli.terminal import JsonOption, SettingsOption, emit, parse_day, progress
from domain.counting import counted


def optimize(
    source: Annotated[str, typer.Option(help="Folder or s3:// prefix holding the data contract's tables.")],
    date: Annotated[str, typer.Option(help="Decision day, YYYY-MM-DD: stock as of the day before, forecast of the newest cutoff before it.")],
    out: Annotated[str, typer.Option(help="File to write: .parquet or .csv.")],
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose a replenishment policy per series: one row each, with its order and expected costs.

    Example: `replenish optimize --source data/demo-market --date 2026-10-01 --out policies.parquet`
    """
    import polars as pl

    from cli.deciding import NOT_KNOWN, decide_day, figures_of_day
    from cli.decision_inputs import decision_inputs
    from cli.source_reading import read_and_report
    from domain.settings import load_settings
    from quality.readings import count_readings, reading_lines

    check_table_name(out)
    settings = load_settings(settings_file)
    day = parse_day(date, option="--date")
    raw = read_and_report(source, settings=settings)
    inputs = decision_inputs(raw, day, settings=settings)
    for default in inputs.defaults:
        progress(f"assumed {default.name} = {default.value} for {default.share_of_rows:.0%} of the series")
    for line in reading_lines(count_readings(inputs.readings)):
        progress(line)
    progress(f"optimizing {inputs.vectors.height:,} SKUs")
    decided = decide_day(inputs.vectors, raw.frames, day, settings=settings, on_progress=lambda n_done: _tell(n_done, inputs.vectors.height))
    for message in decided.prices.select("merchant_id", "message").iter_rows():
        progress("  ".join(message))
    for what in NOT_KNOWN:
        progress(f"not known without the platform: {what}")
    policies = decided.policies
    write_table(policies, out)
    figures = figures_of_day(policies, raw.frames, day, settings=settings)
    result = {
        **figures,
        "order_value_eur": round(figures["order_value_eur"], 2),
        "date": str(day),
        "cutoff": str(inputs.cutoff),
        "limits": decided.prices.select("merchant_id", "constraint", "applies_to", "price_eur", "message").to_dicts(),
        "not_known": list(NOT_KNOWN),
        "rows_read": raw.rows_read,
        "rows_accepted": raw.rows_accepted,
        "rows_rejected": raw.rows_rejected,
        "readings": count_readings(pl.concat([raw.readings, inputs.readings])),
        "out": out,
    }
    orders_made = f"{counted(figures['n_orders'], 'order')} worth {result['order_value_eur']:,.0f} EUR"
    notes = headline(decision_notes(result))
    emit(result, "\n".join([f"{orders_made} for {policies.height:,} series on {day} → {out}", *notes]), as_json=as_json)


def _tell(n_done: int, n_skus: int) -> None:
    if n_done % 1_000 == 0:
        progress(f"  {n_done:,} of {n_skus:,} SKUs")
