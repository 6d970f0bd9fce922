"""What a planner should look at first: the unusual SKUs of a day, by the money at stake.

Each reason is one function: SKUs with the money at stake and what to do. A SKU may appear with several reasons.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_LEVELS, mean_of_quantiles
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS, Exceptions

SERIES_KEY = ["merchant_id", "article_id"]
_VECTOR_COLUMNS = ["on_hand_units", "inbound_units", "demand_quantiles_units", "unit_price_eur", "unit_cost_eur", "unit_value_eur", "return_rate", "segment"]
_MARGIN = (pl.col("unit_price_eur") - pl.col("unit_cost_eur")).clip(lower_bound=0.0) * (1 - pl.col("return_rate"))


def rank_exceptions(
    policies: pl.DataFrame, vectors: pl.DataFrame, tables: Mapping[str, pl.DataFrame], *, decision_date: date, settings: Settings
) -> pl.DataFrame:
    """All exceptions of a day, most money first.

    Args:
        policies: `stage_tables.Policies` of the day.
        vectors: `stage_tables.SkuVectors` of the same SKUs.
        tables: `stock_levels`, `inbound_shipments` and `merchants`; what is dated on or after the day is not looked at.
        decision_date: The day.
        settings: For the lead times.

    Returns:
        `stage_tables.Exceptions`, without those where nothing is at stake.
    """
    skus = policies.join(vectors.select(*SERIES_KEY, *_VECTOR_COLUMNS), on=SERIES_KEY, how="left")
    found = [
        _gap_before_arrival(skus, tables["merchants"], settings=settings),
        _cut_by_a_limit(skus),
        _overdue(skus, tables["inbound_shipments"], decision_date=decision_date),
        _without_stock_record(skus, tables["stock_levels"], decision_date=decision_date),
        _without_history(skus),
        _longer_than_horizon(skus),
        _price_below_cost(skus),
    ]
    rows = pl.concat(found).filter(pl.col("at_stake_eur") > 0).with_columns(date=pl.lit(decision_date))
    order = ["at_stake_eur", *SERIES_KEY, "reason"]
    return Exceptions.validate(rows.select(Exceptions.column_names()).sort(order, descending=[True, False, False, False]))


def _rows(skus: pl.DataFrame, *, reason: str, at_stake: pl.Expr, action: pl.Expr) -> pl.DataFrame:
    return skus.select(*SERIES_KEY, reason=pl.lit(reason), at_stake_eur=at_stake.cast(pl.Float64).round(2), suggested_action=action)


def _gap_before_arrival(skus: pl.DataFrame, merchants: pl.DataFrame, *, settings: Settings) -> pl.DataFrame:
    """Expected demand that stock and open orders cannot serve before an order of today arrives."""
    short = _short_units(skus, _lead_time_weeks(skus, merchants, settings=settings))
    action = pl.format("Expedite open orders: about {} units short before an order of today arrives.", pl.col("short_units").ceil().cast(pl.Int64))
    return _rows(
        skus.with_columns(short_units=pl.Series(short, dtype=pl.Float64)),
        reason="stock-out before an order can arrive",
        at_stake=pl.col("short_units") * _MARGIN,
        action=action,
    )


def _lead_time_weeks(skus: pl.DataFrame, merchants: pl.DataFrame, *, settings: Settings) -> dict[str, int]:
    rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}
    return {
        merchant: round(settings.for_merchant(merchant, rows.get(merchant)).inventory.lead_time_weeks)
        for merchant in skus["merchant_id"].unique(maintain_order=True)
    }


def _short_units(skus: pl.DataFrame, lead_time_weeks: Mapping[str, int]) -> list[float]:
    """Units of mean demand lost week by week (lost sales, no backorder) in the weeks 0 … L − 1, per SKU."""
    short = []
    for merchant, on_hand, inbound, quantiles in skus.select("merchant_id", "on_hand_units", "inbound_units", "demand_quantiles_units").iter_rows():
        demand = mean_of_quantiles(np.asarray(quantiles, dtype=np.float64).reshape(HORIZON_WEEKS, len(QUANTILE_LEVELS)))
        stock, lost = float(on_hand), 0.0
        for week in range(min(lead_time_weeks[merchant], HORIZON_WEEKS)):
            stock += inbound[week] - demand[week]
            lost, stock = lost + max(-stock, 0.0), max(stock, 0.0)
        short.append(lost)
    return short


def _cut_by_a_limit(skus: pl.DataFrame) -> pl.DataFrame:
    cut = pl.col("order_before_budget_units") - pl.col("order_now_units")
    value_eur = (cut * pl.col("unit_value_eur")).ceil().cast(pl.Int64)
    action = pl.format("Raise the limit (constraint_prices says which) by {} EUR or {} units, or accept {} units less.", value_eur, cut, cut)
    return _rows(skus.filter(cut > 0), reason="order cut by a limit", at_stake=cut * _MARGIN, action=action)


def _overdue(skus: pl.DataFrame, shipments: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Shipments expected before the day and not received by then, valued at cost."""
    today = datetime.combine(decision_date, time(), tzinfo=UTC)
    not_received = pl.col("received_at").is_null() | (pl.col("received_at") >= today)
    late = shipments.filter(pl.col("expected_at") < today, not_received, pl.col("ordered_at").is_null() | (pl.col("ordered_at") < today))
    units = late.group_by(SERIES_KEY).agg(overdue_units=pl.col("quantity_units").sum(), since=pl.col("expected_at").min().dt.date())
    action = pl.format("Ask the supplier: {} units were expected by {}.", pl.col("overdue_units"), pl.col("since"))
    return _rows(
        skus.join(units, on=SERIES_KEY, how="inner"), reason="shipment overdue", at_stake=pl.col("overdue_units") * pl.col("unit_value_eur"), action=action
    )


def _without_stock_record(skus: pl.DataFrame, stock_levels: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    known = stock_levels.filter(pl.col("date") < decision_date, pl.col("on_hand_units").is_not_null()).select(SERIES_KEY).unique()
    action = pl.format("Count the stock before ordering {} units: none is on record, zero was assumed.", pl.col("order_now_units"))
    return _rows(skus.join(known, on=SERIES_KEY, how="anti"), reason="no stock record", at_stake=pl.col("order_now_value_eur"), action=action)


def _without_history(skus: pl.DataFrame) -> pl.DataFrame:
    action = pl.format("Confirm the order of {} units: the article has too little history of its own.", pl.col("order_now_units"))
    return _rows(skus.filter(pl.col("segment") == "new"), reason="forecast without history", at_stake=pl.col("order_now_value_eur"), action=action)


def _longer_than_horizon(skus: pl.DataFrame) -> pl.DataFrame:
    """Orders above the whole horizon's expected demand: minimum order quantities and packs, mostly."""
    excess = pl.col("order_now_units") - pl.col("expected_demand_units")
    action = pl.format(
        "Confirm {} units: more than {} weeks of expected demand (minimum order, pack size, or a demand with a long tail).",
        pl.col("order_now_units"),
        pl.lit(HORIZON_WEEKS),
    )
    return _rows(skus.filter(excess > 0), reason="order exceeds 12 weeks of demand", at_stake=excess * pl.col("unit_value_eur"), action=action)


def _price_below_cost(skus: pl.DataFrame) -> pl.DataFrame:
    """Articles that lose money on every unit: a lost sale then counts nothing, so that nothing but stock at hand is worth selling."""
    loss = pl.col("unit_cost_eur") - pl.col("unit_price_eur")
    action = pl.format("Correct the price or the cost: each unit sells {} EUR below its cost, so a lost sale was counted as 0 EUR.", loss.round(2))
    return _rows(skus.filter(loss > 0), reason="price below cost", at_stake=loss * pl.col("expected_demand_units"), action=action)
