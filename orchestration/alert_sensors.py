"""Sensors of alerts: two that fill the outbox from Dagster's records, one that empties it into the channels."""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from domain.settings import Settings
from orchestration.alert_observations import alerts_of_freshness, alerts_of_run, ends_of_runs
from quality.alerts.channels import build_channels
from quality.alerts.delivery import deliver
from quality.alerts.outbox import Outbox, Progress

ALERT_RUNS, ALERT_FRESHNESS, ALERT_DELIVERY = "alert_runs", "alert_freshness", "alert_delivery"
_SOURCE = "runs"
_LOOK_EVERY_SECONDS = 30
_FRESHNESS_EVERY_SECONDS = 300


def build_alert_sensors(asset_keys: Sequence[dg.AssetKey], settings: Settings) -> list[dg.SensorDefinition]:
    """All three, running from the start.

    Args:
        asset_keys: Tables with a freshness policy.
        settings: Channels and limits.

    Raises:
        UsageError: A channel that is switched on lacks a setting.
    """
    build_channels(settings.alerts, folder=".")
    return [_runs(settings), _freshness(asset_keys, settings), _delivery(settings)]


def _runs(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name=ALERT_RUNS,
        minimum_interval_seconds=_LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Every run that ended: failed runs, failed checks and lists of exceptions that are too long become alerts; what is fine again resolves them.",
    )
    def alert_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        outbox, now = Outbox(context.instance.root_directory), datetime.now(UTC)
        ends = ends_of_runs(context.instance, after=outbox.position(_SOURCE), now=now)
        n_news = 0
        for end in ends:
            alerts = alerts_of_run(context.instance, end, settings, firing=outbox.firing())
            n_news += outbox.record(alerts, channels=settings.alerts.channels, now=now, progress=Progress(_SOURCE, str(end.position)))
        return dg.SkipReason(f"{len(ends)} runs ended, {n_news} new messages.")

    return alert_runs


def _freshness(asset_keys: Sequence[dg.AssetKey], settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name=ALERT_FRESHNESS,
        minimum_interval_seconds=_FRESHNESS_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tables that were not written in time, by their freshness policies.",
    )
    def alert_freshness(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        alerts = alerts_of_freshness(context.instance, asset_keys)
        n_news = Outbox(context.instance.root_directory).record(alerts, channels=settings.alerts.channels, now=datetime.now(UTC))
        n_late = sum(alert.state == "firing" for alert in alerts)
        return dg.SkipReason(f"{n_late} of {len(alerts)} judged tables are late, {n_news} new messages.")

    return alert_freshness


def _delivery(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name=ALERT_DELIVERY,
        minimum_interval_seconds=_LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Sends what waits in the outbox through: {', '.join(settings.alerts.channels) or 'no channel'}. A channel that is down is tried again.",
    )
    def alert_delivery(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        folder = context.instance.root_directory
        outbox = Outbox(folder)
        results = deliver(outbox, build_channels(settings.alerts, folder=folder), clock=lambda: datetime.now(UTC))
        for result in results:
            if result.failure:
                context.log.error(f"{result.channel}: {outbox.n_waiting(result.channel)} alerts wait. {result.failure}")
        told = [f"{result.channel}: {result.n_sent} sent, {outbox.n_waiting(result.channel)} waiting" for result in results]
        return dg.SkipReason("; ".join(told) or "No channel is switched on.")

    return alert_delivery
