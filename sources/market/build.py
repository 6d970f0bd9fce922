"""The market as a whole: merchants, their buyers, and the tables of each, built one buyer at a time."""

import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, zip_longest
from typing import NamedTuple, get_args

import numpy as np
import polars as pl

from domain.calendar import ONE_WEEK, newest_complete_week
from domain.errors import UsageError
from domain.tables import ROW_KEYS
from sources.market import demand, events, people
from sources.market.assortment import Period, article_rows, draw_assortment
from sources.market.faults import Fault
from sources.market.kernels.stock import Wishes, operate
from sources.market.merchants import BUYER_ARTICLES, Merchant, draw_merchant, merchant_id_of, merchant_tables
from sources.market.profiles import Profile
from sources.market.randomness import Purpose, generator
from sources.market.signals import World, build_world, merchant_signals, shared_signals
from sources.market.spoiling import spoil
from sources.market.thinning import thin_demand

DEMO_LAST_DAY = dt.date(2026, 9, 30)
"""A Wednesday: the newest week of the demonstration market is incomplete, as it is in real life."""

MOST_ARTICLES = 999_999
"""Article ids have six digits, so that they sort."""


class MarketSize(NamedTuple):
    """What makes a market: the same values, the same bytes."""

    n_merchants: int
    n_articles: int
    n_weeks: int
    seed: int
    profile: Profile = "mixed"
    last_day: dt.date = DEMO_LAST_DAY
    faults: tuple[Fault, ...] = ()

    def check(self) -> None:
        """Refuse what cannot be built.

        Raises:
            UsageError: A number is below 1 or too large, or the profile is unknown.
        """
        for name, most in (("n_merchants", None), ("n_articles", MOST_ARTICLES), ("n_weeks", None)):
            value = getattr(self, name)
            if value < 1 or (most is not None and value > most):
                wanted = "at least 1" if most is None else f"1 to {most:,}"
                raise UsageError(f"{name} is not usable", got=str(value), wanted=wanted, remedy="Ask for a market of another size.")
        if self.profile not in get_args(Profile):
            raise UsageError("the profile of a market is unknown", got=repr(self.profile), wanted=" or ".join(get_args(Profile)), remedy="Choose one of them.")

    @property
    def period(self) -> Period:
        """The weeks covered."""
        first_week = newest_complete_week(self.last_day) - (self.n_weeks - 1) * ONE_WEEK
        return Period(first_week, self.n_weeks, (self.last_day - first_week).days + 1)

    @property
    def merchants_in_order(self) -> list[int]:
        """Numbers of the merchants in the order of their ids (M1000 sorts before M101)."""
        return sorted(range(self.n_merchants), key=merchant_id_of)


class BuyerTask(NamedTuple):
    """A buyer's part of a merchant: articles `first_article` … of it."""

    merchant: Merchant
    buyer: int
    first_article: int
    n_articles: int


class BuyerTables(NamedTuple):
    """Rows of one buyer's articles by table, sorted by key, and what the buyer may spend in a week."""

    frames: dict[str, pl.DataFrame]
    budget_eur: float
    n_touched: tuple[int, ...]
    """Rows that each fault of the records touched, or units that each fault of the world took away."""


class MarketPart(NamedTuple):
    """Some rows of some tables."""

    frames: dict[str, pl.DataFrame]
    n_touched: tuple[int, ...] = ()
    """See `BuyerTables`; empty for the small tables."""


def build_market(
    *,
    n_merchants: int,
    n_articles: int,
    n_weeks: int,
    seed: int,
    last_day: dt.date = DEMO_LAST_DAY,
    profile: Profile = "mixed",
    faults: tuple[Fault, ...] = (),
) -> dict[str, pl.DataFrame]:
    """Contract tables of the market, plus the truth `weekly_demand`, all sorted by key, in memory.

    Args:
        n_merchants: Number of merchants.
        n_articles: Articles of each merchant.
        n_weeks: Complete weeks of history; the days of an incomplete newest week come on top.
        seed: Same seed, same market.
        last_day: Last day with data.
        profile: Which kinds of merchants it is made of.
        faults: What goes wrong in it.

    Raises:
        UsageError: A number is below 1, the profile is unknown, or a fault touches nothing.
    """
    size = MarketSize(n_merchants, n_articles, n_weeks, seed, profile, last_day, faults)
    size.check()
    parts: dict[str, list[pl.DataFrame]] = {}
    touched = [0] * len(faults)
    for frames, n_touched in market_parts(size, n_threads=1):
        touched = add_touched(touched, n_touched)
        for name, frame in frames.items():
            parts.setdefault(name, []).append(frame)
    check_touched(faults, touched)
    return {name: pl.concat(frames) for name, frames in parts.items()}


def add_touched(touched: Sequence[int], more: Sequence[int]) -> list[int]:
    """What the faults touched so far, with another part's; parts without counts add nothing."""
    return [one + other for one, other in zip_longest(touched, more, fillvalue=0)]


def check_touched(faults: Sequence[Fault], touched: Sequence[int]) -> None:
    """Refuse a fault that changes nothing: its scope or its days are a mistake.

    Raises:
        UsageError: There is one.
    """
    for number, (fault, n_touched) in enumerate(zip(faults, touched, strict=True), start=1):
        if n_touched == 0:
            raise UsageError(
                f"fault {number} ({fault.kind}) touches nothing in this market",
                got=", ".join(f"{name} = {value}" for name, value in fault.model_dump(exclude_defaults=True, exclude={"kind"}).items()),
                wanted="days, merchants and categories that the market has",
                remedy="Compare them with the tables `articles` and `sales_transactions` of the market without faults.",
            )


def market_parts(size: MarketSize, *, n_threads: int) -> Iterator[MarketPart]:
    """The market's tables part by part: buyer after buyer in the order of the keys, then the small tables.

    Each part is built by one thread from streams of its own, so the number of threads changes nothing.
    """
    period = size.period
    world = build_world(first_week=period.first_week, n_weeks=period.n_weeks, seed=size.seed)
    budgets: dict[int, float] = {}
    for task, built in _in_order(size, world, n_threads):
        number = task.merchant.number
        budgets[number] = budgets.get(number, 0.0) + built.budget_eur
        yield MarketPart(built.frames, built.n_touched)
    yield MarketPart(_small_tables(size, world, budgets))


def _small_tables(size: MarketSize, world: World, budgets: dict[int, float]) -> dict[str, pl.DataFrame]:
    """Tables with a few rows per merchant: `merchants`, `cost_rates`, `external_signals`."""
    parts = [{"external_signals": shared_signals(world, last_day=size.last_day)}]
    for number in size.merchants_in_order:
        merchant = draw_merchant(number, profile=size.profile, seed=size.seed)
        parts.append(merchant_tables(merchant, budget_eur=budgets[number]))
        parts.append({"external_signals": merchant_signals(world, merchant, n_weeks=size.period.n_weeks, seed=size.seed, last_day=size.last_day)})
    tables = {name: pl.concat([part[name] for part in parts if name in part]) for name in ("merchants", "cost_rates", "external_signals")}
    return {name: events.typed_rows(name, frame).sort(ROW_KEYS[name], nulls_last=False) for name, frame in tables.items()}


def buyer_tasks(size: MarketSize) -> Iterator[BuyerTask]:
    """All buyers of the market, in the order of the keys."""
    for number in size.merchants_in_order:
        merchant = draw_merchant(number, profile=size.profile, seed=size.seed)
        for buyer, first in enumerate(range(0, size.n_articles, BUYER_ARTICLES)):
            yield BuyerTask(merchant, buyer, first, min(BUYER_ARTICLES, size.n_articles - first))


def _in_order(size: MarketSize, world: World, n_threads: int) -> Iterator[tuple[BuyerTask, BuyerTables]]:
    """Build buyers in threads, at most a few ahead of the one that is asked for."""
    tasks = buyer_tasks(size)
    with ThreadPoolExecutor(n_threads) as pool:

        def start(task: BuyerTask) -> tuple[BuyerTask, Future[BuyerTables]]:
            return task, pool.submit(build_buyer, task, size=size, world=world)

        running = [start(task) for task in islice(tasks, 2 * n_threads)]
        while running:
            task, future = running.pop(0)
            built = future.result()
            running.extend(start(following) for following in islice(tasks, 1))
            yield task, built


def build_buyer(task: BuyerTask, *, size: MarketSize, world: World) -> BuyerTables:
    """Everything that happens to one buyer's articles: demand, stock, and what is recorded of them."""
    merchant, period = task.merchant, size.period

    def stream(purpose: Purpose) -> np.random.Generator:
        return generator(size.seed, purpose, merchant.number, task.buyer)

    assortment = draw_assortment(stream("assortment"), merchant, n_articles=task.n_articles, period=period)
    planned = demand.planned_demand(assortment, merchant, world=world, period=period)
    wanted = stream("demand")
    prices = demand.draw_prices(wanted, assortment, merchant, world=world, period=period)
    shared = demand.shared_trend(merchant, world=world, n_weeks=period.n_weeks, seed=size.seed)
    mean = planned[:, : period.n_weeks] * prices.uplift * demand.disturbances(wanted, assortment, shared)
    lanes = demand.draw_lanes(wanted, assortment, merchant)
    units = demand.draw_daily_units(wanted, mean, lanes, assortment, merchant, world=world, period=period)
    lags = people.draw_return_lags(stream("returns"), units, lanes, assortment, merchant.kind)
    decisions = stream("people")
    opening = people.draw_opening(decisions, planned, lanes, assortment, merchant)
    sundays = people.draw_sundays(decisions, planned, lanes, assortment, merchant, world=world)
    habits = people.habits_of(planned, lanes, assortment, merchant)
    asked = thin_demand(stream("faults"), units, lags, size.faults, lanes=lanes, assortment=assortment, merchant=merchant, period=period)
    first_unit = np.concatenate([[0], np.cumsum(asked.buyable.sum(axis=1, dtype=np.int64))[:-1]])
    journal = operate(Wishes(asked.buyable, asked.return_lag_days, first_unit), opening, sundays, habits)
    sales = events.sales_rows(stream("events"), journal, lanes, prices.price_eur, period)
    frames = {
        "articles": article_rows(assortment, merchant, period=period),
        "sales_transactions": sales,
        "returns": events.return_rows(journal, lanes, sales, period),
        "stock_levels": events.stock_rows(journal, lanes, assortment, period),
        "inbound_shipments": events.shipment_rows(journal, lanes, period),
        events.TRUTH_TABLE: events.truth_rows(asked.wanted, lanes, task.n_articles, period),
    }
    ids = pl.Series([f"A{task.first_article + index + 1:06d}" for index in range(task.n_articles)], dtype=pl.String)
    named = {name: events.named_rows(name, frame, merchant_id=merchant.merchant_id, article_ids=ids) for name, frame in frames.items()}
    spoiled, n_rows = spoil(named, size.faults, seed=size.seed)
    return BuyerTables(spoiled, habits.budget_eur, tuple(add_touched(n_rows, asked.n_units_lost)))
