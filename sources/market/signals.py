"""The world around the merchants: holidays, weather by region, consumer climate, a competitor's prices.

Demand depends on what really happens; the table `external_signals` says what could be known of it and from which day on.
"""

import datetime as dt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from dateutil.easter import easter  # type: ignore[import-untyped]

from domain.calendar import ONE_WEEK, sunday_of
from sources.market.merchants import Merchant
from sources.market.profiles import REGIONS
from sources.market.randomness import autoregression, generator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

EVENTS = ("christmas", "black_friday", "easter", "back_to_school")
WEEKS_AHEAD = 26
"""Holidays are known, and seasons planned, half a year beyond the last week."""
_FORECAST_ERROR_CELSIUS = 1.0


class World(NamedTuple):
    """What is true for all merchants; the last axis is weeks, from the first week to half a year after the last."""

    weeks: list[dt.date]
    events: FloatArray
    """`(4, n_weeks)` strength of each of `EVENTS`, 0 … 1."""
    temperature_celsius: FloatArray
    """`(3, n_weeks)` anomaly by region: degrees above the season's normal."""
    climate: FloatArray
    """`(n_weeks,)` consumer climate, mean 0, standard deviation 1."""

    @property
    def week_of_year(self) -> IntArray:
        """ISO week numbers."""
        return np.array([week.isocalendar().week for week in self.weeks])


def build_world(*, first_week: dt.date, n_weeks: int, seed: int) -> World:
    """Events and weather of `n_weeks` weeks, the last perhaps incomplete, and of the weeks in which they can be foreseen."""
    weeks = [first_week + index * ONE_WEEK for index in range(n_weeks + WEEKS_AHEAD)]
    stream = generator(seed, "world", 1)
    shared = autoregression(stream, shape=(1, len(weeks)), persistence=0.6, deviation=1.8)
    local = autoregression(stream, shape=(len(REGIONS), len(weeks)), persistence=0.6, deviation=0.9)
    climate = autoregression(stream, shape=(1, len(weeks)), persistence=0.97, deviation=1.0)[0]
    return World(weeks=weeks, events=np.array([_event_strengths(week) for week in weeks]).T, temperature_celsius=shared + local, climate=climate)


def _event_strengths(week: dt.date) -> list[float]:
    """Strength of each event in a week: how much of its trade falls into it, relative to its best week."""
    to_christmas = (dt.date(week.year, 12, 24) - week).days
    christmas = float(np.interp(to_christmas, [-7, 0, 7, 42], [0.0, 0.5, 1.0, 0.0], left=0.0, right=0.0))
    thanksgiving = dt.date(week.year, 11, 28) - dt.timedelta(days=(dt.date(week.year, 11, 28).weekday() - 3) % 7)
    black_friday = float(week <= thanksgiving + dt.timedelta(days=1) <= sunday_of(week))
    to_easter = (easter(week.year) - week).days
    before_easter = float(np.interp(to_easter, [0, 6, 13, 21], [0.0, 1.0, 0.6, 0.0], left=0.0, right=0.0))
    to_school = abs((dt.date(week.year, 8, 25) - week).days)
    return [christmas, black_friday, before_easter, max(1.0 - to_school / 28, 0.0)]


def competitor_prices(seed: int, number: int, n_weeks: int) -> FloatArray:
    """`(n_weeks,)` price level of a merchant's main competitor; 1 = as usual."""
    return np.asarray(np.exp(autoregression(generator(seed, "world", 2, number), shape=(1, n_weeks), persistence=0.85, deviation=0.06)[0]))


def shared_signals(world: World, *, last_day: dt.date) -> pl.DataFrame:
    """Signals that concern everybody: holidays, known a year ahead, and the climate of a week, published four weeks later."""
    events = [_signal(world.weeks, f"event_{name}", world.events[index], known_after_days=-364) for index, name in enumerate(EVENTS)]
    climate = _signal(world.weeks, "consumer_climate", world.climate, known_after_days=28)
    return pl.concat([*events, climate]).filter(pl.col("known_from") <= last_day)


def merchant_signals(world: World, merchant: Merchant, *, n_weeks: int, seed: int, last_day: dt.date) -> pl.DataFrame:
    """A merchant's weather (forecast on the Friday before, measured when the week is over) and its competitor's prices.

    Args:
        world: What really happens.
        merchant: Whom the signals concern.
        n_weeks: Weeks of the market.
        seed: Of the market.
        last_day: Only what was known on this day is told.
    """
    temperature = merchant.region_shares @ world.temperature_celsius
    errors = generator(seed, "world", 3, merchant.number).normal(0.0, _FORECAST_ERROR_CELSIUS, temperature.size)
    signals = [
        _signal(world.weeks, "temperature_anomaly_celsius", temperature, known_after_days=7),
        _signal(world.weeks, "temperature_forecast_celsius", temperature + errors, known_after_days=-3),
        _signal(world.weeks, "competitor_price_index", competitor_prices(seed, merchant.number, n_weeks), known_after_days=7),
    ]
    return pl.concat(signals).with_columns(pl.lit(merchant.merchant_id).alias("merchant_id")).filter(pl.col("known_from") <= last_day)


def _signal(weeks: list[dt.date], name: str, values: FloatArray, *, known_after_days: int) -> pl.DataFrame:
    frame = pl.DataFrame({"week": weeks[: values.size], "value": np.round(values, 3)}, schema_overrides={"week": pl.Date})
    known_from = (pl.col("week") + pl.duration(days=known_after_days)).alias("known_from")
    return frame.select("week", pl.lit(None, pl.String).alias("merchant_id"), pl.lit(name).alias("name"), "value", known_from)
