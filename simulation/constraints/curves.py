"""The curve of each SKU of a merchant with limits: a few orders of today, and what each leads to.

They are simulated on the paths the policy was chosen on, not on the fresh ones: those report what is chosen here. Half of
the orders lie below the recommended one, since most limits cut.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from domain.calendar import monday_of
from domain.feature_vector import FeatureVector, vector_from_row
from domain.settings import InventorySettings, Settings
from domain.stage_tables import DECIDED, OrderCurves
from simulation.constraints.recorded import recorded_policy
from simulation.cost_curve import possible_orders
from simulation.costs import objective_values
from simulation.kernels.demand_totals import total_demand
from simulation.kernels.order_plans import IntArray
from simulation.kernels.path_costs import score_first_orders
from simulation.policies.protocol import Situation
from simulation.sampling.lead_times import whole_weeks

_KEY = ["merchant_id", "article_id"]
_N_BELOW, _N_ABOVE = 8, 6
_HORIZON_LEVEL = 0.75
_ROWS_AT_A_TIME = 1024


def has_limits(inventory: InventorySettings) -> bool:
    """Whether anything ties the merchant's SKUs together."""
    limits = (inventory.budget_eur_per_week, inventory.inbound_capacity_units_per_week, inventory.minimum_order_value_eur)
    return any(limit is not None for limit in limits) or bool(inventory.fill_rate_floors)


def order_curves(
    recommended: pl.DataFrame, vectors: pl.DataFrame, tables: Mapping[str, pl.DataFrame], *, decision_date: date, settings: Settings
) -> pl.DataFrame:
    """Curves of the SKUs decided for the day whose merchant has limits, with all that the limits look at; one SKU does not depend on another.

    Args:
        recommended: Rows of `stage_tables.Policies`, before any limit.
        vectors: `stage_tables.SkuVectors` of the same SKUs.
        tables: Contract tables `articles`, `inbound_shipments` and `merchants`; shipments ordered from the day on are not looked at.
        decision_date: The day.
        settings: The platform's; each merchant's own are put on top.

    Returns:
        `stage_tables.OrderCurves`, sorted by key.
    """
    merchant_rows = {row["merchant_id"]: row for row in tables["merchants"].iter_rows(named=True)}

    @cache
    def settings_of(merchant_id: str) -> Settings:
        return settings.for_merchant_if_usable(merchant_id, merchant_rows.get(merchant_id))[0]

    limited = [merchant for merchant in recommended["merchant_id"].unique().sort() if has_limits(settings_of(merchant).inventory)]
    mine = recommended.filter(pl.col("merchant_id").is_in(limited), pl.col("decision") == DECIDED).sort(_KEY)
    known = vectors.join(mine, on=_KEY, how="semi").sort(_KEY)
    classes = tables["articles"].select(*_KEY, "service_class", "supplier_id")
    sent = _ordered_this_week(tables["inbound_shipments"], decision_date=decision_date)
    beside = known.select(_KEY).join(classes, on=_KEY, how="left", maintain_order="left").join(sent, on=_KEY, how="left", maintain_order="left")

    def row_of(rows: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
        policy_row, vector_row, article = rows
        own = settings_of(policy_row["merchant_id"])
        vector = vector_from_row(vector_row)
        return {"date": decision_date, **curve_of(policy_row, vector, own), **_beside(article, vector, own)}

    rows: list[dict[str, Any]] = []
    with ThreadPoolExecutor(settings.simulation.n_threads) as threads:
        for start in range(0, mine.height, _ROWS_AT_A_TIME):
            parts = (frame.slice(start, _ROWS_AT_A_TIME).iter_rows(named=True) for frame in (mine, known, beside))
            rows.extend(threads.map(row_of, zip(*parts, strict=True)))
    return OrderCurves.validate(pl.DataFrame(rows, schema=OrderCurves.create_empty().schema))


def curve_of(row: Mapping[str, Any], vector: FeatureVector, settings: Settings) -> dict[str, Any]:
    """One SKU's orders and what each leads to, by column of `stage_tables.OrderCurves`."""
    situation, form, theta = recorded_policy(row, vector, settings)
    orders = orders_to_look_at(situation, row["order_now_units"])
    path_cost, sold = score_first_orders(form, theta, orders, situation.paths.blocks, situation.terms)
    return {
        "merchant_id": row["merchant_id"],
        "article_id": row["article_id"],
        "order_units": orders.tolist(),
        "objective_eur": objective_values(path_cost, settings.inventory.objective).tolist(),
        "served_units": sold.tolist(),
        "demanded_units": float(total_demand(situation.paths.blocks)) / situation.paths.n_paths,
        "recommended_units": row["order_now_units"],
    }


def orders_to_look_at(situation: Situation, recommended_units: int) -> IntArray:
    """None, the recommended one and a pack less or more, evenly spread ones below it and above it up to what the horizon may need."""
    missing = float(situation.demand_quantile_units(situation.n_weeks, _HORIZON_LEVEL) - situation.inventory_position_units)
    most = max(2.0 * recommended_units, missing, 1.0)
    below, above = np.linspace(0.0, recommended_units, _N_BELOW + 1)[1:], np.linspace(recommended_units, most, _N_ABOVE + 1)[1:]
    around = recommended_units + situation.pack_units * np.array((-1.0, 0.0, 1.0))
    return np.union1d((0, recommended_units), possible_orders(np.concatenate((below, above, around)), situation))


def _ordered_this_week(shipments: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Units ordered per SKU from the Monday of the decision day's ISO week to the day before it."""
    day = pl.col("ordered_at").dt.date()
    earlier = shipments.filter(day >= monday_of(decision_date), day < decision_date)
    return earlier.group_by(_KEY).agg(ordered_units=pl.col("quantity_units").sum())


def _beside(article: Mapping[str, Any], vector: FeatureVector, settings: Settings) -> dict[str, Any]:
    week_due = whole_weeks(settings.for_article(vector.lead_time_weeks).inventory.lead_time_weeks)
    return {
        "unit_value_eur": vector.unit_value_eur,
        "unit_price_eur": vector.unit_price_eur,
        "service_class": article["service_class"],
        "supplier_id": article["supplier_id"],
        "ordered_this_week_eur": (article["ordered_units"] or 0) * vector.unit_value_eur,
        "arriving_units": _arriving_units(vector, week_due),
    }


def _arriving_units(vector: FeatureVector, week: int) -> int:
    """In transit and expected in that week."""
    units = (*vector.inbound_units, *vector.inbound_later_units)
    return int(units[week]) if week < len(units) else 0
