"""Sensors: `automation` asks for what is due, `staleness` shows what an ingestion restated, `failure_log` writes down what failed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from domain.settings import Settings
from orchestration.due_runs import MAX_ATTEMPTS, DueRun, PlatformState, due_runs
from orchestration.failure_log import append_report, describe_failure
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, WEEKLY_FORECAST
from orchestration.partitions import day_range, shard_range, week_range
from orchestration.platform_state import read_platform_state
from orchestration.run_tags import CAUSE, PRIORITY, REASON
from orchestration.staleness_checks import report_staleness

AUTOMATION, STALENESS, FAILURE_LOG = "automation", "staleness", "failure_log"
_LOOK_EVERY_SECONDS = 60


def build_sensors(jobs: Sequence[Any], settings: Settings) -> list[dg.SensorDefinition]:
    """All sensors.

    Args:
        jobs: The three jobs (Dagster does not export their type).
        settings: Of the platform.
    """
    return [_automation(jobs, settings), _staleness(jobs, settings), _failure_log()]


def run_request(due: DueRun, *, n_shards: int, priority: int = 0) -> dg.RunRequest:
    """One run over all shards for what is due."""
    ranges: Mapping[str, Callable[[], Mapping[str, str]]] = {
        INGEST: lambda: shard_range(n_shards),
        WEEKLY_FORECAST: lambda: week_range(due.date, n_shards=n_shards),
        DAILY_OPTIMIZATION: lambda: day_range(due.date, n_shards=n_shards),
    }
    tags = {**ranges[due.job](), CAUSE: due.cause, REASON: f"automation: {due.reason}", PRIORITY: str(priority)}
    return dg.RunRequest(run_key=due.run_key, job_name=due.job, tags=tags)


def _automation(jobs: Sequence[Any], settings: Settings) -> dg.SensorDefinition:
    operations = settings.operations

    @dg.sensor(
        name=AUTOMATION,
        jobs=jobs,
        minimum_interval_seconds=_LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            f"Runs the platform by itself: from {operations.due_hour_utc:02d}:00 UTC on it reads the source, forecasts a new cutoff on Mondays, and decides the "
            f"day. It asks for what is missing, so a missed day is made up for ({operations.catch_up_days} days back) and a failed run is tried "
            f"{MAX_ATTEMPTS} times. Stopped until you start it."
        ),
    )
    def automation(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        now = datetime.now(UTC)
        state = read_platform_state(context.instance, settings, now=now)
        due = due_runs(now, state, operations)
        requests = [run_request(run, n_shards=settings.n_shards, priority=-position) for position, run in enumerate(due)]
        return dg.SensorResult(run_requests=requests) if requests else dg.SensorResult(skip_reason=_why_nothing(state))

    return automation


def _why_nothing(state: PlatformState) -> str:
    """What somebody who waits for a run should know."""
    under_way = sorted(cause for cause, attempts in state.attempts.items() if attempts.is_open)
    failed = sorted(cause for cause, attempts in state.attempts.items() if attempts.failed_at or attempts.is_given_up)
    parts = [f"Nothing to start; the source reaches to {state.source_until}, the newest decision is of {max(state.days, default=None)}."]
    parts += [f"Under way: {', '.join(under_way)}."] if under_way else []
    parts += [f"Failed or cancelled: {', '.join(failed)}; see docs/how-to/failed_run.md."] if failed else []
    return " ".join(parts)


def _staleness(jobs: Sequence[Any], settings: Settings) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name=STALENESS,
        monitored_jobs=[job for job in jobs if job.name == INGEST],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="After each ingestion: fails the check `is_current` of every partition that saw rows the source has restated. The job `repair` makes them again.",
    )
    def staleness(context: dg.RunStatusSensorContext) -> None:
        stale = report_staleness(context.instance, settings)
        context.log.info(f"{len(stale)} stale partitions")

    return staleness


def _failure_log() -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name=FAILURE_LOG,
        monitor_all_code_locations=True,  # the runs of `replenish run` belong to none
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="One line per failed run in `failures.jsonl` beside Dagster's records: what happened, where, and what to do.",
    )
    def failure_log(context: dg.RunFailureSensorContext) -> None:
        report = describe_failure(context.dagster_run, context.get_step_failure_events())
        append_report(context.instance.root_directory, report)
        context.log.error(f"{report.fact} (run {report.run_id}, {report.partition}). {report.remedy}")

    return failure_log
