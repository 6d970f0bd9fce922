"""How long the suites of the raw tables take and how much memory, on a market of any size that fits together: sales, returns, arrivals, and the stock they leave.

`python -m benchmarks.suite_checks --rows 50000000`, or `replenish bench checks --json`. The market is written first and not measured; the suites are run in a
process of their own, as a Dagster step runs them, so that its peak memory is theirs.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb

from domain.settings import SuiteSettings
from domain.tables import RAW_TABLES
from quality.suites import run_suite, suite_of

ROWS_PER_SERIES = 250
N_SHARDS = 8
_DAYS = 910
_KIB_PER_GIB = 2**20
_SOLD = """
SELECT format('T{{:010d}}', i) AS transaction_id,
       timestamptz '2024-01-01 08:00:00+00' + to_days(((i % {per_series}) * {days} / {per_series})::INTEGER) + to_seconds((i * 7919) % 43200) AS occurred_at,
       format('M{{:04d}}', (i // {per_series}) % 200) AS merchant_id, format('A{{:07d}}', i // {per_series}) AS article_id,
       'W1' AS warehouse_id, 1 + i % 3 AS quantity_units, (10 + (i // {per_series}) % 90)::DOUBLE AS unit_price_eur
FROM range({first}, {last}) AS sale(i)
"""
_RETURNED = """
SELECT 'R' || transaction_id AS return_id, occurred_at + to_days(10) AS returned_at, merchant_id, article_id, quantity_units, transaction_id, occurred_at AS sold_at
FROM sales_transactions WHERE hash(transaction_id) % 12 = 0
"""
_ARTICLES = """
SELECT merchant_id, article_id, 'C' || (hash(article_id) % 20) AS category, NULL::VARCHAR AS brand, NULL::VARCHAR AS season, DATE '2024-01-01' AS launch_date,
       NULL::DATE AS end_of_life_date, min(unit_price_eur) AS unit_price_eur, min(unit_price_eur) / 2 AS unit_cost_eur, 1::BIGINT AS minimum_order_quantity_units,
       1::BIGINT AS pack_size_units, NULL::VARCHAR AS service_class, NULL::VARCHAR AS supplier_id, NULL::DOUBLE AS lead_time_weeks
FROM sales_transactions GROUP BY merchant_id, article_id
"""
_WEEKS = "SELECT unnest(range(DATE '2024-01-01', DATE '2026-07-06', INTERVAL 7 DAY))::DATE AS week"
_ARRIVED = f"""
SELECT format('S{{}}', week) AS shipment_id, merchant_id, article_id, 'W1' AS warehouse_id, week::TIMESTAMPTZ - to_days(14) AS ordered_at,
       week::TIMESTAMPTZ AS expected_at, week::TIMESTAMPTZ + to_hours(30) AS received_at, 8::BIGINT AS quantity_units
FROM articles, ({_WEEKS})
"""  # noqa: S608
_COUNTED = f"""
WITH moved AS (
    SELECT merchant_id, article_id, date_trunc('week', occurred_at)::DATE AS week, -quantity_units AS units FROM sales_transactions
    UNION ALL SELECT merchant_id, article_id, date_trunc('week', returned_at)::DATE, quantity_units FROM returns
    UNION ALL SELECT merchant_id, article_id, week, 8 FROM articles, ({_WEEKS})
)
SELECT merchant_id, article_id, 'W1' AS warehouse_id, week + 6 AS date,
       (2000 + sum(sum(units)) OVER (PARTITION BY merchant_id, article_id ORDER BY week))::BIGINT AS on_hand_units
FROM moved WHERE week < DATE '2026-07-06' GROUP BY merchant_id, article_id, week
"""  # noqa: S608
_TABLES: Mapping[str, str] = {"returns": _RETURNED, "articles": _ARTICLES, "inbound_shipments": _ARRIVED, "stock_levels": _COUNTED}


def run(*, n_rows: int, on_progress: Callable[[str], None]) -> dict[str, Any]:
    """Seconds, processor seconds and rows per table, and the peak resident memory of the judging process in GiB.

    Args:
        n_rows: Sales transactions; returns, arrivals, stock counts and articles come on top.
        on_progress: Told what is done.
    """
    with tempfile.TemporaryDirectory(prefix="replenish-bench-") as folder:
        on_progress(f"writing a market of {n_rows:,} sales")
        write_market(Path(folder), n_rows)
        on_progress("judging it")
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as judge:
            return judge.submit(judged, folder).result()


def judged(folder: str) -> dict[str, Any]:
    """The figures of the suites over a written market; for a process of its own."""
    started = time.perf_counter()
    import quality.suites.judging  # noqa: F401, PLC0415  # what the first suite of a process pays

    figures: dict[str, Any] = {"import_seconds": time.perf_counter() - started, "tables": {}}
    parts = {f"raw/{name}": {file.stem: str(file) for file in sorted(Path(folder, name).glob("*.parquet"))} for name in ("sales_transactions", *_TABLES)}
    for table, own in parts.items():
        suite = suite_of(table, SuiteSettings())
        wall, processor = time.perf_counter(), time.process_time()
        report = run_suite(suite, {name: parts[name] for name in (table, *suite.others)}, partition="bench", shards=list(own))
        figures["tables"][table] = {
            "rows": report.n_rows,
            "expectations": len(report.findings),
            "not_met": "; ".join(f"{finding.name}: {finding.got}" for finding in report.failing) or "none",
            "seconds": time.perf_counter() - wall,
            "processor_seconds": time.process_time() - processor,
            "peak_rss_gib_so_far": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_GIB,
        }
    of_tables = figures["tables"].values()
    return (
        figures
        | {name: sum(one[name] for one in of_tables) for name in ("rows", "seconds", "processor_seconds")}
        | {"peak_rss_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_GIB}
    )


def write_market(folder: Path, n_rows: int) -> None:
    """A source of raw tables in shards, one file each, whose stock balances."""
    n_series = max(N_SHARDS, n_rows // ROWS_PER_SERIES)
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB", "temp_directory": str(folder / "spill")}) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        for shard in range(N_SHARDS):
            first, last = (n_series * edge // N_SHARDS * ROWS_PER_SERIES for edge in (shard, shard + 1))
            sold = _SOLD.format(per_series=ROWS_PER_SERIES, days=_DAYS, first=first, last=last)
            for name, query in {"sales_transactions": sold, **_TABLES}.items():
                file = folder / name / f"{shard:02d}.parquet"
                file.parent.mkdir(exist_ok=True)
                columns = ", ".join(f'"{column}"' for column in RAW_TABLES[name].column_names())
                connection.execute(f"COPY (SELECT {columns} FROM ({query})) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")  # noqa: S608
                connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet('{file}')")  # noqa: S608


def main() -> None:
    """Measure and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000, help="Sales transactions.")
    arguments = parser.parse_args()
    print(json.dumps(run(n_rows=arguments.rows, on_progress=lambda line: print(line, file=sys.stderr)), indent=1))


if __name__ == "__main__":
    main()
