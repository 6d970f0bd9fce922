"""What was found: one finding per expectation, one report per table and partition. Plain values, kept as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

BLOCKED, WARNED, PASSED = "blocked", "warned", "passed"


@dataclass(frozen=True)
class Finding:
    """Whether one expectation is met."""

    name: str
    description: str
    is_blocking: bool
    passed: bool
    wanted: str
    n_breaches: int | None = None
    """Rows in breach, or for a key the number of keys; `None` = it is met, or judged by a figure alone."""
    value: float | None = None
    """The figure; `None` = it has none, or there was nothing to judge."""
    detail: str = ""
    """Which columns, or why it could not be judged."""
    examples: tuple[Mapping[str, str], ...] = ()
    """Some of the rows in breach, as text."""
    is_lasting: bool = False
    """See `Expectation.is_lasting`."""

    @property
    def state(self) -> str:
        """`passed`, `warned` or `blocked`."""
        if self.passed:
            return PASSED
        return BLOCKED if self.is_blocking else WARNED

    @property
    def got(self) -> str:
        """What was found, in words."""
        found = [f"{self.value:.4g}"] if self.value is not None else []
        found += [f"{self.n_breaches:,} in breach"] if self.n_breaches else []
        found += [self.detail] if self.detail else []
        return ", ".join(found) or ("none in breach" if self.passed else "not met")


@dataclass(frozen=True)
class SuiteReport:
    """The findings of one table in the partitions that were looked at together."""

    table: str
    partition: str
    """A cutoff, a decision day, or the newest day of raw data."""
    shards: tuple[str, ...]
    n_rows: int
    findings: tuple[Finding, ...]

    @property
    def state(self) -> str:
        """The worst of the findings."""
        states = {finding.state for finding in self.findings}
        return next((state for state in (BLOCKED, WARNED) if state in states), PASSED)

    @property
    def failing(self) -> list[Finding]:
        """What is not met, blocking ones first."""
        return sorted((finding for finding in self.findings if not finding.passed), key=lambda finding: not finding.is_blocking)

    def as_json(self) -> str:
        """For the file; the same findings give the same text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `as_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        findings = tuple(Finding(**(finding | {"examples": tuple(finding["examples"])})) for finding in values["findings"])
        return cls(**(values | {"shards": tuple(values["shards"]), "findings": findings}))


def unmet_expectations(report: SuiteReport) -> list[dict[str, Any]]:
    """What is not met, blocking ones first, as plain values for a summary."""
    return [
        {"table": report.table, "expectation": finding.name, "got": finding.got, "wanted": finding.wanted, "is_blocking": finding.is_blocking}
        for finding in report.failing
    ]
