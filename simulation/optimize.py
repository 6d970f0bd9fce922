"""One SKU, one day: from its feature vector to the order to place, the policy behind it, and the evidence for it.

`optimize_policy` is the only door; `optimize_policies` is the same for many SKUs of a merchant. Batch and online get the same bits.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from domain.feature_vector import FeatureVector
from domain.settings import InventorySettings, Settings
from domain.vector_chunk import chunk_of
from simulation.alternatives import NEVER_ORDER, RECOMMENDED, Plan, compare_alternatives
from simulation.comparison import compare, first_orders, first_paths
from simulation.cost_curve import CurvePoint, cost_curve, order_grid
from simulation.costs import objective_values, percentile_error, percentile_rank
from simulation.decision import Decision, decision_of, no_decision
from simulation.kernels.demand_totals import weekly_demand
from simulation.kpis import Evaluation, evaluate_with_order
from simulation.policies.protocol import PolicyTerms, Situation, SituationOfMany
from simulation.policies.registry import POLICIES
from simulation.recommendation import Recommendation, parameter_columns, undecided
from simulation.sampling.paths import Paths, sample_paths
from simulation.settle import settle_chunk
from simulation.sku_terms import sku_terms
from simulation.tuning import Tuned, alike_chunks, situation_of_many, tune_many
from simulation.undecided import reasons_against

_BASE_STOCK = "base_stock"
_NO_PARAMETERS = np.zeros(0, dtype=np.int64)


def optimize_policy(vector: FeatureVector, settings: Settings, *, seed: int, planned_units: int | None = None) -> Recommendation:
    """The best policy of the merchant's kind for this SKU today (method §2 to §6).

    Candidates compete on `n_paths_optimize` paths; the winner and its alternatives are then run on `n_paths_evaluate` fresh
    ones. Nothing is chosen again on those: that would be selecting on the test.

    Args:
        vector: The SKU on its decision day.
        settings: With the merchant's own in force (`Settings.for_merchant`).
        seed: Seed of all keyed randomness.
        planned_units: What was planned for today the day before; among orders that cost alike it is kept. `None` = not known.
    """
    return optimize_policies([vector], settings, seed=seed, planned_units=[planned_units])[0]


def optimize_policies(
    vectors: Sequence[FeatureVector], settings: Settings, *, seed: int, planned_units: Sequence[int | None] | None = None
) -> list[Recommendation]:
    """`optimize_policy` for SKUs of one merchant, their searches in one call: the same bits, for no SKU sees another.

    Args:
        vectors: The SKUs; those of `tuning.alike_chunks` are searched together.
        settings: With the merchant's own in force.
        seed: Seed of all keyed randomness.
        planned_units: Of each SKU, as in `optimize_policy`.
    """
    planned = [None] * len(vectors) if planned_units is None else planned_units
    reasons = reasons_against(vectors, settings)
    found = {place: undecided(vectors[place], settings, no_decision(reason), seed=seed) for place, reason in reasons.items()}
    sound = [place for place in range(len(vectors)) if place not in reasons]
    for places in alike_chunks([vectors[place] for place in sound]):
        chunk = [sound[place] for place in places]
        found |= zip(
            chunk, _optimize_chunk([vectors[place] for place in chunk], settings, seed=seed, planned_units=[planned[place] for place in chunk]), strict=True
        )
    return [found[place] for place in range(len(vectors))]


def _optimize_chunk(vectors: Sequence[FeatureVector], settings: Settings, *, seed: int, planned_units: Sequence[int | None]) -> list[Recommendation]:
    """SKUs of one merchant and lead time, all of them sound."""
    many = situation_of_many(chunk_of(vectors), settings, seed=seed)
    names = dict.fromkeys((settings.inventory.policy, _BASE_STOCK, *settings.evidence.compared_policies))
    tuned = {name: tune_many(POLICIES[name], many, settings).by_sku() for name in names}
    decisions = _decide(vectors, many, tuned[settings.inventory.policy], settings, seed=seed, planned_units=planned_units)
    return [
        recommendation_of(vector, settings, situation=many.sku(k), tuned={name: found[k] for name, found in tuned.items()}, decision=decisions[k], seed=seed)
        for k, vector in enumerate(vectors)
    ]


def _decide(
    vectors: Sequence[FeatureVector],
    many: SituationOfMany,
    tuned: Sequence[Tuned],
    settings: Settings,
    *,
    seed: int,
    planned_units: Sequence[int | None] | None = None,
) -> list[Decision]:
    def further(skus: list[int]) -> SituationOfMany:
        return situation_of_many(chunk_of([vectors[sku] for sku in skus]), settings, seed=seed, purpose="settle")

    form = POLICIES[settings.inventory.policy].form(many)
    settled = settle_chunk(form, [found.theta for found in tuned], many, further=further, planned_units=planned_units)
    return [decision_of(vector, settings, order) for vector, order in zip(vectors, settled, strict=True)]


def decide_today(vector: FeatureVector, settings: Settings, *, seed: int) -> Decision:
    """What `optimize_policy` decides for today, without the figures around it."""
    if reasons := reasons_against([vector], settings):
        return no_decision(reasons[0])
    many = situation_of_many(chunk_of([vector]), settings, seed=seed)
    return _decide([vector], many, tune_many(POLICIES[settings.inventory.policy], many, settings).by_sku(), settings, seed=seed)[0]


def situation_of(vector: FeatureVector, settings: Settings, *, seed: int) -> Situation:
    """The SKU, its merchant's settings, and the paths on which candidates compete."""
    terms = sku_terms(vector, settings)
    paths = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_optimize, purpose="optimize", seed=seed)
    return Situation(terms, settings.for_article(vector.lead_time_weeks).inventory, paths)


def recommendation_of(
    vector: FeatureVector, settings: Settings, *, situation: Situation, tuned: Mapping[str, Tuned], decision: Decision, seed: int
) -> Recommendation:
    """What is reported of a search's result, from fresh paths.

    Args:
        vector: The SKU on its decision day.
        settings: With the merchant's own in force.
        situation: Of the search.
        tuned: By policy: the merchant's own, base-stock, and those it is to be compared with.
        decision: Today's.
        seed: Seed of all keyed randomness.
    """
    terms, inventory = situation.terms, situation.inventory
    chosen, found = POLICIES[inventory.policy], tuned[inventory.policy]
    fresh = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=seed)
    order_now_units = decision.order_now_units
    plan = Plan(chosen.form(situation), found.theta, order_now_units)
    evaluation = evaluate_with_order(*plan, fresh, terms)
    policy_terms = _with_first_order(chosen.describe(found.theta, situation), order_now_units)
    others = {name: Plan(POLICIES[name].form(situation), result.theta) for name, result in tuned.items() if name != chosen.name}
    others |= {NEVER_ORDER: Plan(POLICIES["order_nothing"].form(situation), _NO_PARAMETERS)}
    alternatives = compare_alternatives(plan, order_now_units, others, situation=situation, fresh=fresh)
    figures = figures_of(evaluation)
    return Recommendation(
        date=vector.date,
        merchant_id=vector.merchant_id,
        article_id=vector.article_id,
        policy=chosen.name,
        trigger=inventory.trigger,
        objective=inventory.objective,
        **decision.as_columns(),
        order_now_value_eur=order_now_units * vector.unit_value_eur,
        order_before_budget_units=order_now_units,
        safety_stock_units=_safety_stock_units(policy_terms, inventory, fresh),
        **parameter_columns(policy_terms, vector.cutoff),
        **figures,
        expected_cost_without_order_eur=figures["expected_cost_eur"] + alternatives[NEVER_ORDER].difference_eur,
        fill_rate_without_order=alternatives[NEVER_ORDER].fill_rate,
        expected_cost_base_stock_eur=figures["expected_cost_eur"] + alternatives[RECOMMENDED if chosen.name == _BASE_STOCK else _BASE_STOCK].difference_eur,
        objective_in_sample_eur=_objective_in_sample(plan, situation),
        objective_eur=float(objective_values(evaluation.path_cost_eur, inventory.objective)),
        forecast_cutoff=vector.cutoff,
        model=vector.model,
        settings_hash=settings.hash(),
        vector_hash=vector.vector_hash,
        seed=seed,
        alternatives=tuple(alternatives.values()),
        cost_curve=_curve(plan, situation=situation, fresh=fresh, n_paths=settings.evidence.n_paths_cost_curve),
    )


def _with_first_order(terms: PolicyTerms, order_units: int) -> PolicyTerms:
    """The kick-start of today as it was settled."""
    return terms._replace(initial_order_quantity_units=order_units) if terms.initial_order_epoch == 0 else terms


def _objective_in_sample(plan: Plan, situation: Situation) -> float:
    """What the plan reaches on the paths its parameters were chosen on, EUR."""
    plans = first_orders(plan.form, plan.theta, (plan.order_units,), situation.terms)
    figures = compare([plans], paths=situation.paths, terms=situation.terms, objective=situation.inventory.objective)
    return float(figures.objective_eur[0])


def _curve(plan: Plan, *, situation: Situation, fresh: Paths, n_paths: int) -> tuple[CurvePoint, ...]:
    """The cost curve on the first of the fresh paths; none on 0 paths."""
    if n_paths == 0:
        return ()
    orders, paths = order_grid(situation, plan.order_units), first_paths(fresh, n_paths)
    return cost_curve(*plan, orders, fresh=paths, terms=situation.terms, objective=situation.inventory.objective).points()


def figures_of(evaluation: Evaluation) -> dict[str, Any]:
    """Cost and service on the fresh paths, by column."""
    figures = {f"expected_{term}_cost_eur": cost for term, cost in evaluation.expected_cost_eur.items()}
    costs = np.sort(evaluation.path_cost_eur)
    percentiles = {f"cost_p{percent}_eur": float(costs[percentile_rank(costs.size, percent)]) for percent in (10, 50, 75, 90)}
    errors = {
        "expected_cost_standard_error_eur": float(costs.std(ddof=1)) / math.sqrt(costs.size),
        "cost_p75_standard_error_eur": percentile_error(costs, 75),
    }
    return (
        figures
        | percentiles
        | errors
        | {
            "expected_cost_eur": sum(figures.values()),
            "fill_rate": evaluation.fill_rate(),
            "availability": evaluation.availability(),
            "expected_orders": evaluation.expected["n_orders"],
            "expected_demand_units": evaluation.expected["demanded_units"],
        }
    )


def _safety_stock_units(terms: PolicyTerms, inventory: InventorySettings, paths: Paths) -> float:
    """Reorder point − expected demand over the lead time, or S − expected demand over the protection interval [R + L], units."""
    lead_time = inventory.lead_time_weeks
    if terms.base_stock_level_units is not None:
        return terms.base_stock_level_units - expected_demand_over(paths, inventory.review_period_weeks + lead_time)
    return (terms.reorder_point_units or 0) - expected_demand_over(paths, lead_time)


def expected_demand_over(paths: Paths, n_weeks: float) -> float:
    """Mean demand of the next `n_weeks` weeks, parts of weeks pro rata; beyond the horizon at its mean weekly demand."""
    weekly = weekly_demand(paths.blocks)
    share = np.clip(n_weeks - np.arange(weekly.size), 0.0, 1.0)
    return float(share @ weekly + max(n_weeks - weekly.size, 0.0) * weekly.mean())
