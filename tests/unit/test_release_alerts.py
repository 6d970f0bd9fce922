"""Alerts of drift, of refused forecasts and of held orders."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import dataframely as dy
import polars as pl
import pytest

from assets.layout import partition_location
from domain.drift_tables import DriftChecks
from domain.forecast_tables import Calibration
from domain.governance_tables import OrderReleases
from domain.settings import GovernanceSettings, Settings
from domain.stage_tables import FORECAST_REFUSED, FlaggedForecasts
from orchestration.drift_alerts import alerts_of_drift
from orchestration.release_alerts import alerts_of_releases
from quality.alerts.alert import Alert
from sources.storage import write_parquet

WEEK, DAY = "2026-09-21", "2026-10-01"
ZEROS: dict[type[dy.Column], Any] = {dy.String: "x", dy.Int64: 1, dy.Float64: 0.0, dy.Date: date(2026, 10, 1), dy.Bool: False, dy.List: []}
Source = Callable[..., Iterator[Alert]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path), n_shards=1, governance=GovernanceSettings(hold_change_from_eur=100.0))


def frame_of(schema: type[dy.Schema], *rows: dict[str, Any]) -> pl.DataFrame:
    zeros = {name: None if column.nullable else ZEROS[type(column)] for name, column in schema.columns().items()}
    return pl.DataFrame([zeros | row for row in rows], schema=schema.create_empty().schema)


def write(settings: Settings, table: str, schema: type[dy.Schema], *rows: dict[str, Any], key: dict[str, str]) -> dg.DagsterEvent:
    """A partition, and the event that says it was written."""
    write_parquet(frame_of(schema, *rows), partition_location(settings.data, table, {**key, "shard": "00"}))
    with dg.DagsterInstance.ephemeral() as instance:

        @dg.op
        def work(context: dg.OpExecutionContext) -> None:
            context.log_event(dg.AssetMaterialization(dg.AssetKey(table.split("/")), partition=f"{next(iter(key.values()))}|00"))

        @dg.job
        def job() -> None:
            work()

        events = job.execute_in_process(instance=instance).all_events
    return next(event for event in events if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION)


def told(alerts: Iterable[Alert]) -> list[tuple[str, str, str]]:
    return [(alert.key, alert.subject, alert.state) for alert in alerts]


def verdict(check: str, *, is_breached: bool, is_blocking: bool = False, scope: str = "merchant M1") -> dict[str, Any]:
    return {"check": check, "scope": scope, "is_breached": is_breached, "is_blocking": is_blocking, "evidence": f"evidence of {check}"}


def test_drift_is_told_once_per_check_and_over_when_a_newer_week_is_usual(settings: Settings) -> None:
    rows = (
        verdict("sale_hours", is_breached=True),
        verdict("sale_hours", is_breached=True, scope="merchant M2"),
        verdict("prices_jumped", is_breached=True, is_blocking=True),
    )
    event = write(settings, "series/input_drift", DriftChecks, *rows, verdict("stock_frozen", is_breached=False), key={"week": WEEK})
    (alert,) = alerts_of_drift([event], settings, firing=[])
    assert (alert.key, alert.subject, alert.partition, alert.severity) == ("drift_breached", "series/input_drift: sale_hours", "newest", "warning")
    assert "merchant M1: evidence" in alert.evidence
    assert "merchant M2: evidence" in alert.evidence
    older = write(settings, "series/input_drift", DriftChecks, verdict("sale_hours", is_breached=False), key={"week": "2026-09-14"})
    assert told(alerts_of_drift([older], settings, firing=[alert])) == []  # a backfill says nothing of the newest week
    newer = write(settings, "series/input_drift", DriftChecks, verdict("sale_hours", is_breached=False), key={"week": "2026-09-28"})
    assert told(alerts_of_drift([newer], settings, firing=[alert])) == [("drift_breached", "series/input_drift: sale_hours", "resolved")]


def test_a_refused_forecast_is_told_with_the_verdict_and_who_answers(settings: Settings) -> None:
    write(
        settings,
        "forecast/calibration",
        Calibration,
        {"segment": "lumpy", "horizon_week": 0, "faults": "calibration error 0.09 above 0.05"},
        key={"week": WEEK},
    )
    rows = [{"article_id": f"a{n}", "segment": "lumpy", "model": "theta", "flags": FORECAST_REFUSED} for n in range(24)]
    event = write(settings, "forecast/released", FlaggedForecasts, *rows, {"segment": "smooth", "flags": ""}, key={"week": WEEK})
    (alert,) = alerts_of_releases([event], settings, firing=[])
    assert (alert.key, alert.subject, alert.severity) == ("forecast_refused", "lumpy", "error")
    assert alert.evidence == f"{WEEK}: 2 series are forecast by theta instead: calibration error 0.09 above 0.05"
    event = write(settings, "forecast/released", FlaggedForecasts, {"segment": "smooth", "flags": ""}, key={"week": "2026-09-28"})
    assert told(alerts_of_releases([event], settings, firing=[alert])) == [("forecast_refused", "lumpy", "resolved")]


def test_orders_that_wait_are_told_by_merchant(settings: Settings) -> None:
    held = [{"merchant_id": merchant, "article_id": "a", "status": status, "change_eur": -300.0} for merchant, status in (("M1", "held"), ("M2", "released"))]
    event = write(settings, "policy/order_releases", OrderReleases, *held, key={"day": DAY})
    (alert,) = alerts_of_releases([event], settings, firing=[])
    assert (alert.key, alert.subject) == ("order_held", "M1")
    assert "1 order waits, changed by 300 EUR" in alert.evidence
    event = write(settings, "policy/order_releases", OrderReleases, key={"day": "2026-10-02"})
    assert told(alerts_of_releases([event], settings, firing=[alert])) == [("order_held", "M1", "resolved")]
