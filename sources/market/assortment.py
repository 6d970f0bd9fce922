"""What a buyer's part of a merchant sells: styles in sizes and colours, their lives, prices and packs."""

import datetime as dt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.calendar import monday_of, weeks_between
from sources.market.merchants import Merchant
from sources.market.profiles import Category

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

EVERGREEN, NOVELTY, COLLECTION = 0, 1, 2
"""Lives of a style: for years · one rise and fall · one season, marked down at its end."""

_SPRING_LAUNCH_WEEKS, _AUTUMN_LAUNCH_WEEKS = (5, 12), (31, 38)
_LAUNCHED_SHARE, _ENDED_SHARE = 0.15, 0.08
_CLASS_LIMITS = (0.7, 0.9)
"""Shares of revenue that classes A, and A and B together, make."""


class Period(NamedTuple):
    """The weeks a market covers."""

    first_week: dt.date
    n_complete_weeks: int
    n_days: int

    @property
    def n_weeks(self) -> int:
        """Weeks, the incomplete newest one included."""
        return -(-self.n_days // 7)

    @property
    def last_day(self) -> dt.date:
        """The last day with data."""
        return self.first_week + dt.timedelta(days=self.n_days - 1)


class Assortment(NamedTuple):
    """A buyer's articles; arrays are `(n_articles,)`."""

    category: IntArray
    """Index into the categories of the merchant's kind."""
    life: IntArray
    season: list[str | None]
    brand: IntArray
    rate_units: FloatArray
    """Mean weekly demand in the prime of life, before season and promotions."""
    yearly_growth: FloatArray
    dispersion: FloatArray
    bulk_units: FloatArray
    """Mean units per customer; 1 = they buy single units."""
    launch_week: IntArray
    """Index of the week in which it was first sold; negative = before the history."""
    end_week: IntArray
    """Index of the first week in which it is not sold any more; `n_weeks` or more = still on sale."""
    price_eur: FloatArray
    cost_eur: FloatArray
    elasticity: FloatArray
    pack_size_units: IntArray
    minimum_order_quantity_units: IntArray
    service_class: npt.NDArray[np.str_]

    def of_category(self, merchant: Merchant, name: str) -> FloatArray:
        """A number of each article's category, `(n_articles,)`."""
        return np.array([getattr(kind, name) for kind in merchant.kind.categories], dtype=np.float64)[self.category]

    @property
    def first_week(self) -> IntArray:
        """Index of the first week of the history in which each article is sold."""
        return np.maximum(self.launch_week, 0)


class _Styles(NamedTuple):
    """What the sizes and colours of a style share; arrays are `(n_styles,)`."""

    category: IntArray
    n_articles: IntArray
    rate_units: FloatArray
    life: IntArray
    launch_week: IntArray
    end_week: IntArray


def draw_assortment(stream: np.random.Generator, merchant: Merchant, *, n_articles: int, period: Period) -> Assortment:
    """The articles of one buyer, style by style; the last style may lack sizes."""
    styles = _draw_styles(stream, merchant, n_styles=n_articles, period=period)
    style = np.repeat(np.arange(n_articles), styles.n_articles)[:n_articles]
    kind, category = merchant.kind, styles.category[style]
    rate = styles.rate_units[style] * _size_factors(stream, styles, kind.categories)[:n_articles]
    price = np.array([one.median_price_eur for one in kind.categories])[styles.category] * stream.lognormal(0.0, 0.4, n_articles)
    price = np.maximum(np.where(price > 10, np.round(price), np.round(price, 1)) - 0.01, 0.49)[style]
    cost_share = stream.uniform(*kind.cost_share, n_articles)[style]
    pack = np.select([rate > least for least, _ in kind.pack_sizes_units], [units for _, units in kind.pack_sizes_units], 1)
    elasticity = np.array([one.price_elasticity for one in kind.categories])[styles.category] * stream.lognormal(0.0, 0.2, n_articles)
    bulk = np.where(stream.random(n_articles) < kind.bulk_buyer_share, stream.uniform(3.0, 9.0, n_articles), 1.0)
    return Assortment(
        category=category,
        life=styles.life[style],
        season=[_season(styles, index, kind.categories, period) for index in style],
        brand=stream.integers(1, 10, n_articles)[style],
        rate_units=rate,
        yearly_growth=stream.normal(0.03, 0.12, n_articles)[style],
        dispersion=stream.uniform(*kind.dispersion, n_articles)[style],
        bulk_units=bulk[style],
        launch_week=styles.launch_week[style],
        end_week=styles.end_week[style],
        price_eur=np.round(price, 2),
        cost_eur=np.round(price * cost_share, 2),
        elasticity=elasticity[style],
        pack_size_units=pack,
        minimum_order_quantity_units=pack * stream.integers(1, 3, n_articles)[style],
        service_class=_service_classes(rate * price),
    )


def _draw_styles(stream: np.random.Generator, merchant: Merchant, *, n_styles: int, period: Period) -> _Styles:
    kind = merchant.kind
    category = stream.integers(len(kind.categories), size=n_styles)
    n_sizes = np.array([len(one.size_shares) for one in kind.categories])[category]
    n_colours = np.where(n_sizes > 2, stream.integers(1, 4, n_styles), 1)
    chance = stream.random(n_styles)
    collection_share = np.array([one.collection_share for one in kind.categories])[category]
    novelty = chance < collection_share + (1 - collection_share) * kind.novelty_share
    life = np.select([chance < collection_share, novelty], [COLLECTION, NOVELTY], EVERGREEN)
    peaks = np.array([one.peak_week if one.swing > 0.25 else np.nan for one in kind.categories])[category]
    lives = [_evergreen_weeks(stream, n_styles, period), _novelty_weeks(stream, n_styles, period), _collection_weeks(stream, peaks, period)]
    launch, end = (np.choose(life, [span[side] for span in lives]) for side in (0, 1))
    launch = np.minimum(launch, period.n_complete_weeks - 1)
    return _Styles(
        category=category,
        n_articles=n_sizes * n_colours,
        rate_units=kind.median_rate_units * merchant.scale * stream.lognormal(0.0, kind.rate_spread, n_styles),
        life=life,
        launch_week=launch,
        end_week=np.maximum(end, np.maximum(launch, 0) + 2),
    )


def _size_factors(stream: np.random.Generator, styles: _Styles, categories: tuple[Category, ...]) -> FloatArray:
    """Demand of each SKU relative to the mean SKU of its style: size curve × favourite colours, mean 1 per style."""
    factors = []
    for category, count in zip(styles.category, styles.n_articles, strict=True):
        sizes = np.array(categories[category].size_shares)
        colours = stream.dirichlet(np.full(count // sizes.size, 3.0))
        factors.append(np.outer(colours, sizes).ravel() * count)
    return np.concatenate(factors)


def _evergreen_weeks(stream: np.random.Generator, n_styles: int, period: Period) -> tuple[IntArray, IntArray]:
    """Most were there before the history and stay; some came, some went."""
    n_weeks, chance = period.n_complete_weeks, stream.random(n_styles)
    launched = np.floor(stream.uniform(0.05, 0.95, n_styles) * n_weeks)
    launch = np.where(chance < _LAUNCHED_SHARE, launched, -stream.integers(26, 260, n_styles))
    end = np.where(chance > 1 - _ENDED_SHARE, np.ceil(stream.uniform(0.4, 0.95, n_styles) * n_weeks), period.n_weeks + 520)
    return launch.astype(np.int64), end.astype(np.int64)


def _novelty_weeks(stream: np.random.Generator, n_styles: int, period: Period) -> tuple[IntArray, IntArray]:
    """Launched at any time, sold for 30 to 110 weeks; those that ended before the history are not drawn."""
    length = stream.integers(30, 111, n_styles)
    earliest = 8 - length
    launch = earliest + np.floor(stream.random(n_styles) * (period.n_complete_weeks - earliest)).astype(np.int64)
    return launch, launch + length


def _collection_weeks(stream: np.random.Generator, peaks: FloatArray, period: Period) -> tuple[IntArray, IntArray]:
    """Launched in spring or autumn of some year, sold for 18 to 30 weeks; recent seasons are a little more likely.

    Args:
        stream: Randomness.
        peaks: `(n_styles,)` week of the year in which the category sells most; nan = both seasons.
        period: The weeks of the market.
    """
    n_styles, years = peaks.size, range(period.first_week.year - 1, period.last_day.year + 1)
    in_spring = np.where(np.isnan(peaks), stream.random(n_styles) < 0.5, (peaks > 10) & (peaks < 32))
    week = np.where(in_spring, stream.integers(*_SPRING_LAUNCH_WEEKS, n_styles), stream.integers(*_AUTUMN_LAUNCH_WEEKS, n_styles))
    length = stream.integers(18, 31, n_styles)
    new_years = np.array([weeks_between(period.first_week, monday_of(dt.date(year, 1, 4))) for year in years])
    launches = new_years[None, :] + week[:, None] - 1
    possible = (launches + length[:, None] > 4) & (launches < period.n_complete_weeks)
    weight = possible * (1.0 + 0.4 * np.arange(new_years.size))
    chosen = np.argmax(weight * stream.random(launches.shape) ** 0.5, axis=1)
    launch = launches[np.arange(n_styles), chosen]
    never = ~possible.any(axis=1)
    return np.where(never, 0, launch), np.where(never, period.n_weeks + 520, launch + length)


def _season(styles: _Styles, style: int, categories: tuple[Category, ...], period: Period) -> str | None:
    """What the label says: the season of a collection, the half of the year in which a strongly seasonal article sells."""
    if styles.life[style] == COLLECTION:
        launch = period.first_week + dt.timedelta(weeks=int(styles.launch_week[style]))
        return f"spring-summer {launch.year}" if launch.month < 6 else f"autumn-winter {launch.year}"
    category = categories[styles.category[style]]
    if category.swing < 0.5:
        return None
    return "summer" if 10 < category.peak_week < 32 else "winter"


def _service_classes(revenue: FloatArray) -> npt.NDArray[np.str_]:
    """A, B or C by the articles' share of planned revenue."""
    order = np.argsort(-revenue, kind="stable")
    before = np.cumsum(revenue[order]) - revenue[order]
    classes = np.empty(revenue.size, dtype="<U1")
    classes[order] = np.select([before < limit * revenue.sum() for limit in _CLASS_LIMITS], ["A", "B"], "C")
    return classes


def article_rows(assortment: Assortment, merchant: Merchant, *, period: Period) -> pl.DataFrame:
    """The contract's attributes of the articles, with the column `article` (index) in place of the ids."""
    launch = pl.lit(period.first_week) + pl.duration(weeks="launch")
    end = pl.lit(period.first_week) + pl.duration(weeks="end", days=-1)
    return pl.DataFrame(
        {
            "article": np.arange(assortment.category.size),
            "category": [merchant.kind.categories[index].name for index in assortment.category],
            "brand": [f"brand-{index}" for index in assortment.brand],
            "season": pl.Series(assortment.season, dtype=pl.String),
            "launch": assortment.launch_week,
            "end": assortment.end_week,
            "unit_price_eur": assortment.price_eur,
            "unit_cost_eur": assortment.cost_eur,
            "minimum_order_quantity_units": assortment.minimum_order_quantity_units,
            "pack_size_units": assortment.pack_size_units,
            "service_class": assortment.service_class.tolist(),
        }
    ).select(
        pl.exclude("launch", "end"),
        launch.alias("launch_date"),
        pl.when(pl.col("end") < period.n_weeks + 260).then(end).alias("end_of_life_date"),
    )
