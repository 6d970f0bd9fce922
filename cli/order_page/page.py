"""The page: one sentence, what to know, pictures, and the whole story as text; readable on a phone."""

import html
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import polars as pl

from cli.order_page.pictures import Draw, all_on_one, alternatives, as_svg, costs, demand_fan, history, objective_curve, projected_stock
from cli.order_story import Story
from cli.order_text import ALTERNATIVES, RECOMMENDED, TERMS, story_text
from domain.counting import counted
from domain.stage_tables import WeeklyDemand
from quality.pictures import png_of
from sources.pages import write_page

_STYLE = """
body { font-family: system-ui, sans-serif; line-height: 1.45; margin: 0 auto; padding: 1rem; max-width: 64rem; color: #1b1f24; }
h1 { font-size: 1.25rem; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: #57606a; } dd { margin: 0; overflow-wrap: anywhere; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; margin-top: 1.5rem; }
figure { margin: 0; } svg { width: 100%; height: auto; }
pre { overflow-x: auto; font-size: .8rem; }
"""


def write_order_page(story: Story, out: str) -> None:
    """Write the story with its pictures (.html), or the pictures alone (.png).

    Raises:
        StorageError: The file cannot be written.
    """
    if PurePath(out).suffix.lower() == ".png":
        write_page(png_of(all_on_one(list(_drawn(story).values()), _title(story))), out)
    else:
        write_page(order_page(story), out)


def order_page(story: Story) -> str:
    """The whole HTML file; it needs no other and no network."""
    parts = order_parts(story)
    pictures = "\n".join(f"<figure>{svg}</figure>" for svg in parts["pictures"].values())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(_title(story))}</title><style>{_STYLE}</style></head>\n<body>\n"
        f"<h1>{parts['sentence']}</h1>\n{parts['facts']}\n<div class='pictures'>\n{pictures}\n</div>\n"
        f"<h2>The whole story</h2>\n{parts['text']}\n</body></html>\n"
    )


def order_parts(story: Story) -> dict[str, Any]:
    """The parts of the page, ready to stand in another: `sentence`, `facts` and `text` as HTML, `pictures` as SVG by name."""
    return {
        "sentence": html.escape(story["sentence"]),
        "facts": _facts(story),
        "pictures": {name: as_svg(draw, frame) for name, (draw, frame) in _drawn(story).items()},
        "text": f"<pre>{html.escape(story_text(story))}</pre>",
    }


def _title(story: Story) -> str:
    return f"{story['merchant_id']} / {story['article_id']}, {story['date']}: order {counted(story['order_now_units'], 'unit')}"


def _facts(story: Story) -> str:
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>" for name, value in _fact_rows(story))
    return f"<dl>{rows}</dl>"


def _fact_rows(story: Story) -> Iterator[tuple[str, Any]]:
    yield "Merchant", story["merchant_id"]
    yield "Article", " · ".join(filter(None, (story["article_id"], story["category"])))
    yield "Decision day", story["date"]
    yield "Order", f"{counted(story['order_now_units'], 'unit')}, {story['order_now_value_eur']:,.2f} EUR"
    yield "Release", " · ".join(filter(None, (story["release_status"] or "not on record", story["release_reason"])))
    yield "Arrives", f"about {story['arrival_date']}, in the week of {story['arrival_week']}"
    yield "Supplier", story["supplier_id"] or "not known"
    yield "Order terms", f"packs of {story['pack_size_units']:,}, at least {counted(story['minimum_order_quantity_units'], 'unit')}"
    if story["order_before_budget_units"] != story["order_now_units"]:
        yield "Without limits", counted(story["order_before_budget_units"], "unit")
    for message in story["limits"]:
        yield "Limit", message
    yield "Expected cost", f"{story['expected_cost_eur']:,.2f} EUR; without any order {story['expected_cost_without_order_eur']:,.2f} EUR"
    yield "Demand served", f"{story['fill_rate']:.1%}; without any order {story['fill_rate_without_order']:.1%}"
    for what in story["not_known"]:
        yield "Not known here", what


def _drawn(story: Story) -> dict[str, tuple[Draw, pl.DataFrame]]:
    """What is drawn, from which frame; what has no data is left out."""
    weeks = pl.DataFrame(story["weeks"])
    past = pl.DataFrame(story["history"], schema=WeeklyDemand.create_empty().select("week", "sales_units", "is_censored").schema)
    points = pl.DataFrame(story["cost_curve"])
    others = [row for row in story["alternatives"] if row["alternative"] != RECOMMENDED]
    named = [{**row, "alternative": ALTERNATIVES.get(row["alternative"], row["alternative"])} for row in others]
    terms = [{"term": name, "expected_cost_eur": story[f"expected_{term}_cost_eur"]} for term, name in TERMS.items() if story[f"expected_{term}_cost_eur"] > 0]
    drawn: dict[str, tuple[Draw, pl.DataFrame]] = {
        "history": (history, past),
        "demand": (demand_fan, weeks),
        "stock": (projected_stock, weeks),
    }
    if points.height:
        is_recommended = pl.col("order_units") == story["order_before_budget_units"]
        drawn["objective"] = (objective_curve, points.with_columns(is_recommended=is_recommended))
    drawn["alternatives"] = (alternatives, pl.DataFrame(named))
    drawn["costs"] = (costs, pl.DataFrame(terms, schema={"term": pl.String, "expected_cost_eur": pl.Float64}))
    return {name: (draw, frame) for name, (draw, frame) in drawn.items() if frame.height}
