"""From a source to a played game: prepared once, played by any number of policies under identical conditions."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import polars as pl

from assets.replay.contradictions import count_contradictions
from assets.replay.engine import Engine, ObservedForecasts, Sight, end_of
from assets.replay.engine_view import tables_visible_at
from assets.replay.forecasts import Progress, forecaster_named
from assets.replay.opening import Opening, open_game, settings_in_force
from assets.replay.reality import Reality, day_facts, reality_of
from assets.replay.terms import ENGINE_POLICIES, HINDSIGHT, RECORDED, GamePolicy, Play, ReplayTerms, check_rhythm, check_terms, policy_named
from domain.calendar import ONE_WEEK
from domain.settings import Settings
from feature_store.stock import SERIES_KEY
from simulation.replay.days import play_days
from simulation.replay.foresight import Foresight
from simulation.replay.game import Decider, Played, play
from simulation.replay.one_shot import OneShot
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
    forecaster = forecaster_named(terms.forecaster, articles=tables["articles"], settings=settings, retrain=terms.retrain, on_progress=on_progress)
    first = _remembered(forecaster)
    opening = open_game(tables, terms, first, settings=settings)
    merchants = sorted(set(opening.keys["merchant_id"]))
    neutral = settings_in_force(settings, tables["merchants"], merchants, terms, trigger="position", objective=None)
    reality = reality_of(tables, truth, opening, terms, settings=neutral, seed=settings.seed)
    forecasts = ObservedForecasts(partial(tables_visible_at, tables), opening, terms, first, history_weeks=settings.forecast.history_weeks)
    return Game(terms, opening, reality, forecasts, tables["merchants"], settings, count_contradictions(tables, terms))


def with_forecaster(game: Game, tables: Tables, name: str, *, on_progress: Progress) -> Game:
    """The same game, seen through other forecasts.

    Raises:
        UsageError: The forecaster is unknown.
    """
    forecaster = forecaster_named(name, articles=tables["articles"], settings=game.settings, retrain=game.terms.retrain, on_progress=on_progress)
    view = partial(tables_visible_at, tables)
    forecasts = ObservedForecasts(view, game.opening, game.terms, forecaster, history_weeks=game.settings.forecast.history_weeks)
    return game._replace(forecasts=forecasts)


def _remembered(forecaster: Any) -> Any:
    """The first forecast, made to open the game, is the first decision's too."""
    known: dict[date, pl.DataFrame] = {}

    def of(demand: pl.DataFrame, cutoff: date) -> pl.DataFrame:
        if not known:
            known[cutoff] = forecaster(demand, cutoff)
        return known[cutoff] if cutoff in known else forecaster(demand, cutoff)

    return of


def replay(game: Game, play_as: Play, *, on_progress: Progress | None = None) -> Replay:
    """Play a game.

    Args:
        game: Of `prepare`.
        play_as: The policy, and how it plays.
        on_progress: Told each decision.

    Raises:
        UsageError: The policy is unknown.
    """
    name = policy_named(play_as.policy)
    check_rhythm(game.terms, play_as)
    merchants, terms = sorted(set(game.opening.keys["merchant_id"])), game.terms
    chosen = ENGINE_POLICIES.get(name, GamePolicy(name))
    settings = settings_in_force(_platform(game, play_as), game.merchants, merchants, terms, trigger=chosen.trigger, objective=play_as.objective)
    decider = _decider(game, play_as, name, chosen.policy, settings)
    game_play = _by_day(game, play_as) if terms.rhythm == "daily" else play
    played = game_play(game.reality.facts, decide=decider, n_orders=terms.n_orders, shows_demand=terms.observe == "demand", on_progress=on_progress)
    objectives = {own.inventory.objective for own in settings.values()}
    costs = week_costs(played.journal, game.reality.facts.cost_rates_eur)
    return Replay(name, objectives.pop() if len(objectives) == 1 else "mixed", played, costs)


def _by_day(game: Game, play_as: Play) -> Any:
    return partial(play_days, days=day_facts(game.opening, game.terms, seed=game.settings.seed), weekdays=play_as.weekdays)


def _platform(game: Game, play_as: Play) -> Settings:
    if not play_as.weeks_are_independent:
        return game.settings
    simulation = game.settings.simulation.model_copy(update={"copula_common_share": 0.0, "copula_autocorrelation": 0.0})
    return game.settings.model_copy(update={"simulation": simulation})


def _decider(game: Game, play_as: Play, name: str, policy: str, settings: Mapping[str, Settings]) -> Decider:
    terms, facts, n_threads = game.terms, game.reality.facts, game.settings.simulation.n_threads
    if name == RECORDED:
        return partial(_as_recorded, game.reality.recorded)
    if name == HINDSIGHT:
        return Foresight(facts, game.opening.vectors, settings, n_orders=terms.n_orders)
    sight = Sight(game.opening, terms, game.forecasts, as_point=play_as.as_point)
    if play_as.is_one_shot:
        return OneShot(sight, settings, policy=policy, end=end_of(terms, 0), n_threads=n_threads)
    return Engine(sight, terms, settings=settings, policy=policy, n_threads=n_threads)


def _as_recorded(recorded: Sequence[Shipments], seen: Seen, /) -> Shipments:
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
    for epoch, shipments in zip(replayed.played.epochs, replayed.played.orders, strict=True):
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
