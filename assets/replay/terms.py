"""What a replay is asked to be, and every reason to refuse it before any work."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from domain.calendar import ONE_WEEK, monday_of, newest_complete_week
from domain.errors import DataError, UsageError
from domain.settings import OBJECTIVE_PATTERN, Settings, Trigger
from feature_store.stock import SERIES_KEY
from quality.source_checks import data_span
from simulation.replay.ablations import ABLATIONS

Observe = Literal["demand", "sales"]
Retrain = Literal["once", "weekly"]
EndKnown = Literal["known", "rolling"]
Rhythm = Literal["weekly", "daily"]
Tables = Mapping[str, pl.DataFrame]

RECORDED, HINDSIGHT, DEFAULT = "recorded", "hindsight", "default"
_HOLDING = "holding_rate_eur_per_unit_week"


class GamePolicy(NamedTuple):
    """A policy of the engine, and what its reorder point is compared with."""

    policy: str
    trigger: Trigger = "position"


ENGINE_POLICIES: Mapping[str, GamePolicy] = {
    "look_ahead": GamePolicy("look_ahead"),
    "extended": GamePolicy("extended"),
    "extended_on_hand": GamePolicy("extended", "on_hand"),
    "classical": GamePolicy("classical"),
    "base_stock": GamePolicy("base_stock"),
    "s_S": GamePolicy("s_S"),
    "newsvendor": GamePolicy("newsvendor"),
    "order_nothing": GamePolicy("order_nothing"),
}
"""Policies by the names a replay gives them: `extended` triggers on the position, `extended_on_hand` as published."""

DEFAULT_POLICY, DEFAULT_OBJECTIVE = "look_ahead", "mean"
"""What the evidence makes the default (docs/decisions/0017)."""


@dataclass(frozen=True)
class Play:
    """Who plays a game, and how."""

    policy: str
    """A name of the command line, or of `simulation.replay.ablations.ABLATIONS`."""
    objective: str | None = None
    """`None` = a merchant's own, else the mean."""
    is_one_shot: bool = False
    """Parameters of the first decision are carried out to the end, instead of deciding anew every week."""
    as_point: bool = False
    """The mean in place of the distribution."""
    weeks_are_independent: bool = False
    """No correlation between the weeks of a path."""
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """Days on which a daily rhythm decides; 0 = Monday."""


@dataclass(frozen=True)
class ReplayTerms:
    """One game, whoever plays it."""

    start: date
    """Monday of the last observed week; the first decision falls at its end."""
    n_orders: int
    n_weeks: int
    observe: Observe = "demand"
    inbound_share_before_demand: float | None = None
    """For all merchants; `None` = each merchant's own setting."""
    forecaster: str = "champion"
    retrain: Retrain = "once"
    end: EndKnown = "known"
    rhythm: Rhythm = "weekly"
    """How often is decided: at each week's end, or every morning, with the merchants' order days in force."""

    @property
    def first_week(self) -> date:
        """Monday of week 0 of the game."""
        return self.start + ONE_WEEK

    @property
    def last_week(self) -> date:
        """Monday of the last week that is played."""
        return self.start + self.n_weeks * ONE_WEEK

    @property
    def weeks(self) -> list[date]:
        """Mondays of the weeks that are played."""
        return [self.first_week + timedelta(weeks=index) for index in range(self.n_weeks)]


def policy_named(name: str) -> str:
    """The policy behind a name of the command line.

    Raises:
        UsageError: It is unknown.
    """
    known = (DEFAULT, *ENGINE_POLICIES, RECORDED, HINDSIGHT)
    if name not in known and name not in ABLATIONS:
        raise UsageError("the policy is unknown", got=repr(name), wanted=", ".join(known), remedy="Choose one of them with --policy.")
    return DEFAULT_POLICY if name == DEFAULT else name


def check_rhythm(terms: ReplayTerms, play: Play) -> None:
    """Refuse to play day by day what was made for weeks.

    Raises:
        UsageError: Recorded orders, perfect information and one-shot plans know weeks only.
    """
    if terms.rhythm == "daily" and (play.policy in {RECORDED, HINDSIGHT} or play.is_one_shot):
        raise UsageError(
            "the daily rhythm plays policies of the engine", got=f"--policy {play.policy}", wanted=", ".join(ENGINE_POLICIES), remedy="Use --rhythm weekly."
        )


def check_objective(objective: str | None) -> None:
    """Refuse an objective the engine does not know; `None` is a merchant's own.

    Raises:
        UsageError: It is not one.
    """
    if objective is not None and not re.fullmatch(OBJECTIVE_PATTERN, objective):
        raise UsageError(
            "the objective is unknown", got=repr(objective), wanted="mean, a percentile (p75) or a tail mean (cvar75)", remedy="Choose one of them."
        )


def check_terms(terms: ReplayTerms, tables: Tables, *, settings: Settings, today: date) -> None:
    """Refuse what cannot be played.

    Raises:
        UsageError: The dates do not fit each other or the source.
        DataError: A series has no holding rate.
    """
    check_numbers(terms)
    first, last_day = data_span(tables, today=today)
    weekly = tables["weekly_sales"]
    last = newest_complete_week(last_day) if weekly.is_empty() else max(weekly["week"])  # shipments may be received after the last sale
    if monday_of(first) >= terms.start:
        raise UsageError(
            f"the start {terms.start} has no history",
            got=f"first sale on {first}",
            wanted="at least one week of sales before the start week",
            remedy=f"Start on or after {monday_of(first) + ONE_WEEK}.",
        )
    if terms.start > last:
        raise UsageError(f"the start {terms.start} lies after the data", got=f"last complete week {last}", remedy=f"Start before {last}.")
    lead_time = longest_lead_time(tables, settings)
    arrival = terms.start + (terms.n_orders + lead_time) * ONE_WEEK
    if terms.last_week > last or arrival > last:
        raise UsageError(
            "the game reaches beyond the data",
            got=f"weeks to {terms.last_week}, the last order (lead time {lead_time}) arriving {arrival}, data to {last}",
            wanted="every week played and every arrival within the data",
            remedy="Start earlier, or play fewer orders and weeks.",
        )
    _check_costs(terms, tables, settings)


def check_numbers(terms: ReplayTerms) -> None:
    """Refuse what contradicts itself, whatever the source: to be asked before anything is read.

    Raises:
        UsageError: The start is no Monday, there are more orders than weeks, or a share is none.
    """
    if terms.start != monday_of(terms.start):
        raise UsageError(f"--start {terms.start} is not a Monday", wanted="the Monday of the last observed week", remedy=f"Use {monday_of(terms.start)}.")
    if not 1 <= terms.n_orders <= terms.n_weeks:
        raise UsageError(
            "the numbers of orders and weeks do not fit",
            got=f"{terms.n_orders} orders in {terms.n_weeks} weeks",
            wanted="at least one order, and no more orders than weeks",
            remedy="Correct --orders and --weeks.",
        )
    share = terms.inbound_share_before_demand
    if share is not None and not 0 <= share <= 1:
        raise UsageError("--inbound-before-demand is not a share", got=f"{share:g}", wanted="0 to 1", remedy="1 = all arrivals before the week's demand.")


def longest_lead_time(tables: Tables, settings: Settings) -> int:
    """Whole weeks, the longest mean of any merchant with a sale."""
    rows = {row["merchant_id"]: row for row in tables["merchants"].iter_rows(named=True)}
    merchants = _series(tables)["merchant_id"].unique().to_list()
    return max(whole_weeks(settings.for_merchant(merchant, rows.get(merchant)).inventory.lead_time_weeks) for merchant in merchants)


def whole_weeks(lead_time_weeks: float) -> int:
    """A mean lead time as the whole weeks an order is announced for."""
    return int(np.floor(lead_time_weeks + 0.5))


def _series(tables: Tables, *, until: date | None = None) -> pl.DataFrame:
    weekly, single = tables["weekly_sales"], tables["sales_transactions"]
    if until is not None:
        weekly, single = weekly.filter(pl.col("week") <= until), single.filter(pl.col("occurred_at").cast(pl.Date) < until + ONE_WEEK)
    return pl.concat([weekly.select(SERIES_KEY).unique(), single.select(SERIES_KEY).unique()])


def _check_costs(terms: ReplayTerms, tables: Tables, settings: Settings) -> None:
    """A replay is judged by its cost: a holding rate nobody stated would decide it, so that default alone does not do here."""
    if "holding_rate_share_of_price_per_week" in settings.costs.model_fields_set:
        return
    rated = tables["cost_rates"].filter(pl.col(_HOLDING).is_not_null())
    missing = _series(tables, until=terms.start).join(rated.filter(pl.col("article_id").is_null()), on="merchant_id", how="anti")
    missing = missing.join(rated, on=SERIES_KEY, how="anti").sort(SERIES_KEY)
    if missing.height:
        raise DataError(
            f"{missing.height:,} series have no cost of holding stock",
            got=f"no {_HOLDING} in table cost_rates, for example for merchant {missing['merchant_id'][0]}, article {missing['article_id'][0]}",
            wanted="a rate per merchant or article",
            remedy="Add the table cost_rates, or set costs.holding_rate_share_of_price_per_week.",
        )
