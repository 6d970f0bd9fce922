"""Orders that the limits changed: what their SKUs then cost and how well they serve, on the same fresh paths.

A row must say what is expected of what is ordered: the other order is simulated, the policy decides every later one.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from domain.calendar import first_horizon_week
from domain.feature_vector import FeatureVector, vector_from_row
from domain.settings import Settings
from domain.stage_tables import Policies
from simulation.constraints.recorded import recorded_policy
from simulation.costs import objective_values
from simulation.kpis import evaluate_with_order
from simulation.optimize import figures_of
from simulation.sampling.paths import sample_paths

_KEY = ("merchant_id", "article_id")


def apply_limits(recommended: pl.DataFrame, orders: pl.DataFrame, vectors: pl.DataFrame, *, merchants: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The policies with the orders that are placed, sorted by key; those whose order changed with the figures of the other order.

    Args:
        recommended: Rows of `stage_tables.Policies`, before any limit.
        orders: `LimitedOrders.orders`, of these SKUs and possibly of others.
        vectors: `stage_tables.SkuVectors` of at least the SKUs whose order changed.
        merchants: Contract table `merchants`.
        settings: The platform's; each merchant's own are put on top.
    """
    changed = recommended.join(orders, on=_KEY, how="inner").filter(pl.col("limited_units") != pl.col("order_now_units"))
    vector_rows = {(row["merchant_id"], row["article_id"]): row for row in vectors.join(changed, on=_KEY, how="semi").iter_rows(named=True)}
    merchant_rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}
    rows = []
    for row in changed.iter_rows(named=True):
        units = row.pop("limited_units")
        own = settings.for_merchant(row["merchant_id"], merchant_rows.get(row["merchant_id"]))
        rows.append(row | _with_order(row, units, vector_from_row(vector_rows[row["merchant_id"], row["article_id"]]), own))
    placed = pl.concat([recommended.join(changed, on=_KEY, how="anti"), pl.DataFrame(rows, schema=recommended.schema)])
    return Policies.validate(placed.sort(_KEY))


def _with_order(row: Mapping[str, Any], order_units: int, vector: FeatureVector, settings: Settings) -> dict[str, Any]:
    """The columns of a row that another order today changes."""
    situation, form, theta = recorded_policy(row, vector, settings)
    fresh = sample_paths(vector, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=row["seed"])
    evaluation = evaluate_with_order(form, theta, order_units, fresh, situation.terms)
    is_kick_start = row["initial_order_week"] == first_horizon_week(row["forecast_cutoff"])
    kick_start = {"initial_order_quantity_units": order_units} if is_kick_start else {}
    in_sample = evaluate_with_order(form, theta, order_units, situation.paths, situation.terms)
    objectives = {
        name: float(objective_values(run.path_cost_eur, settings.inventory.objective))
        for name, run in (("objective_in_sample_eur", in_sample), ("objective_eur", evaluation))
    }
    return figures_of(evaluation) | objectives | kick_start | {"order_now_units": order_units, "order_now_value_eur": order_units * vector.unit_value_eur}
