"""An evaluation as one nested report: per cutoff and in total, each method with its segments and horizon weeks."""

from typing import Any

import polars as pl

from ml.evaluation.figures import figures_by, pooled_figures
from ml.evaluation.walk_forward import MODEL


def evaluation_report(sums: pl.DataFrame) -> dict[str, Any]:
    """Figures of `evaluate_cutoffs`.

    Returns:
        `cutoffs` (by date, then method) and `total` (by method); each method's figures with `by_segment` and
        `by_horizon_week`; the best baseline by total scaled CRPS, and by what share the product's forecast beats it.
        The product's own total figures stand at the top, too.
    """
    total = _by_method(sums)
    own = {name: value for name, value in total[MODEL].items() if not name.startswith("by_")}
    scored = {name: total[name]["scaled_crps"] for name in total if name != MODEL and total[name]["scaled_crps"] is not None}
    best = min(scored, key=lambda name: scored[name]) if scored else None
    share = 1 - own["scaled_crps"] / scored[best] if best and scored[best] and own["scaled_crps"] is not None else None
    cutoffs = {cutoff: _by_method(sums.filter(pl.col("cutoff") == cutoff)) for cutoff in sums["cutoff"].unique().sort()}
    return {**own, "best_baseline": best, "better_than_best_baseline": share, "total": total, "cutoffs": cutoffs}


def _by_method(sums: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {method: _figures(sums.filter(pl.col("method") == method)) for method in sums["method"].unique(maintain_order=True)}


def _figures(sums: pl.DataFrame) -> dict[str, Any]:
    by_week = {str(week): figures for week, figures in figures_by(sums, "horizon_week").items()}
    return pooled_figures(sums) | {"by_segment": figures_by(sums, "segment"), "by_horizon_week": by_week}
