"""Orders of many SKUs and nothing else: the search of `optimize_policies` without the evidence around it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import numpy as np

from domain.feature_vector import FeatureVector
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from domain.vector_chunk import chunk_of
from simulation.kernels.chunks import form_at, sku_terms_at
from simulation.kernels.order_plans import BLOCK_PATHS, NOTHING, IntArray, OrderPlan, OrderTerms, decide, new_plan, plan_orders
from simulation.policies.protocol import Policy
from simulation.policies.registry import POLICIES
from simulation.replay.ablations import ABLATIONS
from simulation.replay.known_end import End, arrives_in_time, to_known_end
from simulation.tuning import even_chunks, situation_of_many, tune_many

Planned = list[tuple[OrderPlan, OrderTerms]]
_decide: Callable[..., None] = decide


def first_orders_of(vectors: Sequence[FeatureVector], settings: Mapping[str, Settings], *, policy: str, end: End | None, n_threads: int) -> IntArray:
    """What each SKU orders today, units `(n_skus,)`; a SKU's order does not depend on the others.

    Args:
        vectors: Sorted by merchant.
        settings: Those in force, by merchant.
        policy: A name of `POLICIES` or of `ABLATIONS`.
        end: When the game is over; `None` = plan the whole horizon.
        n_threads: Chunks of SKUs at a time.
    """
    plans = plans_of(vectors, settings, policy=policy, end=end, n_threads=n_threads)
    found = [
        units_ordered(plan, 0, terms, on_hand_units=vector.on_hand_units, position_units=vector.on_hand_units + int(vector.inbound_units.sum()))
        for vector, (plan, terms) in zip(vectors, plans, strict=True)
    ]
    return np.array(found, dtype=np.int64)


def plans_of(vectors: Sequence[FeatureVector], settings: Mapping[str, Settings], *, policy: str, end: End | None, n_threads: int) -> Planned:
    """The orders of the best parameters of each SKU, epoch by epoch, and the terms they are placed under; see `first_orders_of`."""
    chunks = [chunk for _, own in groupby(vectors, key=lambda vector: vector.merchant_id) for chunk in _pieces(list(own))]
    chosen = {**POLICIES, **ABLATIONS}[policy]

    def plan_chunk(chunk: Sequence[FeatureVector]) -> Planned:
        return _plans_of_chunk(chunk, settings[chunk[0].merchant_id], policy=chosen, end=end)

    with ThreadPoolExecutor(n_threads) as threads:
        return [plan for found in threads.map(plan_chunk, chunks) for plan in found]


def _pieces(vectors: Sequence[FeatureVector]) -> list[Sequence[FeatureVector]]:
    return [vectors[part] for part in even_chunks(len(vectors))]


def _plans_of_chunk(chunk: Sequence[FeatureVector], settings: Settings, *, policy: Policy, end: End | None) -> Planned:
    many = situation_of_many(chunk_of(chunk), settings, seed=settings.seed)
    many = many if end is None else to_known_end(many, end)
    form, found = policy.form(many), tune_many(policy, many, settings).theta
    is_useful = np.ones((len(found), HORIZON_WEEKS), dtype=np.bool_) if end is None else arrives_in_time(many.paths, end)
    plans: Planned = []
    for sku, theta in enumerate(found):
        orders, plan = sku_terms_at(many.terms, sku).orders, new_plan(HORIZON_WEEKS)
        plan_orders(form_at(form, sku), theta, orders, plan)
        # A closed form such as the newsvendor's does not look at arrivals.
        plan.kind[~is_useful[sku]], plan.amount_units[~is_useful[sku]] = NOTHING, 0
        plans.append((plan, orders))
    return plans


def units_ordered(plan: OrderPlan, epoch: int, terms: OrderTerms, *, on_hand_units: float, position_units: float) -> int:
    """What a plan orders at an epoch, by the simulation's own rule; nothing beyond its horizon."""
    if epoch >= len(plan.kind):
        return 0
    on_hand, position, ordered = (np.full(BLOCK_PATHS, units, dtype=np.float32) for units in (on_hand_units, position_units, 0.0))
    _decide(plan.kind[epoch], plan.trigger_units[epoch], plan.amount_units[epoch], terms, on_hand, position, ordered)
    return int(ordered[0])
