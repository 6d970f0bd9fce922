"""Today's orders of many SKUs, and nothing else: the search of `optimize_policies` without the evidence around it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import numpy as np

from domain.feature_vector import FeatureVector
from domain.settings import Settings
from domain.vector_chunk import chunk_of
from simulation.kernels.chunks import form_at, sku_terms_at
from simulation.kernels.order_plans import BLOCK_PATHS, IntArray, decide, new_plan, plan_orders
from simulation.policies.protocol import SituationOfMany
from simulation.policies.registry import POLICIES
from simulation.replay.known_end import End, to_known_end
from simulation.tuning import SKUS_AT_A_TIME, situation_of_many, tune_many


def first_orders_of(vectors: Sequence[FeatureVector], settings: Mapping[str, Settings], *, policy: str, end: End | None, n_threads: int) -> IntArray:
    """What each SKU orders today, units `(n_skus,)`; a SKU's order does not depend on the others.

    Args:
        vectors: Sorted by merchant.
        settings: Those in force, by merchant.
        policy: A name of `POLICIES`.
        end: When the game is over; `None` = plan the whole horizon.
        n_threads: Chunks of SKUs at a time.
    """
    chunks = [chunk for _, own in groupby(vectors, key=lambda vector: vector.merchant_id) for chunk in _pieces(list(own))]

    def decide_chunk(chunk: Sequence[FeatureVector]) -> IntArray:
        return _orders_of_chunk(chunk, settings[chunk[0].merchant_id], policy=policy, end=end)

    with ThreadPoolExecutor(n_threads) as threads:
        found = list(threads.map(decide_chunk, chunks))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _pieces(vectors: Sequence[FeatureVector]) -> list[Sequence[FeatureVector]]:
    return [vectors[first : first + SKUS_AT_A_TIME] for first in range(0, len(vectors), SKUS_AT_A_TIME)]


def _orders_of_chunk(chunk: Sequence[FeatureVector], settings: Settings, *, policy: str, end: End | None) -> IntArray:
    many = situation_of_many(chunk_of(chunk), settings, seed=settings.seed)
    many = many if end is None else to_known_end(many, end)
    found = tune_many(POLICIES[policy], many, settings)
    return orders_now(many, policy, found.theta)


def orders_now(many: SituationOfMany, policy: str, theta: IntArray) -> IntArray:
    """What a policy with parameters θ `(n_skus, n_parameters)` orders at epoch 0, by the simulation's own rule."""
    form, orders = POLICIES[policy].form(many), np.zeros(len(theta), dtype=np.int64)
    on_hand, position, ordered = (np.zeros(BLOCK_PATHS, dtype=np.float32) for _ in range(3))
    plan = new_plan(many.n_weeks)
    for sku in range(len(theta)):
        terms = sku_terms_at(many.terms, sku)
        plan_orders(form_at(form, sku), theta[sku], terms.orders, plan)
        on_hand[:], position[:] = terms.on_hand_units, terms.on_hand_units + terms.in_transit_units
        _decide(plan.kind[0], plan.trigger_units[0], plan.amount_units[0], terms.orders, on_hand, position, ordered)
        orders[sku] = int(ordered[0])
    return orders


_decide: Callable[..., None] = decide
