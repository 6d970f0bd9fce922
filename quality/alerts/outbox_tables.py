"""Tables of the outbox in SQLite, and how a file of an earlier layout gets the present one."""

import sqlite3

_TABLES = """
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
_LAYOUT = 1
_SINCE_GROUPS = (
    "ALTER TABLE incidents ADD COLUMN weight REAL NOT NULL DEFAULT 0",
    "ALTER TABLE messages ADD COLUMN n_partitions INTEGER NOT NULL DEFAULT 1",
    # The worst partitions as JSON; empty = the message's own columns say all.
    "ALTER TABLE messages ADD COLUMN worst TEXT NOT NULL DEFAULT '[]'",
    # Stale partitions are an offer since then, no failed checks.
    "UPDATE incidents SET key = 'repair_offered' WHERE key = 'check_failed' AND subject LIKE '%: is_current'",
    f"PRAGMA user_version = {_LAYOUT}",
)


def begin(connection: sqlite3.Connection) -> None:
    """Open a transaction in which the tables are there, in their present layout."""
    connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_TABLES}")
    connection.execute("BEGIN IMMEDIATE")
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    if layout < _LAYOUT:
        for statement in _SINCE_GROUPS:
            connection.execute(statement)
