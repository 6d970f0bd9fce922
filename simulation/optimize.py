"""One SKU, one day: from its feature vector to the order to place and the policy behind it.

`optimize_policy` is the only door: the batch asset and the online worker both call it, and get the same bits.
"""

import datetime as dt
from typing import Any, NamedTuple

import numpy as np

from domain.calendar import ONE_WEEK, first_horizon_week
from domain.feature_vector import FeatureVector
from domain.settings import Settings
from simulation.costs import cost_percentile
from simulation.kernels.order_plans import IntArray
from simulation.kpis import Evaluation, evaluate
from simulation.policies.protocol import Policy, PolicyTerms, Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import Paths, sample_paths
from simulation.sku_terms import sku_terms
from simulation.tuning import tune


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
    forecast_cutoff: dt.date
    model: str
    settings_hash: str
    vector_hash: str
    seed: int

    def as_row(self) -> dict[str, Any]:
        """Values by column name."""
        return self._asdict()


def optimize_policy(vector: FeatureVector, settings: Settings, *, seed: int) -> Recommendation:
    """The best policy of the merchant's kind for this SKU today (method §2 to §6).

    Candidates compete on `n_paths_optimize` paths; the winner, order-nothing and a tuned base-stock are then run on
    `n_paths_evaluate` fresh ones. Nothing is chosen again on those: that would be selecting on the test.

    Args:
        vector: The SKU on its decision day.
        settings: With the merchant's own in force (`Settings.for_merchant`).
        seed: Seed of all keyed randomness.
    """
    terms = sku_terms(vector, settings)
    paths = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_optimize, purpose="optimize", seed=seed)
    situation = Situation(terms, settings.inventory, paths)
    chosen, base_stock, nothing = (POLICIES[name] for name in (settings.inventory.policy, "base_stock", "order_nothing"))
    theta = tune(chosen, situation, settings).theta
    base_stock_theta = theta if chosen is base_stock else tune(base_stock, situation, settings).theta
    fresh = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=seed)

    def run(policy: Policy, parameters: IntArray) -> Evaluation:
        return evaluate(policy.form(situation), parameters, fresh, terms)

    evaluation, without_order = run(chosen, theta), run(nothing, np.zeros(0, dtype=np.int64))
    base_stock_evaluation = evaluation if chosen is base_stock else run(base_stock, base_stock_theta)
    policy_terms = chosen.describe(theta, situation)
    order_now_units = evaluation.order_now_units()
    return Recommendation(
        date=vector.date,
        merchant_id=vector.merchant_id,
        article_id=vector.article_id,
        policy=chosen.name,
        trigger=settings.inventory.trigger,
        objective=settings.inventory.objective,
        order_now_units=order_now_units,
        order_now_value_eur=order_now_units * vector.unit_value_eur,
        order_before_budget_units=order_now_units,
        safety_stock_units=_safety_stock_units(policy_terms, settings, fresh),
        **_parameters(policy_terms, vector.cutoff),
        **figures_of(evaluation),
        expected_cost_without_order_eur=float(without_order.path_cost_eur.mean()),
        fill_rate_without_order=without_order.fill_rate(),
        expected_cost_base_stock_eur=float(base_stock_evaluation.path_cost_eur.mean()),
        forecast_cutoff=vector.cutoff,
        model=vector.model,
        settings_hash=settings.hash(),
        vector_hash=vector.vector_hash,
        seed=seed,
    )


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


def figures_of(evaluation: Evaluation) -> dict[str, Any]:
    """Cost and service on the fresh paths, by column."""
    figures = {f"expected_{term}_cost_eur": cost for term, cost in evaluation.expected_cost_eur.items()}
    percentiles = {f"cost_p{percent}_eur": float(cost_percentile(evaluation.path_cost_eur, percent)) for percent in (10, 50, 75, 90)}
    return (
        figures
        | percentiles
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
    weekly = paths.demand_units.mean(axis=0)
    share = np.clip(n_weeks - np.arange(weekly.size), 0.0, 1.0)
    return float(share @ weekly + max(n_weeks - weekly.size, 0.0) * weekly.mean())
