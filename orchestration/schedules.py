"""Schedules: ingest at 04:00, the weekly forecast on Mondays at 05:00, the day's optimisation at 06:00 (UTC)."""

from collections.abc import Callable, Mapping
from datetime import datetime

import dagster as dg

from domain.calendar import cutoff_for
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, WEEKLY_FORECAST
from orchestration.partitions import day_range, shard_range, week_range

Tags = Mapping[str, str]


def build_schedules(n_shards: int) -> list[dg.ScheduleDefinition]:
    """One schedule per job; each asks for one run over all shards. Stopped until somebody starts them."""
    return [
        _schedule(INGEST, "0 4 * * *", lambda _: shard_range(n_shards)),
        _schedule(WEEKLY_FORECAST, "0 5 * * 1", lambda at: week_range(cutoff_for(at.date()), n_shards=n_shards)),
        _schedule(DAILY_OPTIMIZATION, "0 6 * * *", lambda at: day_range(at.date(), n_shards=n_shards)),
    ]


def _schedule(job_name: str, cron: str, tags_at: Callable[[datetime], Tags]) -> dg.ScheduleDefinition:
    def run_request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        at = context.scheduled_execution_time
        return dg.RunRequest(run_key=at.isoformat(), tags=dict(tags_at(at)))

    return dg.ScheduleDefinition(name=f"{job_name}_schedule", job_name=job_name, cron_schedule=cron, execution_timezone="UTC", execution_fn=run_request)
