"""The pictures of one order's story, and the page that holds them: an HTML file that needs no other, or a PNG."""

import base64
import html
import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cli.order_story import Story, story_text
from domain.errors import StorageError, UsageError
from simulation.alternatives import RECOMMENDED
from simulation.kernels.path_costs import COST_TERMS

_SUFFIXES = (".html", ".png")
_BANDS = (("025", "975", 0.15), ("100", "900", 0.25), ("250", "750", 0.35))


def check_page_name(out: str | None) -> None:
    """Refuse a page of an unknown kind before any work is done.

    Raises:
        UsageError: It ends neither in .html nor in .png.
    """
    if out is not None and Path(out).suffix not in _SUFFIXES:
        raise UsageError("--out has an ending nobody can write", got=out, wanted=" or ".join(_SUFFIXES), remedy="For example --out order.html.")


def write_page(story: Story, out: str) -> None:
    """Write the story with its pictures (.html), or the pictures alone (.png).

    Raises:
        StorageError: The file cannot be written.
    """
    content = picture(story)
    if Path(out).suffix == ".html":
        content = _page(story, content).encode()
    try:
        Path(out).write_bytes(content)
    except OSError as error:
        raise StorageError(f"cannot write {out}", got=str(error), remedy="Correct --out or the rights.") from error


def picture(story: Story) -> bytes:
    """A PNG of four plots: demand to come, cost of other orders, alternatives, cost by term."""
    figure = Figure(figsize=(11.0, 7.0), dpi=110, layout="constrained")
    (demand, curve), (alternatives, terms) = figure.subplots(2, 2)
    _draw_demand(demand, story)
    _draw_curve(curve, story)
    _draw_alternatives(alternatives, story)
    _draw_terms(terms, story)
    figure.suptitle(f"{story['merchant_id']} / {story['article_id']}, {story['date']}: order {story['order_now_units']:,} units now")
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def _draw_demand(axes: Axes, story: Story) -> None:
    """The fan of weekly demand, with what arrives."""
    weeks = range(1, len(story["weeks"]) + 1)
    for low, high, alpha in _BANDS:
        axes.fill_between(
            weeks,
            [week[f"demand_q{low}"] for week in story["weeks"]],
            [week[f"demand_q{high}"] for week in story["weeks"]],
            color="tab:blue",
            alpha=alpha,
            linewidth=0,
        )
    axes.plot(weeks, [week["demand_q500"] for week in story["weeks"]], color="tab:blue", label="median demand")
    axes.bar(weeks, [week["inbound_units"] for week in story["weeks"]], width=0.4, color="tab:green", alpha=0.6, label="on its way")
    axes.set(title="Demand to come: 50 · 80 · 95 %", xlabel="week", ylabel="units", ylim=(0, None))
    axes.legend(fontsize="small", frameon=False)


def _draw_curve(axes: Axes, story: Story) -> None:
    """What other quantities today would cost more, ± 2 standard errors."""
    points = story["cost_curve"]
    units, euros = [point["order_units"] for point in points], [point["difference_eur"] for point in points]
    errors = [2 * point["standard_error_eur"] for point in points]
    axes.errorbar(units, euros, yerr=errors, color="tab:blue", marker=".", capsize=2)
    axes.axvline(story["order_now_units"], color="tab:green", linestyle="--", label="recommended")
    axes.axhline(0.0, color="tab:gray", linewidth=0.8)
    axes.set(title="What another order today would cost more", xlabel="units ordered today", ylabel="EUR")
    axes.legend(fontsize="small", frameon=False)


def _draw_alternatives(axes: Axes, story: Story) -> None:
    rows = [row for row in story["alternatives"] if row["alternative"] != RECOMMENDED][::-1]
    names = [row["alternative"].replace("_", " ") for row in rows]
    axes.barh(names, [row["difference_eur"] for row in rows], xerr=[2 * row["standard_error_eur"] for row in rows], color="tab:orange", capsize=2)
    axes.axvline(0.0, color="tab:gray", linewidth=0.8)
    axes.set(title="What the alternatives would cost more", xlabel="EUR")


def _draw_terms(axes: Axes, story: Story) -> None:
    terms = [term for term in COST_TERMS if story[f"expected_{term}_cost_eur"] > 0][::-1]
    axes.barh([term.replace("_", " ") for term in terms], [story[f"expected_{term}_cost_eur"] for term in terms], color="tab:blue")
    axes.set(title="Expected cost over 12 weeks, by term", xlabel="EUR")


def _page(story: Story, png: bytes) -> str:
    title = html.escape(f"Order of {story['merchant_id']} / {story['article_id']} on {story['date']}")
    image = base64.b64encode(png).decode()
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>\n'
        f'<body style="font-family: sans-serif; max-width: 1100px; margin: 2em auto">\n<pre style="white-space: pre-wrap">{html.escape(story_text(story))}</pre>\n'
        f'<img alt="demand, cost of other orders, alternatives, cost by term" src="data:image/png;base64,{image}" style="width: 100%">\n</body></html>\n'
    )
