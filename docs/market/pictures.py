"""The pictures of the comparison page. Object API of matplotlib, no global state; the same figures give the same bytes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from docs.market.panels import Panel
from quality.panel_statistics import DEMAND_CLASSES, SERIES_KEY, autocorrelation, season_profile

LAGS = (1, 4, 8, 13, 26, 39, 52)
_SIZE, _DPI = (6.4, 3.0), 90
_COLOURS = ("tab:green", "tab:olive", "tab:orange", "tab:red")


def draw_pictures(panels: Sequence[Panel], folder: Path) -> None:
    """Write every picture of `PICTURES` as `market_<name>.png`."""
    for name, draw in PICTURES.items():
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        axes = figure.subplots()
        draw(axes, panels)
        FigureCanvasAgg(figure).print_png(folder / f"market_{name}.png", metadata={"Software": None})


def demand_classes(axes: Axes, panels: Sequence[Panel]) -> None:
    """Shares of the demand classes, one bar per panel."""
    names = [panel.name for panel in panels]
    left = np.zeros(len(panels))
    for name, colour in zip(DEMAND_CLASSES, _COLOURS, strict=True):
        shares = np.array([panel.figures[f"{name}_share"] or 0.0 for panel in panels])
        axes.barh(names, shares, left=left, label=name, color=colour)
        left += shares
    axes.invert_yaxis()
    axes.set(xlabel="share of series", xlim=(0, 1))
    axes.legend(ncols=len(DEMAND_CLASSES), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize="small")


def correlations(axes: Axes, panels: Sequence[Panel]) -> None:
    """Median autocorrelation over the series, by lag."""
    for panel, style in _styled(panels):
        found = {lag: autocorrelation(panel.weekly, lag=lag)["autocorrelation"] for lag in LAGS}
        known = {lag: values.median() for lag, values in found.items() if values.len()}
        axes.plot(list(known), list(known.values()), marker=".", label=panel.name, **style)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set(xlabel="lag in weeks", ylabel="median autocorrelation", xticks=LAGS)
    axes.legend(frameon=False, fontsize="small")


def season(axes: Axes, panels: Sequence[Panel]) -> None:
    """Mean season of each panel's total, where it is two years long."""
    for panel, style in _styled(panels):
        totals = panel.weekly.drop_nulls("sales_units").group_by("week").agg(pl.col("sales_units").sum()).sort("week")
        profile = season_profile(totals)
        if not profile.is_empty():
            axes.plot(profile["week_of_year"].to_numpy(), profile["index"].to_numpy(), label=panel.name, **style)
    axes.set(xlabel="week of the year", ylabel="units, trend = 1")
    axes.legend(frameon=False, fontsize="small")


def concentration(axes: Axes, panels: Sequence[Panel]) -> None:
    """Cumulated share of the units that the best-selling series hold."""
    for panel, style in _styled(panels):
        totals = panel.weekly.group_by(SERIES_KEY).agg(pl.col("sales_units").sum())["sales_units"].sort(descending=True).to_numpy()
        axes.plot(np.arange(1, totals.size + 1) / totals.size, np.cumsum(totals) / totals.sum(), label=panel.name, **style)
    axes.set(xlabel="share of series, best-selling first", ylabel="share of units", xlim=(0, 1), ylim=(0, 1))
    axes.legend(frameon=False, fontsize="small")


def return_lags(axes: Axes, panels: Sequence[Panel]) -> None:
    """Share of the returns that have come back so many days after the sale."""
    for panel, style in _styled(panels):
        days = panel.return_lag_days.to_numpy()
        if days.size:
            axes.plot(days, np.arange(1, days.size + 1) / days.size, label=panel.name, **style)
    axes.set(xlabel="days from sale to return", ylabel="share of returns", xlim=(0, 120), ylim=(0, 1))
    axes.legend(frameon=False, fontsize="small")


def _styled(panels: Sequence[Panel]) -> Iterator[tuple[Panel, dict[str, str]]]:
    """Each panel with its own colour in every picture; published ones are dashed."""
    for index, panel in enumerate(panels):
        yield panel, {"color": f"C{index}", "linestyle": "-" if panel.is_market else "--"}


PICTURES: Mapping[str, Callable[[Axes, Sequence[Panel]], None]] = {
    "demand_classes": demand_classes,
    "concentration": concentration,
    "autocorrelation": correlations,
    "season": season,
    "return_lags": return_lags,
}
