"""`replenish optimize`: today's order for every series of a source, without the platform around it."""

from typing import Annotated

import typer

from cli.table_output import check_table_name, write_table
from cli.terminal import JsonOption, SettingsOption, emit, parse_day, progress


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
    from cli.decision_inputs import decision_inputs
    from cli.source_reading import read_and_report
    from domain.settings import load_settings
    from domain.stage_tables import Policies
    from simulation.batch import optimize_vectors
    from simulation.constraints import apply_limits, limit_orders, order_curves

    check_table_name(out)
    settings = load_settings(settings_file)
    day = parse_day(date, option="--date")
    raw = read_and_report(source, settings=settings)
    cutoff, vectors, defaults, _ = decision_inputs(raw, day, settings=settings)
    for default in defaults:
        progress(f"assumed {default.name} = {default.value} for {default.share_of_rows:.0%} of the series")
    progress(f"optimizing {vectors.height:,} SKUs")
    merchants = raw.frames["merchants"]
    recommended = optimize_vectors(vectors, settings, merchants=merchants, on_progress=lambda n_done: _tell(n_done, vectors.height))
    curves = order_curves(recommended, vectors, raw.frames, decision_date=day, settings=settings)
    limited = limit_orders(curves, decision_date=day, merchants=merchants, settings=settings)
    for message in limited.prices.select("merchant_id", "message").iter_rows():
        progress("  ".join(message))
    policies = apply_limits(recommended.select(Policies.column_names()), limited.orders, vectors, merchants=merchants, settings=settings)
    write_table(policies, out)
    orders = policies.filter(policies["order_now_units"] > 0)
    result = {
        "n_series": policies.height,
        "n_orders": orders.height,
        "order_value_eur": round(float(orders["order_now_value_eur"].sum()), 2),
        "date": str(day),
        "cutoff": str(cutoff),
        "limits": limited.prices.select("merchant_id", "constraint", "applies_to", "price_eur", "message").to_dicts(),
        "rows_read": raw.rows_read,
        "rows_accepted": raw.rows_accepted,
        "rows_rejected": raw.rows_rejected,
        "out": out,
    }
    emit(result, f"{result['n_orders']:,} orders worth {result['order_value_eur']:,.0f} EUR for {policies.height:,} series on {day} → {out}", as_json=as_json)


def _tell(n_done: int, n_skus: int) -> None:
    if n_done % 1_000 == 0:
        progress(f"  {n_done:,} of {n_skus:,} SKUs")
