"""Forecasts of articles without a sale, judged on the synthetic market: writes docs/reference/cold_start.md.

python -m benchmarks.cold_start [--out docs/reference/cold_start.md]
"""

import argparse
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from domain.settings import Settings
from ml.evaluation.cold_start import METHODS, PRIOR, cold_start_sums
from ml.evaluation.figures import pooled_figures
from sources.folder import read_source
from sources.market import write_market

SEEDS = (7, 11, 19)
FIRST_CUTOFF = date(2024, 12, 2)
N_CUTOFFS = 10
WEEKS_BETWEEN = 9
LAST_WEEK = date(2026, 9, 28)


def measured() -> pl.DataFrame:
    """Sums of every method over all cutoffs and markets."""
    cutoffs = [FIRST_CUTOFF + timedelta(weeks=WEEKS_BETWEEN * position) for position in range(N_CUTOFFS)]
    parts = []
    for seed in SEEDS:
        with tempfile.TemporaryDirectory(prefix="replenish-") as folder:
            write_market(n_merchants=6, n_articles=200, n_weeks=156, seed=seed, out=Path(folder))
            tables = read_source(folder, today=datetime.now(UTC).date()).frames
        parts.append(cold_start_sums(tables, cutoffs, last_week=LAST_WEEK, settings=Settings()).with_columns(seed=pl.lit(str(seed))))
    return pl.concat(parts)


def page(sums: pl.DataFrame) -> str:
    """The table of all methods."""
    lines = [
        "# Cold start: articles without a sale",
        "",
        "Written by `python -m benchmarks.cold_start`; never edited by hand.",
        f"Three synthetic markets (6 merchants × 200 articles each, seeds {', '.join(map(str, SEEDS))}); {N_CUTOFFS} cutoffs, {WEEKS_BETWEEN} weeks apart from {FIRST_CUTOFF}.",
        "Articles launched after a cutoff are forecast from what others sold",
        "in the twelve weeks after their own launch (`ml/forecasting/analogues.py`) and judged on their first twelve weeks, over known demand.",
        "",
        "| method | scaled_crps | ece | wape | bias | n_cells | " + " | ".join(f"scaled_crps, seed {seed}" for seed in SEEDS) + " |",
        "|" + "---|" * (6 + len(SEEDS)),
    ]
    for method in (*METHODS, PRIOR):
        own = sums.filter(pl.col("method") == method)
        figures = pooled_figures(own.drop("seed"))
        by_seed = [pooled_figures(own.filter(pl.col("seed") == str(seed)).drop("seed"))["scaled_crps"] for seed in SEEDS]
        numbers = [figures[name] for name in ("scaled_crps", "ece", "wape", "bias")]
        cells = [*(f"{number:.4f}" for number in numbers), f"{figures['n_cells']:,}", *(f"{number:.4f}" for number in by_seed)]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/reference/cold_start.md"))
    parser.parse_args().out.write_text(page(measured()), encoding="utf-8")


if __name__ == "__main__":
    main()
