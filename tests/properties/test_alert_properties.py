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
    key=st.sampled_from(["run_failed", "check_failed", "repair_offered"]),
    subject=st.sampled_from(["a", "b"]),
    partition=st.sampled_from(["p", "q"]),
    evidence=st.just("e"),
    severity=st.just("error"),
    state=st.sampled_from(["firing", "resolved"]),
    weight=st.just(0.0),
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


def changes(looks: Sequence[Sequence[Alert]]) -> dict[tuple[str, ...], list[str]]:
    """What people must be told of each group, by a model that is too simple to be wrong: what differs between two looks."""
    told: dict[tuple[str, ...], list[str]] = {}
    fires: set[Alert] = set()
    for look in looks:
        before = {alert.group for alert in fires}
        for alert in look:
            fires = fires | {alert} if alert.state == "firing" else fires - {alert._replace(state="firing")}
        after = {alert.group for alert in fires}
        for group in before ^ after:
            told.setdefault(group, []).append("firing" if group in after else "resolved")
    return told


FIRING = Alert("run_failed", "a", "p", "e")


@example(steps=[[FIRING], "killed", [FIRING._replace(state="resolved")], "sent"])
@settings(max_examples=25)
@given(steps=STEPS)
def test_every_change_is_told_once_and_in_order(steps: list[list[Alert] | str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outbox, now, observed, sent = Outbox(folder), START, list[list[Alert]](), list[Notification]()
        for step in steps:
            now += timedelta(minutes=1)  # shorter than a lease: some claims are still held
            if isinstance(step, str):
                sent += [taken for taken in [take(outbox, step, now)] if taken]
            else:
                outbox.record(step, channels=["mail"], now=now)
                observed.append(step)
        while taken := take(outbox, "sent", now := now + LONG):
            sent.append(taken)
        told: dict[tuple[str, ...], list[str]] = {}
        for group in (group for notification in sent for group in notification.groups):
            told.setdefault(group.worst[0].group, []).append(group.state)
        assert told == changes(observed)
        assert len({notification.id for notification in sent}) == len(sent)
        assert outbox.n_waiting("mail") == 0
        assert {alert.group for alert in outbox.firing()} == {subject for subject, states in told.items() if states[-1] == "firing"}
