"""Accuracy and calibration at fixed past cutoffs of four panels: writes docs/reference/forecast_accuracy.md.

python -m benchmarks.forecast_accuracy [--data ../shared/data] [--out docs/reference/forecast_accuracy.md] [--threads 1] [PANEL …]

The models of a cutoff are trained once; the rows of the ablation are other readings of the same models.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure

from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS
from domain.settings import ForecastSettings, Settings
from ml.evaluation import evaluate_cutoffs, figures_by, forecasters_of, pooled_figures
from ml.evaluation.baselines import BASELINES
from ml.evaluation.figures import level_shares
from ml.evaluation.plain_forecaster import plain_forecast
from ml.evaluation.walk_forward import MODEL, Forecaster
from ml.forecasting import forecast_demand, train_models
from ml.forecasting.blend import MEASURED_WEIGHTS, Corrections, Weights, blended_quantiles
from ml.forecasting.model_table import read_models
from ml.forecasting.prediction import predict_routes
from ml.transformation import build_inference_rows, build_training_sample
from sources.dominicks import convert_dominicks
from sources.folder import read_source
from sources.market import write_market
from sources.online_retail import convert_online_retail
from sources.weekly_panel import convert_weekly_panel

PLAIN = "plain MLForecast + LightGBM"
ABLATIONS: Mapping[str, Weights] = {
    "quantile trees alone, not calibrated": Weights(1, 0, 0, 0),
    "quantile trees alone, calibrated": Weights(0, 1, 0, 0),
    "level sets alone": Weights(0, 0, 1, 0),
    "calibrated trees and level sets, without the usual weeks": MEASURED_WEIGHTS._replace(usual=0.0),
    "trees half calibrated, level sets, usual weeks": Weights(0.375, 0.375, 0.25),
    "usual weeks a fifth everywhere": MEASURED_WEIGHTS._replace(usual=0.2),
}
UNROUNDED = "the blend, not rounded"


class Panel(NamedTuple):
    """A panel and the cutoffs at which it is judged."""

    write: Callable[[Path, Path], object]
    """Published data folder, target folder → the data contract's tables."""
    cutoffs: tuple[str, ...]


PANELS: Mapping[str, Panel] = {
    "dominicks": Panel(lambda data, out: convert_dominicks(data / "dominicks_orange_juice", out=out), ("1991-09-02", "1992-01-06", "1992-06-29")),
    "retailer": Panel(
        lambda data, out: convert_online_retail(data / "online_retail" / "online_retail_2010-12_2011-12.parquet", out=out),
        ("2011-05-30", "2011-08-01", "2011-09-05"),
    ),
    "market": Panel(lambda _, out: write_market(n_merchants=6, n_articles=200, n_weeks=156, seed=7, out=out), ("2025-10-06", "2026-02-02", "2026-06-29")),
    "favorita": Panel(
        lambda data, out: convert_weekly_panel(
            data / "favorita_21_stores" / "favorita_21stores_weekly.parquet",
            out=out,
            merchant="store_idx",
            article="product_idx",
            week="week_start_inferred",
            units="units",
        ),
        ("2015-06-08", "2015-10-19", "2016-01-11"),
    ),
}
FAVORITA_TARGET = ("2015-10-19", "2016-01-11")
"""The two cutoffs that the lab's hand-made blends were measured at."""


def evaluate_panel(name: str, data: Path, *, settings: Settings, tell: Callable[[str], None]) -> pl.DataFrame:
    """Sums of every method at the panel's cutoffs."""
    with tempfile.TemporaryDirectory(prefix="replenish-") as folder:
        PANELS[name].write(data, Path(folder))
        tables = read_source(folder, today=datetime.now(UTC).date()).frames
    chosen = forecasters_of(settings) | readings_of_one_training(settings.forecast) | {PLAIN: partial(plain_forecast, n_threads=settings.forecast.n_threads)}
    cutoffs = [date.fromisoformat(text) for text in PANELS[name].cutoffs]
    sums = evaluate_cutoffs(tables, cutoffs, settings=settings, forecasters=chosen, on_progress=lambda step: tell(f"{name}: {step}"))
    return sums.with_columns(panel=pl.lit(name))


def readings_of_one_training(settings: ForecastSettings) -> dict[str, Forecaster]:
    """The product's forecast and its ablations, all read from models trained once per cutoff."""

    @lru_cache(maxsize=1)
    def trained(cutoff: date, demand: _Identity) -> _Trained:
        models = train_models(build_training_sample(demand.frame, cutoff=cutoff, settings=settings), settings=settings)
        rows = build_inference_rows(demand.frame, cutoff=cutoff, settings=settings)
        read = read_models(models, rows, n_threads=settings.n_threads)
        whole = forecast_demand(demand.frame, rows, models, cutoff=cutoff, settings=settings)
        return _Trained(rows, whole, read.corrections, *predict_routes(read, rows))

    def own(demand: pl.DataFrame, cutoff: date) -> pl.DataFrame:
        return trained(cutoff, _Identity(demand)).whole

    def reading(weights: Weights, *, rounded: bool) -> Forecaster:
        def forecast(demand: pl.DataFrame, cutoff: date) -> pl.DataFrame:
            once = trained(cutoff, _Identity(demand))
            quantiles = blended_quantiles(once.trained, once.mean_units, once.cells, once.rows, corrections=once.corrections, weights=weights)
            columns = pl.DataFrame(np.floor(quantiles + 0.5) if rounded else quantiles, schema=QUANTILE_COLUMNS)
            by_trees = pl.col("model") == "lightgbm"
            wide = once.whole.hstack(columns.rename(lambda column: f"read_{column}"))
            return wide.with_columns(pl.when(by_trees).then(pl.col(f"read_{column}")).otherwise(pl.col(column)).alias(column) for column in QUANTILE_COLUMNS)

        return forecast

    readings = {name: reading(weights, rounded=True) for name, weights in ABLATIONS.items()}
    return {MODEL: own, **readings, UNROUNDED: reading(MEASURED_WEIGHTS, rounded=False)}


class _Trained(NamedTuple):
    """One cutoff's models, applied once."""

    rows: pl.DataFrame
    whole: pl.DataFrame
    """The product's own forecast."""
    corrections: Corrections | None
    trained: npt.NDArray[np.float64]
    mean_units: npt.NDArray[np.float64] | None
    cells: npt.NDArray[np.int64]


class _Identity:
    """A frame that a cache knows again by being the same object."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.frame is other.frame

    def __hash__(self) -> int:
        return id(self.frame)


def write_page(sums: pl.DataFrame, out: Path) -> None:
    """The tables of all panels in `sums`."""
    lines = [
        "# Forecast accuracy",
        "",
        "Written by `python -m benchmarks.forecast_accuracy`; never edited by hand. Every cutoff trains anew on what could be seen then and is judged on the 12 weeks after it,",
        "over the cells whose demand is known. Definitions: `ml/metrics.py` and docs/explanation/forecast.md.",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}.",
    ]
    for panel in [name for name in PANELS if name in set(sums["panel"])]:
        lines += _panel_lines(panel, sums.filter(pl.col("panel") == panel).drop("panel"))
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_picture(sums: pl.DataFrame, out: Path) -> None:
    """Reliability: share of actuals below each quantile against its level, per panel."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for panel in [name for name in PANELS if name in set(sums["panel"])]:
        own = sums.filter(pl.col("panel") == panel, pl.col("method") == MODEL)
        axes.plot(QUANTILE_LEVELS, level_shares(own), marker=".", label=panel)
    axes.set(xlabel="level τ", ylabel="share of randomised PITs up to τ", title="Calibration of the forecast, all cutoffs")
    axes.legend()
    figure.savefig(out, dpi=110)


def _panel_lines(panel: str, sums: pl.DataFrame) -> list[str]:
    total = figures_by(sums, "method")
    own, mine = total[MODEL], sums.filter(pl.col("method") == MODEL)
    lines = ["", f"## {panel}", "", f"Cutoffs {', '.join(mine['cutoff'].unique().sort())}; {own['n_cells']:,} cells."]
    missing = sorted(set(PANELS[panel].cutoffs) - set(mine["cutoff"]))
    lines += ["", f"Not judged in this run: {', '.join(missing)}."] if missing else []
    if panel == "favorita":
        target = pooled_figures(sums.filter(pl.col("method") == MODEL, pl.col("cutoff").is_in(FAVORITA_TARGET)))
        lines += ["", f"At {' and '.join(FAVORITA_TARGET)} alone: spl {target['spl']:.4f}, scaled CRPS {target['scaled_crps']:.4f}, ECE {target['ece']:.4f}."]
    methods = [MODEL, *({PLAIN} & set(total)), *sorted(BASELINES, key=lambda name: total[name]["scaled_crps"])]
    lines += ["", *_table("method", {name: total[name] for name in methods}, against=own["scaled_crps"])]
    lines += [
        "",
        "Same models, other readings:",
        "",
        *_table("reading", {name: total[name] for name in (MODEL, *ABLATIONS, UNROUNDED)}, against=own["scaled_crps"]),
    ]
    lines += ["", *_table("cutoff", figures_by(mine, "cutoff")), "", *_table("segment", figures_by(mine, "segment"))]
    by_week = figures_by(mine, "horizon_week")
    lines += ["", "ECE by horizon week: " + ", ".join(f"{week}: {figures['ece']:.3f}" for week, figures in by_week.items())]
    return lines


def _table(key: str, rows: Mapping[str, Mapping[str, float]], *, against: float | None = None) -> list[str]:
    names = ("scaled_crps", "spl", "ece", "wape", "bias", "rmse", "n_cells")
    last = ["product is better by"] if against is not None else []
    lines = ["| " + " | ".join([key, *names, *last]) + " |", "|" + "---|" * (1 + len(names) + len(last))]
    for name, figures in rows.items():
        cells = [f"{figures[column]:,}" if column == "n_cells" else f"{figures[column]:.4f}" for column in names]
        gain = [f"{100 * (1 - against / figures['scaled_crps']):+.1f} %"] if against is not None else []
        lines.append("| " + " | ".join([str(name), *cells, *gain]) + " |")
    return lines


def main() -> None:
    """Evaluate the panels and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("panels", nargs="*", default=list(PANELS), help="panels to judge (default: all)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("docs/reference/forecast_accuracy.md"))
    parser.add_argument("--picture", type=Path, default=Path("docs/images/forecast_reliability.png"))
    parser.add_argument("--threads", type=int, default=1, help="threads; changes no figure")
    given = parser.parse_args()
    settings = Settings(forecast=ForecastSettings(n_threads=given.threads))
    sums: list[pl.DataFrame] = []
    for name in given.panels:
        sums.append(evaluate_panel(name, given.data, settings=settings, tell=lambda step: print(f"{datetime.now(UTC):%H:%M:%S}  {step}", flush=True)))
        # After every panel: an interrupted run leaves a page of whole panels.
        write_page(pl.concat(sums), given.out)
        write_picture(pl.concat(sums), given.picture)


if __name__ == "__main__":
    main()
