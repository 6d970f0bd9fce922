"""Orders of many SKUs and nothing else: the search of `optimize_policies` without the evidence around it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from domain.feature_vector import FeatureVector
from domain.randomness import Purpose
from domain.settings import Settings
from domain.vector_chunk import chunk_of
from simulation.decision import decision_of
from simulation.kernels.chunks import form_at, sku_terms_at
from simulation.kernels.order_plans import AT_ONCE, BLOCK_PATHS, NOTHING, IntArray, OrderPlan, OrderTerms, decide, new_plan, plan_orders
from simulation.policies.protocol import Policy, SituationOfMany
from simulation.policies.registry import POLICIES
from simulation.replay.ablations import ABLATIONS
from simulation.replay.known_end import End, arrives_in_time, to_known_end
from simulation.settle import Settled, settle_chunk
from simulation.tuning import alike_chunks, situation_of_many, tune_many

_decide: Callable[..., None] = decide


class Planned(NamedTuple):
    """What one SKU is to order, epoch by epoch, and the terms under which it does."""

    plan: OrderPlan
    terms: OrderTerms
    settled: Settled
    """Today's order, which the plan begins with."""


def orders_today(vectors: Sequence[FeatureVector], settings: Mapping[str, Settings], *, policy: str, end: End | None, n_threads: int) -> IntArray:
    """What each SKU orders today, units `(n_skus,)`, as if today were an order day; a SKU's order does not depend on the others.

    Args:
        vectors: The SKUs.
        settings: Those in force, by merchant.
        policy: A name of `POLICIES` or of `ABLATIONS`.
        end: When the game is over; `None` = plan the whole horizon.
        n_threads: Chunks of SKUs at a time.
    """
    plans = plans_of(vectors, settings, policy=policy, end=end, n_threads=n_threads)
    return np.array([planned.settled.order_units for planned in plans], dtype=np.int64)


def orders_by_calendar(vectors: Sequence[FeatureVector], settings: Mapping[str, Settings], *, policy: str, end: End | None, n_threads: int) -> IntArray:
    """The same on the merchants' order days and where an order is urgent; see `simulation.decision`."""
    plans = plans_of(vectors, settings, policy=policy, end=end, n_threads=n_threads)
    found = [decision_of(vector, settings[vector.merchant_id], planned.settled) for vector, planned in zip(vectors, plans, strict=True)]
    return np.array([decision.order_now_units for decision in found], dtype=np.int64)


def plans_of(vectors: Sequence[FeatureVector], settings: Mapping[str, Settings], *, policy: str, end: End | None, n_threads: int) -> list[Planned]:
    """The orders of the best parameters of each SKU, in the order of the vectors; see `orders_today`."""
    chunks = alike_chunks(vectors)
    chosen = {**POLICIES, **ABLATIONS}[policy]

    def plan_chunk(places: Sequence[int]) -> list[Planned]:
        chunk = [vectors[place] for place in places]
        return _plans_of_chunk(chunk, settings[chunk[0].merchant_id], policy=chosen, end=end)

    plans: dict[int, Planned] = {}
    with ThreadPoolExecutor(n_threads) as threads:
        for places, found in zip(chunks, threads.map(plan_chunk, chunks), strict=True):
            plans |= zip(places, found, strict=True)
    return [plans[place] for place in range(len(vectors))]


def _plans_of_chunk(chunk: Sequence[FeatureVector], settings: Settings, *, policy: Policy, end: End | None) -> list[Planned]:
    def situation(skus: Sequence[FeatureVector], purpose: Purpose) -> SituationOfMany:
        many = situation_of_many(chunk_of(skus), settings, seed=settings.seed, purpose=purpose)
        return many if end is None else to_known_end(many, end)

    many = situation(chunk, "optimize")
    form, thetas = policy.form(many), tune_many(policy, many, settings).theta
    settled = settle_chunk(form, list(thetas), many, further=lambda skus: situation([chunk[sku] for sku in skus], "settle"))
    is_useful = np.ones((len(chunk), many.n_weeks), dtype=np.bool_) if end is None else arrives_in_time(many.paths, end)
    plans = []
    for sku, theta in enumerate(thetas):
        orders, plan = sku_terms_at(many.terms, sku).orders, new_plan(many.n_weeks)
        plan_orders(form_at(form, sku), theta, orders, plan)
        plan.kind[0], plan.amount_units[0] = AT_ONCE, settled[sku].order_units
        # A closed form such as the newsvendor's does not look at arrivals.
        plan.kind[~is_useful[sku]], plan.amount_units[~is_useful[sku]] = NOTHING, 0
        plans.append(Planned(plan, orders, settled[sku] if is_useful[sku, 0] else settled[sku]._replace(order_units=0)))
    return plans


def units_ordered(plan: OrderPlan, epoch: int, terms: OrderTerms, *, on_hand_units: float, position_units: float) -> int:
    """What a plan orders at an epoch, by the simulation's own rule; nothing beyond its horizon."""
    if epoch >= len(plan.kind):
        return 0
    on_hand, position, ordered = (np.full(BLOCK_PATHS, units, dtype=np.float32) for units in (on_hand_units, position_units, 0.0))
    _decide(plan.kind[epoch], plan.trigger_units[epoch], plan.amount_units[epoch], terms, on_hand, position, ordered)
    return int(ordered[0])
