"""Does the daily rhythm hold still, and what does it cost? `replenish bench daily`.

A week of decisions in which nothing changes but what was ordered; and a synthetic market played day by day, decided every morning and
once a week, in the same world.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from assets.replay.replaying import Replay, prepare, replay
from assets.replay.terms import DEFAULT_POLICY, Play, ReplayTerms
from domain.calendar import ONE_DAY, ONE_WEEK, sunday_of
from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS
from domain.settings import WEEKDAYS, Settings, load_settings
from domain.tables import RAW_TABLES
from simulation.optimize import decide_today
from sources.market import build_market
from sources.market.events import TRUTH_TABLE

_MONDAY = date(2026, 9, 28)
_WEEKLY_UNITS = (20, 12, 8, 30, 5, 2)
"""Mean demand of the articles of the quiet week."""
_PRICES = (4.0, 9.0, 15.0, 3.0, 22.0, 40.0)
_LEAD_TIME_WEEKS = 3
_POLICIES = ("look_ahead", "extended", "classical", "s_S", "base_stock", "newsvendor")
_OBJECTIVES = ("mean", "p75", "cvar90")
_SPREADS = (None, 0.0, 0.1, 0.8)
_REVIEWS = (1, 4)
_STARTS = tuple(date(2026, 1, 5) + 6 * ONE_WEEK * n for n in range(3))
_N_ORDERS, _GAME_WEEKS, _SEED = 8, 12, 41
_TODAY = date(2026, 12, 1)


class _Week(NamedTuple):
    """What one article orders on seven days, Monday first."""

    orders: tuple[int, ...]

    @property
    def ratio(self) -> float:
        """The week's orders over Monday's; 1 where nothing is ordered."""
        return sum(self.orders) / self.orders[0] if self.orders[0] else 1.0 + sum(self.orders)


def run(*, n_merchants: int, n_articles: int, threads: int) -> dict[str, Any]:
    """All figures.

    Args:
        n_merchants: Of the market that is played.
        n_articles: Of each merchant.
        threads: Chunks of SKUs decided at a time.
    """
    weeks, open_weeks = list(_quiet_weeks(("monday",))), list(_quiet_weeks(WEEKDAYS))
    return {
        "largest_week_ratio": max(week.ratio for week in weeks),
        "changed_without_cause": sum(units > 0 for week in weeks for units in week.orders[1:]),
        "n_weeks_decided": len(weeks),
        "largest_week_ratio_open_every_day": max(week.ratio for week in open_weeks),
        **_played(n_merchants=n_merchants, n_articles=n_articles, threads=threads),
    }


def _quiet_weeks(order_weekdays: tuple[str, ...]) -> Iterator[_Week]:
    for policy, objective, cv, review in product(_POLICIES, _OBJECTIVES, _SPREADS, _REVIEWS):
        own = {"policy": policy, "objective": objective, "lead_time_cv": cv, "review_period_weeks": review, "lead_time_weeks": _LEAD_TIME_WEEKS}
        settings = Settings().for_merchant("shop", own | {"order_weekdays": order_weekdays})
        for article in range(len(_WEEKLY_UNITS)):
            yield _quiet_week(article, settings)


def _quiet_week(article: int, settings: Settings) -> _Week:
    """Every day's order is placed and stands in the next day's shipments; stock does not change."""
    orders: list[int] = []
    for day in range(7):
        vector = _vector(article, day, ordered=sum(orders), last_order=max((n for n, units in enumerate(orders) if units), default=None))
        orders.append(decide_today(vector, settings, seed=settings.seed).order_now_units)
    return _Week(tuple(orders))


def _vector(article: int, day: int, *, ordered: int, last_order: int | None) -> FeatureVector:
    mean, price = _WEEKLY_UNITS[article], _PRICES[article]
    deviation = np.sqrt(mean * 1.2)
    quantiles = np.tile(np.maximum(np.floor(mean + deviation * norm.ppf(QUANTILE_LEVELS) + 0.5), 0.0), (12, 1))
    quantiles[0] = np.floor(quantiles[0] * (7 - day) / 7 + 0.5)
    inbound = np.zeros(12, dtype=np.int64)
    inbound[_LEAD_TIME_WEEKS] = ordered
    return FeatureVector(
        merchant_id="shop",
        article_id=f"article-{article}",
        date=_MONDAY + day * ONE_DAY,
        cutoff=_MONDAY - ONE_WEEK,
        demand_quantiles_units=quantiles,
        on_hand_units=2 * mean,
        inbound_units=inbound,
        returns_due_units=np.zeros(12),
        unit_price_eur=price,
        unit_cost_eur=0.45 * price,
        unit_value_eur=0.45 * price,
        holding_rate_eur_per_unit_week=0.01 * price,
        inbound_rate_eur_per_unit=0.0,
        outbound_rate_eur_per_unit=0.0,
        return_handling_rate_eur_per_unit=0.0,
        fixed_order_cost_eur=0.0,
        return_rate=0.0,
        return_lag_weights=np.array([0.0, 1.0]),
        observed_lead_time_cv=None,
        minimum_order_quantity_units=None,
        pack_size_units=None,
        model="made up",
        segment="smooth",
        vector_hash="0" * 16,
        last_order_date=None if last_order is None else _MONDAY + last_order * ONE_DAY,
    )


def _played(*, n_merchants: int, n_articles: int, threads: int) -> dict[str, Any]:
    """A synthetic market, decided every morning against once a week, in the same days."""
    size = {"n_merchants": n_merchants, "n_articles": n_articles, "n_weeks": 130, "seed": _SEED}
    built = build_market(**size, last_day=sunday_of(_STARTS[-1] + (_GAME_WEEKS + 10) * ONE_WEEK))
    tables = {name: schema.create_empty() for name, schema in RAW_TABLES.items()} | {name: built[name] for name in RAW_TABLES if name in built}
    settings = load_settings(forecast={"n_training_rows": 40_000, "n_threads": threads}, simulation={"n_threads": threads})
    daily, weekly = [], []
    for start in _STARTS:
        terms = ReplayTerms(start, _N_ORDERS, _GAME_WEEKS, rhythm="daily")
        game = prepare(tables, built[TRUTH_TABLE], terms, settings=settings, today=_TODAY, on_progress=lambda _: None)
        daily.append(replay(game, Play(DEFAULT_POLICY)))
        weekly.append(replay(game, Play(DEFAULT_POLICY, weekdays=(0,))))
    costs = [(every.total_cost_eur, once.total_cost_eur) for every, once in zip(daily, weekly, strict=True)]
    return {
        "cost_against_weekly": sum(every for every, _ in costs) / sum(once for _, once in costs),
        "cost_against_weekly_by_start": {str(start): every / once for start, (every, once) in zip(_STARTS, costs, strict=True)},
        "daily": _order_figures(daily),
        "weekly": _order_figures(weekly),
    }


def _order_figures(games: Sequence[Replay]) -> dict[str, float]:
    """How orders follow demand, over all games."""
    journals = [game.played.journal for game in games]
    demanded, sold, ordered, n_orders = (
        sum(int(getattr(journal, name).sum()) for journal in journals) for name in ("demand_units", "sold_units", "ordered_units", "n_orders")
    )
    variances = [(journal.ordered_units[:_N_ORDERS].var(axis=0).sum(), journal.demand_units[:_N_ORDERS].var(axis=0).sum()) for journal in journals]
    return {
        "fill_rate": sold / demanded,
        "ordered_over_demanded": ordered / demanded,
        "bullwhip": float(sum(orders for orders, _ in variances) / sum(demand for _, demand in variances)),
        "n_orders": n_orders,
    }
