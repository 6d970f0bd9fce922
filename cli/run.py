"""`replenish run`: the main job: the whole graph with Dagster for the newest week and day, and a summary for a merchant."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import JsonOption, ProfileOption, SettingsOption, emit, progress

if TYPE_CHECKING:
    from orchestration.run import RunSummary


def run(
    source: Annotated[str, typer.Option(help="Folder or s3:// prefix holding the data contract's tables.")],
    data: Annotated[str | None, typer.Option(help="Root of everything written; default: REPLENISH_DATA, else ./data.")] = None,
    profile: ProfileOption = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute today's replenishment orders: raw data → forecasts → policies → analytics.

    Example: `replenish run --source data/demo-market --data data`
    """
    from cli.merchant_summary import summary_text
    from domain.settings import load_settings
    from orchestration.run import run_platform

    settings = load_settings(settings_file, source=source, data=data, profile=profile)
    summary: RunSummary = run_platform(settings, on_progress=progress)
    emit(summary.as_dict(), summary_text(summary), as_json=as_json)
