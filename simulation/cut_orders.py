"""Orders that the budget cut: what their SKUs then cost and how well they serve, on the same fresh paths.

A row must say what is expected of what is ordered. Without today's order the policy goes on at its next review.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from domain.calendar import first_horizon_week, weeks_between
from domain.feature_vector import FeatureVector, vector_from_row
from domain.settings import Settings
from domain.stage_tables import Policies
from simulation.kpis import evaluate
from simulation.optimize import figures_of
from simulation.policies.protocol import PolicyTerms, Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.sku_terms import sku_terms

_KEY = ("merchant_id", "article_id")


def reevaluate_cut_orders(policies: pl.DataFrame, vectors: pl.DataFrame, *, merchants: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The same rows, those whose order was cut with the figures of not ordering today.

    Args:
        policies: Rows of `apply_budgets`.
        vectors: `stage_tables.SkuVectors` of at least the SKUs whose order was cut.
        merchants: Contract table `merchants`.
        settings: The platform's; each merchant's own are put on top.
    """
    is_cut = pl.col("order_now_units") < pl.col("order_before_budget_units")
    vector_rows = {(row["merchant_id"], row["article_id"]): row for row in vectors.join(policies.filter(is_cut), on=_KEY, how="semi").iter_rows(named=True)}
    merchant_rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}
    changed = []
    for row in policies.filter(is_cut).iter_rows(named=True):
        own = settings.for_merchant(row["merchant_id"], merchant_rows.get(row["merchant_id"]))
        changed.append(row | _figures_without_todays_order(row, vector_from_row(vector_rows[row["merchant_id"], row["article_id"]]), own))
    rows = pl.concat([policies.filter(~is_cut), pl.DataFrame(changed, schema=policies.schema)])
    return Policies.validate(rows.sort(_KEY))


def _figures_without_todays_order(row: Mapping[str, Any], vector: FeatureVector, settings: Settings) -> dict[str, Any]:
    terms, n_paths, seed = sku_terms(vector, settings), settings.simulation, row["seed"]
    drawn = sample_paths(vector, settings, n_paths=n_paths.n_paths_optimize, purpose="optimize", seed=seed)
    fresh = sample_paths(vector, settings, n_paths=n_paths.n_paths_evaluate, purpose="evaluate", seed=seed)
    policy, situation = POLICIES[row["policy"]], Situation(terms, settings.inventory, drawn)
    waiting = terms._replace(orders=terms.orders._replace(first_decision_epoch=1))
    evaluation = evaluate(policy.form(situation), policy.parameters(_words(row), situation), fresh, waiting)
    nothing_now = {} if row["initial_order_quantity_units"] is None else {"initial_order_quantity_units": 0}
    return figures_of(evaluation) | nothing_now


def _words(row: Mapping[str, Any]) -> PolicyTerms:
    """The policy's parameters in words, back from a row's columns."""
    start = first_horizon_week(row["forecast_cutoff"])
    epochs = {
        epoch: None if row[column] is None else weeks_between(start, row[column])
        for epoch, column in (("initial_order_epoch", "initial_order_week"), ("last_order_epoch", "last_order_week"))
    }
    return PolicyTerms(**epochs, **{name: row[name] for name in PolicyTerms._fields if name not in epochs})
