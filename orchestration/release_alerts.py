"""What was not released as alerts: forecasts that the calibration gate refused, and orders that wait for a person."""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from assets.layout import newest_partition, read_partition, read_partition_if_present, shard_names
from domain.forecast_tables import ALL_SEGMENTS, ALL_WEEKS
from domain.governance_tables import HELD
from domain.settings import Settings
from domain.stage_tables import FORECAST_REFUSED, HORIZON_WEEKS
from quality.alerts.alert import Alert

RELEASED_FORECASTS, CALIBRATION, ORDER_RELEASES = "forecast/released", "forecast/calibration", "policy/order_releases"
REFUSING_CHECK = "no_forecast_is_refused"
"""The asset check that says the same in the UI."""
_NEWEST = "newest"


def alerts_of_releases(written: Sequence[dg.DagsterEvent], settings: Settings, *, firing: Sequence[Alert]) -> Iterator[Alert]:
    """Alerts of a run that wrote the newest week's forecasts or the newest day's releases.

    Args:
        written: Materialisations of the run.
        settings: Where tables lie.
        firing: What fires already.
    """
    if newest := _newest_written(written, settings, RELEASED_FORECASTS, "week"):
        yield from _of_forecasts(settings, newest, {alert.subject for alert in firing if alert.key == "forecast_refused"})
    if newest := _newest_written(written, settings, ORDER_RELEASES, "day"):
        yield from _of_orders(settings, newest, {alert.subject for alert in firing if alert.key == "order_held"})


def _newest_written(written: Sequence[dg.DagsterEvent], settings: Settings, table: str, dimension: str) -> str | None:
    newest = newest_partition(settings.data, table, dimension)
    partitions = [event.partition or "" for event in written if event.asset_key == dg.AssetKey(table.split("/"))]
    return newest if newest and any(newest in partition.split("|") for partition in partitions) else None


def _of_forecasts(settings: Settings, week: str, told: set[str]) -> Iterator[Alert]:
    """By segment: who answers instead, for how many series, and what the verdict was."""
    frames = _present(settings, RELEASED_FORECASTS, "week", week)
    refused = pl.concat(frames).filter(pl.col("flags").str.contains(FORECAST_REFUSED)) if frames else None
    rows = [] if refused is None else refused.group_by("segment").agg(pl.len() // HORIZON_WEEKS, pl.col("model").first()).sort("segment").rows()
    verdicts = _verdicts(settings, week) if rows else {}
    for segment, n_series, model in rows:
        faults = verdicts.get(segment) or verdicts.get(ALL_SEGMENTS, "")
        yield Alert("forecast_refused", segment, _NEWEST, f"{week}: {n_series:,} series are forecast by {model} instead: {faults}")
    for segment in sorted(told - {row[0] for row in rows}):
        yield Alert("forecast_refused", segment, _NEWEST, f"{week}: the forecast holds again", state="resolved")


def _verdicts(settings: Settings, week: str) -> dict[str, str]:
    calibration = read_partition(settings.data, CALIBRATION, {"week": week, "shard": shard_names(settings.n_shards)[0]})
    return dict(calibration.filter(pl.col("horizon_week") == ALL_WEEKS).select("segment", "faults").iter_rows())


def _of_orders(settings: Settings, day: str, told: set[str]) -> Iterator[Alert]:
    """By merchant: how many orders wait, and for how much."""
    frames = _present(settings, ORDER_RELEASES, "day", day)
    held = pl.concat(frames).filter(pl.col("status") == HELD) if frames else None
    rows = [] if held is None else held.group_by("merchant_id").agg(pl.len(), pl.col("change_eur").abs().sum()).sort("merchant_id").rows()
    for merchant, n_orders, change_eur in rows:
        wait = "order waits" if n_orders == 1 else "orders wait"
        evidence = f"{day}: {n_orders:,} {wait}, changed by {change_eur:,.0f} EUR in all: `replenish approve`"
        yield Alert("order_held", merchant, _NEWEST, evidence, severity="warning")
    for merchant in sorted(told - {row[0] for row in rows}):
        yield Alert("order_held", merchant, _NEWEST, f"{day}: none waits", severity="warning", state="resolved")


def _present(settings: Settings, table: str, dimension: str, value: str) -> list[pl.DataFrame]:
    parts = (read_partition_if_present(settings.data, table, {dimension: value, "shard": shard}) for shard in shard_names(settings.n_shards))
    return [part for part in parts if part is not None]
