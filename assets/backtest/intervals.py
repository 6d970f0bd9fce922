"""Paired bootstrap: how far a ratio of sums would move with other merchants, or where there are few of them with other articles, too.

Two merchants drawn anew give two values and what lies between them: no interval. With fewer than ten, each drawn merchant's series are drawn
anew as well (a cluster bootstrap in two stages); a series keeps all its start dates.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Over = Literal["merchants", "series"]
FEWEST_MERCHANTS = 10
N_RESAMPLES = 2_000
CONFIDENCE = 0.95
_SEED = 17


class Interval(NamedTuple):
    """An estimate and the bounds of its 95 % interval; both bounds are NaN where there is a single series."""

    estimate: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """As percentages: +3.1 % [1.0, 5.2]."""
        if np.isnan(self.estimate):
            return "–"
        bounds = "" if np.isnan(self.low) else f" [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"
        return f"{100 * self.estimate:+.1f} %{bounds}"


def drawn_over(n_merchants: int) -> Over:
    """What is drawn anew for an interval."""
    return "merchants" if n_merchants >= FEWEST_MERCHANTS else "series"


def uplift(ours: FloatArray, theirs: FloatArray, merchants: npt.NDArray[np.str_]) -> Interval:
    """Σ ours / Σ theirs − 1 with its interval; a series is drawn with both its values.

    Args:
        ours: `(n_series,)` sums.
        theirs: Of the same series.
        merchants: Whose they are, sorted.
    """
    if not theirs.sum() > 0:
        return Interval(np.nan, np.nan, np.nan)
    estimate = float(ours.sum() / theirs.sum() - 1)
    starts, sizes = np.unique(merchants, return_index=True, return_counts=True)[1:]
    if drawn_over(len(sizes)) == "merchants":
        ours, theirs, sizes = np.add.reduceat(ours, starts), np.add.reduceat(theirs, starts), np.ones_like(sizes)
    if len(ours) < 2:
        return Interval(estimate, np.nan, np.nan)
    times = _times_drawn(tuple(sizes.tolist()))
    below = times @ theirs
    ratios = (times @ ours)[below > 0] / below[below > 0] - 1
    low, high = np.quantile(ratios, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(estimate, float(low), float(high))


@lru_cache(maxsize=8)
def _times_drawn(sizes: tuple[int, ...]) -> FloatArray:
    """How often each series is drawn `(N_RESAMPLES, n_series)`: merchants first, then the series of each drawn merchant.

    Args:
        sizes: Series of each merchant.
    """
    generator = np.random.default_rng(_SEED)
    merchants = generator.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=N_RESAMPLES)
    of_merchant = [generator.multinomial(merchants[:, place] * size, np.full(size, 1 / size)) for place, size in enumerate(sizes)]
    return np.concatenate(of_merchant, axis=1).astype(np.float64)
