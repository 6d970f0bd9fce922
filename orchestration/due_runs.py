"""What should have run by now and has not: a pure function of the clock and of what exists, so that a missed tick is no event.

A platform day begins at `due_hour_utc`: the source is read again, on Mondays the new cutoff is forecast, and the day is
decided. Whatever was missed (a daemon that was down, a run that failed) is still missing at the next look and is asked for then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from domain.calendar import cutoff_for
from domain.settings import OperationsSettings
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, WEEKLY_FORECAST

MAX_ATTEMPTS = 3
PAUSES = (timedelta(minutes=15), timedelta(hours=1))
"""After the first and the second failure: a file half delivered, an object store out for an hour. Then a person must look."""
LOOK_AGAIN_AFTER = timedelta(hours=1)
"""A source that does not reach to yesterday yet is read again after this."""
_ONE_DAY = timedelta(days=1)


class Attempts(NamedTuple):
    """Runs that automation has asked for in one cause."""

    n_runs: int
    is_open: bool = False
    """One of them is queued, under way, or about to be retried."""
    failed_at: datetime | None = None
    """When the last one failed; `None` where it has not."""
    is_given_up: bool = False
    """Somebody cancelled the last one."""


class DueRun(NamedTuple):
    """One run that should exist by now."""

    job: str
    date: date
    """Day of the ingestion, cutoff, or decision day."""
    reason: str
    attempt: int = 1

    @property
    def cause(self) -> str:
        """What the run is for, the same at every look."""
        return f"{self.job}/{self.date}"

    @property
    def run_key(self) -> str:
        """Dagster starts one run per key."""
        return f"{self.cause}/{self.attempt}"


@dataclass(frozen=True)
class PlatformState:
    """What exists."""

    ingested_at: datetime | None = None
    """When the raw tables were last complete."""
    source_until: date | None = None
    """Last day with data."""
    cutoffs: frozenset[date] = frozenset()
    """Forecast completely."""
    days: frozenset[date] = frozenset()
    """Decided completely."""
    attempts: Mapping[str, Attempts] = field(default_factory=dict)
    """By cause."""


def due_runs(now: datetime, state: PlatformState, settings: OperationsSettings) -> list[DueRun]:
    """The runs to ask for now, the most urgent first; empty where all exists, is under way, or must wait.

    Args:
        now: UTC.
        state: What exists.
        settings: Hour at which a day begins, and how many days back a missed one is made up for.
    """
    today = platform_day(now, settings)
    if _is_open(INGEST, state):
        return []
    ingest = [] if _is_open("", state) else list(_ingest(now, today, state, settings))
    if ingest:
        return ingest
    days = decidable_days(today, state, settings)
    return [*_weekly(now, today, days, state), *_daily(now, today, days, state)]


def platform_day(now: datetime, settings: OperationsSettings) -> date:
    """The day whose work is due: the calendar day from `due_hour_utc` on, the day before until then."""
    return (now.astimezone(UTC) - timedelta(hours=settings.due_hour_utc)).date()


def decidable_days(today: date, state: PlatformState, settings: OperationsSettings) -> list[date]:
    """Decision days that should exist, newest first: those the source reaches up to, from the first one decided, within the window.

    A platform that has never decided starts with the newest day; history is a backfill.
    """
    if state.source_until is None:
        return []
    newest = min(today, state.source_until + _ONE_DAY)
    oldest_wanted = max(today - settings.catch_up_days * _ONE_DAY, min(state.days, default=newest))
    return [newest - n * _ONE_DAY for n in range((newest - oldest_wanted).days + 1)]


def _ingest(now: datetime, today: date, state: PlatformState, settings: OperationsSettings) -> Iterator[DueRun]:
    begin = datetime.combine(today, time(settings.due_hour_utc), UTC)
    if state.ingested_at is None or state.ingested_at < begin:
        yield from _asked_for(now, DueRun(INGEST, today, "the day's ingestion"), state)
    elif _may_still_be_delivered(today, state, settings) and now - state.ingested_at >= LOOK_AGAIN_AFTER:
        n_before = state.attempts.get(f"{INGEST}/{today}", Attempts(0)).n_runs
        yield DueRun(INGEST, today, f"the source ended on {state.source_until}", attempt=n_before + 1)


def _may_still_be_delivered(today: date, state: PlatformState, settings: OperationsSettings) -> bool:
    """Whether the source lacks yesterday, and is late rather than abandoned."""
    until = state.source_until
    return until is not None and today - settings.catch_up_days * _ONE_DAY <= until < today - _ONE_DAY


def _weekly(now: datetime, today: date, days: Sequence[date], state: PlatformState) -> Iterator[DueRun]:
    wanted = {cutoff_for(day) for day in days if day == days[0] or day not in state.days}
    for cutoff in sorted(wanted - state.cutoffs, reverse=True):
        yield from _asked_for(now, DueRun(WEEKLY_FORECAST, cutoff, _lateness(cutoff_for(today), cutoff)), state)


def _daily(now: datetime, today: date, days: Sequence[date], state: PlatformState) -> Iterator[DueRun]:
    for day in days:
        if day not in state.days and cutoff_for(day) in state.cutoffs:
            yield from _asked_for(now, DueRun(DAILY_OPTIMIZATION, day, _lateness(today, day)), state)


def _lateness(expected: date, found: date) -> str:
    return "due" if found == expected else "missed, made up for"


def _asked_for(now: datetime, due: DueRun, state: PlatformState) -> Iterator[DueRun]:
    """The run, unless one is under way, somebody cancelled it, it failed too often, or its pause is not over."""
    attempts = state.attempts.get(due.cause, Attempts(0))
    if attempts.is_open or attempts.is_given_up or attempts.n_runs >= MAX_ATTEMPTS:
        return
    if attempts.failed_at is None:
        yield due._replace(attempt=attempts.n_runs + 1)
    elif now - attempts.failed_at >= PAUSES[min(attempts.n_runs, len(PAUSES)) - 1]:
        yield due._replace(attempt=attempts.n_runs + 1, reason=f"{due.reason}; attempt {attempts.n_runs + 1} after a failure")


def _is_open(job: str, state: PlatformState) -> bool:
    return any(attempts.is_open for cause, attempts in state.attempts.items() if cause.startswith(job))
