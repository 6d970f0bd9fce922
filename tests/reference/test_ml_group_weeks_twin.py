"""The groups' season and trend against a twin that walks through the rows of one group."""

import math
from datetime import date

import numpy as np
import pytest
from dateutil.easter import easter

from domain.settings import ForecastSettings
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows
from ml.transformation.calendar_features import easter_day
from ml.transformation.group_weeks import FEWEST_SERIES
from tests.weekly_tables import MONDAY, panel_tables, week

N_WEEKS = 130
CUTOFF = 120


def twin(rows: list[dict[str, object]], first: int, last: int) -> float:
    """Units per known series and week of weeks first … last of one group; NaN where too few series are known."""
    inside = [row["sales_units"] for row in rows if week(first) <= row["week"] <= week(last)]  # type: ignore[operator]
    return sum(inside) / len(inside) if first >= 0 and len(inside) >= FEWEST_SERIES * (last - first + 1) else math.nan  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "key"), [("market", None), ("merchant", "merchant_id"), ("article", "article_id")])
def test_group_features_equal_the_twin(kind: str, key: str | None):
    demand = build_weekly_demand(panel_tables(n_series=25, n_weeks=N_WEEKS, seed=4), cutoff=week(CUTOFF), history_weeks=156)
    assert demand["week"].min() == MONDAY
    known = [row for row in demand.iter_rows(named=True) if row["sales_units"] is not None and not row["is_censored"]]
    features = build_inference_rows(demand, cutoff=week(CUTOFF), settings=ForecastSettings(n_threads=1))
    for row in features.filter(features["horizon_week"].is_in([1, 7, 12])).iter_rows(named=True):
        rows = [other for other in known if key is None or other[key] == row[key]]
        target = CUTOFF + row["horizon_week"] - 52
        now, then = twin(rows, CUTOFF - 7, CUTOFF), twin(rows, CUTOFF - 59, CUTOFF - 52)
        expected = {
            "same_week_last_year": twin(rows, target, target) / then,
            "near_week_last_year": twin(rows, target - 1, target + 1) / then,
            "around_week_last_year": twin(rows, target - 3, target + 3) / then,
            "near_week_two_years_ago": twin(rows, target - 53, target - 51) / twin(rows, CUTOFF - 111, CUTOFF - 104),
            "last_two_weeks": twin(rows, CUTOFF - 1, CUTOFF) / now,
            "level_over_year": now / twin(rows, CUTOFF - 51, CUTOFF),
            "level_over_last_year": now / then,
        }
        for name, value in expected.items():
            assert row[f"{kind}_{name}"] == pytest.approx(value, rel=1e-5, nan_ok=True), (row["article_id"], name)
            assert math.isnan(value) == (kind == "article")  # every article of this panel has one merchant


def test_easter_is_easter():
    years = np.arange(1990, 2080)
    assert [date(1970, 1, 1).toordinal() + int(day) for day in easter_day(years)] == [easter(int(year)).toordinal() for year in years]
