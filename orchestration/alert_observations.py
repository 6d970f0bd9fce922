"""What Dagster's records say of finished runs and late tables, as alerts that fire or are resolved. Nothing is kept here: see `quality.alerts.outbox`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import dagster as dg
import polars as pl

from assets.layout import read_partition_if_present, shard_names
from domain.settings import Settings
from orchestration.drift_alerts import WATCHING_CHECK, alerts_of_drift
from orchestration.failure_log import describe_failure, label_covers, label_follows, partition_label
from orchestration.release_alerts import REFUSING_CHECK, alerts_of_releases
from orchestration.staleness_checks import CHECK_NAME as CURRENT_CHECK
from orchestration.staleness_checks import is_repair_offer
from orchestration.suite_checks import LASTING
from quality.alerts.alert import Alert, Severity

EXCEPTIONS = "evaluation/exceptions"
_RUNS_PER_LOOK = 50
_TOLD_OTHERWISE = frozenset({WATCHING_CHECK, REFUSING_CHECK})
"""Checks whose breaches are alerts of their own kind."""
_FIRST_LOOK_BACK = timedelta(days=1)
_ENDS = (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED)
_SEVERITIES: dict[dg.AssetCheckSeverity, Severity] = {dg.AssetCheckSeverity.ERROR: "error", dg.AssetCheckSeverity.WARN: "warning"}


class EndOfRun(NamedTuple):
    """A run that has ended, at its place in the order in which runs ended."""

    position: int
    run: dg.DagsterRun | None
    """`None` = somebody has deleted it since."""
    event: dg.DagsterEventType


def ends_of_runs(instance: dg.DagsterInstance, *, after: str | None, now: datetime) -> list[EndOfRun]:
    """The next runs that ended, in their order, at most about fifty.

    Args:
        instance: Dagster's records.
        after: Position of the last one that was looked at; `None` = none yet, and history older than a day is no news.
        now: UTC.
    """
    since = None if after else (now - _FIRST_LOOK_BACK).timestamp()
    ends: list[tuple[int, str, dg.DagsterEventType]] = []
    complete_until: list[int] = []
    for event in _ENDS:
        wanted = dg.RunStatusChangeRecordsFilter(event, after_storage_id=int(after) if after else None, after_timestamp=since)  # type: ignore[arg-type]
        found = instance.fetch_run_status_changes(wanted, limit=_RUNS_PER_LOOK, ascending=True)
        ends += [(record.storage_id, record.run_id, event) for record in found.records]
        complete_until += [found.records[-1].storage_id] if found.has_more else []
    until = min(complete_until, default=None)
    ordered = sorted(end for end in ends if until is None or end[0] <= until)
    return [EndOfRun(position, instance.get_run_by_id(run_id), event) for position, run_id, event in ordered]


def alerts_of_run(instance: dg.DagsterInstance, end: EndOfRun, settings: Settings, *, firing: Sequence[Alert]) -> list[Alert]:
    """What the end of a run, its checks and its exceptions say.

    Args:
        instance: Dagster's records.
        end: Of the run.
        settings: Where tables lie, and how long a list of exceptions may be.
        firing: What fires already: what the run mended of it, and merchants that have no exceptions any more, are found there.
    """
    if end.run is None:
        return []
    found = [*_of_end(instance, end.run, end.event), *_of_checks(instance, end.run)]
    written = _events(instance, end.run, dg.DagsterEventType.ASSET_MATERIALIZATION)
    told = [one for alert in found for one in _with_settled(alert, firing)]
    return [
        *told,
        *_of_exceptions(written, settings, firing),
        *alerts_of_drift(written, settings, firing=firing),
        *alerts_of_releases(written, settings, firing=firing),
    ]


def alerts_of_freshness(instance: dg.DagsterInstance, asset_keys: Sequence[dg.AssetKey]) -> list[Alert]:
    """What Dagster's freshness policies say now, table by table."""
    records = instance.get_freshness_state_records(asset_keys)
    return [alert for key in sorted(records) for alert in _of_freshness(key, records[key].freshness_state.value, records[key].updated_at)]


def _with_settled(alert: Alert, firing: Sequence[Alert]) -> Iterator[Alert]:
    """The alert, and with one that is over also those of fewer partitions; a check that passes settles earlier weeks and days, too."""
    yield alert
    if alert.state == "resolved":
        for other in firing:
            if other[:2] == alert[:2] and other.partition != alert.partition and _settles(alert, other):
                yield alert._replace(partition=other.partition)


def _settles(alert: Alert, other: Alert) -> bool:
    covers = label_covers(alert.partition, other.partition)
    return covers or (alert.key == "check_failed" and label_follows(alert.partition, other.partition))


def _of_end(instance: dg.DagsterInstance, run: dg.DagsterRun, event: dg.DagsterEventType) -> Iterator[Alert]:
    alert = Alert("run_failed", run.job_name, partition_label(run.tags), f"run {run.run_id} succeeded", state="resolved")
    if event == dg.DagsterEventType.RUN_SUCCESS:
        yield alert
    elif event == dg.DagsterEventType.RUN_FAILURE:
        report = describe_failure(run, _events(instance, run, dg.DagsterEventType.STEP_FAILURE))
        if not report.is_retried:
            yield alert._replace(state="firing", evidence=f"{report.fact}. {report.remedy} (run {report.run_id}, {report.guide})")


def _of_checks(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[Alert]:
    for event in _events(instance, run, dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        evaluation = event.event_specific_data
        if isinstance(evaluation, dg.AssetCheckEvaluation) and evaluation.check_name not in _TOLD_OTHERWISE:
            alert = Alert(
                "check_failed",
                f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}",
                evaluation.partition or partition_label(run.tags),
                evidence=_figures(evaluation),
                severity=_SEVERITIES[evaluation.severity],
                state="resolved" if evaluation.passed or _is_lasting(evaluation) else "firing",
                weight=_rows_in_breach(evaluation),
            )
            yield _repair(alert, evaluation) if evaluation.check_name == CURRENT_CHECK else alert


def _is_lasting(evaluation: dg.AssetCheckEvaluation) -> bool:
    figure = evaluation.metadata.get(LASTING)
    return figure is not None and bool(figure.value)


def _repair(alert: Alert, evaluation: dg.AssetCheckEvaluation) -> Alert:
    """A stale partition is no fault: where the source restated it, a repair is offered; other reasons leave what was decided as it was decided."""
    offered = alert.state == "firing" and is_repair_offer(evaluation)
    evidence = evaluation.description or alert.evidence
    return alert._replace(key="repair_offered", severity="warning", evidence=evidence, state="firing" if offered else "resolved")


def _rows_in_breach(evaluation: dg.AssetCheckEvaluation) -> float:
    figure = evaluation.metadata.get("rows_in_breach")
    return float(figure.value) if isinstance(figure, dg.IntMetadataValue) and figure.value else 0.0


def _figures(evaluation: dg.AssetCheckEvaluation) -> str:
    """The metadata of a check on one line."""
    figures = [f"{name} {value.value}" for name, value in evaluation.metadata.items()]
    return "; ".join([*([evaluation.description] if evaluation.description else []), *figures]) or "no figures"


def _of_exceptions(written: Sequence[dg.DagsterEvent], settings: Settings, firing: Sequence[Alert]) -> Iterator[Alert]:
    """Merchants whose list is too long, on each day the run wrote."""
    limit = settings.alerts.most_exceptions_per_merchant
    for day in _days_written(written, settings):
        found = _exceptions_by_merchant(settings, day)
        told = {alert.subject for alert in firing if alert.key == "too_many_exceptions" and alert.partition == day}
        for merchant in sorted({*found["merchant_id"], *told}):
            _, n_exceptions, at_stake_eur, reason = next(found.filter(pl.col("merchant_id") == merchant).iter_rows(), (merchant, 0, 0.0, "none"))
            evidence = f"{n_exceptions:,} exceptions (limit {limit:,}), {at_stake_eur:,.0f} EUR at stake, most often: {reason}"
            yield Alert("too_many_exceptions", merchant, day, evidence, "warning", "firing" if n_exceptions >= limit else "resolved", at_stake_eur)


def _days_written(written: Sequence[dg.DagsterEvent], settings: Settings) -> list[str]:
    """Decision days whose exceptions a run wrote, some shards or all."""
    shards = set(shard_names(settings.n_shards))
    of_exceptions = [event for event in written if event.asset_key == dg.AssetKey(EXCEPTIONS.split("/"))]
    return sorted({part for event in of_exceptions for part in (event.partition or "").split("|")} - shards - {""})


def _exceptions_by_merchant(settings: Settings, day: str) -> pl.DataFrame:
    """Per merchant: the number of exceptions, the money at stake and the most frequent reason."""
    parts = [read_partition_if_present(settings.data, EXCEPTIONS, {"day": day, "shard": shard}) for shard in shard_names(settings.n_shards)]
    rows = pl.concat(
        [pl.DataFrame(schema={"merchant_id": pl.String, "reason": pl.String, "at_stake_eur": pl.Float64})]
        + [part.select("merchant_id", "reason", "at_stake_eur") for part in parts if part is not None]
    )
    most_frequent = pl.col("reason").mode().sort().first()
    return rows.group_by("merchant_id").agg(n_exceptions=pl.len(), at_stake_eur=pl.col("at_stake_eur").sum(), reason=most_frequent).sort("merchant_id")


def _of_freshness(key: dg.AssetKey, state: str, since: datetime) -> Iterator[Alert]:
    if state in {"FAIL", "WARN", "PASS"}:
        yield Alert(
            "freshness_breached",
            key.to_user_string(),
            partition="newest",
            evidence=f"{'in time' if state == 'PASS' else 'late'} since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            severity="warning" if state == "WARN" else "error",
            state="resolved" if state == "PASS" else "firing",
        )


def _events(instance: dg.DagsterInstance, run: dg.DagsterRun, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    records = instance.get_records_for_run(run.run_id, of_type=kind).records
    return [event for record in records if (event := record.event_log_entry.dagster_event) is not None]
