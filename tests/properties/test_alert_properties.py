"""Whatever is observed, in whatever order channels fail and processes die: each change is told exactly once, in order."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from quality.alerts.alert import Alert, Notification
from quality.alerts.outbox import Outbox

START = datetime(2026, 11, 23, tzinfo=UTC)
LONG = timedelta(hours=2)
"""Longer than every pause and every lease."""
ALERTS = st.builds(
    Alert,
    key=st.sampled_from(["run_failed", "check_failed"]),
    subject=st.sampled_from(["a", "b"]),
    partition=st.just("p"),
    evidence=st.just("e"),
    severity=st.just("error"),
    state=st.sampled_from(["firing", "resolved"]),
)
STEPS = st.lists(st.one_of(st.lists(ALERTS, min_size=1, max_size=4), st.sampled_from(["sent", "refused", "killed"])), max_size=12)


def take(outbox: Outbox, what: str, now: datetime) -> Notification | None:
    """One claim and what became of it."""
    notification = outbox.claim("mail", now=now)
    if notification and what == "sent":
        outbox.delivered(notification, now=now)
        return notification
    if notification and what == "refused":
        outbox.failed(notification, reason="refused", now=now)
    return None


def changes(observed: Sequence[Alert]) -> dict[tuple[str, str], list[str]]:
    """What people must be told of each subject, by a model that is too simple to be wrong."""
    told: dict[tuple[str, str], list[str]] = {}
    for alert in observed:
        states = told.setdefault((alert.key, alert.subject), [])
        if alert.state != (states[-1] if states else "resolved"):
            states.append(alert.state)
    return {subject: states for subject, states in told.items() if states}


FIRING = Alert("run_failed", "a", "p", "e")


@example(steps=[[FIRING], "killed", [FIRING._replace(state="resolved")], "sent"])
@settings(max_examples=25)
@given(steps=STEPS)
def test_every_change_is_told_once_and_in_order(steps: list[list[Alert] | str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outbox, now, observed, sent = Outbox(folder), START, list[Alert](), list[Notification]()
        for step in steps:
            now += timedelta(minutes=1)  # shorter than a lease: some claims are still held
            if isinstance(step, str):
                sent += [taken for taken in [take(outbox, step, now)] if taken]
            else:
                outbox.record(step, channels=["mail"], now=now)
                observed += step
        while taken := take(outbox, "sent", now := now + LONG):
            sent.append(taken)
        told: dict[tuple[str, str], list[str]] = {}
        for alert in (alert for notification in sent for alert in notification.alerts):
            told.setdefault((alert.key, alert.subject), []).append(alert.state)
        assert told == changes(observed)
        assert len({notification.id for notification in sent}) == len(sent)
        assert outbox.n_waiting("mail") == 0
        assert {(alert.key, alert.subject) for alert in outbox.firing()} == {subject for subject, states in told.items() if states[-1] == "firing"}
