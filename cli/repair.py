"""`replenish repair`: make again exactly what late and corrected data made stale."""

from typing import Annotated, Literal

import typer

from cli.terminal import JsonOption, ProfileOption, SettingsOption, emit, progress
from domain.counting import counted


def repair(
    data: Annotated[str | None, typer.Option(help="Root of everything written; default: REPLENISH_DATA, else ./data.")] = None,
    source: Annotated[str | None, typer.Option(help="Read this source first; without it, the raw tables stay as they are.")] = None,
    because: Annotated[
        Literal["data", "all"], typer.Option(help="data: rows that had been seen were restated. all: also changed settings, code, prices, merchants.")
    ] = "data",
    profile: ProfileOption = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make every stale partition again, stage by stage; what comes out the same spares what lies below it.

    Example: `replenish repair --data data --source data/demo-market`
    """
    from assets.layout import written_root
    from assets.staleness import DATA_REASONS, Reason
    from domain.settings import load_settings
    from orchestration.repair import repair as run_repair

    settings = load_settings(settings_file, source=source, data=data, profile=profile)
    if source is None:
        written_root(settings.data)
    reasons = DATA_REASONS if because == "data" else frozenset(Reason)
    report = run_repair(settings, reasons=reasons, ingest=source is not None, on_progress=progress)
    lines = [f"  {table}: {', '.join(partitions)}" for table, partitions in report.by_table.items()]
    text = "\n".join([f"Made {counted(report.n_partitions, 'partition')} again.", *lines]) if lines else "Nothing was stale."
    emit({"n_partitions": report.n_partitions, "by_table": report.by_table}, text, as_json=as_json)
