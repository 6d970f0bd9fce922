"""Exceptions of supply: gaps before an order can arrive, shipments that are late, lead times nobody gave."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_LEVELS, mean_of_quantiles
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from quality.exceptions.exception_rows import ALL_ARTICLES, MARGIN_EUR, SERIES_KEY, exception_rows


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
        merchant: round(settings.for_merchant_if_usable(merchant, rows.get(merchant))[0].inventory.lead_time_weeks)
        for merchant in skus["merchant_id"].unique(maintain_order=True)
    }


def _short_units(skus: pl.DataFrame, lead_time_weeks: Mapping[str, int]) -> list[float]:
    """Units of mean demand lost week by week (lost sales, no backorder) in the weeks 0 … L − 1, per SKU; L is its own where the vector has one."""
    short = []
    columns = ("merchant_id", "lead_time_weeks", "on_hand_units", "inbound_units", "demand_quantiles_units")
    for merchant, own_weeks, on_hand, inbound, quantiles in skus.select(columns).iter_rows():
        demand = mean_of_quantiles(np.asarray(quantiles, dtype=np.float64).reshape(HORIZON_WEEKS, len(QUANTILE_LEVELS)))
        stock, lost = float(on_hand), 0.0
        weeks = lead_time_weeks[merchant] if own_weeks is None else round(own_weeks)
        for week in range(min(weeks, HORIZON_WEEKS)):
            stock += inbound[week] - demand[week]
            lost, stock = lost + max(-stock, 0.0), max(stock, 0.0)
        short.append(lost)
    return short


def overdue(skus: pl.DataFrame, shipments: pl.DataFrame, readings: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Shipments expected before the day and not received by then, valued at cost: so late that they hardly count, or just late.

    Args:
        skus: The day's SKUs.
        shipments: The contract's table.
        readings: `stage_tables.Readings` of the day: which articles wait for shipments that are probably lost.
        decision_date: The day.
    """
    today = datetime.combine(decision_date, time(), tzinfo=UTC)
    not_received = pl.col("received_at").is_null() | (pl.col("received_at") >= today)
    late = shipments.filter(pl.col("expected_at") < today, not_received, pl.col("ordered_at").is_null() | (pl.col("ordered_at") < today))
    units = late.group_by(SERIES_KEY).agg(overdue_units=pl.col("quantity_units").sum(), since=pl.col("expected_at").min().dt.date())
    found = skus.join(units.filter(pl.col("overdue_units") > 0), on=SERIES_KEY, how="inner")
    lost = readings.filter(pl.col("reading") == "shipment_probably_lost").select(SERIES_KEY).unique()
    value = pl.col("overdue_units") * pl.col("unit_value_eur")
    ask = pl.format("Ask the supplier: {} units were expected by {}.", "overdue_units", "since")
    close = pl.format("Close the order or ask the supplier: {} units have been expected since {} and hardly count any more.", "overdue_units", "since")
    return pl.concat(
        [
            exception_rows(found.join(lost, on=SERIES_KEY, how="anti"), reason="shipment overdue", at_stake=value, action=ask),
            exception_rows(found.join(lost, on=SERIES_KEY, how="semi"), reason="shipment probably lost", at_stake=value, action=close),
        ]
    )


def without_date(skus: pl.DataFrame, shipments: pl.DataFrame) -> pl.DataFrame:
    """Shipments that no date places, neither received nor planned, valued at cost."""
    undated = shipments.filter(pl.all_horizontal(pl.col("ordered_at", "expected_at", "received_at").is_null()), pl.col("quantity_units") > 0)
    units = undated.group_by(SERIES_KEY).agg(undated_units=pl.col("quantity_units").sum())
    action = pl.format("Give the shipment a date: {} units are on their way without any, and were not counted.", "undated_units")
    rows = skus.join(units, on=SERIES_KEY, how="inner")
    return exception_rows(rows, reason="shipment without a date", at_stake=pl.col("undated_units") * pl.col("unit_value_eur"), action=action)


def without_lead_time(skus: pl.DataFrame, merchants: pl.DataFrame, *, settings: Settings) -> pl.DataFrame:
    """Merchants whose orders rest on the platform's default lead time: were it a week longer, a week's demand would go unserved. One row for each."""
    given = set(merchants.filter(pl.col("lead_time_weeks").is_not_null())["merchant_id"])
    given |= {merchant for merchant, own in settings.merchants.items() if "lead_time_weeks" in own}
    default = pl.lit(settings.inventory.lead_time_weeks)
    is_guessed = pl.col("lead_time_weeks").fill_null(default) == default
    guessed = skus.filter(~pl.col("merchant_id").is_in(sorted(given)), pl.col("order_now_units") > 0, is_guessed)
    each = guessed.with_columns(week_eur=pl.col("expected_demand_units") / HORIZON_WEEKS * MARGIN_EUR).sort(SERIES_KEY)
    of_merchants = each.group_by("merchant_id", maintain_order=True).agg(pl.len(), pl.col("order_now_units", "week_eur").sum())
    action = pl.format("Enter the merchant's lead time: {} weeks were assumed for {} units of {} articles.", default, pl.col("order_now_units"), pl.col("len"))
    rows = of_merchants.with_columns(article_id=pl.lit(ALL_ARTICLES))
    return exception_rows(rows, reason="missing lead time", at_stake=pl.col("week_eur"), action=action)


def lead_time_differs(skus: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """Merchants whose shipments take clearly longer or shorter than stated, one row for each: a week's demand is at stake."""
    lines = readings.filter(pl.col("reading") == "lead_time_differs").group_by("merchant_id").agg(pl.col("evidence").sort().str.join(" "))
    week_eur = (pl.col("expected_demand_units") / HORIZON_WEEKS * MARGIN_EUR).sum()
    weeks = skus.sort(SERIES_KEY).group_by("merchant_id", maintain_order=True).agg(week_eur=week_eur)
    rows = weeks.join(lines, on="merchant_id", how="inner", maintain_order="left").with_columns(article_id=pl.lit(ALL_ARTICLES))
    return exception_rows(rows, reason="lead time differs", at_stake=pl.col("week_eur"), action=pl.format("Correct the lead time, or ask: {}", "evidence"))
