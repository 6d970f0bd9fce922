"""What a series looks like from one week (the origin): levels, spread, rhythm, stock-outs, price. Through MLForecast.

MLForecast refuses unknown values, and an unknown week must not count as zero. So moving means are ratios: the mean
of `units · known` over the mean of `known`, with zeros where a week is unknown, is the mean of the known weeks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from mlforecast import MLForecast
from mlforecast.lag_transforms import ExponentiallyWeightedMean, RollingMax, RollingMean

from ml.transformation.panel import BoolArray, FloatArray, IntArray, Panel

SCALE_WEEKS = 52
SCALE_PRIOR_UNITS = 1.0
"""The scale counts one extra week of one unit: it is never zero, and a first week of 100 units is not taken at its
word. A constant, not a group's mean: a series' rows must not depend on which other series share its shard."""
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
    """Mean weekly units of the last 52 observed weeks, shrunk toward one unit."""
    in_units: Mapping[str, FloatArray]
    """Divided by the scale before the model sees them."""
    plain: Mapping[str, FloatArray]
    """Shares, ages and ratios: free of units already."""


def origin_features(panel: Panel, *, n_threads: int) -> OriginFeatures:
    """All features of all origins of a panel; NaN where history says nothing.

    Demand that stock cut off (a lower bound) counts in the lags, the maxima and the scale, where it is true as it
    stands; means, spread and rhythm rest on known weeks only. `n_threads` does not change a digit.
    """
    row = np.arange(len(panel.series))
    rolled = _roll_all(panel, n_threads=n_threads)
    known, units = rolled["known"], rolled["units"]
    means = {f"mean_{w}": _ratio(units[f"mean_{w}"], known[f"mean_{w}"]) for w in MEAN_WEEKS}
    in_units = means | {"smoothed": _ratio(units["smoothed"], known["smoothed"])}
    in_units |= {f"std_{w}": _deviation(_ratio(rolled["squares"][f"mean_{w}"], known[f"mean_{w}"]), means[f"mean_{w}"]) for w in STD_WEEKS}
    in_units |= {f"max_{w}": rolled["observed_units"][f"max_{w}"] for w in MAX_WEEKS}
    in_units |= _lags(rolled)
    plain = {f"non_zero_rate_{w}": _ratio(rolled["sold"][f"mean_{w}"], known[f"mean_{w}"]) for w in NON_ZERO_WEEKS}
    plain |= {"stock_out_share_13": rolled["censored"]["mean_13"], "is_censored": panel.is_censored.astype(np.float64)}
    plain |= {"weeks_since_sale": (row - _last_true(panel.sales_units > 0, panel)).astype(np.float64)}
    plain |= {"age_weeks": np.minimum(row - panel.start[panel.series], OLDEST_AGE_WEEKS).astype(np.float64)}
    scale = _scale(rolled, age_weeks=row - panel.start[panel.series])
    plain |= {"log_scale": np.log(scale), "promotion": panel.promotion, "price_ratio": _price_ratio(panel, rolled)}
    return OriginFeatures(scale, in_units, plain)


def _roll_all(panel: Panel, *, n_threads: int) -> dict[str, dict[str, FloatArray]]:
    """Every moving figure that the features are made of, by what it is taken of."""
    known, observed = panel.is_known, panel.is_observed
    units = np.where(observed, panel.sales_units, 0.0)
    priced = ~np.isnan(panel.unit_price_eur)
    means = {f"mean_{w}": RollingMean(w, min_samples=1) for w in MEAN_WEEKS} | {"smoothed": ExponentiallyWeightedMean(SMOOTHING)}
    year = {"mean_52": RollingMean(52, min_samples=1)}
    lags = {f"lag_{lag}": lag + 1 for lag in range(N_LAGS)}
    plan: dict[str, tuple[npt.NDArray[Any], Mapping[str, Any], Mapping[str, int]]] = {
        "units": (units * known, means, {}),
        "known": (known * 1.0, means, {}),
        "squares": (units**2 * known, {f"mean_{w}": RollingMean(w, min_samples=1) for w in STD_WEEKS}, {}),
        "sold": ((units > 0) * known * 1.0, {f"mean_{w}": RollingMean(w, min_samples=1) for w in NON_ZERO_WEEKS}, {}),
        "observed": (observed * 1.0, year, lags),
        "observed_units": (units, year | {f"max_{w}": RollingMax(w, min_samples=1) for w in MAX_WEEKS}, lags),
        "censored": (panel.is_censored * 1.0, {"mean_13": RollingMean(13, min_samples=1)}, {}),
        "price": (np.where(priced, panel.unit_price_eur, 0.0), year, {}),
        "priced": (priced * 1.0, year, {}),
    }
    return {name: _roll(panel, values, transforms, lags, n_threads=n_threads) for name, (values, transforms, lags) in plan.items()}


def _roll(panel: Panel, values: npt.NDArray[Any], transforms: Mapping[str, Any], lags: Mapping[str, int], *, n_threads: int) -> dict[str, FloatArray]:
    """MLForecast's lag features of one value, by name, aligned with the panel's rows.

    MLForecast's row of week w + 1 holds what is known at the end of week w. So each series gets one more week, whose
    own value nobody reads, and every row takes the features of the row after it.
    """
    of_row = np.arange(len(values)) + panel.series
    longer = np.zeros(len(values) + len(panel.start))
    longer[of_row] = values
    series = np.repeat(np.arange(len(panel.start)), panel.length + 1)
    step = np.arange(len(longer)) - np.repeat(panel.start + np.arange(len(panel.start)), panel.length + 1)
    forecaster = MLForecast(
        models=[], freq=1, lags=list(lags.values()), lag_transforms={1: list(transforms.values())} if transforms else None, num_threads=n_threads
    )
    frame = pl.DataFrame({"unique_id": series, "ds": step, "y": longer})
    features: Any = forecaster.preprocess(frame, static_features=[], dropna=False, validate_data=False)
    names: Sequence[str] = features.columns[3:]
    return {name: features[column].to_numpy()[of_row + 1] for name, column in zip([*lags, *transforms], names, strict=True)}


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Their ratio; NaN where no week counts (a share below one week in a thousand is rounding, not a week)."""
    counts = denominator > 1e-3
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=counts)


def _deviation(mean_square: FloatArray, mean: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(mean_square - mean**2, 0.0))


def _lags(rolled: Mapping[str, Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    names = [f"lag_{lag}" for lag in range(N_LAGS)]
    return {name: np.where(rolled["observed"][name] == 1, rolled["observed_units"][name], np.nan) for name in names}


def _scale(rolled: Mapping[str, Mapping[str, FloatArray]], *, age_weeks: IntArray) -> FloatArray:
    window = np.minimum(age_weeks + 1, SCALE_WEEKS)
    total, weeks = rolled["observed_units"]["mean_52"] * window, rolled["observed"]["mean_52"] * window
    return np.asarray((total + SCALE_PRIOR_UNITS) / (weeks + 1))


def _last_true(is_true: BoolArray, panel: Panel) -> IntArray:
    """Latest row of the series up to each row where the condition held; the series' first row where it never did."""
    return np.asarray(np.maximum.accumulate(np.where(is_true, np.arange(len(is_true)), panel.start[panel.series])))


def _price_ratio(panel: Panel, rolled: Mapping[str, Mapping[str, FloatArray]]) -> FloatArray:
    """Latest price over the mean price of the last 52 weeks."""
    latest = panel.unit_price_eur[_last_true(~np.isnan(panel.unit_price_eur), panel)]
    return _ratio(latest, _ratio(rolled["price"]["mean_52"], rolled["priced"]["mean_52"]))
