"""Exceptions of supply: gaps before an order can arrive, shipments that are late, lead times nobody gave."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_LEVELS, mean_of_quantiles
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from quality.exceptions.exception_rows import MARGIN_EUR, SERIES_KEY, exception_rows


def gap_before_arrival(skus: pl.DataFrame, merchants: pl.DataFrame, *, settings: Settings) -> pl.DataFrame:
    """Expected demand that stock and open orders cannot serve before an order of today arrives."""
    short = _short_units(skus, _lead_time_weeks(skus, merchants, settings=settings))
    is_any_open = pl.col("inbound_units").list.sum() > 0
    what = pl.when(is_any_open).then(pl.lit("Expedite open orders")).otherwise(pl.lit("Nothing is on its way, look for a faster supply"))
    action = pl.format("{}: about {} units short before an order of today arrives.", what, pl.col("short_units").ceil().cast(pl.Int64))
    return exception_rows(
        skus.with_columns(short_units=pl.Series(short, dtype=pl.Float64)),
        reason="stock-out before an order can arrive",
        at_stake=pl.col("short_units") * MARGIN_EUR,
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


def overdue(skus: pl.DataFrame, shipments: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Shipments expected before the day and not received by then, valued at cost."""
    today = datetime.combine(decision_date, time(), tzinfo=UTC)
    not_received = pl.col("received_at").is_null() | (pl.col("received_at") >= today)
    late = shipments.filter(pl.col("expected_at") < today, not_received, pl.col("ordered_at").is_null() | (pl.col("ordered_at") < today))
    units = late.group_by(SERIES_KEY).agg(overdue_units=pl.col("quantity_units").sum(), since=pl.col("expected_at").min().dt.date())
    action = pl.format("Ask the supplier: {} units were expected by {}.", pl.col("overdue_units"), pl.col("since"))
    return exception_rows(
        skus.join(units, on=SERIES_KEY, how="inner"), reason="shipment overdue", at_stake=pl.col("overdue_units") * pl.col("unit_value_eur"), action=action
    )


def without_lead_time(skus: pl.DataFrame, merchants: pl.DataFrame, *, settings: Settings) -> pl.DataFrame:
    """Orders whose lead time is the platform's default: were it a week longer, a week's demand would go unserved."""
    given = set(merchants.filter(pl.col("lead_time_weeks").is_not_null())["merchant_id"])
    given |= {merchant for merchant, own in settings.merchants.items() if "lead_time_weeks" in own}
    guessed = skus.filter(~pl.col("merchant_id").is_in(sorted(given)), pl.col("order_now_units") > 0)
    action = pl.format(
        "Enter the merchant's lead time: {} weeks were assumed for {} units.", pl.lit(settings.inventory.lead_time_weeks), pl.col("order_now_units")
    )
    return exception_rows(guessed, reason="missing lead time", at_stake=pl.col("expected_demand_units") / HORIZON_WEEKS * MARGIN_EUR, action=action)
