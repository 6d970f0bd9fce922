"""The calibration gate: does the forecast hold as often as it says, per segment and per week ahead?

A mis-calibrated distribution does more harm than a point forecast, so this is judged and shown every week, against thresholds of the settings.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from domain.forecast_tables import ALL_SEGMENTS, ALL_WEEKS, Calibration, ForecastTallies
from domain.quantiles import QUANTILE_LEVELS
from domain.settings import CalibrationSettings
from ml.monitoring.tallies import PARTS_PER_CELL, PARTS_PER_UNIT

_TENTH, _NINE_TENTHS = (int(np.searchsorted(QUANTILE_LEVELS, level)) for level in (0.1, 0.9))
_NOMINAL_COVERAGE = 0.8


def judge_calibration(tallies: Sequence[pl.DataFrame], settings: CalibrationSettings) -> pl.DataFrame:
    """Figures and verdicts per segment, per week ahead, and of both together.

    Args:
        tallies: `forecast_tables.ForecastTallies` of all shards, of one cutoff; may be empty.
        settings: Thresholds.

    Returns:
        `forecast_tables.Calibration`, sorted: empty segment = all of them, week 0 = all of them. Verdicts on segments and on weeks
        ahead; a segment's single weeks are shown without one. No rows where nothing was judged.
    """
    sums = pl.concat([ForecastTallies.create_empty(), *tallies])
    keys = [(segment, week) for segment in [ALL_SEGMENTS, *sums["segment"].unique().sort()] for week in [ALL_WEEKS, *sums["horizon_week"].unique().sort()]]
    rows = [_row(segment, week, _chosen(sums, segment, week), settings) for segment, week in keys]
    return Calibration.validate(pl.DataFrame([row for row in rows if row["n_cells"]], schema=Calibration.create_empty().schema))


def _chosen(sums: pl.DataFrame, segment: str, week: int) -> pl.DataFrame:
    of_segment = sums if segment == ALL_SEGMENTS else sums.filter(pl.col("segment") == segment)
    return of_segment if week == ALL_WEEKS else of_segment.filter(pl.col("horizon_week") == week)


def _row(segment: str, week: int, sums: pl.DataFrame, settings: CalibrationSettings) -> dict[str, Any]:
    n_cells = int(sums["n_cells"].sum())
    if not n_cells:
        return {"n_cells": 0}
    coverage = np.array(sums["below_parts"].to_list(), dtype=np.int64).sum(axis=0) / PARTS_PER_CELL / n_cells
    units = int(sums["actual_units"].sum())
    error, inside = float(np.abs(coverage - QUANTILE_LEVELS).mean()), float(coverage[_NINE_TENTHS] - coverage[_TENTH])
    is_gate = segment == ALL_SEGMENTS or week == ALL_WEEKS
    faults = _faults(error, inside, settings)
    return {
        "segment": segment,
        "horizon_week": week,
        "cutoff": sums["cutoff"][0],
        "n_cells": n_cells,
        "calibration_error": error,
        "coverage_80": inside,
        "scaled_crps": 2 * int(sums["loss_parts"].sum()) / PARTS_PER_UNIT / units if units else None,
        "wape": int(sums["absolute_error_units"].sum()) / units if units else None,
        "bias": int(sums["mean_error_milliunits"].sum()) / 1_000 / units if units else None,
        "level_coverage": coverage.tolist(),
        "is_calibrated": not faults if is_gate and n_cells >= settings.fewest_cells else None,
        "faults": faults,
    }


def _faults(error: float, inside: float, settings: CalibrationSettings) -> str:
    found = [f"calibration error {error:.3f} above {settings.largest_error:g}"] if error > settings.largest_error else []
    if abs(inside - _NOMINAL_COVERAGE) > settings.coverage_tolerance:
        found.append(f"80 % interval holds {inside:.0%} of the time")
    return "; ".join(found)
