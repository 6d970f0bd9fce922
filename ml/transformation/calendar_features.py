"""Where the target week stands in the year and in the month. Known for every future week: nothing here can leak."""

import numpy as np

from ml.transformation.panel import FloatArray, IntArray

_YEAR_DAYS = 365.25
_EASTER_WINDOW_DAYS = 70


def calendar_features(origin_day: IntArray, horizon: IntArray) -> dict[str, FloatArray]:
    """Season, day of month (pay days) and distance to Easter of the target week.

    Args:
        origin_day: `(n,)` Monday of the origin, in days since 1970-01-01.
        horizon: `(n,)` weeks ahead.
    """
    target_day = origin_day + 7 * horizon
    angle = 2 * np.pi * target_day / _YEAR_DAYS
    waves = {"sin_year": np.sin(angle), "cos_year": np.cos(angle), "sin_half_year": np.sin(2 * angle), "cos_half_year": np.cos(2 * angle)}
    year, month = _year_and_month(target_day)
    new_year = _day("Y", year - 1970)
    return waves | {
        "day_of_year": (target_day - new_year).astype(np.float64),
        "day_of_month": (target_day - _day("M", month)).astype(np.float64),
        "origin_day_of_month": (origin_day - _day("M", _year_and_month(origin_day)[1])).astype(np.float64),
        "days_to_easter": np.clip(easter_day(year) - target_day, -_EASTER_WINDOW_DAYS, _EASTER_WINDOW_DAYS).astype(np.float64),
    }


def easter_day(year: IntArray) -> IntArray:
    """Easter Sunday of Gregorian years, in days since 1970-01-01 (the anonymous algorithm; Meeus, 1991)."""
    a, b, c = year % 19, year // 100, year % 100
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - b // 4 - g + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    since_march = h + k - 7 * m + 21  # days after 1 March
    return np.asarray(_day("M", (year - 1970) * 12 + 2) + since_march)


def _year_and_month(day: IntArray) -> tuple[IntArray, IntArray]:
    """Year, and months since January 1970."""
    date = day.astype("datetime64[D]")
    return date.astype("datetime64[Y]").astype(np.int64) + 1970, date.astype("datetime64[M]").astype(np.int64)


def _day(unit: str, count: IntArray) -> IntArray:
    """First day of the year or month, in days since 1970-01-01."""
    return np.asarray(count.astype(f"datetime64[{unit}]").astype("datetime64[D]").astype(np.int64))
