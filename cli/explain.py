"""`replenish explain`: one article's order of one day, and why, for the person who must place it."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.terminal import JsonOption, SettingsOption, emit, parse_day, progress

if TYPE_CHECKING:
    from datetime import date

    from cli.decision_inputs import DecisionInputs
    from cli.order_story import Yesterday
    from domain.settings import Settings
    from simulation.order_changes import Inputs
    from sources.folder import RawTables


def explain(
    source: Annotated[str, typer.Option(help="Folder or s3:// prefix holding the data contract's tables.")],
    date: Annotated[str, typer.Option(help="Decision day, YYYY-MM-DD: stock as of the day before, forecast of the newest cutoff before it.")],
    merchant: Annotated[str, typer.Option(help="Who orders: a merchant_id.")],
    article: Annotated[str, typer.Option(help="What is ordered: an article_id.")],
    out: Annotated[str | None, typer.Option(metavar="FILE.html|FILE.png", help="Write the story with its pictures, or the pictures alone.")] = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the story of one order: what, why, what else could be done, and what changed since the day before.

    Example: `replenish explain --source data/demo-market --date 2026-10-01 --merchant M001 --article A000001 --out order.html`
    """
    from cli.decision_inputs import decision_inputs
    from cli.order_page import check_page_name, write_page
    from cli.order_story import story_text, tell_story
    from cli.source_reading import read_and_report
    from domain.settings import load_settings

    check_page_name(out)
    settings = load_settings(settings_file)
    day = parse_day(date, option="--date")
    raw = read_and_report(source, settings=settings)
    today = decision_inputs(raw, day, settings=settings)
    inputs = _inputs_of(today, raw, merchant=merchant, article=article, settings=settings)
    story = tell_story(inputs, yesterday=_yesterday(raw, today, day, inputs=inputs, settings=settings))
    if out is not None:
        write_page(story, out)
        progress(f"written to {out}")
    emit(story, story_text(story), as_json=as_json)


def _inputs_of(decisions: "DecisionInputs", raw: "RawTables", *, merchant: str, article: str, settings: "Settings") -> "Inputs":
    """The article's vector, and the settings of its merchant.

    Raises:
        UsageError: The source does not know the article.
    """
    import polars as pl

    from domain.errors import UsageError
    from domain.feature_vector import vector_from_row
    from simulation.order_changes import Inputs

    found = decisions.vectors.filter(pl.col("merchant_id") == merchant, pl.col("article_id") == article)
    if found.is_empty():
        of_merchant = decisions.vectors.filter(pl.col("merchant_id") == merchant)["article_id"].to_list()
        known = f"articles {', '.join(of_merchant[:5])}" if of_merchant else f"merchants {', '.join(decisions.vectors['merchant_id'].unique().sort()[:5])}"
        raise UsageError(
            f"merchant {merchant}, article {article} has no sales up to the week of {decisions.cutoff}",
            wanted=f"one of the {known}, …",
            remedy="Correct --merchant or --article, or choose a later --date.",
        )
    rows = raw.frames["merchants"].filter(pl.col("merchant_id") == merchant).to_dicts()
    return Inputs(vector_from_row(found.row(0, named=True)), settings.for_merchant(merchant, rows[0] if rows else None))


def _yesterday(raw: "RawTables", today: "DecisionInputs", day: "date", *, inputs: "Inputs", settings: "Settings") -> "Yesterday":
    """What the same source would have said the day before; why it cannot be known, where it cannot."""
    from cli.decision_inputs import decision_inputs
    from cli.order_story import Yesterday
    from domain.calendar import ONE_DAY, cutoff_for
    from domain.errors import UsageError

    before = day - ONE_DAY
    try:
        decisions = decision_inputs(raw, before, settings=settings, forecast=today.forecast if cutoff_for(before) == today.cutoff else None)
        return Yesterday(_inputs_of(decisions, raw, merchant=inputs.vector.merchant_id, article=inputs.vector.article_id, settings=settings), "")
    except UsageError as error:
        return Yesterday(None, error.fact)
