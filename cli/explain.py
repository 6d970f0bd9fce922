"""`replenish explain`: one article's order of one day, and why, for the person who must place it."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.table_output import check_ending
from cli.terminal import JsonOption, SettingsOption, emit, parse_day, progress
from domain.errors import UsageError

if TYPE_CHECKING:
    from cli.order_record import OrderRecord

_ENDINGS = (".html", ".png")


def explain(
    merchant: Annotated[str, typer.Option(help="Who orders: a merchant_id.")],
    article: Annotated[str, typer.Option(help="What is ordered: an article_id.")],
    data: Annotated[str | None, typer.Option(help="Data root of `replenish run`: tells its order as it was decided, at once.")] = None,
    source: Annotated[str | None, typer.Option(help="Instead: folder or s3:// prefix of a source, which is forecast and decided now.")] = None,
    date: Annotated[str | None, typer.Option(help="Decision day, YYYY-MM-DD; default with --data: the newest.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE.html|FILE.png", help="Write the story with its pictures, or the pictures alone.")] = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the story of one order: what, why, what else could be done, and what changed since the day before.

    Example: `replenish explain --data data --merchant M001 --article A000001 --out order.html`

    From a source: `replenish explain --source data/demo-market --date 2026-10-01 --merchant M001 --article A000001`
    """
    from cli.order_story import tell_story
    from cli.order_text import story_text

    if out is not None:
        check_ending(out, _ENDINGS, example="order.html")
    if (data is None) == (source is None):
        raise UsageError(
            "explain needs either --data or --source",
            got="both" if data else "none",
            wanted="one of them",
            remedy="--data ROOT tells what `replenish run` decided; --source DIR decides anew.",
        )
    record = _on_record(data, date, merchant, article) if data else _decided_now(str(source), date, merchant, article, settings_file)
    story = tell_story(record)
    if out is not None:
        from cli.order_page import write_order_page

        write_order_page(story, out)
        progress(f"written to {out}")
    emit(story, story_text(story), as_json=as_json)


def _on_record(data: str, date: str | None, merchant: str, article: str) -> "OrderRecord":
    from cli.order_record import read_order

    return read_order(data, merchant_id=merchant, article_id=article, day=parse_day(date, option="--date") if date else None)


def _decided_now(source: str, date: str | None, merchant: str, article: str, settings_file: str | None) -> "OrderRecord":
    from cli.order_from_source import decide_order
    from cli.source_reading import read_and_report
    from domain.settings import load_settings

    if date is None:
        raise UsageError("explain --source needs --date", wanted="the decision day, YYYY-MM-DD", remedy="For example --date 2026-10-01.")
    day, settings = parse_day(date, option="--date"), load_settings(settings_file)
    raw = read_and_report(source, settings=settings)
    return decide_order(raw, merchant_id=merchant, article_id=article, day=day, settings=settings)
