"""Pictures of one order, each drawn from one frame onto axes: for a page as SVG, for a message as PNG."""

from collections.abc import Callable
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from quality.pictures import svg_of

_BANDS = (("025", "975", 0.15), ("100", "900", 0.25), ("250", "750", 0.35))
_OURS, _SUPPLY, _OTHER, _WARNING = "#1f5fa8", "#3b8c5a", "#8a8f98", "#b0413e"
_WIDTH, _HEIGHT = 4.6, 2.6
"""Inches of a page's picture: letters keep a readable size where it is as wide as a phone."""
Draw = Callable[[Axes, pl.DataFrame], None]


def as_svg(draw: Draw, frame: pl.DataFrame) -> str:
    """One picture for a page."""
    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    draw(_plain_axes(figure.subplots()), frame)
    return svg_of(figure)


def all_on_one(drawn: list[tuple[Draw, pl.DataFrame]], title: str) -> Figure:
    """Several pictures in two columns."""
    n_rows = -(-len(drawn) // 2)
    figure = Figure(figsize=(2 * _WIDTH + 1, n_rows * (_HEIGHT + 0.4)), dpi=110, layout="constrained")
    places = figure.subplots(n_rows, 2, squeeze=False).flat
    for axes, (draw, frame) in zip(places, drawn, strict=False):
        draw(_plain_axes(axes), frame)
    for axes in list(places)[len(drawn) :]:
        axes.set_visible(False)
    figure.suptitle(title)
    return figure


def history(axes: Axes, weeks: pl.DataFrame) -> None:
    """Sales per week; weeks in which stock ran out are marked.

    Args:
        axes: Where.
        weeks: `week`, `sales_units`, `is_censored`, oldest first.
    """
    known = weeks.drop_nulls("sales_units")
    axes.step(known["week"].to_list(), known["sales_units"].to_list(), where="mid", color=_OURS, label="sold")
    censored = known.filter("is_censored")
    axes.plot(censored["week"].to_list(), censored["sales_units"].to_list(), ".", color=_WARNING, label="stock ran out")
    axes.set(title="Sold so far", ylabel="units a week", ylim=(0, None))
    _dates(axes)


def demand_fan(axes: Axes, weeks: pl.DataFrame) -> None:
    """Demand to come: median and the intervals of 50, 80 and 95 %.

    Args:
        axes: Where.
        weeks: `week` and the columns `demand_qNNN`, in order.
    """
    mondays = weeks["week"].to_list()
    for low, high, alpha in _BANDS:
        axes.fill_between(mondays, weeks[f"demand_q{low}"].to_list(), weeks[f"demand_q{high}"].to_list(), step="mid", color=_OURS, alpha=alpha, linewidth=0)
    axes.step(mondays, weeks["demand_q500"].to_list(), where="mid", color=_OURS, label="median")
    axes.set(title="Demand to come: 50 · 80 · 95 %", ylabel="units a week", ylim=(0, None))
    _dates(axes)


def projected_stock(axes: Axes, weeks: pl.DataFrame) -> None:
    """Stock at each week's end at mean demand, with today's order and without it, and what arrives.

    Args:
        axes: Where.
        weeks: `week`, `stock_with_order_units`, `stock_without_order_units`, `inbound_units`, `ordered_units`.
    """
    mondays = weeks["week"].to_list()
    axes.bar(mondays, weeks["inbound_units"].to_list(), width=3, color=_SUPPLY, alpha=0.6, label="on its way")
    axes.plot(mondays, weeks["stock_without_order_units"].to_list(), color=_OTHER, linestyle="--", label="without the order")
    axes.plot(mondays, weeks["stock_with_order_units"].to_list(), color=_OURS, label="with the order")
    for monday in weeks.filter(pl.col("ordered_units") > 0)["week"].to_list():
        axes.axvline(monday, color=_OURS, linewidth=0.8, linestyle=":", label="the order arrives")
    axes.set(title="Stock at mean demand", ylabel="units", ylim=(0, None))
    _dates(axes)


def objective_curve(axes: Axes, points: pl.DataFrame) -> None:
    """What is minimised, by the quantity ordered today.

    Args:
        axes: Where.
        points: `order_units`, `objective_eur` and `is_recommended`, quantities rising.
    """
    axes.plot(points["order_units"].to_list(), points["objective_eur"].to_list(), color=_OURS, marker=".")
    chosen = points.filter("is_recommended")
    axes.plot(chosen["order_units"].to_list(), chosen["objective_eur"].to_list(), "o", color=_SUPPLY, label="recommended")
    axes.set(title="What is minimised, by today's order", xlabel="units ordered today", ylabel="EUR")
    axes.legend(fontsize="small", frameon=False)


def alternatives(axes: Axes, rows: pl.DataFrame) -> None:
    """What else could be done, and what it would cost more, ± two standard errors.

    Args:
        axes: Where.
        rows: `alternative`, `difference_eur`, `standard_error_eur`.
    """
    shown = rows.reverse()
    errors: Any = [2 * error for error in shown["standard_error_eur"]]
    axes.barh(shown["alternative"].to_list(), shown["difference_eur"].to_list(), xerr=errors, color="#d9822b", capsize=2)
    axes.axvline(0.0, color=_OTHER, linewidth=0.8)
    axes.set(title="What else would cost more", xlabel="EUR")


def costs(axes: Axes, terms: pl.DataFrame) -> None:
    """Expected cost of the horizon by term.

    Args:
        axes: Where.
        terms: `term`, `expected_cost_eur`.
    """
    shown = terms.reverse()
    axes.barh(shown["term"].to_list(), shown["expected_cost_eur"].to_list(), color=_OURS)
    axes.set(title="Expected cost over 12 weeks", xlabel="EUR")


def _plain_axes(axes: Axes) -> Axes:
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _dates(axes: Axes) -> None:
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.legend(fontsize="small", frameon=False)
