"""How much of each week of the horizon is left to sell in: from the decision day on, and up to an announced last day on sale."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.calendar import first_horizon_week
from domain.stage_tables import HORIZON_WEEKS
from ml.preprocessing.visible import SERIES_KEY

FloatArray = npt.NDArray[np.float64]
_WEEK_DAYS = 7


def share_of_weeks_left(series: pl.DataFrame, articles: pl.DataFrame, *, decision_date: date, cutoff: date) -> FloatArray:
    """Days of each week that are still to come and on sale, over seven `(n_series, 12)`, in the order of `series`.

    Args:
        series: Keys.
        articles: The contract's table: `end_of_life_date` is the last day on sale. One before the horizon bounds nothing here: the forecast knows it.
        decision_date: Its day counts as still to come.
        cutoff: The forecast's; week 0 follows it.
    """
    first = first_horizon_week(cutoff)
    ahead = articles.filter(pl.col("end_of_life_date") >= first).select(*SERIES_KEY, "end_of_life_date")
    last_day = series.join(ahead, on=SERIES_KEY, how="left", maintain_order="left")["end_of_life_date"]
    far = first + timedelta(weeks=HORIZON_WEEKS)
    end = np.asarray((last_day.fill_null(far) - first).dt.total_days().to_numpy(), dtype=np.int64)[:, None] + 1
    monday = _WEEK_DAYS * np.arange(HORIZON_WEEKS)[None, :]
    begin = np.maximum(monday, (decision_date - first).days)
    return np.asarray(np.clip(np.minimum(end, monday + _WEEK_DAYS) - begin, 0, _WEEK_DAYS) / _WEEK_DAYS)
