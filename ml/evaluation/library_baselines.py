"""Baselines fitted by statsforecast: a model search per series, far slower than what is written out in `baselines.py`, so only for evaluations.

Importing the library takes 6 s: nothing does until a forecast is asked for.
"""

from collections.abc import Mapping
from importlib import import_module

import numpy as np
import numpy.typing as npt

from domain.quantiles import QUANTILE_LEVELS
from ml.evaluation.baselines import Baseline, finished, last_52_weeks

FloatArray = npt.NDArray[np.float64]

FEWEST_WEEKS = 10
"""Known weeks below which the library has no model for a series."""
_INTERVALS = [int(level) for level in np.round(100 * (2 * QUANTILE_LEVELS[QUANTILE_LEVELS > 0.5] - 1))]
"""Central intervals in per cent, narrow to wide: their ends are the 38 quantiles around the median."""


def auto_ets(units: FloatArray, n_ahead: int) -> FloatArray:
    """Exponential smoothing whose trend and damping AICc selects for each series [ETS(A,·,N)], with the model's own intervals.

    Errors are additive: with multiplicative ones (the library's default search) a few intermittent series on Dominick's and at the
    retailer get quantiles of billions. Unknown weeks are left out; series too short or without any change take their last 52 weeks.
    """
    model = import_module("statsforecast.models").AutoETS(season_length=1, model="AZN")
    quantiles = last_52_weeks(units, n_ahead)
    for place, row in enumerate(units):
        known = row[~np.isnan(row)]
        if len(known) >= FEWEST_WEEKS and np.ptp(known) > 0:
            quantiles[place] = finished(_quantiles(model.forecast(y=known, h=n_ahead, level=_INTERVALS)))
    return quantiles


def _quantiles(answer: Mapping[str, FloatArray]) -> FloatArray:
    """The library's intervals as quantiles `(n_ahead, 39)`."""
    below, above = ([answer[f"{side}-{percent}"] for percent in _INTERVALS] for side in ("lo", "hi"))
    return np.column_stack([*reversed(below), answer["mean"], *above])


LIBRARY_BASELINES: Mapping[str, Baseline] = {"auto_ets": auto_ets}
