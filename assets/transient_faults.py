"""Which faults pass by themselves, and how a step waits for that. All others fail at once: trying again cannot help.

A retry policy of Dagster's would also repeat data errors and turn Ctrl-C into a retry; asking for one names the faults.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from domain.errors import StorageError

TRANSIENT_FAULTS = (StorageError, OSError, sqlite3.OperationalError, duckdb.IOException)
"""A disk or an object store that does not answer for a moment, a file that another process holds."""
MAX_RETRIES = 3
BACKOFF = dg.RetryPolicy(max_retries=MAX_RETRIES, delay=1.0, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""About 1, 3 and 7 seconds: longer than a dropped connection, short enough for somebody who waits at a terminal.

What lasts longer fails the run, and automation starts another one later (`due_runs.py`).
"""


@contextmanager
def transient_faults_retried(attempts_before: int) -> Iterator[None]:
    """Ask Dagster to run the step again after a while where a transient fault comes out of the block.

    Args:
        attempts_before: Attempts of the step before this one.

    Raises:
        dagster.RetryRequested: After a transient fault; the fault is its cause.
    """
    try:
        yield
    except TRANSIENT_FAULTS as fault:
        raise dg.RetryRequested(MAX_RETRIES, BACKOFF.calculate_delay(attempts_before + 1)) from fault
