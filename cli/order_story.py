"""The story of one order: as data for programs."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from cli.order_record import OrderRecord, Row
from domain.calendar import ONE_WEEK, first_horizon_week, monday_of, weeks_between
from domain.counting import counted
from domain.feature_vector import FeatureVector
from domain.quantiles import QUANTILE_LEVELS, mean_of_quantiles

_FAN_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
Story = Mapping[str, Any]


def tell_story(record: OrderRecord) -> Story:
    """Everything that is told of an order, as data: the policy's row as it is, and what it rests on.

    Args:
        record: Of the SKU on its decision day.
    """
    vector, inventory = record.vector, record.settings.inventory
    lead_time_weeks = inventory.lead_time_weeks if vector.lead_time_weeks is None else vector.lead_time_weeks
    arrival = vector.date + timedelta(days=int(7 * lead_time_weeks + 0.5))
    release = record.release or {}
    story = {
        **record.policy,
        "on_hand_units": vector.on_hand_units,
        "in_transit_units": int(vector.inbound_units.sum() + vector.inbound_later_units.sum()),
        "unit_price_eur": vector.unit_price_eur,
        "unit_cost_eur": vector.unit_cost_eur,
        "lead_time_weeks": lead_time_weeks,
        "arrival_date": arrival,
        "arrival_week": monday_of(arrival),
        "minimum_order_quantity_units": vector.minimum_order_quantity_units or inventory.minimum_order_quantity_units,
        "pack_size_units": vector.pack_size_units or inventory.pack_size_units,
        "maximum_order_quantity_units": inventory.maximum_order_quantity_units,
        "supplier_id": record.article.get("supplier_id"),
        "category": record.article.get("category"),
        "budget_eur_per_week": inventory.budget_eur_per_week,
        "limits": record.limits,
        "release_status": release.get("status"),
        "released_units": release.get("released_units"),
        "release_reason": release.get("reason"),
        "not_known": list(record.not_known),
        "n_paths_evaluate": record.settings.simulation.n_paths_evaluate,
        "history": record.history.select("week", "sales_units", "is_censored").to_dicts(),
        "weeks": _weeks(vector, order_units=record.policy["order_now_units"], arrival=arrival),
        "expected_demand_units_p10_p50_p90": record.horizon_demand_units,
        "alternatives": record.recommendation["alternatives"],
        "cost_curve": record.recommendation["cost_curve"],
        "change": record.change.row,
        "change_is_unknown_because": record.change.why_not or None,
    }
    return {"sentence": sentence(story), **story}


def _weeks(vector: FeatureVector, *, order_units: int, arrival: date) -> list[dict[str, Any]]:
    """Per week of the horizon: the fan of demand, arrivals and returns due, and the stock at its end at mean demand, units."""
    start = first_horizon_week(vector.cutoff)
    columns = [int(np.argmin(np.abs(QUANTILE_LEVELS - level))) for level in _FAN_LEVELS]
    mean = mean_of_quantiles(vector.demand_quantiles_units)
    supply = vector.inbound_units + vector.returns_due_units
    ordered = np.zeros(len(mean))
    if (due := weeks_between(start, arrival)) < len(mean):
        ordered[due] = order_units
    with_order, without = (_projected_stock(vector.on_hand_units, arriving, mean) for arriving in (supply + ordered, supply))
    return [
        {
            "week": start + week * ONE_WEEK,
            **{f"demand_q{round(1000 * level):03d}": float(vector.demand_quantiles_units[week, at]) for level, at in zip(_FAN_LEVELS, columns, strict=True)},
            "demand_mean_units": float(mean[week]),
            "inbound_units": int(vector.inbound_units[week]),
            "ordered_units": int(ordered[week]),
            "returns_due_units": float(vector.returns_due_units[week]),
            "stock_with_order_units": with_order[week],
            "stock_without_order_units": without[week],
        }
        for week in range(len(mean))
    ]


def _projected_stock(on_hand_units: int, arriving: Any, mean: Any) -> list[float]:
    """Stock at the end of each week if demand is its mean, what is missing is lost, and nothing else is ordered."""
    stock, by_week = float(on_hand_units), []
    for arrives, demand in zip(arriving, mean, strict=True):
        stock = max(stock + arrives - demand, 0.0)
        by_week.append(round(float(stock), 3))
    return by_week


def sentence(story: Row) -> str:
    """What to do and why, in one sentence."""
    units, wished = story["order_now_units"], story["order_before_budget_units"]
    position = story["on_hand_units"] + story["in_transit_units"]
    have = f"{counted(position, 'unit')} on hand and on the way" if position else "nothing on hand or on the way"
    if story.get("decision") not in {None, "decided"}:
        return f"{str(story['decision']).capitalize()}: {story.get('decision_reason')}"
    if story["expected_demand_units"] <= 0:
        return f"Order nothing today: no demand is expected, with {have}."
    if not units and wished:
        return f"Order nothing today: the merchant's limits leave no room for the {counted(wished, 'unit')} that would be ordered without them."
    weekly = story["expected_demand_units"] / len(story["weeks"])
    cover = f"{have} {'lasts' if position == 1 else 'last'} about {position / weekly:.1f} weeks" if position else f"there is {have}"
    due = f"in the week of {story['arrival_week']}"
    if not units:
        return f"Order nothing today: {cover}, and an order of today would arrive {due}."
    return f"Order {counted(units, 'unit')} now, worth {story['order_now_value_eur']:,.2f} EUR: {cover}, and the order arrives {due}."
