"""Where reports of suites lie, and the pages people read: `<root>/checks/<stage>/<table>/<partition>.<shards>.json`, a page per table, an index.

Reports of other partitions are never touched; a partition judged again replaces its own.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from assets.lineage import RAW_STAGE
from quality.suites import SUITE_TABLES, SuiteReport
from quality.suites.page import index_page, table_page
from sources.storage import is_remote, join, list_files, publish_file, read_bytes

FOLDER = "checks"
_SHOWN = 13
"""Partitions whose trend a table's page shows: a quarter of weeks."""
LAST_OF_A_RUN = ("raw/fingerprints", "evaluation/forecast_accuracy", "evaluation/exceptions")
"""Tables after which a run has little or nothing left to judge."""


def keep_reports(root: str, reports: Sequence[SuiteReport]) -> str:
    """Write the reports of one table and the pages that show them; return the location of the table's page.

    The index reads every table's newest report, which costs a request each on an object store: it is written where it would
    show something else than before, and at the end of a run.
    """
    table = reports[0].table
    before = newest_reports(root, table, n=1)
    for report in reports:
        _publish(join(root, FOLDER, *table.split("/"), f"{_name(report)}.json"), report.as_json())
    newest = newest_reports(root, table, n=_SHOWN)
    page = join(root, FOLDER, *f"{table}.html".split("/"))
    _publish(page, table_page(newest))
    if table in LAST_OF_A_RUN or {report.state for report in [*before, *reports]} != {"passed"}:
        _publish(index_location(root), index_page([found[0] for table in SUITE_TABLES if (found := newest_reports(root, table, n=1))]))
    return page


def index_location(root: str) -> str:
    """The page that leads to all others."""
    return join(root, FOLDER, "index.html")


def newest_reports(root: str, table: str, *, n: int) -> list[SuiteReport]:
    """The newest reports of a table, newest first; of the same partition those of more shards first."""
    folder = join(root, FOLDER, *table.split("/"))
    names = sorted((name for name in list_files(folder) if name.endswith(".json")), key=_rank, reverse=True)
    return [SuiteReport.from_json(read_bytes(join(folder, name)).decode()) for name in names[:n]]


def _name(report: SuiteReport) -> str:
    """For example 2026-09-21.00-03.4: the partition, the first and last shard, and how many they are."""
    return f"{report.partition}.{report.shards[0]}-{report.shards[-1]}.{len(report.shards)}"


def _rank(name: str) -> tuple[str, int]:
    partition, _, rest = name.partition(".")
    return partition, int(rest.split(".")[1])


def _publish(location: str, text: str) -> None:
    """Put a file in its place at once."""
    folder = None if is_remote(location) else Path(location).parent
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix=".part-", delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    publish_file(Path(file.name), location)


def is_raw(table: str) -> bool:
    """Whether a table has shards only, no weeks or days."""
    return table.startswith(RAW_STAGE)
