"""What customers want: planned demand, everything that disturbs it, prices, and the units of every day and warehouse."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import i0

from sources.market.assortment import COLLECTION, EVERGREEN, NOVELTY, Assortment, Period
from sources.market.merchants import Merchant
from sources.market.randomness import autoregression, generator
from sources.market.signals import EVENTS, World, competitor_prices

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_CLIMATE_EFFECT, _COMPETITOR_EFFECT = 0.05, 0.8
_PROMOTION_DEPTHS, _DISPLAY_UPLIFT, _DIP_AFTER_PROMOTION = (0.10, 0.15, 0.20, 0.25, 0.30, 0.40), 1.5, 0.88
_BLACK_FRIDAY, _BLACK_FRIDAY_DEPTH = EVENTS.index("black_friday"), 0.15
_MARKDOWNS = ((0.30, 0.30), (0.15, 0.50))
"""From this share of a collection's life left on, this share off the price."""
_BREAK_SHARE, _BREAK_DEVIATION = 0.12, 0.6
_SMALLEST_REGION_UNITS = 0.4
"""An article whose smallest region would sell fewer units a week is kept in the main warehouse only."""


class Prices(NamedTuple):
    """`(n_articles, n_weeks)` each."""

    price_eur: FloatArray
    uplift: FloatArray
    """Factor on demand: elasticity, display, and the dip afterwards."""


class Lanes(NamedTuple):
    """An article in a warehouse, sorted by article and region; arrays are `(n_lanes,)`."""

    article: IntArray
    region: IntArray
    """Index into `profiles.REGIONS`."""
    share: FloatArray
    """Share of the article's customers."""
    is_main: BoolArray
    """Whether the lane is the first of its article."""


def planned_demand(assortment: Assortment, merchant: Merchant, *, world: World, period: Period) -> FloatArray:
    """Mean weekly demand at list price that people could know of: rate × growth × season × holidays × life.

    Returns:
        `(n_articles, len(world.weeks))`: the weeks of the market, and those that its people plan ahead for.
    """
    weeks = np.arange(len(world.weeks))
    growth = np.exp(assortment.yearly_growth[:, None] * (weeks - period.n_weeks / 2) / 52)
    return np.asarray(assortment.rate_units[:, None] * growth * season_factors(assortment, merchant, world=world) * life_factors(assortment, weeks))


def season_factors(assortment: Assortment, merchant: Merchant, *, world: World) -> FloatArray:
    """Season and holidays, `(n_articles, len(world.weeks))`; the season's mean over a year is 1."""
    swing, peak = assortment.of_category(merchant, "swing")[:, None], assortment.of_category(merchant, "peak_week")[:, None]
    swing = np.where((assortment.life == COLLECTION)[:, None], 0.3 * swing, swing)  # a collection's season is its life
    season = np.exp(swing * np.cos(2 * np.pi * (world.week_of_year - peak) / 52.18)) / i0(swing)
    uplift = np.array([category.event_uplift for category in merchant.kind.categories])[assortment.category]
    return np.asarray(season * np.exp(uplift @ world.events))


def life_factors(assortment: Assortment, weeks: IntArray) -> FloatArray:
    """Rise and decay over an article's life, 0 outside of it, `(n_articles, n_weeks)` for these week indices."""
    launch, end = assortment.launch_week[:, None], assortment.end_week[:, None]
    age, length = np.maximum(weeks - launch, 0) + 0.5, end - launch
    in_peaks = age / (0.2 * length)
    shapes = {
        EVERGREEN: 1 + np.where(launch > 0, 0.8 * np.exp(-age / 8), 0.0),
        NOVELTY: 1.3 * np.maximum(in_peaks * np.exp(1 - in_peaks), 0.25),
        COLLECTION: 1.6 * np.minimum(0.4 + 0.2 * age, 1.0) * np.exp(-1.2 * age / length),
    }
    shape = np.select([(assortment.life == life)[:, None] for life in shapes], list(shapes.values()))
    return np.asarray(shape * ((weeks >= launch) & (weeks < end)))


def draw_prices(stream: np.random.Generator, assortment: Assortment, merchant: Merchant, *, world: World, period: Period) -> Prices:
    """Promotions of one or two weeks, Black Friday, and mark-downs at the end of a collection."""
    shape = (assortment.category.size, period.n_weeks)
    starts, lasts_two = stream.random(shape) < merchant.kind.promotion_share, stream.random(shape) < 0.5
    promotion = starts * stream.choice(_PROMOTION_DEPTHS, size=shape)
    promotion[:, 1:] = np.maximum(promotion[:, 1:], promotion[:, :-1] * lasts_two[:, :-1])
    joins = (stream.random(shape[0]) < merchant.kind.black_friday_share)[:, None]
    promotion = np.maximum(promotion, joins * world.events[_BLACK_FRIDAY, : period.n_weeks] * _BLACK_FRIDAY_DEPTH)
    discount = np.maximum(promotion, _markdowns(assortment, period))
    price = np.maximum(np.round(assortment.price_eur[:, None] * (1 - discount), 2), 0.01)
    uplift = (price / assortment.price_eur[:, None]) ** -assortment.elasticity[:, None] * np.where(promotion > 0, _DISPLAY_UPLIFT, 1.0)
    uplift[:, 1:] *= np.where((promotion[:, :-1] > 0) & (promotion[:, 1:] == 0), _DIP_AFTER_PROMOTION, 1.0)
    return Prices(price, uplift)


def _markdowns(assortment: Assortment, period: Period) -> FloatArray:
    """Share off the price at the end of a collection's life, `(n_articles, n_weeks)`."""
    length = (assortment.end_week - assortment.launch_week)[:, None]
    left = (assortment.end_week[:, None] - np.arange(period.n_weeks)) / length
    depth = np.zeros(left.shape)
    for share_left, share_off in _MARKDOWNS:
        depth = np.where((left > 0) & (left <= share_left), share_off, depth)
    return np.where((assortment.life == COLLECTION)[:, None], depth, 0.0)


def disturbances(stream: np.random.Generator, assortment: Assortment, shared_trend: FloatArray) -> FloatArray:
    """Factor on planned demand that nobody plans, `(n_articles, n_weeks)`: fashion of the day, an article's break, the merchant's trend."""
    shape = assortment.category.size, shared_trend.size
    drift = autoregression(stream, shape=shape, persistence=0.95, deviation=0.30)
    broken, week, step = stream.random(shape[0]) < _BREAK_SHARE, stream.integers(0, shape[1], shape[0]), stream.normal(0.0, _BREAK_DEVIATION, shape[0])
    breaks = np.where(broken[:, None] & (np.arange(shape[1]) >= week[:, None]), step[:, None], 0.0)
    return np.exp(drift + breaks + shared_trend)


def shared_trend(merchant: Merchant, *, world: World, n_weeks: int, seed: int) -> FloatArray:
    """Logarithm of what all articles of a merchant share, `(n_weeks,)`: a slow drift, for a third one break, the climate, the competitor."""
    stream = generator(seed, "trend", merchant.number)
    drift = autoregression(stream, shape=(1, n_weeks), persistence=0.95, deviation=0.10)[0]
    week, step, breaks = int(stream.integers(0, n_weeks)), float(stream.normal(0.0, 0.25)), bool(stream.random() < 1 / 3)
    competitor = np.log(competitor_prices(seed, merchant.number, n_weeks))
    step_by_week = np.where(breaks & (np.arange(n_weeks) >= week), step, 0.0)
    return np.asarray(drift + step_by_week + _CLIMATE_EFFECT * world.climate[:n_weeks] + _COMPETITOR_EFFECT * competitor)


def draw_lanes(stream: np.random.Generator, assortment: Assortment, merchant: Merchant) -> Lanes:
    """Which warehouses keep each article: slow ones the main warehouse only."""
    shares = merchant.region_shares * stream.lognormal(0.0, 0.2, (assortment.category.size, merchant.region_shares.size))
    shares /= shares.sum(axis=1, keepdims=True)
    smallest = np.where(shares > 0, shares, np.inf).min(axis=1)
    everywhere = (smallest * assortment.rate_units >= _SMALLEST_REGION_UNITS)[:, None]
    only_main = np.eye(merchant.region_shares.size)[merchant.regions[0]]
    article, region = np.nonzero(np.where(everywhere, shares, only_main))
    first = np.concatenate([[True], article[1:] != article[:-1]])
    return Lanes(article=article, region=region, share=np.where(everywhere, shares, only_main)[article, region], is_main=first)


def draw_daily_units(
    stream: np.random.Generator, mean: FloatArray, lanes: Lanes, assortment: Assortment, merchant: Merchant, *, world: World, period: Period
) -> npt.NDArray[np.int32]:
    """Units asked for per lane and day, `(n_lanes, n_days)`: negative binomial weeks, spread over days by weekday.

    Args:
        stream: Randomness.
        mean: `(n_articles, n_weeks)` mean weekly demand of all regions together at normal weather.
        lanes: Articles in warehouses.
        assortment: The articles.
        merchant: The merchant.
        world: For the weather.
        period: The weeks of the market.
    """
    response = assortment.of_category(merchant, "temperature_response")[lanes.article, None]
    weather = np.exp(response * world.temperature_celsius[lanes.region, : period.n_weeks])
    shape = assortment.dispersion[:, None]
    mood = stream.gamma(np.broadcast_to(shape, mean.shape)) / shape
    weekly = (mean * mood)[lanes.article] * lanes.share[:, None] * weather
    bulk = assortment.bulk_units[lanes.article, None]
    daily = (weekly / bulk)[:, :, None] * np.array(merchant.kind.weekday_shares)
    units = np.asarray(stream.poisson(daily.reshape(lanes.article.size, -1)[:, : period.n_days]), dtype=np.int32)
    _multiply_bulk(stream, units, bulk[:, 0])
    launch_day = assortment.first_week[lanes.article[lanes.is_main]] * 7
    main = np.flatnonzero(lanes.is_main)
    units[main, launch_day] = np.maximum(units[main, launch_day], 1)  # every article finds a first customer, so every article is a series
    return units


def _multiply_bulk(stream: np.random.Generator, units: npt.NDArray[np.int32], bulk_units: FloatArray) -> None:
    """Turn customers into units where customers buy several: each takes 1 + geometric, mean `bulk_units`."""
    rows = np.flatnonzero(bulk_units > 1)
    lane, day = np.nonzero(units[rows])
    customers = units[rows[lane], day]
    units[rows[lane], day] = customers + stream.negative_binomial(customers, 1 / bulk_units[rows[lane]])
