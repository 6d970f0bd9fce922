"""`replenish approve`: a person's word about orders that are held."""

from typing import Annotated

import typer

from cli.terminal import JsonOption, SettingsOption, emit, parse_day, progress


def approve(
    date: Annotated[str, typer.Option(help="Decision day, YYYY-MM-DD.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    merchant: Annotated[str, typer.Option(help="Whose orders.")],
    article: Annotated[str | None, typer.Option(help="Which article; default: all of the merchant's that are held.")] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Reject instead of approve.")] = False,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    data: Annotated[str | None, typer.Option(help="Root of everything written; default: REPLENISH_DATA, else ./data.")] = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve or reject orders that wait because they changed a lot since the day before (settings `governance`).

    Example: `replenish approve --data data --date 2026-10-01 --merchant M001 --by "A. Planner"`
    """
    from domain.settings import load_settings
    from orchestration.approval import decide_held_orders

    settings = load_settings(settings_file, data=data)
    decided = decide_held_orders(
        settings, on=parse_day(date, option="--date"), merchant_id=merchant, article_id=article, is_approved=not reject, by=by, note=note, on_progress=progress
    )
    said = "rejected" if reject else "approved"
    rows = decided.select("merchant_id", "article_id", "recommended_units").to_dicts()
    lines = [f"  {row['merchant_id']}  {row['article_id']}  {row['recommended_units']:,} units {said} by {by}" for row in rows]
    emit({"status": said, "orders": rows}, "\n".join(lines), as_json=as_json)
