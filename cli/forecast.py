"""`replenish forecast`: 12 weeks of demand quantiles for every series of a source."""

from typing import Annotated

import typer

from cli.table_output import check_table_name, write_table
from cli.terminal import JsonOption, SettingsOption, emit, parse_monday, progress


def forecast(
    source: Annotated[str, typer.Option(help="Folder or s3:// prefix holding the data contract's tables.")],
    cutoff: Annotated[str, typer.Option(help="Monday of the last week the forecast may see, YYYY-MM-DD.")],
    out: Annotated[str, typer.Option(help="File to write: .parquet or .csv.")],
    horizon: Annotated[int, typer.Option(min=1, max=26, help="Weeks to forecast.")] = 12,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forecast weekly demand: one row per series and week, 39 quantiles that never cross.

    Example: `replenish forecast --source data/demo-market --cutoff 2026-09-21 --out forecast.parquet`
    """
    from cli.source_reading import check_cutoff, read_and_report
    from domain.settings import load_settings
    from ml.pipeline import forecast_from_tables

    check_table_name(out)
    settings = load_settings(settings_file)
    day = parse_monday(cutoff, option="--cutoff")
    raw = read_and_report(source, settings=settings)
    check_cutoff(raw, day, option="--cutoff")
    rows = forecast_from_tables(raw.frames, cutoff=day, settings=settings, horizon_weeks=horizon, on_progress=progress)
    write_table(rows, out)
    result = {
        "n_series": rows.height // horizon,
        "n_rows": rows.height,
        "cutoff": str(day),
        "horizon_weeks": horizon,
        "models": {model: count // horizon for model, count in sorted(rows["model"].value_counts().iter_rows())},
        "rows_read": raw.rows_read,
        "rows_accepted": raw.rows_accepted,
        "rows_rejected": raw.rows_rejected,
        "out": out,
    }
    emit(result, f"{result['n_series']:,} series × {horizon} weeks forecast from cutoff {day} → {out}", as_json=as_json)
