"""What is recommended for one SKU on one day: a row of `policy/recommendations`, from and to its columns."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from domain.calendar import ONE_WEEK, first_horizon_week, weeks_between
from domain.feature_vector import FeatureVector
from domain.settings import Settings
from simulation.alternatives import Alternative
from simulation.cost_curve import CurvePoint
from simulation.decision import Decision
from simulation.policies.protocol import PolicyTerms


class Recommendation(NamedTuple):
    """What to order and why. Units and meanings of the fields: `domain.stage_tables.Policies`; the budget comes later."""

    date: dt.date
    merchant_id: str
    article_id: str
    policy: str
    trigger: str
    objective: str
    decision: str
    decision_reason: str
    next_order_date: dt.date | None
    planned_order_units: int
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


def undecided(vector: FeatureVector, settings: Settings, decision: Decision, *, seed: int) -> Recommendation:
    """The row of a SKU that nothing can be decided for: nothing is ordered, and nothing is said about what that costs."""
    inventory, nothing = settings.inventory, dict.fromkeys(Recommendation._fields, 0)
    texts = {"policy": inventory.policy, "trigger": inventory.trigger, "objective": inventory.objective, "model": vector.model}
    keys = {"date": vector.date, "merchant_id": vector.merchant_id, "article_id": vector.article_id, "forecast_cutoff": vector.cutoff}
    origin = {"settings_hash": settings.hash(), "vector_hash": vector.vector_hash, "seed": seed, "alternatives": (), "cost_curve": ()}
    return Recommendation(**(nothing | parameter_columns(PolicyTerms(), vector.cutoff) | texts | keys | origin | decision.as_columns()))


def parameter_columns(terms: PolicyTerms, cutoff: dt.date) -> dict[str, Any]:
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
