"""A failed run leaves one line that says what happened, where, and what to do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from domain.errors import DataError, ReplenishError, StorageError
from domain.settings import Settings
from orchestration.definitions import build_definitions
from orchestration.failure_log import FILE_NAME, GUIDES
from orchestration.run_tags import RANGE_END_TAG, RANGE_START_TAG
from orchestration.sensors import FAILURE_LOG

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


def reported(instance: dg.DagsterInstance, error: Exception | None, **tags: str) -> dict[str, Any]:
    """What the sensor of the real definitions writes of a run that ended with an error; `None` = its process died."""

    @dg.op
    def work() -> None:
        raise error or RuntimeError

    @dg.job
    def weekly_forecast() -> None:
        work()

    result = weekly_forecast.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    event = result.get_run_failure_event()
    run = result.dagster_run
    if error is None:
        run = instance.create_run_for_job(weekly_forecast, tags=tags)
        event = instance.report_run_failed(run)
    context = dg.build_run_status_sensor_context(FAILURE_LOG, event, instance, instance.get_run_by_id(run.run_id) or run).for_run_failure()
    build_definitions(Settings()).resolve_sensor_def(FAILURE_LOG)(context)
    (line,) = (Path(instance.root_directory) / FILE_NAME).read_text().splitlines()
    return dict(json.loads(line))


@pytest.mark.parametrize(
    ("error", "fact", "remedy"),
    [
        (DataError("table sales has no column week", got="weak", remedy="Rename it."), "table sales has no column week", "Rename it."),
        (StorageError("cannot write x", remedy="Free space."), "cannot write x", "Free space."),
        (ReplenishError("something else", remedy="Look."), "something else", None),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero", None),
    ],
)
def test_an_error_is_told_with_its_remedy(instance: dg.DagsterInstance, error: Exception, fact: str, remedy: str | None) -> None:
    line = reported(instance, error, **{RANGE_START_TAG: "00|2026-09-28", RANGE_END_TAG: "03|2026-09-28"})
    assert fact in line["fact"]
    assert line["remedy"] == remedy or (remedy is None and line["remedy"])
    assert (line["job"], line["partition"], line["is_retried"]) == ("weekly_forecast", "00|2026-09-28 … 03|2026-09-28", False)
    assert (PROJECT / line["guide"]).is_file()


@pytest.mark.parametrize(
    ("is_retried", "tags"),
    [
        (True, {"dagster/will_retry": "true"}),
        (False, {"dagster/will_retry": "false"}),
        (False, {"dagster/will_retry": "true", "replenish/reason": "replenish run"}),  # Dagster says so and then cannot
    ],
)
def test_a_process_that_died_is_told_as_such(instance: dg.DagsterInstance, is_retried: bool, tags: dict[str, str]) -> None:
    line = reported(instance, None, **tags, **{"dagster/partition": "2026-10-01|00"})
    assert "process died" in line["fact"]
    assert (line["is_retried"], line["partition"]) == (is_retried, "2026-10-01|00")
    assert ("by itself" in line["remedy"]) == is_retried


def test_every_guide_exists() -> None:
    assert [guide for guide in GUIDES.values() if not (PROJECT / guide).is_file()] == []
