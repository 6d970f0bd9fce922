"""The nouns: an alert about one subject in one partition, and the notification that carries alerts of one kind to people."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

AlertKey = Literal["run_failed", "check_failed", "freshness_breached", "too_many_exceptions", "drift_breached", "forecast_refused", "order_held"]
Severity = Literal["warning", "error"]
State = Literal["firing", "resolved"]

TITLES: Mapping[AlertKey, str] = {
    "run_failed": "Run failed",
    "check_failed": "Check failed",
    "freshness_breached": "Tables are late",
    "too_many_exceptions": "Too many exceptions",
    "drift_breached": "Not what it usually is",
    "forecast_refused": "Forecast refused",
    "order_held": "Orders wait for approval",
}
_PAGE = "docs/how-to/alerts.md"
_MOST_LISTED = 20


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

    @property
    def runbook(self) -> str:
        """The section that says what to do, from the project's root."""
        return f"{_PAGE}#{self.key}"


class Notification(NamedTuple):
    """Alerts of one kind and state that go out as one message."""

    id: str
    """The same at every attempt, so that a receiver recognises a repetition."""
    alerts: tuple[Alert, ...]
    """In the order in which they were observed; at least one."""
    n_firing: int
    """Alerts of this kind that fire now, told or not."""

    @property
    def key(self) -> AlertKey:
        """The kind."""
        return self.alerts[0].key

    @property
    def state(self) -> State:
        """Whether they begin or are over."""
        return self.alerts[0].state

    @property
    def severity(self) -> Severity:
        """The worst."""
        return "error" if any(alert.severity == "error" for alert in self.alerts) else "warning"

    @property
    def title(self) -> str:
        """One line for a subject or a heading."""
        label = "RESOLVED" if self.state == "resolved" else self.severity.upper()
        first = self.alerts[0].subject
        more = f" and {len(self.alerts) - 1} more" if len(self.alerts) > 1 else ""
        return " ".join(f"[{label}] {TITLES[self.key]}: {first}{more}".split())

    def text(self, *, link_base: str = "") -> str:
        """All of it for people.

        Args:
            link_base: What stands before the runbook's path, e.g. where the repository is browsed.
        """
        shown = self.alerts[:_MOST_LISTED]
        lines = [self.title, "", *(f"- {alert.subject} ({alert.partition}): {alert.evidence}" for alert in shown)]
        lines += [f"- and {len(self.alerts) - len(shown)} more"] if len(self.alerts) > len(shown) else []
        return "\n".join([*lines, "", f"Firing now, of this kind: {self.n_firing}", f"What to do: {link_base}{self.alerts[0].runbook}"])

    def as_record(self, *, link_base: str = "") -> dict[str, object]:
        """All of it for programs."""
        return {
            "id": self.id,
            "key": self.key,
            "state": self.state,
            "severity": self.severity,
            "title": self.title,
            "n_firing": self.n_firing,
            "runbook": link_base + self.alerts[0].runbook,
            "alerts": [{"subject": one.subject, "partition": one.partition, "severity": one.severity, "evidence": one.evidence} for one in self.alerts],
        }
