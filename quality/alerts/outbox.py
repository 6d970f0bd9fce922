"""The outbox: what fires and what has still to be told, in one SQLite file that a power cut cannot tear.

Observations come in (`record`), batches go out (`claim`, then `delivered` or `failed`). A batch is formed once and keeps its
members and its id over all attempts; a claim that is not settled (its process was killed) expires and is taken up again.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from domain.errors import StorageError
from quality.alerts.alert import Alert, AlertKey, Notification

FILE_NAME = "alerts.sqlite"
LEASE = timedelta(minutes=5)
"""Longer than any channel waits for its receiver."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
_PATIENCE_SECONDS = 30.0
_SEVERITIES = ("warning", "error")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS incidents (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, subject TEXT NOT NULL, partition TEXT NOT NULL,
  severity TEXT NOT NULL, evidence TEXT NOT NULL, opened_at TEXT NOT NULL, seen_at TEXT NOT NULL, n_seen INTEGER NOT NULL, resolved_at TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS one_open ON incidents (key, subject, partition) WHERE resolved_at IS NULL;
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, subject TEXT NOT NULL, partition TEXT NOT NULL, evidence TEXT NOT NULL, severity TEXT NOT NULL, state TEXT NOT NULL,
  created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, key TEXT NOT NULL, n_attempts INTEGER NOT NULL DEFAULT 0,
  not_before REAL NOT NULL DEFAULT 0, last_error TEXT, delivered_at TEXT);
CREATE TABLE IF NOT EXISTS deliveries (
  message_id INTEGER NOT NULL REFERENCES messages, channel TEXT NOT NULL, batch INTEGER REFERENCES batches, PRIMARY KEY (message_id, channel));
CREATE INDEX IF NOT EXISTS unbatched ON deliveries (channel) WHERE batch IS NULL;
CREATE INDEX IF NOT EXISTS undelivered ON batches (channel, key, number) WHERE delivered_at IS NULL;
CREATE TABLE IF NOT EXISTS cursors (source TEXT PRIMARY KEY, position TEXT NOT NULL);
"""
_OLDEST_OF_EACH_KIND = """
SELECT number, id, key FROM batches AS one
WHERE channel = ? AND delivered_at IS NULL AND not_before <= ?
  AND NOT EXISTS (SELECT 1 FROM batches AS older WHERE older.channel = one.channel AND older.key = one.key AND older.delivered_at IS NULL AND older.number < one.number)
ORDER BY number LIMIT 1
"""


class Progress(NamedTuple):
    """How far a source of observations has been read."""

    source: str
    position: str


class Outbox:
    """The outbox of one platform.

    Args:
        folder: On a local disk, beside Dagster's records.
    """

    def __init__(self, folder: str | Path) -> None:
        self._path = Path(folder) / FILE_NAME

    def record(self, alerts: Sequence[Alert], *, channels: Sequence[str], now: datetime, progress: Progress | None = None) -> int:
        """Take in observations, all or none of them, and how far their source has been read; return the number of new messages.

        What fires already, and what is resolved without having fired, says nothing new; a warning that becomes an error does.

        Args:
            alerts: In the order of their observation.
            channels: Names of those through which people are told.
            now: UTC.
            progress: Kept with the alerts, so that nothing is taken in twice.
        """
        with self._transaction() as connection:
            new = [alert for alert in alerts if _is_news(connection, alert, now)]
            for alert in new:
                message = connection.execute(
                    "INSERT INTO messages (key, subject, partition, evidence, severity, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*alert, now.isoformat()),
                ).lastrowid
                connection.executemany("INSERT INTO deliveries (message_id, channel) VALUES (?, ?)", [(message, channel) for channel in channels])
            if progress:
                connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", progress)
        return len(new)

    def position(self, source: str) -> str | None:
        """How far a source has been read; `None` = never."""
        with self._transaction() as connection:
            row = connection.execute("SELECT position FROM cursors WHERE source = ?", (source,)).fetchone()
        return row[0] if row else None

    def firing(self, key: AlertKey | None = None) -> list[Alert]:
        """Alerts that fire now, the oldest first."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT key, subject, partition, evidence, severity FROM incidents WHERE resolved_at IS NULL ORDER BY id").fetchall()
        return [alert for alert in map(Alert._make, ((*row, "firing") for row in rows)) if key in (None, alert.key)]

    def claim(self, channel: str, *, now: datetime) -> Notification | None:
        """The next message to be sent through a channel, nobody else's until the lease ends; `None` = nothing to send now.

        Messages of one kind go out in order: while one waits for its next attempt, later ones of its kind wait behind it.
        """
        with self._transaction() as connection:
            _form_batches(connection, channel)
            row = connection.execute(_OLDEST_OF_EACH_KIND, (channel, now.timestamp())).fetchone()
            if row is None:
                return None
            number, batch_id, key = row
            connection.execute("UPDATE batches SET not_before = ?, n_attempts = n_attempts + 1 WHERE number = ?", ((now + LEASE).timestamp(), number))
            members = connection.execute(
                "SELECT m.key, m.subject, m.partition, m.evidence, m.severity, m.state FROM messages AS m "
                "JOIN deliveries AS d ON d.message_id = m.id WHERE d.batch = ? ORDER BY m.id",
                (number,),
            ).fetchall()
            (n_firing,) = connection.execute("SELECT count(*) FROM incidents WHERE key = ? AND resolved_at IS NULL", (key,)).fetchone()
        return Notification(batch_id, tuple(map(Alert._make, members)), n_firing)

    def delivered(self, notification: Notification, *, now: datetime) -> None:
        """The channel has taken it."""
        with self._transaction() as connection:
            connection.execute("UPDATE batches SET delivered_at = ?, last_error = NULL WHERE id = ?", (now.isoformat(), notification.id))

    def failed(self, notification: Notification, *, reason: str, now: datetime) -> None:
        """The channel has not taken it: it is tried again after a pause that doubles up to an hour, for ever."""
        with self._transaction() as connection:
            (n_attempts,) = connection.execute("SELECT n_attempts FROM batches WHERE id = ?", (notification.id,)).fetchone()
            pause = min(_FIRST_PAUSE * 2 ** min(n_attempts - 1, 10), _LONGEST_PAUSE)
            connection.execute("UPDATE batches SET not_before = ?, last_error = ? WHERE id = ?", ((now + pause).timestamp(), reason, notification.id))

    def n_waiting(self, channel: str) -> int:
        """Alerts that a channel has not taken yet."""
        with self._transaction() as connection:
            (n_waiting,) = connection.execute(
                "SELECT count(*) FROM deliveries AS d LEFT JOIN batches AS b ON b.number = d.batch WHERE d.channel = ? AND b.delivered_at IS NULL", (channel,)
            ).fetchone()
        return int(n_waiting)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as connection:
                connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_SCHEMA}")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            remedy = "Free space or correct the rights of the folder; it must lie on a local disk."
            raise StorageError(f"cannot read or write the outbox of alerts {self._path}", got=str(error), wanted="a writable file", remedy=remedy) from error


def _is_news(connection: sqlite3.Connection, alert: Alert, now: datetime) -> bool:
    """Take an observation into the incidents, and say whether people must be told."""
    identity = (alert.key, alert.subject, alert.partition)
    row = connection.execute("SELECT id, severity FROM incidents WHERE key = ? AND subject = ? AND partition = ? AND resolved_at IS NULL", identity).fetchone()
    if alert.state == "resolved":
        if row:
            connection.execute("UPDATE incidents SET resolved_at = ? WHERE id = ?", (now.isoformat(), row[0]))
        return row is not None
    if row is None:
        connection.execute(
            "INSERT INTO incidents (key, subject, partition, severity, evidence, opened_at, seen_at, n_seen) VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
            (*identity, alert.severity, alert.evidence, now.isoformat(), now.isoformat()),
        )
        return True
    worst = max(row[1], alert.severity, key=_SEVERITIES.index)
    connection.execute(
        "UPDATE incidents SET severity = ?, evidence = ?, seen_at = ?, n_seen = n_seen + 1 WHERE id = ?", (worst, alert.evidence, now.isoformat(), row[0])
    )
    return bool(worst != row[1])


def _form_batches(connection: sqlite3.Connection, channel: str) -> None:
    """Put what is not in a batch yet into batches: of each kind, what follows each other in one state."""
    rows = connection.execute(
        "SELECT m.key, m.state, m.id FROM messages AS m JOIN deliveries AS d ON d.message_id = m.id WHERE d.channel = ? AND d.batch IS NULL ORDER BY m.key, m.id",
        (channel,),
    ).fetchall()
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row[:2])]
    for group in sorted(groups, key=lambda group: int(group[0][2])):
        number = connection.execute("INSERT INTO batches (id, channel, key) VALUES (?, ?, ?)", (uuid4().hex, channel, group[0][0])).lastrowid
        connection.executemany("UPDATE deliveries SET batch = ? WHERE message_id = ? AND channel = ?", [(number, row[2], channel) for row in group])
