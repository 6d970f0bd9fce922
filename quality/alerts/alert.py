"""The nouns: an alert about one subject in one partition, the group that is told as one, and the notification that carries groups to people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

AlertKey = Literal[
    "run_failed", "check_failed", "repair_offered", "freshness_breached", "too_many_exceptions", "drift_breached", "forecast_refused", "order_held"
]
Severity = Literal["warning", "error"]
State = Literal["firing", "resolved"]

TITLES: Mapping[AlertKey, str] = {
    "run_failed": "Run failed",
    "check_failed": "Check failed",
    "repair_offered": "History can be repaired",
    "freshness_breached": "Tables are late",
    "too_many_exceptions": "Too many exceptions",
    "drift_breached": "Not what it usually is",
    "forecast_refused": "Forecast refused",
    "order_held": "Orders wait for approval",
}
_PAGE = "docs/how-to/alerts.md"
_INSTALLATION = Path(__file__).resolve().parents[2]
_MOST_LISTED = 20
MOST_WORST = 3


def runbook_link(key: AlertKey, *, link_base: str) -> str:
    """Where the section lies that says what to do.

    Args:
        key: The kind of alert.
        link_base: What stands before the page's path, e.g. where the repository is browsed; empty = the page of this installation.
    """
    return f"{link_base or f'{_INSTALLATION.as_uri()}/'}{_PAGE}#{key}"


class Alert(NamedTuple):
    """Something a person should know of, or that it is over.

    Key, subject and partition are its identity: while it fires, the same again says nothing new.
    """

    key: AlertKey
    subject: str
    """What it is about: a job, a check, a table, a merchant."""
    partition: str
    evidence: str
    """Figures and facts, one line."""
    severity: Severity = "error"
    state: State = "firing"
    weight: float = 0.0
    """How bad it is among its like, e.g. rows in breach: the worst are shown."""

    @property
    def group(self) -> tuple[str, ...]:
        """What is told as one, and over as one: all partitions of a subject.

        Each failed run has reasons of its own; a repair makes all of history again, whatever the table.
        """
        if self.key == "run_failed":
            return self.key, self.subject, self.partition
        return (self.key,) if self.key == "repair_offered" else (self.key, self.subject)


class AlertGroup(NamedTuple):
    """Alerts of one `Alert.group`, as they are told."""

    n_partitions: int
    worst: tuple[Alert, ...]
    """At most three, the worst first; at least one."""

    @property
    def key(self) -> AlertKey:
        """The kind."""
        return self.worst[0].key

    @property
    def state(self) -> State:
        """Whether they begin or are over."""
        return self.worst[0].state

    @property
    def severity(self) -> Severity:
        """The worst."""
        return self.worst[0].severity

    @property
    def subject(self) -> str:
        """What it is about; several tables are counted as partitions only."""
        return self.worst[0].subject if len(self.worst[0].group) > 1 else "partitions of past weeks and days"

    @property
    def cause(self) -> str:
        """What shares a message: a check that fails in several tables, otherwise the kind."""
        return self.subject.rpartition(": ")[2] if self.key == "check_failed" else self.key

    @property
    def heading(self) -> str:
        """The subject, and in how many partitions where they are several."""
        return self.subject if self.n_partitions == 1 else f"{self.subject} ({self.n_partitions:,} partitions)"

    def lines(self) -> list[str]:
        """For people."""
        if self.n_partitions == 1:
            return [f"- {self.worst[0].subject} ({self.worst[0].partition}): {self.worst[0].evidence}"]
        return [f"- {self.heading}, the worst:", *(f"  - {self._place(alert)}: {alert.evidence}" for alert in self.worst)]

    def _place(self, alert: Alert) -> str:
        return alert.partition if alert.subject == self.subject else f"{alert.subject} {alert.partition}"

    def as_record(self) -> dict[str, object]:
        """For programs; partition and evidence are the worst one's."""
        worst = [{"subject": one.subject, "partition": one.partition, "severity": one.severity, "evidence": one.evidence} for one in self.worst]
        return {**worst[0], "subject": self.subject, "n_partitions": self.n_partitions, "worst": worst}


def grouped(alerts: Sequence[Alert]) -> AlertGroup:
    """Alerts of one group as it is told: how many, and the worst of them; of equals the newest.

    Args:
        alerts: At least one.
    """
    ranked = sorted(alerts, key=lambda alert: (alert.severity == "error", alert.weight, alert.partition, alert.subject), reverse=True)
    return AlertGroup(len(ranked), tuple(ranked[:MOST_WORST]))


class Notification(NamedTuple):
    """Groups of one cause and state that go out as one message."""

    id: str
    """The same at every attempt, so that a receiver recognises a repetition."""
    groups: tuple[AlertGroup, ...]
    """In the order in which they were observed; at least one."""
    n_firing: int
    """Groups of this kind that fire now, told or not."""

    @property
    def key(self) -> AlertKey:
        """The kind."""
        return self.groups[0].key

    @property
    def state(self) -> State:
        """Whether they begin or are over."""
        return self.groups[0].state

    @property
    def severity(self) -> Severity:
        """The worst."""
        return "error" if any(group.severity == "error" for group in self.groups) else "warning"

    @property
    def title(self) -> str:
        """One line for a subject or a heading."""
        label = "RESOLVED" if self.state == "resolved" else self.severity.upper()
        more = f" and {len(self.groups) - 1} more" if len(self.groups) > 1 else ""
        return " ".join(f"[{label}] {TITLES[self.key]}: {self.groups[0].heading}{more}".split())

    def text(self, *, link_base: str = "") -> str:
        """All of it for people.

        Args:
            link_base: See `runbook_link`.
        """
        shown = self.groups[:_MOST_LISTED]
        lines = [self.title, "", *(line for group in shown for line in group.lines())]
        lines += [f"- and {len(self.groups) - len(shown)} more"] if len(self.groups) > len(shown) else []
        return "\n".join([*lines, "", f"Firing now, of this kind: {self.n_firing}", f"What to do: {runbook_link(self.key, link_base=link_base)}"])

    def as_record(self, *, link_base: str = "") -> dict[str, object]:
        """All of it for programs."""
        return {
            "id": self.id,
            "key": self.key,
            "state": self.state,
            "severity": self.severity,
            "title": self.title,
            "n_firing": self.n_firing,
            "runbook": runbook_link(self.key, link_base=link_base),
            "alerts": [group.as_record() for group in self.groups],
        }
