"""The backtest for people who ask in SQL: `backtest/backtest.duckdb`, documented views over the rows of every start week."""

import os
from pathlib import Path

import duckdb

from assets.layout import list_partitions, partition_location
from domain.backtest_results import BacktestResults
from sources.part_files import TEMPORARY_PREFIX
from sources.storage import is_remote, join

RESULTS = "backtest/results"
_FILE = "backtest.duckdb"

_SUMS = """
  count(*) AS n_series_starts,
  sum(cost_eur) AS cost_eur,
  sum(cost_eur) / sum(n_weeks) AS cost_eur_per_series_week,
  sum(gmv_eur) AS gmv_eur,
  sum(gmv_eur - holding_cost_eur - inbound_cost_eur - outbound_cost_eur - returns_cost_eur) AS gmv_after_fulfilment_eur,
  sum(gmv_eur) / nullif(sum(revenue_potential_eur), 0) AS weighted_fill_rate,
  sum(revenue_potential_eur * (1 - stock_out_weeks / n_weeks)) / nullif(sum(revenue_potential_eur), 0) AS weighted_availability,
  sum(inventory_value_eur) AS inventory_value_eur
"""
VIEWS = {
    "backtest_by_contestant": ("contestant", "Cost and service of every contestant over all start weeks."),
    "backtest_by_start": ("start_week, contestant", "The same by start week."),
    "backtest_by_merchant": ("merchant_id, contestant", "The same by merchant."),
    "backtest_by_phase": ("phase, contestant", "The same for life-cycle and steady articles."),
}
"""By name: what it is grouped by, and what it shows."""


def write_database(root: str) -> str | None:
    """Write the file anew and swap it in; return its location, `None` on an object store, where DuckDB cannot keep a file.

    Args:
        root: Data root; every partition of the results becomes visible.
    """
    if is_remote(root):
        return None
    file = Path(join(root, "backtest", _FILE))
    temporary = file.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{_FILE}")
    temporary.unlink(missing_ok=True)
    parts = [str(Path(partition_location(root, RESULTS, key)).resolve()) for key in list_partitions(root, RESULTS)]
    with duckdb.connect(str(temporary)) as connection:
        listed = ", ".join("'" + part.replace("'", "''") + "'" for part in parts)
        connection.execute(f"CREATE VIEW backtest_results AS SELECT * FROM read_parquet([{listed}], hive_partitioning = false)")  # noqa: S608  our own paths, quoted
        _comment(connection, "backtest_results", " ".join((BacktestResults.__doc__ or "").split()))
        for name, column in BacktestResults.columns().items():
            connection.execute(f"COMMENT ON COLUMN backtest_results.{name} IS {_quoted(column.description or '')}")
        for view, (group, description) in VIEWS.items():
            connection.execute(f"CREATE VIEW {view} AS SELECT {group}, {_SUMS} FROM backtest_results GROUP BY {group} ORDER BY {group}")  # noqa: S608
            _comment(connection, view, description)
    temporary.replace(file)
    return str(file)


def _comment(connection: duckdb.DuckDBPyConnection, view: str, text: str) -> None:
    connection.execute(f"COMMENT ON VIEW {view} IS {_quoted(text)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
