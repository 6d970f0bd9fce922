"""A statistic against its own past: the verdict that every drift check comes to.

The median and the median absolute deviation of the periods before say what is usual; a season or a growing market is in both, a single
odd week in neither. A threshold is at least an absolute size that matters, so that a figure that never moves is not alarmed by a hair.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.drift_tables import DriftChecks
from domain.settings import DriftSettings

TO_STANDARD_DEVIATION = 1.4826
"""Of the median absolute deviation of a normal distribution."""
_HABIT = 0.9
Side = Literal["level", "rise", "fall", "change"]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DriftCheck:
    """What one check allows."""

    name: str
    least: float
    """Smallest breach: a value, or a distance from the reference."""
    words: str
    """What the statistic is, for the evidence."""
    side: Side = "level"
    """level: the value itself; rise, fall: its distance above, below the reference; change: on either side."""
    is_blocking: bool = False
    has_weekly_rhythm: bool = False
    """Whether one weekday differs from the others: a level then lies above the largest of the past, by what chance may add."""
    deviations_below: float | None = None
    """Robust standard deviations below the reference, where other than the settings'."""


@dataclass(frozen=True)
class Figures:
    """A statistic of one scope, oldest first; the last one is judged."""

    check: DriftCheck
    scope: str
    values: Sequence[float]
    evidence: str = ""
    noise: float = 0.0
    """Standard deviation that the size of the sample alone brings."""
    a_year_ago: Sequence[float] = ()
    """The statistic in the same season of last year: what came then is no news now."""


def judge(figures: Iterable[Figures], *, on: date, settings: DriftSettings) -> pl.DataFrame:
    """Verdicts on the last value of each.

    Args:
        figures: Statistics with their past; those with too short a past are left out.
        on: The week or day of the last values.
        settings: How long a past, how far from it.

    Returns:
        `drift_tables.DriftChecks`, sorted.
    """
    rows = [row for each in figures if (row := _row(each, on=on, settings=settings))]
    return DriftChecks.validate(pl.DataFrame(rows, schema=DriftChecks.create_empty().schema).sort("check", "scope"))


def _row(figures: Figures, *, on: date, settings: DriftSettings) -> Mapping[str, object] | None:
    *before, value = figures.values
    past = np.array(before[-settings.reference_periods :], dtype=np.float64)
    if past.size < settings.fewest_reference_periods or not math.isfinite(value):
        return None
    check = figures.check
    reference, threshold = _limits(figures, past, value, settings)
    is_breached = value > threshold if threshold >= reference else value < threshold
    n_periods = f"{past.size} before"
    return {
        "date": on,
        "check": check.name,
        "scope": figures.scope,
        "statistic": value,
        "reference": reference,
        "threshold": threshold,
        "is_breached": is_breached,
        "is_blocking": check.is_blocking and on not in settings.accepted_weeks,
        "evidence": f"{check.words}: {value:.3g}, median of the {n_periods} {reference:.3g}, limit {threshold:.3g}{figures.evidence}",
    }


def _limits(figures: Figures, past: FloatArray, value: float, settings: DriftSettings) -> tuple[float, float]:
    """Median, and threshold on the side on which the value lies (or on the only side that counts)."""
    check, median = figures.check, float(np.median(past))
    direction = -1.0 if check.side == "fall" or (check.side == "change" and value < median) else 1.0
    deviations = (check.deviations_below if direction < 0 else None) or settings.robust_deviations
    spread = deviations * max(TO_STANDARD_DEVIATION * float(np.median(np.abs(past - median))), figures.noise)
    if check.side == "level":
        habit = float(past.max()) + 2 * figures.noise if check.has_weekly_rhythm else float(np.quantile(past, _HABIT))
        return median, max(check.least, median + spread, habit)
    season = max((direction * (then - median) for then in figures.a_year_ago), default=0.0)
    return median, median + direction * max(check.least, spread, season + check.least / 2 if season > 0 else 0.0)
