"""What an engine promised at the start of a game: cost and service of its first plan, on fresh paths, for the weeks that are then played."""

from collections.abc import Iterator
from itertools import groupby

import polars as pl

from assets.replay.engine import end_of
from assets.replay.opening import settings_in_force
from assets.replay.replaying import Game
from assets.replay.terms import ENGINE_POLICIES, Play
from domain.feature_vector import FeatureVector
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from domain.vector_chunk import chunk_of
from simulation.kpis import Evaluation, evaluate
from simulation.policies.protocol import Policy, SituationOfMany
from simulation.policies.registry import POLICIES
from simulation.replay.known_end import End, to_known_end
from simulation.sampling.paths import sample_chunk
from simulation.sku_terms import chunk_terms
from simulation.tuning import even_chunks, situation_of_many, tune_many

_SCHEMA = {"promised_cost_eur": pl.Float64, "promised_demand_units": pl.Float64, "promised_sold_units": pl.Float64}


def promised(game: Game, play: Play) -> pl.DataFrame:
    """A row per SKU, in the order of the game's keys.

    The plan is the engine's own of the first decision, carried out to the end, while the game decides anew every week: a promise that is kept is
    no dearer than promised.

    Args:
        game: Seen through the forecasts it was opened with.
        play: Who plays.

    Returns:
        promised_cost_eur, promised_demand_units, promised_sold_units over the weeks played; nulls where nothing was promised: for people and hindsight,
        for variants whose parts were taken out, and for games longer than the horizon.
    """
    is_whole = play.policy in ENGINE_POLICIES and not (play.as_point or play.weeks_are_independent)
    if not is_whole or game.terms.n_weeks > HORIZON_WEEKS:
        return pl.DataFrame({name: [None] * game.opening.keys.height for name in _SCHEMA}, schema=_SCHEMA)
    rows = [(sum(one.expected_cost_eur.values()), one.expected["demanded_units"], one.expected["sold_units"]) for one in _evaluations(game, play)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _evaluations(game: Game, play: Play) -> Iterator[Evaluation]:
    chosen, merchants = ENGINE_POLICIES[play.policy], sorted(set(game.opening.keys["merchant_id"]))
    settings = settings_in_force(game.settings, game.merchants, merchants, game.terms, trigger=chosen.trigger, objective=play.objective)
    for merchant_id, own in groupby(game.opening.vectors, key=lambda vector: vector.merchant_id):
        vectors = list(own)
        for part in even_chunks(len(vectors)):
            yield from _of_chunk(game, vectors[part], settings[merchant_id], POLICIES[chosen.policy])


def _of_chunk(game: Game, vectors: list[FeatureVector], settings: Settings, policy: Policy) -> Iterator[Evaluation]:
    chunk, told, seed = chunk_of(vectors), end_of(game.terms, 0), settings.seed
    many = situation_of_many(chunk, settings, seed=seed)
    many = many if told is None else to_known_end(many, told)
    thetas = tune_many(policy, many, settings).theta
    fresh = sample_chunk(chunk, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=seed)
    played = to_known_end(SituationOfMany(chunk_terms(chunk, settings), settings.inventory, fresh), End(game.terms.n_orders, game.terms.n_weeks))
    for sku, theta in enumerate(thetas):
        situation = played.sku(sku)
        yield evaluate(policy.form(many.sku(sku)), theta, situation.paths, situation.terms)
