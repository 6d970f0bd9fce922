"""Drift of forecasts: loss, error and bias against their own past and against the simplest forecast; coverage by level; uniformity of the PIT."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.drift_tables import MARKET
from domain.forecast_tables import NewestWeekTallies
from domain.quantiles import QUANTILE_LEVELS
from domain.settings import DriftSettings
from quality.drift.history import DriftCheck, Figures, judge

FloatArray = npt.NDArray[np.float64]

_PARTS_PER_CELL = 1_000_000
_LEAST_RATIO = 1e-3
_WATCHED_LEVELS = (0.1, 0.5, 0.9)


class WeekOfTallies(NamedTuple):
    """Tallies of all shards of one week."""

    week: date
    tallies: Sequence[pl.DataFrame]


def judge_forecast(weeks: Sequence[WeekOfTallies], *, week: date, settings: DriftSettings) -> pl.DataFrame:
    """Verdicts on one week's forecast, made a week ahead.

    Args:
        weeks: The week and those before it that were judged, oldest first.
        week: Monday of the week.
        settings: Thresholds.

    Returns:
        `drift_tables.DriftChecks`, sorted; no rows where the week, or too many of those before, were not forecast.
    """
    sums = [(each.week, found) for each in weeks if (found := _sums(each.tallies)) is not None and found.n_cells >= settings.fewest_cells]
    if not sums or sums[-1][0] != week:
        return judge([], on=week, settings=settings)
    return judge(_figures([found for _, found in sums], settings), on=week, settings=settings)


class _Sums(NamedTuple):
    n_cells: int
    actual_units: int
    loss_parts: int
    absolute_error_units: int
    mean_error_milliunits: int
    baseline_error_milliunits: int
    coverage: FloatArray


def _sums(tallies: Sequence[pl.DataFrame]) -> _Sums | None:
    whole = pl.concat([NewestWeekTallies.create_empty(), *tallies])
    if not int(whole["actual_units"].sum()) or not int(whole["baseline_error_milliunits"].sum()):
        return None
    below = np.array(whole["below_parts"].to_list(), dtype=np.float64).sum(axis=0) / _PARTS_PER_CELL
    totals = {name: int(whole[name].sum()) for name in _Sums._fields if name != "coverage"}
    return _Sums(**totals, coverage=below / totals["n_cells"])


def _figures(sums: Sequence[_Sums], settings: DriftSettings) -> Iterator[Figures]:
    """Statistics, each with its past."""
    change, n_cells = settings.forecast_change, sums[-1].n_cells
    told = f" ({n_cells:,} series)"

    def logs(part: str, whole: str) -> list[float]:
        return [float(np.log((getattr(each, part) + 1) / (getattr(each, whole) + 1))) for each in sums]

    yield Figures(
        DriftCheck("loss_to_baseline", change, "logarithm of pinball loss over the baseline's error", "rise"),
        MARKET,
        logs("loss_parts", "baseline_error_milliunits"),
        told,
    )
    yield Figures(
        DriftCheck("error_to_baseline", change, "logarithm of absolute error over the baseline's", "rise"),
        MARKET,
        logs("absolute_error_units", "baseline_error_milliunits"),
        told,
    )
    yield Figures(DriftCheck("forecast_loss", change, "logarithm of pinball loss over demand", "rise"), MARKET, logs("loss_parts", "actual_units"), told)
    yield Figures(
        DriftCheck("forecast_error", change, "logarithm of absolute error over demand", "rise"), MARKET, logs("absolute_error_units", "actual_units"), told
    )
    # As a logarithm: twice the demand is as far off as half of it, and the weeks in which demand falls do not stand out more than those in which it rises.
    bias = [float(np.log(max(each.mean_error_milliunits / 1_000 / each.actual_units + 1, _LEAST_RATIO))) for each in sums]
    yield Figures(DriftCheck("forecast_bias", change, "logarithm of mean forecast over demand", "change"), MARKET, bias, told)
    for level in _WATCHED_LEVELS:
        place = int(np.searchsorted(QUANTILE_LEVELS, level))
        values, noise = [float(each.coverage[place]) for each in sums], float(np.sqrt(level * (1 - level) / n_cells))
        yield Figures(
            DriftCheck("level_coverage", settings.coverage_change, "share at or below the level", "change"), f"level {level:g}", values, told, noise=noise
        )
    apart = [float(np.abs(each.coverage - QUANTILE_LEVELS).max()) for each in sums]
    check = DriftCheck("pit_uniformity", settings.coverage_change, "largest distance of the PIT from uniform", "rise")
    yield Figures(check, MARKET, apart, told, noise=0.5 / float(np.sqrt(n_cells)))
