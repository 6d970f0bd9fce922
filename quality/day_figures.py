"""The figures of one decision day for a merchant's summary, read from the tables that were written."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from domain.governance_tables import HELD, NOT_IN_PILOT
from domain.stage_tables import NOT_DECIDED

AGED_COLUMNS: Mapping[str, list[str]] = {
    "stock_levels": ["merchant_id", "date"],
    "sales_transactions": ["merchant_id", "occurred_at"],
    "weekly_sales": ["merchant_id", "week"],
}
"""What the age of the input is read from."""
_OLD_DAYS = 7
"""A stock count or a sale older than this on the decision day is told by merchant."""
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
        expected_cost_base_stock_eur=pl.col("expected_cost_base_stock_eur").sum(),
        fill_rate=(pl.col("fill_rate") * demand).sum() / demand.sum(),
        fill_rate_without_order=(pl.col("fill_rate_without_order") * demand).sum() / demand.sum(),
    ).row(0, named=True)
    if not float(policies["expected_demand_units"].sum()):
        totals |= {"fill_rate": None, "fill_rate_without_order": None}
    value = float(orders["order_now_value_eur"].sum())
    return {"n_series": policies.height, "n_orders": orders.height, "order_value_eur": value, **totals, **_decisions(policies)}


def _decisions(policies: pl.DataFrame) -> dict[str, Any]:
    """How many articles wait for their next order day, and how many could not be decided, reason by reason."""
    waiting = policies.filter(pl.col("planned_order_units") > 0)
    undecided = policies.filter(pl.col("decision") == NOT_DECIDED)
    reasons = undecided.group_by("decision_reason").agg(n=pl.len()).sort("n", "decision_reason", descending=[True, False])
    following = waiting["next_order_date"].drop_nulls().sort()
    return {
        "n_next_order_day": waiting.height,
        "next_order_date": None if following.is_empty() else following[0].isoformat(),
        "n_not_decided": undecided.height,
        "not_decided": reasons.select("n", reason="decision_reason").to_dicts(),
    }


def release_figures(releases: pl.DataFrame) -> dict[str, Any]:
    """How many orders may be placed, how many wait for a person, and how many lie outside the pilot."""
    is_order = pl.col("recommended_units") > 0
    return {
        "n_orders_released": releases.filter(pl.col("released_units") > 0).height,
        "n_orders_held": releases.filter(pl.col("status") == HELD).height,
        "n_orders_outside_pilot": releases.filter(is_order, pl.col("status") == NOT_IN_PILOT).height,
    }


def newest_days(tables: Mapping[str, pl.DataFrame], *, decision_date: date) -> pl.DataFrame:
    """By input (stock, sales) and merchant, the newest day before the decision day that is known; a week counts as its Sunday.

    Args:
        tables: `stock_levels`, `sales_transactions` and `weekly_sales`, or a shard of them; of each the columns of `AGED_COLUMNS` are enough.
        decision_date: The day.
    """
    days = {
        "stock_levels": ("stock counts", pl.col("date")),
        "sales_transactions": ("sales", pl.col("occurred_at").dt.date()),
        "weekly_sales": ("sales", pl.col("week") + timedelta(days=6)),
    }
    parts = [
        tables[table].select(pl.lit(what).alias("input"), "merchant_id", day=day).filter(pl.col("day") < decision_date) for table, (what, day) in days.items()
    ]
    return pl.concat(parts).group_by("input", "merchant_id").agg(pl.col("day").max()).sort("input", "merchant_id")


def input_ages(newest: pl.DataFrame, *, decision_date: date) -> dict[str, Any]:
    """How old the newest stock and sales are on the decision day, in days (1 = of the day before; `None` = there are none), and who is behind.

    Args:
        newest: `newest_days` of all shards, one below the other.
        decision_date: The day.
    """
    by_merchant = newest.group_by("input", "merchant_id").agg(pl.col("day").max()).with_columns(age=(pl.lit(decision_date) - pl.col("day")).dt.total_days())
    youngest = dict(by_merchant.group_by("input").agg(pl.col("age").min()).iter_rows())
    behind = by_merchant.filter(pl.col("age") > _OLD_DAYS).sort("age", "input", "merchant_id", descending=[True, False, False])
    said = [f"{merchant}: the newest {what} are of {day}, {age} days before the decision day" for what, merchant, day, age in behind.iter_rows()]
    return {"stock_age_days": youngest.get("stock counts"), "sales_age_days": youngest.get("sales"), "stale_inputs": said}


def top_orders(policies: pl.DataFrame) -> list[dict[str, Any]]:
    """The five largest orders by value."""
    orders = policies.filter(pl.col("order_now_units") > 0).sort("order_now_value_eur", "merchant_id", "article_id", descending=[True, False, False])
    return orders.head(_N_TOP).select(_ORDER_COLUMNS).to_dicts()


def top_exceptions(exceptions: pl.DataFrame, *, n_series: int) -> list[dict[str, Any]]:
    """The five exceptions with the most money at stake; a reason that most articles share is one cause, so it is one line."""
    by_reason = exceptions.group_by("reason").agg(pl.len().alias("n"), pl.col("at_stake_eur").sum(), pl.col("merchant_id").n_unique().alias("n_merchants"))
    shared = by_reason.filter(pl.col("n") > n_series * _SHARED_BY_MOST).select(
        merchant_id=pl.format("{} {}", "n_merchants", pl.when(pl.col("n_merchants") == 1).then(pl.lit("merchant")).otherwise(pl.lit("merchants"))),
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
