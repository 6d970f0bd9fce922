"""What is due, as a function of the clock and of what exists."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import cutoff_for
from domain.settings import OperationsSettings
from orchestration.due_runs import LOOK_AGAIN_AFTER, MAX_ATTEMPTS, PAUSES, Attempts, DueRun, PlatformState, due_runs, platform_day

SETTINGS = OperationsSettings()
MONDAY, TUESDAY, SUNDAY = date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 11)
CUTOFF = cutoff_for(MONDAY)


def at(day: date, hour: int = 5, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def before(day: date, n: int = 1) -> date:
    return day - timedelta(days=n)


def state(day: date, *, days: set[date] | None = None, cutoffs: set[date] | None = None, **values: object) -> PlatformState:
    """A platform that has ingested on the day, from a source that reaches to the day before, and decided until then."""
    begun = {before(day, 20)}
    present = {before(day, n) for n in range(1, 21)} if days is None else days
    known = {cutoff_for(before(day, n)) for n in range(1, 21)} if cutoffs is None else cutoffs
    defaults = {"ingested_at": at(day, 4, 1), "source_until": before(day)}
    return PlatformState(**(defaults | values), days=frozenset(present | begun), cutoffs=frozenset(known))  # type: ignore[arg-type]


def asked(day: date, now: PlatformState, *, hour: int = 5, settings: OperationsSettings = SETTINGS) -> list[str]:
    return [run.cause for run in due_runs(at(day, hour), now, settings)]


def test_a_monday_goes_through_ingestion_forecast_and_decision() -> None:
    yesterday = state(MONDAY, ingested_at=at(before(MONDAY), 4, 1), source_until=before(MONDAY, 2))
    assert asked(MONDAY, yesterday) == [f"ingest/{MONDAY}"]
    assert asked(MONDAY, state(MONDAY)) == [f"weekly_forecast/{CUTOFF}"]
    forecast = state(MONDAY, cutoffs={CUTOFF, cutoff_for(before(MONDAY))})
    assert asked(MONDAY, forecast) == [f"daily_optimization/{MONDAY}"]
    done = state(MONDAY, cutoffs=set(forecast.cutoffs), days={MONDAY, *forecast.days})
    assert asked(MONDAY, done) == []


def test_other_days_need_no_forecast() -> None:
    assert asked(TUESDAY, state(TUESDAY)) == [f"daily_optimization/{TUESDAY}"]
    assert asked(SUNDAY, state(SUNDAY)) == [f"daily_optimization/{SUNDAY}"]


def test_nothing_is_due_before_the_hour() -> None:
    until_yesterday = state(MONDAY, ingested_at=at(before(MONDAY), 4, 1), source_until=before(MONDAY, 2))
    assert asked(MONDAY, until_yesterday, hour=3) == []
    assert asked(MONDAY, until_yesterday, hour=4) == [f"ingest/{MONDAY}"]
    read_at_ten = state(MONDAY, ingested_at=at(before(MONDAY), 10), source_until=before(MONDAY, 2))
    assert asked(MONDAY, read_at_ten, hour=8, settings=OperationsSettings(due_hour_utc=9)) == []


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2024, 2, 29), date(2027, 1, 1)])  # clocks change, leap day, new year
def test_a_platform_day_has_24_hours_and_begins_at_the_hour(day: date) -> None:
    assert platform_day(at(day, 3, 59), SETTINGS) == before(day)
    assert platform_day(at(day, 4), SETTINGS) == platform_day(at(day, 23, 59), SETTINGS) == day


def test_the_zone_of_the_clock_does_not_matter() -> None:
    moment = at(MONDAY, 4, 30)
    summer = moment.astimezone(datetime.strptime("+0200", "%z").tzinfo)
    assert due_runs(moment, state(MONDAY), SETTINGS) == due_runs(summer, state(MONDAY), SETTINGS)


def test_three_days_down_are_made_up_for_newest_first() -> None:
    thursday = date(2026, 10, 8)
    down_since_sunday = {before(thursday, n) for n in range(4, 10)}
    old = {cutoff_for(day) for day in down_since_sunday}
    behind = state(thursday, days=down_since_sunday, cutoffs=old)
    assert asked(thursday, behind) == [f"weekly_forecast/{CUTOFF}"]
    caught_up = state(thursday, days=down_since_sunday, cutoffs=old | {CUTOFF})
    assert asked(thursday, caught_up) == [f"daily_optimization/{before(thursday, n)}" for n in range(4)]
    assert [run.reason for run in due_runs(at(thursday), caught_up, SETTINGS)] == ["due", *["missed, made up for"] * 3]


def test_days_of_a_known_cutoff_do_not_wait_for_the_forecast_of_a_later_one() -> None:
    decided = {before(MONDAY, n) for n in range(2, 10)}
    assert asked(MONDAY, state(MONDAY, days=decided)) == [f"weekly_forecast/{CUTOFF}", f"daily_optimization/{before(MONDAY)}"]


def test_the_window_is_bounded() -> None:
    long_ago = {before(TUESDAY, 100)}
    for window in (0, 3):
        found = due_runs(at(TUESDAY), state(TUESDAY, days=long_ago, cutoffs={CUTOFF, cutoff_for(CUTOFF)}), OperationsSettings(catch_up_days=window))
        assert [run.date for run in found] == [before(TUESDAY, n) for n in range(window + 1)]


def test_a_platform_that_never_decided_starts_with_the_newest_day() -> None:
    fresh = PlatformState(ingested_at=at(TUESDAY, 4, 1), source_until=before(TUESDAY), cutoffs=frozenset({CUTOFF}))
    assert asked(TUESDAY, fresh) == [f"daily_optimization/{TUESDAY}"]
    assert asked(TUESDAY, PlatformState()) == [f"ingest/{TUESDAY}"]


def test_a_source_that_ended_long_ago_is_read_once_a_day_and_nothing_else() -> None:
    demo = date(2026, 9, 30)
    ended = PlatformState(ingested_at=at(MONDAY, 4, 1), source_until=demo, cutoffs=frozenset({cutoff_for(demo)}), days=frozenset({demo}))
    later = date(2026, 11, 21)
    assert asked(later, ended) == [f"ingest/{later}"]
    read_today = PlatformState(ingested_at=at(later, 4, 1), source_until=demo, cutoffs=ended.cutoffs, days=ended.days)
    assert asked(later, read_today, hour=20) == []


def test_a_late_source_is_read_again_after_an_hour() -> None:
    late = state(TUESDAY, source_until=before(TUESDAY, 2), attempts={f"ingest/{TUESDAY}": Attempts(n_runs=5)}, cutoffs={CUTOFF, cutoff_for(CUTOFF)})
    assert late.ingested_at is not None
    just_before, just_after = late.ingested_at + LOOK_AGAIN_AFTER - timedelta(seconds=1), late.ingested_at + LOOK_AGAIN_AFTER
    assert due_runs(just_before, late, SETTINGS) == []
    assert [run.run_key for run in due_runs(just_after, late, SETTINGS)] == [f"ingest/{TUESDAY}/6"]


def test_an_incomplete_week_is_not_forecast() -> None:
    saturday = before(MONDAY, 2)
    assert asked(MONDAY, state(MONDAY, source_until=saturday)) == []  # looked for again in an hour


def test_nothing_starts_beside_an_ingestion_nor_an_ingestion_beside_anything() -> None:
    ingesting = {f"ingest/{MONDAY}": Attempts(1, is_open=True)}
    assert asked(MONDAY, state(MONDAY, attempts=ingesting)) == []
    forecasting = {f"weekly_forecast/{CUTOFF}": Attempts(1, is_open=True)}
    assert asked(MONDAY, state(MONDAY, attempts=forecasting, ingested_at=at(before(MONDAY), 4))) == []


@pytest.mark.parametrize("n_failures", [1, 2])
def test_a_failed_run_is_tried_again_after_a_pause(n_failures: int) -> None:
    failed_at = at(TUESDAY, 5)
    failed = state(TUESDAY, attempts={f"daily_optimization/{TUESDAY}": Attempts(n_failures, failed_at=failed_at)})
    pause = PAUSES[n_failures - 1]
    assert due_runs(failed_at + pause - timedelta(seconds=1), failed, SETTINGS) == []
    (again,) = due_runs(failed_at + pause, failed, SETTINGS)
    assert again.run_key == f"daily_optimization/{TUESDAY}/{n_failures + 1}"
    assert "after a failure" in again.reason


@pytest.mark.parametrize("attempts", [Attempts(MAX_ATTEMPTS, failed_at=at(TUESDAY, 5)), Attempts(1, is_given_up=True), Attempts(1, is_open=True)])
def test_what_failed_too_often_was_cancelled_or_is_under_way_is_left_alone(attempts: Attempts) -> None:
    assert asked(TUESDAY, state(TUESDAY, attempts={f"daily_optimization/{TUESDAY}": attempts}), hour=23) == []


def test_a_failed_ingestion_does_not_hold_up_what_can_be_decided() -> None:
    failed = {f"ingest/{TUESDAY}": Attempts(1, failed_at=at(TUESDAY, 5))}
    decided = {before(MONDAY, n) for n in range(1, 20)}
    behind = state(TUESDAY, attempts=failed, ingested_at=at(MONDAY, 4, 1), source_until=before(MONDAY), days=decided, cutoffs={CUTOFF})
    assert asked(TUESDAY, behind) == [f"daily_optimization/{MONDAY}"]


@given(st.integers(0, 30), st.sets(st.integers(1, 30)), st.integers(0, 23))
def test_asking_until_nothing_is_due_reaches_the_present(source_lag: int, decided: set[int], hour: int) -> None:
    """Whatever was missed: following every request ends, in the right order, and leaves nothing of the window undecided."""
    now = at(SUNDAY, hour)
    today = platform_day(now, SETTINGS)
    current = PlatformState(ingested_at=now, source_until=before(today, source_lag + 1), days=frozenset(before(today, n) for n in decided), cutoffs=frozenset())
    for _ in range(60):
        due = due_runs(now, current, SETTINGS)
        if not due:
            break
        current = after(current, due[0])
    else:
        pytest.fail("it never ends")
    if source_lag == 0 and decided:
        assert {before(today, n) for n in range(min(SETTINGS.catch_up_days, max(decided)) + 1)} <= current.days


def after(current: PlatformState, run: DueRun) -> PlatformState:
    if run.job == "weekly_forecast":
        return PlatformState(current.ingested_at, current.source_until, current.cutoffs | {run.date}, current.days)
    assert run.job == "daily_optimization"
    assert cutoff_for(run.date) in current.cutoffs
    return PlatformState(current.ingested_at, current.source_until, current.cutoffs, current.days | {run.date})
