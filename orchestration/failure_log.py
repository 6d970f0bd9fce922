"""What a failed run leaves for people: one line that says what happened, where, and what to do."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from domain.errors import DataError, ReplenishError, StaleInputError, StorageError, UsageError
from orchestration.run_tags import COMMAND, RANGE_END_TAG, RANGE_START_TAG, REASON, WILL_RETRY

FILE_NAME = "failures.jsonl"
_GUIDE = "docs/how-to/failed_run.md"
GUIDES: Mapping[type[ReplenishError], str] = {
    DataError: "docs/how-to/a_bad_week.md",
    UsageError: "docs/reference/settings.md",
    StorageError: _GUIDE,
    StaleInputError: "docs/how-to/backfill.md",
}
"""Page to read, by who must act."""
_GUIDE_BY_NAME = {error.__name__: guide for error, guide in GUIDES.items()}
_REMEDY = "  remedy: "
_TO = " … "
_IS_DAY = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch


class FailureReport(NamedTuple):
    """One failed run. The alert `run_failed` says the same."""

    at: str
    run_id: str
    job: str
    partition: str
    fact: str
    remedy: str
    guide: str
    """Page to read."""
    is_retried: bool
    """Dagster starts it again by itself."""


def describe_failure(run: dg.DagsterRun, step_failures: Sequence[dg.DagsterEvent]) -> FailureReport:
    """What is known of a failed run. Without a failed step, its process died."""
    errors = [error for event in step_failures for error in _causes(event.step_failure_data.error)]
    ours = next((error for error in errors if error.cls_name in _GUIDE_BY_NAME), None)
    is_retried = run.tags.get(WILL_RETRY) == "true" and not run.tags.get(REASON, "").startswith(COMMAND)
    fact, remedy, guide = _of_our_error(ours) if ours else _of_other(errors, is_retried=is_retried)
    return FailureReport(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        run_id=run.run_id,
        job=run.job_name,
        partition=partition_label(run.tags),
        fact=fact,
        remedy=remedy,
        guide=guide,
        is_retried=is_retried,
    )


def append_report(folder: str, report: FailureReport) -> None:
    """Add one line to `failures.jsonl`; the folder is on a local disk, as Dagster's records are."""
    with (Path(folder) / FILE_NAME).open("a", encoding="utf-8") as file:
        file.write(json.dumps(report._asdict()) + "\n")


def partition_label(tags: Mapping[str, str]) -> str:
    """What a run covers, for people: a partition, the ends of a range, or "none"."""
    if "dagster/partition" in tags:
        return tags["dagster/partition"]
    ends = [tags[name] for name in (RANGE_START_TAG, RANGE_END_TAG) if name in tags]
    return _TO.join(ends) or "none"


def label_covers(label: str, other: str) -> bool:
    """Whether the partitions of one label are among those of another, dimension by dimension."""
    (first, last), (other_first, other_last) = (_ends(one) for one in (label, other))
    if not len(first) == len(last) == len(other_first) == len(other_last):
        return False
    return all(a <= b <= c <= d for a, b, c, d in zip(first, other_first, other_last, last, strict=True))


def label_follows(label: str, other: str) -> bool:
    """Whether the partitions of one label are those of another, or more, of later weeks or days."""
    (days, rest), (other_days, other_rest) = _apart(label), _apart(other)
    return bool(days and other_days) and min(days) > max(other_days) and label_covers(rest, other_rest)


def _apart(label: str) -> tuple[list[str], str]:
    """Its weeks or days, and what else its partitions are named by."""
    ends = _ends(label)
    days = [part for end in ends for part in end if _IS_DAY(part)]
    return days, _TO.join("|".join(part for part in end if not _IS_DAY(part)) for end in ends)


def _ends(label: str) -> tuple[list[str], list[str]]:
    first, _, last = label.partition(_TO)
    return first.split("|"), (last or first).split("|")


def _causes(error: SerializableErrorInfo | None) -> Iterator[SerializableErrorInfo]:
    while error is not None:
        yield error
        error = error.cause or error.context


def _of_our_error(error: SerializableErrorInfo) -> tuple[str, str, str]:
    name = str(error.cls_name)
    lines = error.message.strip().splitlines()
    remedy = next((line.removeprefix(_REMEDY) for line in lines if line.startswith(_REMEDY)), "")
    return lines[0].split(": ", maxsplit=1)[-1], remedy, _GUIDE_BY_NAME[name]


def _of_other(errors: Sequence[SerializableErrorInfo], *, is_retried: bool) -> tuple[str, str, str]:
    if errors:
        return errors[-1].message.strip().splitlines()[0], "Read the run's log in the UI; if the data is as ever, it is a defect.", _GUIDE
    remedy = "Nothing: it is started again by itself." if is_retried else "Start it again; if it dies again, give it more memory."
    return "the run's process died: killed, out of memory, or the machine was restarted", remedy, _GUIDE
