"""What each family of features is worth: quantile trees trained without it, at cutoffs that no other page reports.

python -m benchmarks.forecast_features [--data ../shared/data] [--out docs/reference/forecast_features.md] [PANEL …]
"""

import argparse
import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.forecast_accuracy import PANELS
from domain.settings import ForecastSettings
from domain.stage_tables import HORIZON_WEEKS
from ml.forecasting.boosters import feature_matrix, predictor, train_boosters
from ml.forecasting.calibration import read_nominal
from ml.forecasting.prediction import rising_units
from ml.metrics import scaled_crps
from ml.preprocessing import build_weekly_demand, without_unit_errors
from ml.preprocessing.visible import SERIES_KEY
from ml.transformation import build_inference_rows, build_training_sample
from ml.transformation.feature_rows import SCALE_COLUMN, feature_names
from ml.transformation.training_sample import training_weights
from sources.folder import read_source

CUTOFFS: Mapping[str, date] = {
    "dominicks": date(1992, 3, 30),
    "retailer": date(2011, 7, 4),
    "market": date(2026, 4, 13),
    "favorita": date(2015, 2, 23),
}
SETTINGS = ForecastSettings(n_training_rows=30_000, n_threads=1)
N_TREES = 60
FAMILIES: Mapping[str, str] = {
    "calendar": "^(sin|cos)_|day",
    "groups: market and merchant": "^(market|merchant)_",
    "groups: article": "^article_",
    "own last years": "^(same|near|around)_week|^level_last_year|^year_ago|^last_years|^projected",
    "usual weeks": "^usual_",
    "rhythm (non-zero rates, weeks since a sale)": "^non_zero|^weeks_since",
    "spread and maxima": "^(std|max)_",
    "lags": "^lag_",
    "price and promotion": "^(price|promotion)",
    "stock-outs": "^stock_out|^is_censored",
    "age and scale": "^age_|^log_scale",
}
NOISE = "the same in another order (noise)"
"""Half of the features are drawn per tree, so their order changes the trees and nothing else."""


class _Cutoff(NamedTuple):
    """One panel at one cutoff."""

    sample: pl.DataFrame
    rows: pl.DataFrame
    """Feature rows of the cells that are judged, with `actual_units`."""


def losses_of(panel: str, data: Path) -> dict[str, float]:
    """Scaled CRPS with all features and without each family."""
    seen = _read(panel, data)
    names = feature_names(seen.sample)
    chosen = {"all features": names, NOISE: names[::-1]}
    chosen |= {f"without {family}": [name for name in names if not re.search(pattern, name)] for family, pattern in FAMILIES.items()}
    return {label: _loss(seen, own) for label, own in chosen.items()}


def _read(panel: str, data: Path) -> _Cutoff:
    with tempfile.TemporaryDirectory(prefix="replenish-") as folder:
        PANELS[panel].write(data, Path(folder))
        tables = read_source(folder, today=datetime.now(UTC).date()).frames
    cutoff = CUTOFFS[panel]
    seen, later = (
        without_unit_errors(build_weekly_demand(tables, cutoff=end, history_weeks=weeks))
        for end, weeks in ((cutoff, SETTINGS.history_weeks), (cutoff + timedelta(weeks=HORIZON_WEEKS), SETTINGS.history_weeks + HORIZON_WEEKS))
    )
    known = later.filter(pl.col("week") > cutoff, pl.col("sales_units").is_not_null(), ~pl.col("is_censored"))
    ahead = ((pl.col("week") - pl.lit(cutoff)).dt.total_days() // 7).alias("horizon_week")
    actual = known.select(*SERIES_KEY, ahead, actual_units=pl.col("sales_units").cast(pl.Float64))
    rows = build_inference_rows(seen, cutoff=cutoff, settings=SETTINGS).join(actual, on=[*SERIES_KEY, "horizon_week"], maintain_order="left")
    return _Cutoff(build_training_sample(seen, cutoff=cutoff, settings=SETTINGS), rows)


def _loss(seen: _Cutoff, names: list[str]) -> float:
    weight = training_weights(seen.sample, n_training_rows=SETTINGS.n_training_rows)
    target = seen.sample["target"].to_numpy()
    boosters = train_boosters(feature_matrix(seen.sample, names), target, weight, names=names, n_trees=N_TREES, settings=SETTINGS)
    features, scale = feature_matrix(seen.rows, names), seen.rows[SCALE_COLUMN].to_numpy()
    predicted = np.column_stack([predictor(text, n_threads=SETTINGS.n_threads)(features) for text in boosters.quantiles])
    quantiles: npt.NDArray[np.float64] = np.floor(read_nominal(rising_units(predicted, scale)) + 0.5)
    return scaled_crps(seen.rows["actual_units"].to_numpy(), quantiles)


def write_page(losses: Mapping[str, Mapping[str, float]], out: Path) -> None:
    """One row per family, one column per panel: scaled CRPS, and how much worse than with all features."""
    labels = list(next(iter(losses.values())))
    lines = [
        "# What each family of features is worth",
        "",
        f"Written by `python -m benchmarks.forecast_features`; never edited by hand. Scaled CRPS of the quantile trees alone ({N_TREES} trees, {SETTINGS.n_training_rows:,} rows, not",
        "calibrated, rounded) at cutoffs that no other page reports; in brackets the change when the family is left out. What is below the noise row says nothing.",
        "",
        "| features | " + " | ".join(f"{panel} {CUTOFFS[panel]}" for panel in losses) + " |",
        "|" + "---|" * (1 + len(losses)),
    ]
    for label in labels:
        cells = [f"{own[label]:.4f} ({100 * (own[label] / own[labels[0]] - 1):+.1f} %)" for own in losses.values()]
        lines.append("| " + " | ".join([label, *cells]) + " |")
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Measure the panels and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("panels", nargs="*", default=list(CUTOFFS), help="panels to measure (default: all)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("docs/reference/forecast_features.md"))
    given = parser.parse_args()
    losses: dict[str, dict[str, float]] = {}
    for panel in given.panels:
        losses[panel] = losses_of(panel, given.data)
        print(panel, losses[panel], flush=True)
        write_page(losses, given.out)


if __name__ == "__main__":
    main()
