"""Incidents: what fires, partition by partition, and what a look at it gives people to be told, group by group."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from quality.alerts.alert import Alert, AlertGroup, grouped

_COLUMNS = "key, subject, partition, evidence, severity, 'firing', weight"
_SEVERITIES = ("warning", "error")
_Groups = dict[tuple[str, ...], list[Alert]]


def open_incidents(connection: sqlite3.Connection) -> list[Alert]:
    """Alerts that fire now, the oldest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM incidents WHERE resolved_at IS NULL ORDER BY id").fetchall()  # noqa: S608
    return [Alert._make(row) for row in rows]


def take_in(connection: sqlite3.Connection, alerts: Sequence[Alert], now: datetime) -> tuple[list[AlertGroup], list[AlertGroup]]:
    """Take the observations of one look into the incidents.

    What fires already says nothing new, even where it reaches further partitions; what becomes an error does. A group is over when its last partition is.

    Returns:
        Groups people must be told of, and groups that were told and have grown or shrunk since.
    """
    before = _by_group(open_incidents(connection))
    for alert in alerts:
        _take_in_one(connection, alert, now)
    after = _by_group(open_incidents(connection))
    resolving = {(alert.group, alert.partition, alert.subject): alert for alert in alerts if alert.state == "resolved"}
    news, changed = list[AlertGroup](), list[AlertGroup]()
    for group in dict.fromkeys(alert.group for alert in alerts):
        was, now_open = before.get(group, []), after.get(group, [])
        if _rank(now_open) > _rank(was):
            news.append(grouped(now_open))
        elif was and not now_open:
            news.append(grouped([resolving[group, one.partition, one.subject] for one in was]))
        elif now_open:
            changed.append(grouped(now_open))
    return news, changed


def write_message(connection: sqlite3.Connection, group: AlertGroup, *, channels: Iterable[str], now: datetime) -> None:
    """A message to be told through some channels."""
    message = connection.execute(
        "INSERT INTO messages (key, subject, partition, evidence, severity, state, created_at, n_partitions, worst) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*group.worst[0][:6], now.isoformat(), group.n_partitions, json.dumps(group.worst)),
    ).lastrowid
    connection.executemany("INSERT INTO deliveries (message_id, channel) VALUES (?, ?)", [(message, channel) for channel in channels])


def correct_message(connection: sqlite3.Connection, group: AlertGroup) -> None:
    """Let the group's newest message say how many partitions there are by now, as long as it has not been handed to any channel."""
    for number, written in _unsent(connection, group.key):
        if written.worst[0].group == group.worst[0].group and written.state == "firing":
            connection.execute(
                "UPDATE messages SET partition = ?, evidence = ?, n_partitions = ?, worst = ? WHERE id = ?",
                (group.worst[0].partition, group.worst[0].evidence, group.n_partitions, json.dumps(group.worst), number),
            )
            return


def read_group(columns: Sequence[Any], n_partitions: int, worst: str) -> AlertGroup:
    """A group as `write_message` wrote it.

    Args:
        columns: Key, subject, partition, evidence, severity and state of the message.
        n_partitions: How many.
        worst: JSON.
    """
    return AlertGroup(n_partitions, tuple(map(Alert._make, json.loads(worst))) or (Alert(*columns),))


def _unsent(connection: sqlite3.Connection, key: str) -> Iterator[tuple[int, AlertGroup]]:
    """Messages of a kind that are in no batch yet, newest first."""
    rows = connection.execute(
        "SELECT id, key, subject, partition, evidence, severity, state, n_partitions, worst FROM messages AS m "
        "WHERE key = ? AND EXISTS (SELECT 1 FROM deliveries WHERE message_id = m.id) "
        "AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message_id = m.id AND batch IS NOT NULL) ORDER BY id DESC",
        (key,),
    ).fetchall()
    return ((row[0], read_group(row[1:7], *row[7:])) for row in rows)


def _by_group(alerts: Iterable[Alert]) -> _Groups:
    groups: _Groups = {}
    for alert in alerts:
        groups.setdefault(alert.group, []).append(alert)
    return groups


def _rank(alerts: Sequence[Alert]) -> int:
    """−1 = nothing fires."""
    return max((_SEVERITIES.index(alert.severity) for alert in alerts), default=-1)


def _take_in_one(connection: sqlite3.Connection, alert: Alert, now: datetime) -> None:
    identity, at = (alert.key, alert.subject, alert.partition), now.isoformat()
    row = connection.execute("SELECT id, severity FROM incidents WHERE key = ? AND subject = ? AND partition = ? AND resolved_at IS NULL", identity).fetchone()
    if alert.state == "resolved":
        if row:
            connection.execute("UPDATE incidents SET resolved_at = ? WHERE id = ?", (at, row[0]))
    elif row is None:
        connection.execute(
            "INSERT INTO incidents (key, subject, partition, severity, evidence, opened_at, seen_at, n_seen, weight) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)",
            (*identity, alert.severity, alert.evidence, at, at, alert.weight),
        )
    else:
        worst = max(row[1], alert.severity, key=_SEVERITIES.index)
        connection.execute(
            "UPDATE incidents SET severity = ?, evidence = ?, weight = ?, seen_at = ?, n_seen = n_seen + 1 WHERE id = ?",
            (worst, alert.evidence, alert.weight, at, row[0]),
        )
