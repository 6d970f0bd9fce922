"""Small pictures and tables for the Dagster UI: PNG data URIs in Markdown. Object API of matplotlib, no global state."""

from collections.abc import Iterable, Sequence

import dagster as dg
import polars as pl
from matplotlib.figure import Figure

from assets.sharding import SERIES_KEY
from domain.forecast_tables import ALL_SEGMENTS, ALL_WEEKS
from domain.quantiles import QUANTILE_LEVELS
from quality.pictures import data_uri

_WIDTH, _HEIGHT, _DPI = 5.2, 2.4, 72
_COST_TERMS = ("holding", "inbound", "outbound", "returns", "lost_sales", "overstock", "fixed_order")


def forecast_fan(forecast: pl.DataFrame) -> dg.MetadataValue:
    """Median and 50 %, 80 % and 95 % intervals of the series with the largest expected demand."""
    if forecast.is_empty():
        return dg.MetadataValue.md("no series in this shard")
    totals = forecast.group_by(SERIES_KEY).agg(pl.col("demand_mean_units").sum()).sort("demand_mean_units", *SERIES_KEY, descending=[True, False, False])
    merchant_id, article_id, _ = totals.row(0)
    rows = forecast.filter(pl.col("merchant_id") == merchant_id, pl.col("article_id") == article_id).sort("horizon_week")
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    weeks = rows["horizon_week"].to_numpy()
    for low, high, alpha in (("025", "975", 0.15), ("100", "900", 0.25), ("250", "750", 0.35)):
        axes.fill_between(weeks, rows[f"demand_q{low}"].to_numpy(), rows[f"demand_q{high}"].to_numpy(), color="tab:blue", alpha=alpha, linewidth=0)
    axes.plot(weeks, rows["demand_q500"].to_numpy(), color="tab:blue")
    axes.set(title=f"{merchant_id} / {article_id}: demand, 50 · 80 · 95 %", xlabel="weeks after the cutoff", ylabel="units", ylim=(0, None))
    return _as_markdown(figure)


def reliability_diagram(calibration: pl.DataFrame) -> dg.MetadataValue:
    """How often demand stayed at or below each level, per segment, against how often it should have."""
    rows = calibration.filter(pl.col("horizon_week") == ALL_WEEKS)
    if rows.is_empty():
        return dg.MetadataValue.md("no forecast of 12 weeks ago to judge")
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="tab:gray", linewidth=0.8)
    for segment, coverage in rows.select("segment", "level_coverage").iter_rows():
        is_all = segment == ALL_SEGMENTS
        axes.plot(QUANTILE_LEVELS, coverage, label="all" if is_all else segment, color="black" if is_all else None, linewidth=1.8 if is_all else 1.0)
    axes.set(title="forecast of 12 weeks ago: does it hold?", xlabel="level", ylabel="share at or below", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small", frameon=False)
    return _as_markdown(figure)


def accuracy_by_horizon(calibration: pl.DataFrame) -> dg.MetadataValue:
    """Scaled CRPS by week ahead, per segment."""
    rows = calibration.filter(pl.col("horizon_week") != ALL_WEEKS, pl.col("scaled_crps").is_not_null())
    if rows.is_empty():
        return dg.MetadataValue.md("no forecast of 12 weeks ago to judge")
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    for (segment,), own in rows.group_by("segment", maintain_order=True):
        is_all = segment == ALL_SEGMENTS
        label, color = ("all", "black") if is_all else (str(segment), None)
        axes.plot(own["horizon_week"].to_numpy(), own["scaled_crps"].to_numpy(), label=label, color=color, linewidth=1.8 if is_all else 1.0)
    axes.set(title="forecast of 12 weeks ago: error by week ahead", xlabel="weeks after its cutoff", ylabel="scaled CRPS", ylim=(0, None))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small", frameon=False)
    return _as_markdown(figure)


def expected_cost_chart(policies: pl.DataFrame) -> dg.MetadataValue:
    """Expected cost by term of the recommended policies, beside the cost of never ordering."""
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    bottom = 0.0
    for term in _COST_TERMS:
        euros = float(policies[f"expected_{term}_cost_eur"].sum())
        axes.bar(0, euros, bottom=bottom, width=0.6, label=term.replace("_", " "))
        bottom += euros
    axes.bar(1, float(policies["expected_cost_without_order_eur"].sum()), width=0.6, color="tab:gray")
    axes.set_xticks([0, 1], ["with orders", "without"])
    axes.set(title="expected cost over 12 weeks", ylabel="EUR", xlim=(-0.6, 3.0))
    axes.legend(loc="upper right", fontsize="small", frameon=False)
    return _as_markdown(figure)


def cost_curve_chart(curves: pl.DataFrame) -> dg.MetadataValue:
    """Cost of every order tried today above the recommended one, ± 2 standard errors, of the article where most is at stake."""
    if curves.is_empty():
        return dg.MetadataValue.md("no cost curves: evidence.n_paths_cost_curve is 0, or the shard has no series")
    stake = curves.group_by(SERIES_KEY).agg(pl.col("difference_eur").max()).sort("difference_eur", *SERIES_KEY, descending=[True, False, False])
    merchant_id, article_id, _ = stake.row(0)
    rows = curves.filter(pl.col("merchant_id") == merchant_id, pl.col("article_id") == article_id).sort("order_units")
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    units, euros, error = (rows[name].to_numpy() for name in ("order_units", "difference_eur", "standard_error_eur"))
    axes.fill_between(units, euros - 2 * error, euros + 2 * error, color="tab:blue", alpha=0.25, linewidth=0)
    axes.plot(units, euros, color="tab:blue", marker=".")
    axes.axhline(0.0, color="tab:gray", linewidth=0.8)
    axes.set(title=f"{merchant_id} / {article_id}: what another order would cost more", xlabel="units ordered today", ylabel="EUR")
    return _as_markdown(figure)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MetadataValue:
    """A table for the UI; says "none" where there are no rows."""
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    if not lines:
        return dg.MetadataValue.md("none")
    return dg.MetadataValue.md("\n".join(["| " + " | ".join(header) + " |", "|" + " --- |" * len(header), *lines]))


def _as_markdown(figure: Figure) -> dg.MetadataValue:
    return dg.MetadataValue.md(f"![plot]({data_uri(figure)})")
