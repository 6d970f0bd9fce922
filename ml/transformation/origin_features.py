"""What a series looks like from one week (the origin): levels, spread, rhythm, stock-outs, price. By MLForecast's transforms.

The transforms run on coreforecast, MLForecast's engine, directly and with lag 0: row w holds what is known at the end of
week w. MLForecast's own `preprocess` refuses unknown values and builds a frame per call, which took four fifths of the time. An unknown
week counts neither as zero nor as a week: the transforms leave it out.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from coreforecast.grouped_array import GroupedArray
from coreforecast.lag_transforms import ExponentiallyWeightedMean, Lag, RollingMax, RollingMean

from ml.transformation.group_weeks import GroupHistory, article_levels
from ml.transformation.panel import BoolArray, FloatArray, IntArray, Panel

SCALE_WEEKS = 52
SCALE_PRIOR_UNITS = 1.0
"""The scale counts one extra week of one unit: it is never zero, and a first week of 100 units is not taken at its word."""
LEAST_PRIOR_UNITS = 0.1
"""The extra week of an article that hardly sells anywhere."""
YOUNG_WEEKS = 8
"""Observed weeks before which the extra week leans to what the article sells elsewhere, the less the more weeks are known."""
OLDEST_AGE_WEEKS = 52
"""Age stops counting here: beyond it the trees would meet ages in use that no training row had."""
MEAN_WEEKS = (2, 3, 4, 7, 8, 13, 26, 52)
STD_WEEKS = (13, 52)
MAX_WEEKS = (13, 52)
NON_ZERO_WEEKS = (8, 52)
SMOOTHING = 0.3
N_LAGS = 4


class OriginFeatures(NamedTuple):
    """Features of every series × week of a panel, seen from that week; all arrays `(n_rows,)`."""

    scale_units: FloatArray
    """Mean weekly units of the last 52 observed weeks, shrunk toward the article's level while young, toward one unit later."""
    in_units: Mapping[str, FloatArray]
    """Divided by the scale before the model sees them."""
    plain: Mapping[str, FloatArray]
    """Shares, ages and ratios: free of units already."""


class _Rolling:
    """Moving figures of values aligned with a panel's rows; NaN = left out."""

    def __init__(self, panel: Panel, values: FloatArray, *, n_threads: int) -> None:
        self._groups = GroupedArray(values, np.append(panel.start, len(values)), num_threads=n_threads)

    def mean(self, n_weeks: int) -> FloatArray:
        """Of the known ones of the last weeks; NaN where there are none."""
        return np.asarray(RollingMean(lag=0, window_size=n_weeks, min_samples=1, skipna=True).transform(self._groups))

    def maximum(self, n_weeks: int) -> FloatArray:
        """As `mean`."""
        return np.asarray(RollingMax(lag=0, window_size=n_weeks, min_samples=1, skipna=True).transform(self._groups))

    def smoothed(self, share: float) -> FloatArray:
        """Exponentially weighted mean from the first week on."""
        return np.asarray(ExponentiallyWeightedMean(lag=0, alpha=share).transform(self._groups))

    def earlier(self, n_weeks: int) -> FloatArray:
        """The value some weeks ago; NaN before the series began."""
        return np.asarray(Lag(n_weeks).transform(self._groups))


def origin_features(panel: Panel, histories: Mapping[str, GroupHistory], *, n_threads: int) -> OriginFeatures:
    """All features of all origins of a panel; NaN where history says nothing.

    From a series' own history, but for a young one's scale, which leans to the level of its article in the groups' `histories`.

    Demand that stock cut off (a lower bound) counts in the lags, the maxima and the scale, where it is true as it
    stands; means, spread and rhythm rest on known weeks only. `n_threads` does not change a digit.
    """
    known_units: FloatArray = np.where(panel.is_known, panel.sales_units, np.nan)
    known, squares, observed = (_Rolling(panel, values, n_threads=n_threads) for values in (known_units, known_units**2, panel.sales_units))
    sold = _Rolling(panel, np.where(panel.is_known, (panel.sales_units > 0) * 1.0, np.nan), n_threads=n_threads)
    censored = _Rolling(panel, panel.is_censored.astype(np.float64), n_threads=n_threads)
    means = {f"mean_{w}": known.mean(w) for w in MEAN_WEEKS}
    in_units = means | {"smoothed": _smoothed(panel, known_units, n_threads=n_threads)}
    in_units |= {f"std_{w}": _deviation(squares.mean(w), means[f"mean_{w}"]) for w in STD_WEEKS}
    in_units |= {f"max_{w}": observed.maximum(w) for w in MAX_WEEKS}
    in_units |= {"lag_0": panel.sales_units} | {f"lag_{lag}": observed.earlier(lag) for lag in range(1, N_LAGS)}
    plain = {f"non_zero_rate_{w}": sold.mean(w) for w in NON_ZERO_WEEKS}
    plain |= {"stock_out_share_13": censored.mean(13), "is_censored": panel.is_censored.astype(np.float64)}
    return OriginFeatures(*_with_ages(panel, histories, in_units, plain, n_threads=n_threads))


def _with_ages(
    panel: Panel, histories: Mapping[str, GroupHistory], in_units: Mapping[str, FloatArray], plain: Mapping[str, FloatArray], *, n_threads: int
) -> tuple[FloatArray, Mapping[str, FloatArray], Mapping[str, FloatArray]]:
    """The scale, and what counts weeks or compares prices."""
    row = np.arange(len(panel.series))
    age_weeks = row - panel.start[panel.series]
    scale = _scale(panel, histories, age_weeks, n_threads=n_threads)
    of_time = {
        "weeks_since_sale": (row - _last_true(panel.sales_units > 0, panel)).astype(np.float64),
        "age_weeks": np.minimum(age_weeks, OLDEST_AGE_WEEKS).astype(np.float64),
        "log_scale": np.log(scale),
        "promotion": panel.promotion,
        "price_ratio": _price_ratio(panel, n_threads=n_threads),
    }
    return scale, in_units, {**plain, **of_time}


def _smoothed(panel: Panel, known_units: FloatArray, *, n_threads: int) -> FloatArray:
    """Smoothed units of the known weeks: the smoothed units, unknown ones zero, over the smoothed share of known weeks."""
    units = _Rolling(panel, np.nan_to_num(known_units), n_threads=n_threads).smoothed(SMOOTHING)
    return _ratio(units, _Rolling(panel, panel.is_known.astype(np.float64), n_threads=n_threads).smoothed(SMOOTHING))


def _scale(panel: Panel, histories: Mapping[str, GroupHistory], age_weeks: IntArray, *, n_threads: int) -> FloatArray:
    window = np.minimum(age_weeks + 1, SCALE_WEEKS)
    weeks = np.rint(_Rolling(panel, panel.is_observed.astype(np.float64), n_threads=n_threads).mean(SCALE_WEEKS) * window)
    mean = np.nan_to_num(_Rolling(panel, panel.sales_units, n_threads=n_threads).mean(SCALE_WEEKS))
    return np.asarray((mean * weeks + _extra_week(panel, histories, weeks)) / (weeks + 1))


def _extra_week(panel: Panel, histories: Mapping[str, GroupHistory], weeks: FloatArray) -> FloatArray:
    """Units of the week that the scale counts beside the observed ones `(n_rows,)`."""
    units = np.full(len(weeks), SCALE_PRIOR_UNITS)
    young = np.flatnonzero(weeks < YOUNG_WEEKS)
    elsewhere = article_levels(histories, panel, row=young)
    lean = np.where(np.isnan(elsewhere), 0.0, 1 - weeks[young] / YOUNG_WEEKS)
    units[young] += lean * np.nan_to_num(elsewhere - SCALE_PRIOR_UNITS)
    return np.asarray(np.maximum(units, LEAST_PRIOR_UNITS))


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Their ratio; NaN where no week counts (a share below one week in a thousand is rounding, not a week)."""
    counts = denominator > 1e-3
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=counts)


def _deviation(mean_square: FloatArray, mean: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(mean_square - mean**2, 0.0))


def _last_true(is_true: BoolArray, panel: Panel) -> IntArray:
    """Latest row of the series up to each row where the condition held; the series' first row where it never did."""
    return np.asarray(np.maximum.accumulate(np.where(is_true, np.arange(len(is_true)), panel.start[panel.series])))


def _price_ratio(panel: Panel, *, n_threads: int) -> FloatArray:
    """Latest price over the mean price of the last 52 weeks."""
    latest = panel.unit_price_eur[_last_true(~np.isnan(panel.unit_price_eur), panel)]
    usual = np.nan_to_num(_Rolling(panel, panel.unit_price_eur, n_threads=n_threads).mean(SCALE_WEEKS))
    return _ratio(latest, usual)
