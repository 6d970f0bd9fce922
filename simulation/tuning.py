"""The search of a policy's best parameters, for one SKU or for a chunk of them in one call."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from domain.feature_vector import FeatureVector
from domain.randomness import Purpose
from domain.settings import Settings
from domain.vector_chunk import VectorChunk
from simulation.costs import objective_terms
from simulation.kernels.chunks import search_chunk
from simulation.kernels.order_plans import IntArray
from simulation.kernels.search import search
from simulation.policies.protocol import Policy, Situation, SituationOfMany
from simulation.sampling.paths import FloatArray, sample_chunk
from simulation.sku_terms import chunk_terms

SKUS_AT_A_TIME = 80
"""Most SKUs of a chunk: their paths fit the processor's last cache, and what Python does per chunk no longer counts."""


def alike_chunks(vectors: Sequence[FeatureVector]) -> list[list[int]]:
    """Places of the SKUs that can be handled together: of one merchant, with one lead time and so one horizon."""
    alike: dict[tuple[str, float | None], list[int]] = {}
    for place, vector in enumerate(vectors):
        alike.setdefault((vector.merchant_id, vector.lead_time_weeks), []).append(place)
    return [places[part] for places in alike.values() for part in even_chunks(len(places))]


def even_chunks(n_skus: int) -> list[slice]:
    """One merchant's SKUs in as few chunks as can be, of one size but for a SKU: a small rest costs as much of Python as a chunk."""
    edges = np.linspace(0, n_skus, -(-n_skus // SKUS_AT_A_TIME) + 1).astype(int).tolist()
    return [slice(first, end) for first, end in pairwise(edges)]


class Tuned(NamedTuple):
    """What a search found."""

    theta: IntArray
    score: float
    """Objective on the paths it was found on: better than on fresh ones."""
    n_evaluations: int


class TunedChunk(NamedTuple):
    """What the searches of many SKUs found, `(n_skus, …)` each."""

    theta: IntArray
    score: FloatArray
    n_evaluations: IntArray

    def by_sku(self) -> list[Tuned]:
        """One by one."""
        return [Tuned(*found) for found in zip(self.theta, self.score.tolist(), self.n_evaluations.tolist(), strict=True)]


def tune(policy: Policy, situation: Situation, settings: Settings, *, warm_starts: Sequence[IntArray] = ()) -> Tuned:
    """The policy's best parameters [θ*] on the situation's paths, within the evaluation budget.

    Args:
        policy: What is tuned.
        situation: The SKU and the paths.
        settings: With the merchant's own in force.
        warm_starts: Parameters that did well before, e.g. yesterday's; they compete on all paths with the best of the starts.
    """
    starts = np.concatenate((policy.starts(situation), *(theta[None, :] for theta in warm_starts)))
    box, objective = policy.search_space(situation).box(), objective_terms(situation.inventory, float(situation.demanded_units), situation.paths.n_paths)
    found = search(policy.form(situation), box, starts, settings.optimizer.evaluation_budget, objective, situation.paths.blocks, situation.terms)
    return Tuned(*found)


def situation_of_many(chunk: VectorChunk, settings: Settings, *, seed: int, purpose: Purpose = "optimize") -> SituationOfMany:
    """Terms and paths of SKUs of one merchant and lead time, ready to be tuned.

    Args:
        chunk: The SKUs.
        settings: With the merchant's own in force.
        seed: Seed of all keyed randomness.
        purpose: What the paths are for.
    """
    own = settings.for_article(chunk.vectors[0].lead_time_weeks)
    paths = sample_chunk(chunk, own, n_paths=settings.simulation.n_paths(purpose), purpose=purpose, seed=seed)
    return SituationOfMany(chunk_terms(chunk, own), own.inventory, paths)


def tune_many(policy: Policy, situation: SituationOfMany, settings: Settings) -> TunedChunk:
    """`tune` for each SKU: the same numbers, one call."""
    box = policy.search_space(situation).box()
    objective, demanded = objective_terms(situation.inventory, 1.0, situation.paths.n_paths), situation.demanded_units
    found = search_chunk(
        policy.form(situation), box, policy.starts(situation), settings.optimizer.evaluation_budget, objective, demanded, situation.paths, situation.terms
    )
    return TunedChunk(*found)
