"""The figures of one decision day for a merchant's summary, read from the tables that were written."""

from typing import Any

import polars as pl

_N_TOP = 5
_SHARED_BY_MOST = 0.5
_ORDER_COLUMNS = ["merchant_id", "article_id", "order_now_units", "order_now_value_eur"]
_EXCEPTION_COLUMNS = ["merchant_id", "article_id", "reason", "at_stake_eur", "suggested_action"]


def order_figures(policies: pl.DataFrame) -> dict[str, Any]:
    """Orders, expected cost in EUR and demand-weighted fill rates, with and without ordering."""
    orders = policies.filter(pl.col("order_now_units") > 0)
    demand = pl.col("expected_demand_units")
    totals = policies.select(
        expected_cost_eur=pl.col("expected_cost_eur").sum(),
        expected_cost_without_order_eur=pl.col("expected_cost_without_order_eur").sum(),
        fill_rate=(pl.col("fill_rate") * demand).sum() / demand.sum(),
        fill_rate_without_order=(pl.col("fill_rate_without_order") * demand).sum() / demand.sum(),
    ).row(0, named=True)
    if not float(policies["expected_demand_units"].sum()):
        totals |= {"fill_rate": None, "fill_rate_without_order": None}
    return {"n_series": policies.height, "n_orders": orders.height, "order_value_eur": float(orders["order_now_value_eur"].sum()), **totals}


def top_orders(policies: pl.DataFrame) -> list[dict[str, Any]]:
    """The five largest orders by value."""
    orders = policies.filter(pl.col("order_now_units") > 0).sort("order_now_value_eur", "merchant_id", "article_id", descending=[True, False, False])
    return orders.head(_N_TOP).select(_ORDER_COLUMNS).to_dicts()


def top_exceptions(exceptions: pl.DataFrame, *, n_series: int) -> list[dict[str, Any]]:
    """The five exceptions with the most money at stake; a reason that most articles share is one cause, so it is one line."""
    by_reason = exceptions.group_by("reason").agg(pl.len().alias("n"), pl.col("at_stake_eur").sum(), pl.col("merchant_id").n_unique().alias("n_merchants"))
    shared = by_reason.filter(pl.col("n") > n_series * _SHARED_BY_MOST).select(
        merchant_id=pl.format("{} merchant(s)", "n_merchants"),
        article_id=pl.format("{} articles", "n"),
        reason="reason",
        at_stake_eur="at_stake_eur",
        suggested_action=pl.lit("Most articles share this: look for one cause in the source before looking at single articles."),
    )
    single = exceptions.join(shared, on="reason", how="anti").select(_EXCEPTION_COLUMNS)
    rows = pl.concat([single, shared.select(_EXCEPTION_COLUMNS)])
    return rows.sort("at_stake_eur", "merchant_id", "article_id", "reason", descending=[True, False, False, False]).head(_N_TOP).to_dicts()


def accuracy_figures(accuracy: pl.DataFrame) -> dict[str, float] | None:
    """WAPE of the median and coverage of the 80 % interval (0.8 is right); `None` where nothing could be judged."""
    actual, weeks = float(accuracy["actual_units"].sum()), int(accuracy["n_weeks"].sum())
    if not actual or not weeks:
        return None
    return {"wape": float(accuracy["absolute_error_units"].sum()) / actual, "coverage_80": float(accuracy["covered_weeks"].sum()) / weeks}
