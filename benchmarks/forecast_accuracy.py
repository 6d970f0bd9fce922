"""Accuracy and calibration of the forecast at past cutoffs of a source: the figures of docs/decisions/0007.

python -m benchmarks.forecast_accuracy DIR 2015-10-19 2016-01-11
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import Settings, load_settings
from domain.stage_tables import HORIZON_WEEKS
from ml import metrics
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand
from sources.folder import read_source

_KEY = ["merchant_id", "article_id"]


def run(source: str, cutoffs: list[date]) -> dict[str, Any]:
    """Score each cutoff's forecast on the weeks whose demand is known; definitions in `ml/metrics.py`."""
    tables, settings = read_source(source, today=datetime.now(UTC).date()).frames, load_settings()
    return {cutoff.isoformat(): _score(tables, cutoff, settings) for cutoff in cutoffs}


def _score(tables: Mapping[str, pl.DataFrame], cutoff: date, settings: Settings) -> dict[str, float]:
    end = cutoff + timedelta(weeks=HORIZON_WEEKS)
    demand = build_weekly_demand(tables, cutoff=end, history_weeks=settings.forecast.history_weeks + HORIZON_WEEKS)
    known = demand.filter(pl.col("sales_units").is_not_null(), ~pl.col("is_censored")).select(*_KEY, "week", "sales_units")
    rows = (
        forecast_from_tables(tables, cutoff=cutoff, settings=settings)
        .join(known, on=[*_KEY, "week"], how="inner")
        .join(_scale(demand, cutoff), on=_KEY, how="left")
    )
    actual, quantiles = rows["sales_units"].cast(pl.Float64).to_numpy(), rows.select(QUANTILE_COLUMNS).to_numpy()
    figures = {
        "spl": metrics.scaled_pinball_loss(actual, quantiles, scale=rows["scale"].to_numpy()),
        "scaled_crps": metrics.scaled_crps(actual, quantiles),
        "ece": metrics.calibration_error(actual, quantiles, generator=np.random.default_rng(1)),
        "coverage_80": metrics.interval_coverage(actual, quantiles),
        "wape": metrics.wape(actual, rows["demand_q500"].to_numpy()),
        "bias": metrics.bias(actual, rows["demand_mean_units"].to_numpy()),
    }
    return {name: round(value, 4) for name, value in figures.items()} | {"n_cells": rows.height}


def _scale(demand: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Mean |Δy| of each series up to the cutoff, units."""
    change = pl.col("sales_units").cast(pl.Float64).diff().abs().over(_KEY)
    return demand.sort(*_KEY, "week").with_columns(change=change).filter(pl.col("week") <= cutoff).group_by(_KEY).agg(scale=pl.col("change").mean())


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], [date.fromisoformat(text) for text in sys.argv[2:]]), indent=2))
