"""`replenish approve`: a person's word about orders that are held."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import JsonOption, SettingsOption, emit, parse_day, progress
from domain.counting import counted

if TYPE_CHECKING:
    from orchestration.approval import Word


def approve(
    date: Annotated[str, typer.Option(help="Decision day, YYYY-MM-DD.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    merchant: Annotated[str, typer.Option(help="Whose orders.")],
    article: Annotated[str | None, typer.Option(help="Which article; default: all of the merchant's that are held.")] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Reject instead of approve.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take an approval or rejection back: the order waits again.")] = False,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    data: Annotated[str | None, typer.Option(help="Root of everything written; default: REPLENISH_DATA, else ./data.")] = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve or reject orders that wait because they changed a lot since the day before (settings `governance`).

    The rules are those the day was decided with, as they stand in its releases; the settings of today change nothing.

    Example: `replenish approve --data data --date 2026-10-01 --merchant M001 --by "A. Planner"`

    Taken back: `replenish approve --data data --date 2026-10-01 --merchant M001 --article A000042 --by "A. Planner" --withdraw`
    """
    from domain.settings import load_settings
    from orchestration.approval import decide_held_orders

    settings = load_settings(settings_file, data=data)
    decided = decide_held_orders(
        settings,
        on=parse_day(date, option="--date"),
        merchant_id=merchant,
        article_id=article,
        word=_word(reject=reject, withdraw=withdraw),
        by=by,
        note=note,
        on_progress=progress,
    )
    said = "withdrawn" if withdraw else "rejected" if reject else "approved"
    rows = decided.orders.select("merchant_id", "article_id", "recommended_units").to_dicts()
    lines = [f"  {row['merchant_id']}  {row['article_id']}  {counted(row['recommended_units'], 'unit')} {said} by {by}" for row in rows]
    lines += ["", f"All orders of {date}", *(f"  {status:14s}{n:>8,} → {decided.after[status]:,}" for status, n in decided.before.items())]
    emit({"status": said, "orders": rows, "before": decided.before, "after": decided.after}, "\n".join(lines), as_json=as_json)


def _word(*, reject: bool, withdraw: bool) -> "Word":
    from domain.errors import UsageError
    from orchestration.approval import Word

    if reject and withdraw:
        raise UsageError("--reject and --withdraw exclude each other", remedy="Give one of them; --withdraw takes either word back.")
    return Word.WITHDRAW if withdraw else Word.REJECT if reject else Word.APPROVE
