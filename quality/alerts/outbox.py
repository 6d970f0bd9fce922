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
from quality.alerts.incidents import correct_message, open_incidents, read_group, take_in, write_message
from quality.alerts.outbox_tables import begin

FILE_NAME = "alerts.sqlite"
LEASE = timedelta(minutes=5)
"""Longer than any channel waits for its receiver."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
_PATIENCE_SECONDS = 30.0
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
        """Take in what one look observed, all or none of it, and how far its source has been read; return the number of new messages.

        What fires already, and what is resolved without having fired, says nothing new; a warning that becomes an error does.

        Args:
            alerts: In the order of their observation; what fired and was over within one look is no news.
            channels: Names of those through which people are told.
            now: UTC.
            progress: Kept with the alerts, so that nothing is taken in twice.
        """
        with self._transaction() as connection:
            news, changed = take_in(connection, alerts, now)
            for group in news:
                write_message(connection, group, channels=channels, now=now)
            for group in changed:
                correct_message(connection, group)
            if progress:
                connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", progress)
        return len(news)

    def position(self, source: str) -> str | None:
        """How far a source has been read; `None` = never."""
        with self._transaction() as connection:
            row = connection.execute("SELECT position FROM cursors WHERE source = ?", (source,)).fetchone()
        return row[0] if row else None

    def firing(self, key: AlertKey | None = None) -> list[Alert]:
        """Alerts that fire now, the oldest first."""
        with self._transaction() as connection:
            alerts = open_incidents(connection)
        return [alert for alert in alerts if key in (None, alert.key)]

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
                "SELECT m.key, m.subject, m.partition, m.evidence, m.severity, m.state, m.n_partitions, m.worst FROM messages AS m "
                "JOIN deliveries AS d ON d.message_id = m.id WHERE d.batch = ? ORDER BY m.id",
                (number,),
            ).fetchall()
            n_firing = len({alert.group for alert in open_incidents(connection) if alert.key == key})
        return Notification(batch_id, tuple(read_group(row[:6], *row[6:]) for row in members), n_firing)

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
                begin(connection)
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            remedy = "Free space or correct the rights of the folder; it must lie on a local disk."
            raise StorageError(f"cannot read or write the outbox of alerts {self._path}", got=str(error), wanted="a writable file", remedy=remedy) from error


def _form_batches(connection: sqlite3.Connection, channel: str) -> None:
    """Put what is not in a batch yet into batches: of each cause, what follows each other in one state."""
    rows = connection.execute(
        "SELECT m.id, m.key, m.subject, m.partition, m.evidence, m.severity, m.state, m.n_partitions, m.worst FROM messages AS m "
        "JOIN deliveries AS d ON d.message_id = m.id WHERE d.channel = ? AND d.batch IS NULL ORDER BY m.id",
        (channel,),
    ).fetchall()
    found = [(row[0], read_group(row[1:7], *row[7:])) for row in rows]
    by_cause = sorted(found, key=lambda one: (one[1].key, one[1].cause))
    stretches = [list(stretch) for _, stretch in groupby(by_cause, key=lambda one: (one[1].key, one[1].cause, one[1].state))]
    for stretch in sorted(stretches, key=lambda stretch: stretch[0][0]):
        number = connection.execute("INSERT INTO batches (id, channel, key) VALUES (?, ?, ?)", (uuid4().hex, channel, stretch[0][1].key)).lastrowid
        connection.executemany("UPDATE deliveries SET batch = ? WHERE message_id = ? AND channel = ?", [(number, message, channel) for message, _ in stretch])
