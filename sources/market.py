"""A first, simple synthetic market: merchants whose articles have a known demand, sold from a real stock.

Customers ask (`truth/weekly_demand`), a stock process (`market_stock.py`) decides what is sold, and only what a
merchant could have recorded is in the contract tables. The stream of a merchant is keyed by (seed, its number), so
another merchant more changes nothing about the others.
"""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.calendar import ONE_WEEK, newest_complete_week
from domain.errors import UsageError
from domain.tables import RAW_TABLES, ROW_KEYS
from sources.contract_writer import write_tables
from sources.market_stock import Supply, merchant_events, operate

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DEMO_LAST_DAY = dt.date(2026, 9, 30)
"""A Wednesday: the newest week of the demonstration market is incomplete, as it is in real life."""

TRUTH_TABLE = "weekly_demand"


class Category(NamedTuple):
    """What the articles of a category share."""

    name: str
    season: str | None
    peak_week: float
    """Week of the year in which demand is highest."""
    amplitude: float
    """Seasonal swing as a share of the mean."""
    return_rate: float
    median_price_eur: float


CATEGORIES = (
    Category("apparel", "summer", 24, 0.45, 0.30, 35.0),
    Category("outdoor", "winter", 2, 0.55, 0.18, 60.0),
    Category("garden", "spring", 17, 0.60, 0.05, 25.0),
    Category("toys", None, 48, 0.30, 0.08, 20.0),
    Category("electronics", None, 46, 0.20, 0.12, 90.0),
)
_CHRISTMAS_UPLIFT = 1.6
_CHRISTMAS_WEEKS = (47, 51)
_PROMOTION_SHARE, _PROMOTION_PRICE, _PROMOTION_UPLIFT = 0.05, 0.8, 1.7
_LAUNCHED_SHARE, _ENDED_SHARE = 0.25, 0.10
_WEEKDAY_SHARES = np.array([0.13, 0.12, 0.12, 0.13, 0.16, 0.20, 0.14])


class Assortment(NamedTuple):
    """Articles of one merchant; arrays are `(n_articles,)`."""

    category: IntArray
    weekly_rate_units: FloatArray
    """Mean demand per week before season, life cycle and promotions."""
    yearly_growth: FloatArray
    dispersion: FloatArray
    """Size parameter of the negative binomial: small is erratic."""
    launch_week: IntArray
    """Week index of the launch; 0 = on sale from the start."""
    end_week: IntArray
    """Week index from which nothing is sold any more."""
    price_eur: FloatArray
    cost_eur: FloatArray
    pack_size_units: IntArray


def build_market(*, n_merchants: int, n_articles: int, n_weeks: int, seed: int, last_day: dt.date = DEMO_LAST_DAY) -> dict[str, pl.DataFrame]:
    """Contract tables of the market, plus the truth `weekly_demand`, all sorted by key.

    Args:
        n_merchants: Number of merchants.
        n_articles: Articles of each merchant.
        n_weeks: Complete weeks of history; the days of an incomplete newest week come on top.
        seed: Same seed, same market.
        last_day: Last day with data.

    Raises:
        UsageError: A number is below 1.
    """
    sizes = {"n_merchants": n_merchants, "n_articles": n_articles, "n_weeks": n_weeks}
    for name, value in sizes.items():
        if value < 1:
            raise UsageError(f"{name} is not usable", got=str(value), wanted="at least 1", remedy="Ask for a larger market.")
    first_week = newest_complete_week(last_day) - (n_weeks - 1) * ONE_WEEK
    markets = [_build_merchant(number, n_articles=n_articles, first_week=first_week, last_day=last_day, seed=seed) for number in range(n_merchants)]
    tables: dict[str, pl.DataFrame] = {}
    for name in markets[0]:
        frame = pl.concat([market[name] for market in markets])
        if name in RAW_TABLES:
            empty: pl.DataFrame = RAW_TABLES[name].create_empty()
            frame = pl.concat([empty, frame.cast({c: empty.schema[c] for c in frame.columns})], how="diagonal")
        tables[name] = frame.sort(ROW_KEYS.get(name, ("merchant_id", "article_id", "week")))
    return tables


def write_market(*, n_merchants: int, n_articles: int, n_weeks: int, seed: int, out: str | Path, last_day: dt.date = DEMO_LAST_DAY) -> dict[str, int]:
    """Write the market as a source folder, the truth beside it in `truth/`; return the rows per table.

    Raises:
        UsageError: A number is below 1, or `out` is not a folder of ours.
        StorageError: `out` cannot be written.
    """
    tables = build_market(n_merchants=n_merchants, n_articles=n_articles, n_weeks=n_weeks, seed=seed, last_day=last_day)
    rows = {name: frame.height for name, frame in tables.items()}
    truth = tables.pop(TRUTH_TABLE)
    write_tables(tables, out=out, truth={TRUTH_TABLE: truth})
    return rows


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


def _build_merchant(number: int, *, n_articles: int, first_week: dt.date, last_day: dt.date, seed: int) -> dict[str, pl.DataFrame]:
    world = _generator(seed, number, 0)
    n_days = (last_day - first_week).days + 1
    n_weeks = -(-n_days // 7)
    assortment = _draw_assortment(world, n_articles=n_articles, n_weeks=n_weeks)
    promoted = world.random((n_articles, n_weeks)) < _PROMOTION_SHARE
    mean = _mean_demand(assortment, first_week=first_week, n_weeks=n_weeks) * np.where(promoted, _PROMOTION_UPLIFT, 1.0)
    size = assortment.dispersion[:, None]
    weekly = world.negative_binomial(size, size / (size + mean))
    at_launch = np.arange(n_articles), assortment.launch_week
    weekly[at_launch] = np.maximum(weekly[at_launch], 1)  # every article finds a first customer, so every article is a series
    daily = world.multinomial(weekly, _WEEKDAY_SHARES).reshape(n_articles, -1)[:, :n_days]
    supply = _draw_supply(world, assortment)
    history = operate(daily.T, supply, generator=_generator(seed, number, 1))
    merchant_id, article_ids = f"M{number + 1:03d}", [f"A{index + 1:05d}" for index in range(n_articles)]
    prices = np.round(assortment.price_eur[:, None] * np.where(promoted, _PROMOTION_PRICE, 1.0), 2)
    tables = merchant_events(history, supply, first_day=first_week, prices_eur=prices.T, generator=_generator(seed, number, 2))
    named = {name: _named(frame, merchant_id, article_ids) for name, frame in tables.items()}
    complete = n_days // 7
    truth = pl.DataFrame({"article": np.repeat(np.arange(n_articles), complete), "week": np.tile(np.arange(complete), n_articles)}).with_columns(
        (pl.lit(first_week) + pl.duration(weeks="week")).alias("week"), pl.Series("demand_units", weekly[:, :complete].ravel())
    )
    named[TRUTH_TABLE] = _named(truth, merchant_id, article_ids)
    named["articles"] = _named(_articles(assortment, supply, first_week=first_week, last_week=n_weeks), merchant_id, article_ids)
    return named | _merchant_rows(merchant_id, number, supply, budget_eur=1.5 * float((assortment.cost_eur * mean.mean(axis=1)).sum()))


def _draw_assortment(world: np.random.Generator, *, n_articles: int, n_weeks: int) -> Assortment:
    category = world.integers(len(CATEGORIES), size=n_articles)
    rate = world.lognormal(np.log(3.0), 1.3, n_articles)
    chance = world.random(n_articles)
    launch = np.where(chance < _LAUNCHED_SHARE, np.floor(world.uniform(0.1, 0.9, n_articles) * n_weeks), 0).astype(np.int64)
    launch = np.minimum(launch, max(n_weeks - 2, 0))  # the last week may be incomplete
    ends = (chance > 1 - _ENDED_SHARE) & (n_weeks > 2)
    end = np.where(ends, np.ceil(world.uniform(0.5, 0.95, n_articles) * n_weeks), n_weeks).astype(np.int64)
    price = np.array([kind.median_price_eur for kind in CATEGORIES])[category] * world.lognormal(0.0, 0.5, n_articles)
    return Assortment(
        category=category,
        weekly_rate_units=rate,
        yearly_growth=world.normal(0.05, 0.15, n_articles),
        dispersion=world.uniform(1.5, 6.0, n_articles),
        launch_week=launch,
        end_week=end,
        price_eur=np.round(price, 2),
        cost_eur=np.round(price * world.uniform(0.4, 0.65, n_articles), 2),
        pack_size_units=np.select([rate > 20, rate > 6], [12, 6], 1),
    )


def _mean_demand(assortment: Assortment, *, first_week: dt.date, n_weeks: int) -> FloatArray:
    """Mean weekly demand `(n_articles, n_weeks)`: rate × trend × season × Christmas × life cycle."""
    weeks = np.arange(n_weeks)
    of_year = np.array([(first_week + int(week) * ONE_WEEK).isocalendar().week for week in weeks])
    peak, amplitude = (np.array([getattr(kind, name) for kind in CATEGORIES])[assortment.category, None] for name in ("peak_week", "amplitude"))
    season = 1 + amplitude * np.cos(2 * np.pi * (of_year - peak) / 52.18)
    christmas = np.where((of_year >= _CHRISTMAS_WEEKS[0]) & (of_year <= _CHRISTMAS_WEEKS[1]), _CHRISTMAS_UPLIFT, 1.0)
    trend = np.exp(assortment.yearly_growth[:, None] * (weeks - n_weeks / 2) / 52)
    launch, age = assortment.launch_week[:, None], weeks - assortment.launch_week[:, None]
    novelty = np.where(launch > 0, 1 + np.exp(-np.maximum(age, 0) / 8), 1.0)
    on_sale = (age >= 0) & (weeks < assortment.end_week[:, None])
    return np.asarray(assortment.weekly_rate_units[:, None] * trend * season * christmas * novelty * on_sale)


def _draw_supply(world: np.random.Generator, assortment: Assortment) -> Supply:
    return Supply(
        lead_time_weeks=float(world.integers(1, 4)),
        lead_time_cv=float(world.uniform(0.2, 0.5)),
        review_period_weeks=int(world.integers(1, 3)),
        cover_weeks=float(world.uniform(0.0, 1.2)),
        judgement_noise=float(world.uniform(0.1, 0.5)),
        expected_rate_units=assortment.weekly_rate_units * world.lognormal(0.0, 0.3, assortment.category.size),
        launch_day=assortment.launch_week * 7,
        end_day=assortment.end_week * 7,
        pack_size_units=assortment.pack_size_units,
        minimum_order_quantity_units=assortment.pack_size_units * world.integers(1, 3, assortment.category.size),
        return_rate=np.array([kind.return_rate for kind in CATEGORIES])[assortment.category],
    )


def _named(frame: pl.DataFrame, merchant_id: str, article_ids: list[str]) -> pl.DataFrame:
    """The frame with ids in place of the column `article` of indices."""
    ids = pl.Series(article_ids, dtype=pl.String).gather(frame["article"])
    return frame.drop("article").insert_column(0, ids.alias("article_id")).insert_column(0, pl.lit(merchant_id).alias("merchant_id"))


def _articles(assortment: Assortment, supply: Supply, *, first_week: dt.date, last_week: int) -> pl.DataFrame:
    kinds = [CATEGORIES[index] for index in assortment.category]
    launch, end = pl.col("launch") * 7, pl.col("end") * 7 - 1
    return pl.DataFrame(
        {
            "article": np.arange(len(kinds)),
            "category": [kind.name for kind in kinds],
            "brand": [f"brand-{index % 7 + 1}" for index in range(len(kinds))],
            "season": pl.Series([kind.season for kind in kinds], dtype=pl.String),
            "launch": assortment.launch_week,
            "end": assortment.end_week,
            "unit_price_eur": assortment.price_eur,
            "unit_cost_eur": assortment.cost_eur,
            "minimum_order_quantity_units": supply.minimum_order_quantity_units,
            "pack_size_units": supply.pack_size_units,
        }
    ).select(
        pl.exclude("launch", "end"),
        pl.when(pl.col("launch") > 0).then(pl.lit(first_week) + pl.duration(days=launch)).alias("launch_date"),
        pl.when(pl.col("end") < last_week).then(pl.lit(first_week) + pl.duration(days=end)).alias("end_of_life_date"),
    )


def _merchant_rows(merchant_id: str, number: int, supply: Supply, *, budget_eur: float) -> dict[str, pl.DataFrame]:
    """Rows of `merchants` (every third has a budget, which its people never looked at) and `cost_rates`."""
    merchant = {
        "merchant_id": merchant_id,
        "name": f"Merchant {number + 1}",
        "lead_time_weeks": supply.lead_time_weeks,
        "review_period_weeks": supply.review_period_weeks,
        "budget_eur_per_week": round(budget_eur, 2) if number % 3 == 2 else None,
    }
    rates = {
        "merchant_id": merchant_id,
        "holding_rate_eur_per_unit_week": 0.25,
        "inbound_rate_eur_per_unit": 0.30,
        "outbound_rate_eur_per_unit": 3.50,
        "return_handling_rate_eur_per_unit": 2.50,
        "fixed_order_cost_eur": 0.0,
    }
    return {"merchants": pl.DataFrame([merchant], schema_overrides={"budget_eur_per_week": pl.Float64}), "cost_rates": pl.DataFrame([rates])}
