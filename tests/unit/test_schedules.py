"""Each schedule asks for one run over all shards of the right partition."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from orchestration.partitions import RANGE_END_TAG, RANGE_START_TAG
from orchestration.schedules import build_schedules


@pytest.mark.parametrize(
    ("job_name", "cron", "at", "first", "last"),
    [
        ("ingest", "0 4 * * *", datetime(2026, 3, 4, 4, tzinfo=UTC), "00", "02"),
        ("weekly_forecast", "0 5 * * 1", datetime(2026, 3, 2, 5, tzinfo=UTC), "00|2026-02-23", "02|2026-02-23"),
        ("daily_optimization", "0 6 * * *", datetime(2026, 3, 4, 6, tzinfo=UTC), "2026-03-04|00", "2026-03-04|02"),
    ],
)
def test_run_request(job_name: str, cron: str, at: datetime, first: str, last: str) -> None:
    schedule = next(schedule for schedule in build_schedules(3) if schedule.job_name == job_name)
    assert schedule.cron_schedule == cron
    requests = schedule.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=at)).run_requests
    assert requests is not None
    assert len(requests) == 1
    assert {requests[0].tags[RANGE_START_TAG], requests[0].tags[RANGE_END_TAG]} == {first, last}
