"""What was decided on a day, whether people followed a week ago, and what 12 weeks have cost against what was predicted: sums that shards add up exactly."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import polars as pl

from domain.calendar import ONE_WEEK
from domain.drift_tables import DecisionTallies
from domain.settings import DriftSettings
from domain.stage_tables import HORIZON_WEEKS
from quality.realised_cost import COST_COLUMNS, ordered_units, realised_cost

SERIES_KEY = ["merchant_id", "article_id"]
_PREDICTED = [f"expected_{name}" for name in COST_COLUMNS]


class PastDecisions(NamedTuple):
    """Earlier decisions of the same series; `None` = that day was not decided."""

    order_changes: pl.DataFrame | None
    """`stage_tables.OrderChanges` of the day, where the day before was decided."""
    week_ago: pl.DataFrame | None
    """`stage_tables.Policies` of a week before."""
    horizon_ago: tuple[pl.DataFrame, pl.DataFrame] | None
    """`stage_tables.Policies` and `SkuVectors` of 12 weeks before."""


def tally_decisions(policies: pl.DataFrame, past: PastDecisions, tables: Mapping[str, pl.DataFrame], *, on: date, settings: DriftSettings) -> pl.DataFrame:
    """Sums by merchant.

    Args:
        policies: `stage_tables.Policies` of the day.
        past: Earlier decisions.
        tables: Sales, returns, stock and shipments; rows on or after the day are not looked at.
        on: The decision day.
        settings: When an order counts as changed.

    Returns:
        `drift_tables.DecisionTallies`, sorted.
    """
    decided = policies.lazy().group_by("merchant_id").agg(n_skus=pl.len().cast(pl.Int64), order_value_cents=_cents(pl.col("order_now_value_eur")).sum())
    parts = [_changed(past.order_changes, settings), _followed(past.week_ago, tables, on=on), _costs(past.horizon_ago, tables, on=on)]
    for part in parts:
        decided = decided.join(part, on="merchant_id", how="left")
    whole = decided.with_columns(has_day_before=pl.lit(past.order_changes is not None)).with_columns(pl.col(pl.Int64).fill_null(0))
    return DecisionTallies.validate(whole.select(DecisionTallies.column_names()).sort("merchant_id").collect())


def _cents(euros: pl.Expr) -> pl.Expr:
    return (euros * 100).round().cast(pl.Int64)


def _changed(changes: pl.DataFrame | None, settings: DriftSettings) -> pl.LazyFrame:
    if changes is None:
        return pl.LazyFrame(schema={"merchant_id": pl.String, "n_changed": pl.Int64})
    now, before = pl.col("order_now_units"), pl.col("order_day_before_units")
    moved = changes.lazy().filter((now - before).abs() > settings.order_change * pl.max_horizontal(now, before))
    return moved.group_by("merchant_id").agg(n_changed=pl.len().cast(pl.Int64))


def _followed(policies: pl.DataFrame | None, tables: Mapping[str, pl.DataFrame], *, on: date) -> pl.LazyFrame:
    """SKUs with an order recommended a week before, and those of which at least half was ordered within the week."""
    if policies is None:
        return pl.LazyFrame(schema={"merchant_id": pl.String, "n_recommended": pl.Int64, "n_followed": pl.Int64})
    ordered = ordered_units(tables["inbound_shipments"], start=on - ONE_WEEK, end=on)
    recommended = policies.lazy().filter(pl.col("order_now_units") > 0).select(*SERIES_KEY, "order_now_units")
    both = recommended.join(ordered, on=SERIES_KEY, how="left")
    is_followed = (2 * pl.col("ordered_units") >= pl.col("order_now_units")).fill_null(value=False)
    return both.group_by("merchant_id").agg(n_recommended=pl.len().cast(pl.Int64), n_followed=is_followed.sum().cast(pl.Int64))


def _costs(horizon_ago: tuple[pl.DataFrame, pl.DataFrame] | None, tables: Mapping[str, pl.DataFrame], *, on: date) -> pl.LazyFrame:
    if horizon_ago is None:
        return pl.LazyFrame(schema={"merchant_id": pl.String, "predicted_cost_cents": pl.Int64, "realised_cost_cents": pl.Int64})
    policies, vectors = horizon_ago
    realised = realised_cost(vectors, tables, start=on - HORIZON_WEEKS * ONE_WEEK, n_weeks=HORIZON_WEEKS).lazy()
    both = policies.lazy().select(*SERIES_KEY, *_PREDICTED).join(realised, on=SERIES_KEY, how="inner")
    return both.group_by("merchant_id").agg(
        predicted_cost_cents=_cents(pl.sum_horizontal(_PREDICTED)).sum(), realised_cost_cents=_cents(pl.sum_horizontal(COST_COLUMNS)).sum()
    )
