"""Suites: what is expected of every table of the data contract and of every stage's output, judged by Great Expectations on DuckDB.

`suite_of` says what is expected, `run_suite` judges files or frames, `report_page` and `index_page` show it. Importing this imports no Great Expectations.
"""

from quality.suites.catalogue import SUITE_TABLES, suite_of
from quality.suites.expectation import Expectation, Suite
from quality.suites.findings import Finding, SuiteReport, unmet_expectations
from quality.suites.running import run_suite

__all__ = ["SUITE_TABLES", "Expectation", "Finding", "Suite", "SuiteReport", "run_suite", "suite_of", "unmet_expectations"]
