"""How soon drift checks of the input find each fault of the synthetic market, and how often they alarm in quiet weeks.

Statistics are computed from the tables, cutoff by cutoff, with the functions that the platform runs; nothing is trained.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from domain.calendar import ONE_WEEK, sunday_of
from domain.settings import Settings
from ml.preprocessing import build_weekly_demand
from quality.drift.input_checks import judge_input
from quality.drift.input_tallies import ACTIVE_WEEKS, N_TALLY_WEEKS, tally_input
from sources.market import build_market
from sources.market.faults import Fault, faults_from_rows

FIRST_FAULTY_WEEK = date(2026, 8, 3)
N_FAULTY_WEEKS = 4
N_QUIET_WEEKS = 52
SERIES_KEY = ["merchant_id", "article_id"]


class MarketShape(NamedTuple):
    """Size of the markets that are broken."""

    n_merchants: int
    n_articles: int


LARGE, SMALL = MarketShape(6, 400), MarketShape(6, 160)
"""The level of a category needs series; feeds do not."""


class Scope(NamedTuple):
    """Whom faults concern: merchants by rows of sales, the category with the most series."""

    largest_merchant: str
    smallest_merchant: str
    largest_category: str


class Detection(NamedTuple):
    """What the checks said of one fault in one market."""

    fault: str
    seed: int
    scope: str
    delay_weeks: int | None
    """0 = in the partition of the first faulty week; `None` = not within four weeks."""
    is_blocked: bool
    """Whether the partition of the first faulty week was stopped."""
    checks: tuple[str, ...]
    """That found it first, beyond those that alarm in the same market without the fault."""


_FaultRow = Mapping[str, Any]
FAULTS: Mapping[str, Callable[[Scope], _FaultRow]] = {
    "price ×100, largest merchant": lambda of: {"kind": "price_unit", "merchants": [of.largest_merchant]},
    "price ×100, smallest merchant": lambda of: {"kind": "price_unit", "merchants": [of.smallest_merchant]},
    "missing shard, a quarter of all series": lambda _: {"kind": "missing_shard"},
    "duplicated week, largest merchant": lambda of: {"kind": "duplicated_week", "merchants": [of.largest_merchant]},
    "duplicated week, smallest merchant": lambda of: {"kind": "duplicated_week", "merchants": [of.smallest_merchant]},
    "demand halved, largest category": lambda of: {"kind": "demand_drop", "categories": [of.largest_category]},
    "frozen stock feed, smallest merchant": lambda of: {"kind": "frozen_stock_feed", "merchants": [of.smallest_merchant]},
    "silently censored sales, largest merchant": lambda of: {"kind": "censored_sales", "merchants": [of.largest_merchant]},
    "silently censored sales, smallest merchant": lambda of: {"kind": "censored_sales", "merchants": [of.smallest_merchant]},
    "time zone +8 h, largest merchant": lambda of: {"kind": "time_zone_shift", "hours": 8, "merchants": [of.largest_merchant]},
    "time zone +2 h, largest merchant": lambda of: {"kind": "time_zone_shift", "hours": 2, "merchants": [of.largest_merchant]},
    "time zone +8 h, smallest merchant": lambda of: {"kind": "time_zone_shift", "hours": 8, "merchants": [of.smallest_merchant]},
}
"""Faults by name; all begin on `FIRST_FAULTY_WEEK` and last as long as their kind does by itself."""


def detections(seed: int, settings: Settings, *, shape: MarketShape, faults: Sequence[str]) -> list[Detection]:
    """Some of `FAULTS` in the market of one seed, each in a market of its own."""
    quiet = _market(seed, shape)
    scope = _scope(quiet)
    usual = _breaches(quiet, settings)
    found = []
    for name in faults:
        row = FAULTS[name](scope)
        broken = _breaches(_market(seed, shape, faults_from_rows([{**row, "week": FIRST_FAULTY_WEEK}])), settings)
        found.append(_detection(name, seed, row, broken, usual))
    return found


def quiet_alerts(seed: int, settings: Settings, *, shape: MarketShape) -> pl.DataFrame:
    """Alerts in 52 quiet weeks, by check.

    Returns:
        `check`, `n_alerts` (runs of weeks in which a check alarms, whatever the scope), `n_weeks` it alarmed in, `n_judged` figures.
    """
    tables = _market(seed, shape, last_week=FIRST_FAULTY_WEEK)
    weeks = [FIRST_FAULTY_WEEK - back * ONE_WEEK for back in range(N_QUIET_WEEKS - 1, -1, -1)]
    return alerts_by_check(pl.concat(_judged(tables, weeks, settings)), step=ONE_WEEK)


def alerts_by_check(verdicts: pl.DataFrame, *, step: Any) -> pl.DataFrame:
    """Runs of breached periods by check: while it fires, the same again is no news."""
    when = verdicts.group_by("check", "date").agg(is_breached=pl.col("is_breached").any(), n_judged=pl.len()).sort("check", "date")
    begins = pl.col("is_breached") & ~(pl.col("is_breached").shift(1) & (pl.col("date").diff() <= step)).over("check").fill_null(value=False)
    return (
        when.with_columns(begins=begins)
        .group_by("check")
        .agg(n_alerts=pl.col("begins").sum(), n_weeks=pl.col("is_breached").sum(), n_judged=pl.col("n_judged").sum())
        .sort("check")
    )


_Tables = dict[str, pl.DataFrame]


def _market(seed: int, shape: MarketShape, faults: tuple[Fault, ...] = (), *, last_week: date = FIRST_FAULTY_WEEK + (N_FAULTY_WEEKS - 1) * ONE_WEEK) -> _Tables:
    """Two years, and for quiet weeks a year more: each judged week then has all the past that the checks look at."""
    n_weeks = 104 if last_week > FIRST_FAULTY_WEEK else 104 + N_QUIET_WEEKS
    return build_market(n_merchants=shape.n_merchants, n_articles=shape.n_articles, n_weeks=n_weeks, seed=seed, last_day=sunday_of(last_week), faults=faults)


def _scope(tables: _Tables) -> Scope:
    """By the rows of sales, and the series that sold, in the half year before the faults."""
    half_year = tables["sales_transactions"].filter(
        pl.col("occurred_at").dt.date().is_between(FIRST_FAULTY_WEEK - 26 * ONE_WEEK, FIRST_FAULTY_WEEK, closed="left")
    )
    merchants = half_year.group_by("merchant_id").len().sort("len", "merchant_id")["merchant_id"]
    categories = half_year.select(SERIES_KEY).unique().join(tables["articles"], on=SERIES_KEY).group_by("category").len().sort("len", "category")["category"]
    return Scope(merchants[-1], merchants[0], categories[-1])


def _judged(tables: _Tables, weeks: Sequence[date], settings: Settings) -> list[pl.DataFrame]:
    """Verdicts on some weeks in a row. A week's tallies are the same at every later cutoff, so one tally serves them all."""
    n_more, newest = len(weeks) - 1, weeks[-1]
    demand = build_weekly_demand(tables, cutoff=newest, history_weeks=N_TALLY_WEEKS + n_more + ACTIVE_WEEKS + 1)
    tallies = tally_input(tables, demand, cutoff=newest, n_more_weeks=n_more)
    return [judge_input([tallies.filter(pl.col("week") > week - N_TALLY_WEEKS * ONE_WEEK)], week=week, settings=settings.drift) for week in weeks]


_Breaches = dict[int, dict[str, bool]]
"""By weeks since the first faulty one: check and scope, and whether it blocks."""


def _breaches(tables: _Tables, settings: Settings) -> _Breaches:
    weeks = [FIRST_FAULTY_WEEK + after * ONE_WEEK for after in range(N_FAULTY_WEEKS)]
    breached = [rows.filter("is_breached").select("check", "scope", "is_blocking").rows() for rows in _judged(tables, weeks, settings)]
    return {after: {f"{check} {scope}": blocks for check, scope, blocks in rows} for after, rows in enumerate(breached)}


def _detection(name: str, seed: int, row: _FaultRow, broken: _Breaches, usual: _Breaches) -> Detection:
    news = {after: {which: blocks for which, blocks in found.items() if which not in usual[after]} for after, found in broken.items()}
    delay = min((after for after, found in news.items() if found), default=None)
    scope = ", ".join([*row.get("merchants", ()), *row.get("categories", ())]) or "all merchants"
    checks = tuple(sorted({which.split(" ")[0] for which in news[delay]})) if delay is not None else ()
    return Detection(name, seed, scope, delay, any(news[0].values()), checks)
