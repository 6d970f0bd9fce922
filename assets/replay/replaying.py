"""From a source to a played game: prepared once, played by any number of policies under identical conditions."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from assets.replay.contradictions import count_contradictions
from assets.replay.engine import Engine, ObservedForecasts
from assets.replay.engine_view import tables_visible_at
from assets.replay.forecasts import Progress, forecaster_named
from assets.replay.opening import Opening, open_game, settings_in_force
from assets.replay.reality import Reality, reality_of
from assets.replay.terms import ENGINE_POLICIES, HINDSIGHT, RECORDED, GamePolicy, ReplayTerms, check_terms, policy_named
from domain.calendar import ONE_WEEK
from domain.settings import Settings
from feature_store.stock import SERIES_KEY
from simulation.replay.foresight import Foresight
from simulation.replay.game import Decider, Played, play
from simulation.replay.world import FloatArray, Seen, Shipments, week_costs

Tables = Mapping[str, pl.DataFrame]


class Game(NamedTuple):
    """A game ready to be played."""

    terms: ReplayTerms
    opening: Opening
    reality: Reality
    forecasts: ObservedForecasts
    merchants: pl.DataFrame
    settings: Settings
    contradictions: Mapping[str, int]


class Replay(NamedTuple):
    """A game as one policy played it."""

    policy: str
    objective: str
    """What was minimised: `mixed` where merchants differ."""
    played: Played
    cost_eur: Mapping[str, FloatArray]
    """By term, `(n_weeks, n_skus)`."""

    @property
    def total_cost_eur(self) -> float:
        """Of all weeks, series and terms."""
        return float(sum(cost.sum() for cost in self.cost_eur.values()))

    @property
    def fill_rate(self) -> float:
        """Units sold over units demanded; 1 where nothing was demanded."""
        demanded = int(self.played.journal.demand_units.sum())
        return float(self.played.journal.sold_units.sum() / demanded) if demanded else 1.0


def prepare(tables: Tables, truth: pl.DataFrame | None, terms: ReplayTerms, *, settings: Settings, today: date, on_progress: Progress) -> Game:
    """Check, open and learn what is true.

    Args:
        tables: The nine contract tables, whole.
        truth: Demand known to a synthetic world, if any.
        terms: The game.
        settings: The platform's.
        today: The wall-clock day.
        on_progress: Told each step.

    Raises:
        UsageError: The game does not fit the source.
        DataError: A series has no holding rate.
    """
    check_terms(terms, tables, settings=settings, today=today)
    forecaster = forecaster_named(terms.forecaster, settings=settings, retrain=terms.retrain, on_progress=on_progress)
    first = _remembered(forecaster)
    opening = open_game(tables, terms, first, settings=settings)
    merchants = sorted(set(opening.keys["merchant_id"]))
    neutral = settings_in_force(settings, tables["merchants"], merchants, terms, policy=GamePolicy("base_stock"), objective=None)
    reality = reality_of(tables, truth, opening, terms, settings=neutral, seed=settings.seed)
    forecasts = ObservedForecasts(partial(tables_visible_at, tables), opening, terms, first, history_weeks=settings.forecast.history_weeks)
    return Game(terms, opening, reality, forecasts, tables["merchants"], settings, count_contradictions(tables, terms))


def _remembered(forecaster: Any) -> Any:
    """The first forecast, made to open the game, is the first decision's too."""
    known: dict[date, pl.DataFrame] = {}

    def of(demand: pl.DataFrame, cutoff: date) -> pl.DataFrame:
        if not known:
            known[cutoff] = forecaster(demand, cutoff)
        return known[cutoff] if cutoff in known else forecaster(demand, cutoff)

    return of


def replay(game: Game, policy: str, *, objective: str | None = None, on_progress: Progress | None = None) -> Replay:
    """Play a game with one policy.

    Args:
        game: Of `prepare`.
        policy: A name of the command line.
        objective: What the engine minimises; `None` = a merchant's own, else the mean.
        on_progress: Told each decision.

    Raises:
        UsageError: The policy is unknown.
    """
    name = policy_named(policy)
    chosen = ENGINE_POLICIES.get(name, GamePolicy("base_stock"))
    merchants = sorted(set(game.opening.keys["merchant_id"]))
    settings = settings_in_force(game.settings, game.merchants, merchants, game.terms, policy=chosen, objective=objective)
    facts, terms = game.reality.facts, game.terms
    decider: Decider
    if name == RECORDED:
        decider = partial(_as_recorded, game.reality.recorded)
    elif name == HINDSIGHT:
        decider = Foresight(facts, game.opening.vectors, settings, n_orders=terms.n_orders)
    else:
        threads = game.settings.simulation.n_threads
        decider = Engine(game.opening, terms, game.forecasts, settings=settings, policy=chosen.policy, n_threads=threads)
    played = play(facts, decider, n_orders=terms.n_orders, shows_demand=terms.observe == "demand", on_progress=on_progress)
    objectives = {own.inventory.objective for own in settings.values()}
    return Replay(name, objectives.pop() if len(objectives) == 1 else "mixed", played, week_costs(played.journal, facts.cost_rates_eur))


def _as_recorded(recorded: "list[Shipments]", seen: Seen, /) -> Shipments:
    return recorded[seen.epoch]


def weekly_figures(replayed: Replay, terms: ReplayTerms) -> list[dict[str, Any]]:
    """A row per week, summed over all series."""
    journal, rows = replayed.played.journal, []
    for index, week in enumerate(terms.weeks):
        costs = {f"{term}_cost_eur": float(cost[index].sum()) for term, cost in replayed.cost_eur.items()}
        units = {name: int(getattr(journal, name)[index].sum()) for name in journal._fields if name.endswith("_units")}
        lost = units["demand_units"] - units["sold_units"]
        rows.append({"week": week.isoformat(), **costs, "cost_eur": sum(costs.values()), **units, "lost_sales_units": lost})
    return rows


def order_rows(replayed: Replay, game: Game) -> pl.DataFrame:
    """decision_week, merchant_id, article_id, order_quantity_units, arrival_week: every order placed, sorted by key."""
    parts = []
    for epoch, shipments in enumerate(replayed.played.orders):
        weeks = [game.terms.first_week + int(week) * ONE_WEEK for week in shipments.arrival_week]
        parts.append(
            game.opening.keys[shipments.sku].select(
                pl.lit(game.terms.start + epoch * ONE_WEEK).alias("decision_week"),
                *SERIES_KEY,
                pl.Series("order_quantity_units", shipments.units, dtype=pl.Int64),
                pl.Series("arrival_week", weeks, dtype=pl.Date),
            )
        )
    return pl.concat(parts).sort("decision_week", *SERIES_KEY, "arrival_week")


def mean_cost_eur(replayed: Replay) -> float:
    """Per series and week."""
    return replayed.total_cost_eur / max(int(np.prod(replayed.played.journal.sold_units.shape)), 1)
