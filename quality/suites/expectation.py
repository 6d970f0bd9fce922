"""One thing that is expected of a table, as data: what it means, the SQL that finds what breaks it, how much of that is tolerated.

The SQL is DuckDB's. `{batch}` stands for the rows that are judged; another table is named like its view, `raw_articles` for raw/articles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PART = "_part"
"""Column of every view: the partition that a row was read from. A key is unique within one: merchants stand in every shard."""


@dataclass(frozen=True)
class Expectation:
    """What is expected, and whether the stages below must wait where it is not met."""

    name: str
    """Unique in its suite; read by people."""
    description: str
    is_blocking: bool
    """True = the contract, a breach stops the stages below. False = the usual, a breach warns."""
    breaches: str = ""
    """Query of the rows in breach. Without a figure, one such row breaks the expectation; with one, they are its examples."""
    worst_first: str = "ALL"
    """Order in which breaches are shown as examples, as it stands behind ORDER BY."""
    figure: str = ""
    """Query of one number, the column `value`; null = there is nothing to judge."""
    at_least: float | None = None
    at_most: float | None = None
    """Bounds of the figure."""
    needs: tuple[str, ...] = ()
    """Other tables that the queries read; where one has not been written, the expectation is not judged."""
    native: tuple[str, Mapping[str, Any]] | None = None
    """Great Expectations' own expectation and its arguments, where it has one that means the same as `breaches`."""
    is_lasting: bool = False
    """A trait that stays for months, such as a short history: shown, not told as an alert."""
    by_column: Mapping[str, str] = field(default_factory=dict)
    """Conditions of a breach by column, where many columns share the expectation: says which of them it was."""

    @property
    def wanted(self) -> str:
        """The bounds of the figure in words, or that there is none."""
        bounds = [f"at least {self.at_least:g}" if self.at_least is not None else "", f"at most {self.at_most:g}" if self.at_most is not None else ""]
        return " and ".join(filter(None, bounds)) if self.figure else "no row in breach"


@dataclass(frozen=True)
class Suite:
    """Everything that is expected of one table."""

    table: str
    """Stage and name, e.g. raw/articles."""
    key: tuple[str, ...]
    """Columns that identify a row: shown first in examples."""
    expectations: tuple[Expectation, ...]
    prepared: Mapping[str, str] = field(default_factory=dict)
    """Tables computed once before anything is judged: name and query, in order. They read what the expectations that use them need."""

    @property
    def others(self) -> tuple[str, ...]:
        """Tables that the expectations compare with."""
        return tuple(sorted({table for expectation in self.expectations for table in expectation.needs}))


def view_name(table: str) -> str:
    """Name of a table's view in the suite's database."""
    return table.replace("/", "_")


def share_of_rows(condition: str, *, among: str = "true") -> str:
    """Figure: share of the rows for which a condition holds, among those for which another does; null = there are none."""
    return f"SELECT count(*) FILTER (({condition}) AND ({among})) / nullif(count(*) FILTER ({among}), 0) AS value FROM {{batch}}"  # noqa: S608  # ours


def rows_where(condition: str) -> str:
    """Breaches: rows for which a condition holds."""
    return f"SELECT * FROM {{batch}} WHERE {condition}"  # noqa: S608  # ours


def day_of(instant: str) -> str:
    """SQL: the UTC day of an instant. A cast would ask the calendar library of time zones row by row, which takes ten times as long."""
    return f"(DATE '1970-01-01' + (epoch_us({instant}) // 86400000000)::INTEGER)"


def week_of(day: str) -> str:
    """SQL: a number per week from Monday to Sunday, consecutive."""
    return f"(({day} - DATE '1970-01-05') // 7)"
