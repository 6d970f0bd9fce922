"""One SKU, one day: from its feature vector to the order to place, the policy behind it, and the evidence for it.

`optimize_policy` is the only door; `optimize_policies` is the same for many SKUs of a merchant. Batch and online get the same bits.
"""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from domain.calendar import ONE_WEEK, first_horizon_week, weeks_between
from domain.feature_vector import FeatureVector
from domain.settings import Settings
from domain.vector_chunk import chunk_of
from simulation.alternatives import NEVER_ORDER, RECOMMENDED, Alternative, Plan, compare_alternatives
from simulation.comparison import AS_PLANNED, compare, first_orders, first_paths
from simulation.cost_curve import CurvePoint, cost_curve, order_grid
from simulation.costs import objective_values, percentile_error, percentile_rank
from simulation.kernels.demand_totals import weekly_demand
from simulation.kpis import Evaluation, evaluate
from simulation.policies.protocol import PolicyTerms, Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import Paths, sample_paths
from simulation.sku_terms import sku_terms
from simulation.tuning import Tuned, situation_of_many, tune_many

_BASE_STOCK = "base_stock"
_NO_PARAMETERS = np.zeros(0, dtype=np.int64)


class Recommendation(NamedTuple):
    """What to order and why. Units and meanings of the fields: `domain.stage_tables.Policies`; the budget comes later."""

    date: dt.date
    merchant_id: str
    article_id: str
    policy: str
    trigger: str
    objective: str
    order_now_units: int
    order_now_value_eur: float
    order_before_budget_units: int
    initial_order_week: dt.date | None
    initial_order_quantity_units: int | None
    reorder_point_units: int | None
    order_quantity_units: int | None
    base_stock_level_units: int | None
    last_order_week: dt.date | None
    safety_stock_units: float
    expected_holding_cost_eur: float
    expected_inbound_cost_eur: float
    expected_outbound_cost_eur: float
    expected_returns_cost_eur: float
    expected_lost_sales_cost_eur: float
    expected_overstock_cost_eur: float
    expected_fixed_order_cost_eur: float
    expected_cost_eur: float
    cost_p10_eur: float
    cost_p50_eur: float
    cost_p75_eur: float
    cost_p90_eur: float
    fill_rate: float
    availability: float
    expected_orders: float
    expected_demand_units: float
    expected_cost_without_order_eur: float
    fill_rate_without_order: float
    expected_cost_base_stock_eur: float
    expected_cost_standard_error_eur: float
    cost_p75_standard_error_eur: float
    objective_in_sample_eur: float
    objective_eur: float
    forecast_cutoff: dt.date
    model: str
    settings_hash: str
    vector_hash: str
    seed: int
    alternatives: tuple[Alternative, ...]
    """What else could be done, the recommendation first."""
    cost_curve: tuple[CurvePoint, ...]
    """Other orders today, in rising order; empty where the settings want none."""

    def as_row(self) -> dict[str, Any]:
        """Values by column name of `domain.stage_tables.Recommendations`; those of evidence as they are kept, in single precision."""
        return self._asdict() | {"alternatives": [_single(row) for row in self.alternatives], "cost_curve": [_single(point) for point in self.cost_curve]}


def _single(row: Alternative | CurvePoint) -> dict[str, Any]:
    return {name: float(np.float32(value)) if isinstance(value, float) else value for name, value in row._asdict().items()}


def optimize_policy(vector: FeatureVector, settings: Settings, *, seed: int) -> Recommendation:
    """The best policy of the merchant's kind for this SKU today (method §2 to §6).

    Candidates compete on `n_paths_optimize` paths; the winner and its alternatives are then run on `n_paths_evaluate` fresh
    ones. Nothing is chosen again on those: that would be selecting on the test.

    Args:
        vector: The SKU on its decision day.
        settings: With the merchant's own in force (`Settings.for_merchant`).
        seed: Seed of all keyed randomness.
    """
    return optimize_policies([vector], settings, seed=seed)[0]


def optimize_policies(vectors: Sequence[FeatureVector], settings: Settings, *, seed: int) -> list[Recommendation]:
    """`optimize_policy` for SKUs of one merchant, their searches in one call: the same bits, for no SKU sees another.

    Args:
        vectors: The SKUs; a chunk of `tuning.even_chunks` at a time.
        settings: With the merchant's own in force.
        seed: Seed of all keyed randomness.
    """
    many = situation_of_many(chunk_of(vectors), settings, seed=seed)
    names = dict.fromkeys((settings.inventory.policy, _BASE_STOCK, *settings.evidence.compared_policies))
    tuned = {name: tune_many(POLICIES[name], many, settings).by_sku() for name in names}
    return [
        recommendation_of(vector, settings, situation=many.sku(k), tuned={name: found[k] for name, found in tuned.items()}, seed=seed)
        for k, vector in enumerate(vectors)
    ]


def situation_of(vector: FeatureVector, settings: Settings, *, seed: int) -> Situation:
    """The SKU, its merchant's settings, and the paths on which candidates compete."""
    terms = sku_terms(vector, settings)
    paths = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_optimize, purpose="optimize", seed=seed)
    return Situation(terms, settings.inventory, paths)


def recommendation_of(vector: FeatureVector, settings: Settings, *, situation: Situation, tuned: Mapping[str, Tuned], seed: int) -> Recommendation:
    """What is reported of a search's result, from fresh paths.

    Args:
        vector: The SKU on its decision day.
        settings: With the merchant's own in force.
        situation: Of the search.
        tuned: By policy: the merchant's own, base-stock, and those it is to be compared with.
        seed: Seed of all keyed randomness.
    """
    terms, inventory = situation.terms, settings.inventory
    chosen, found = POLICIES[inventory.policy], tuned[inventory.policy]
    fresh = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=seed)
    plan = Plan(chosen.form(situation), found.theta)
    evaluation = evaluate(*plan, fresh, terms)
    order_now_units, policy_terms = evaluation.order_now_units(), chosen.describe(found.theta, situation)
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
        order_now_units=order_now_units,
        order_now_value_eur=order_now_units * vector.unit_value_eur,
        order_before_budget_units=order_now_units,
        safety_stock_units=_safety_stock_units(policy_terms, settings, fresh),
        **_parameters(policy_terms, vector.cutoff),
        **figures,
        expected_cost_without_order_eur=figures["expected_cost_eur"] + alternatives[NEVER_ORDER].difference_eur,
        fill_rate_without_order=alternatives[NEVER_ORDER].fill_rate,
        expected_cost_base_stock_eur=figures["expected_cost_eur"] + alternatives[RECOMMENDED if chosen.name == _BASE_STOCK else _BASE_STOCK].difference_eur,
        objective_in_sample_eur=_objective_in_sample(plan, found, situation),
        objective_eur=float(objective_values(evaluation.path_cost_eur, inventory.objective)),
        forecast_cutoff=vector.cutoff,
        model=vector.model,
        settings_hash=settings.hash(),
        vector_hash=vector.vector_hash,
        seed=seed,
        alternatives=tuple(alternatives.values()),
        cost_curve=_curve(plan, order_now_units, situation=situation, fresh=fresh, n_paths=settings.evidence.n_paths_cost_curve),
    )


def _objective_in_sample(plan: Plan, found: Tuned, situation: Situation) -> float:
    """What the search thought to have reached, EUR; with a fill-rate floor its score may be a shortfall instead, so it is computed again."""
    if situation.inventory.minimum_fill_rate is None:
        return float(found.score)
    paths, terms = situation.paths, situation.terms
    figures = compare([first_orders(*plan, (AS_PLANNED,), terms)], paths=paths, terms=terms, objective=situation.inventory.objective)
    return float(figures.objective_eur[0])


def _curve(plan: Plan, recommended_units: int, *, situation: Situation, fresh: Paths, n_paths: int) -> tuple[CurvePoint, ...]:
    """The cost curve on the first of the fresh paths; none on 0 paths."""
    if n_paths == 0:
        return ()
    orders, paths = order_grid(situation, recommended_units), first_paths(fresh, n_paths)
    return cost_curve(*plan, recommended_units, orders, fresh=paths, terms=situation.terms, objective=situation.inventory.objective).points()


def _parameters(terms: PolicyTerms, cutoff: dt.date) -> dict[str, Any]:
    """The policy's parameters as columns, epochs as Mondays: epoch j lies before the week that starts on its Monday."""

    def monday(epoch: int | None) -> dt.date | None:
        return None if epoch is None else first_horizon_week(cutoff) + epoch * ONE_WEEK

    return {
        "initial_order_week": monday(terms.initial_order_epoch),
        "initial_order_quantity_units": terms.initial_order_quantity_units,
        "reorder_point_units": terms.reorder_point_units,
        "order_quantity_units": terms.order_quantity_units,
        "base_stock_level_units": terms.base_stock_level_units,
        "last_order_week": monday(terms.last_order_epoch),
    }


def terms_of_row(row: Mapping[str, Any]) -> PolicyTerms:
    """The policy's parameters in words, back from a row's columns."""
    start = first_horizon_week(row["forecast_cutoff"])
    epochs = {
        epoch: None if row[column] is None else weeks_between(start, row[column])
        for epoch, column in (("initial_order_epoch", "initial_order_week"), ("last_order_epoch", "last_order_week"))
    }
    return PolicyTerms(**epochs, **{name: row[name] for name in PolicyTerms._fields if name not in epochs})


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


def _safety_stock_units(terms: PolicyTerms, settings: Settings, paths: Paths) -> float:
    """Reorder point − expected demand over the lead time, or S − expected demand over the protection interval [R + L], units."""
    lead_time = settings.inventory.lead_time_weeks
    if terms.base_stock_level_units is not None:
        return terms.base_stock_level_units - expected_demand_over(paths, settings.inventory.review_period_weeks + lead_time)
    return (terms.reorder_point_units or 0) - expected_demand_over(paths, lead_time)


def expected_demand_over(paths: Paths, n_weeks: float) -> float:
    """Mean demand of the next `n_weeks` weeks, parts of weeks pro rata; beyond the horizon at its mean weekly demand."""
    weekly = weekly_demand(paths.blocks)
    share = np.clip(n_weeks - np.arange(weekly.size), 0.0, 1.0)
    return float(share @ weekly + max(n_weeks - weekly.size, 0.0) * weekly.mean())
