"""Pictures of a backtest as PNG data URIs: a report needs no network and no second file. Object API of matplotlib, no global state."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quality.pictures import data_uri

_DPI = 110
_OURS, _OTHERS = "#1f5fa8", "#8a8f98"
_LINES = ("#d9822b", "#3b8c5a", "#8a4f9e", "#b0413e", "#6b7280")


def frontier(points: Mapping[str, tuple[float, float]], *, ours: str) -> str:
    """Fill rate against cost per series and week, a dot per contestant, the policies as they are by name: left and up is better.

    Args:
        points: By contestant: cost, EUR, and fill rate.
        ours: The contestant to be stressed.
    """
    figure, axes = _new(7.6, 4.4)
    for name, (cost, fill) in points.items():
        axes.scatter(cost, 100 * fill, color=_OURS if name == ours else _OTHERS, s=60 if name == ours else 36, zorder=3)
    _name_apart(axes, [(cost, 100 * fill, name) for name, (cost, fill) in points.items() if "," not in name and "one-shot" not in name], ours=ours)
    axes.set(xlabel="cost, EUR per series and week", ylabel="fill rate, weighted by price, %")
    axes.margins(x=0.18)
    return data_uri(figure)


def _name_apart(axes: Axes, points: Sequence[tuple[float, float, str]], *, ours: str) -> None:
    """Names beside their dots, moved up where the one below would be covered."""
    heights = [height for _, height, _ in points]
    least, lowest = (max(heights) - min(heights) or 1.0) / 22, float("-inf")
    for cost, height, name in sorted(points, key=lambda point: point[1]):
        lowest = max(height, lowest + least)
        axes.text(cost, lowest, f"   {name}", va="center", fontsize=8, color=_OURS if name == ours else "#333333")


def merchant_uplift(uplifts: pl.DataFrame, *, title: str) -> str:
    """Uplift of each merchant, sorted: a bar each.

    Args:
        uplifts: Of `tables.uplift_by_merchant`.
        title: What the uplift is of.
    """
    rows = uplifts.drop_nulls("uplift").sort("uplift", "merchant_id")
    figure, axes = _new(7.6, 3.4)
    percents = [100 * value for value in rows["uplift"]]
    axes.bar(range(rows.height), percents, color=[_OURS if value >= 0 else "#c0504d" for value in percents])
    axes.set_xticks(range(rows.height), rows["merchant_id"].to_list(), rotation=90, fontsize=7)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(ylabel=f"{title}, %")
    return data_uri(figure)


def over_time(values: Mapping[str, Sequence[float]], starts: Sequence[date], *, ours: str, title: str) -> str:
    """A line per contestant over the start dates.

    Args:
        values: By contestant, a share per start date.
        starts: Start dates.
        ours: The contestant to be stressed.
        title: Of the vertical axis.
    """
    figure, axes = _new(7.6, 3.4)
    for place, (name, shares) in enumerate(values.items()):
        is_ours = name == ours
        style: dict[str, Any] = {"color": _OURS, "linewidth": 2.2, "zorder": 4} if is_ours else {"color": _LINES[place % len(_LINES)], "linewidth": 1.1}
        axes.plot([start.isoformat() for start in starts], [100 * share for share in shares], marker="o", markersize=3, label=name, **style)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.tick_params(axis="x", rotation=45, labelsize=7)
    axes.set(ylabel=f"{title}, %")
    axes.legend(fontsize=7, frameon=False, ncols=3)
    return data_uri(figure)


def uplift_distribution(shares: Sequence[float], *, title: str) -> str:
    """How many series gained how much: a histogram between −100 % and +100 %, the ends collect the rest."""
    figure, axes = _new(7.6, 3.0)
    clipped = [max(-100.0, min(100.0, 100 * share)) for share in shares]
    axes.hist(clipped, bins=40, range=(-100, 100), color=_OURS)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(xlabel=f"{title}, %", ylabel="series")
    return data_uri(figure)


def _new(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
