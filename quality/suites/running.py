"""Judge a table by its suite: rows in, report out. Great Expectations is imported when the first suite runs (5–8 seconds, once per process)."""

from collections.abc import Mapping, Sequence

import polars as pl

from quality.suites.expectation import Suite
from quality.suites.findings import SuiteReport

Part = str | pl.DataFrame
"""A Parquet file of this machine, or rows."""


def run_suite(suite: Suite, parts: Mapping[str, Mapping[str, Part]], *, partition: str, shards: Sequence[str]) -> SuiteReport:
    """What is met of the suite and what is not; nothing but the given parts is read.

    Args:
        suite: What is expected.
        parts: By table, then by partition: the judged table, and those of `suite.others` that have been written.
        partition: Name of what is judged, for the report.
        shards: Likewise.
    """
    from quality.suites.judging import judge  # noqa: PLC0415  # imports Great Expectations

    n_rows, findings = judge(suite, parts)
    return SuiteReport(suite.table, partition, tuple(shards), n_rows, tuple(findings))
