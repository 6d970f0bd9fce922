"""Where reports of suites lie, and the pages people read: `<root>/checks/<stage>/<table>/<partition>.<shards>.json`, a page per table, an index.

Reports of other partitions are never touched; a partition judged again replaces its own.
"""

from collections.abc import Sequence
from pathlib import Path

from assets.lineage import LINEAGE, RAW_STAGE
from quality.suites import SUITE_TABLES, SuiteReport
from quality.suites.page import index_page, table_page
from sources.pages import write_page
from sources.part_files import remove_abandoned
from sources.storage import is_remote, join, list_files, read_bytes

FOLDER = "checks"
_SHOWN = 13
"""Partitions whose trend a table's page shows: a quarter of weeks."""


def keep_reports(root: str, reports: Sequence[SuiteReport]) -> str:
    """Write the reports of one table and the pages that show them; return the location of the table's page.

    The index reads every table's newest report, which costs a request each on an object store: it is written where it would
    show something else than before, and after the tables with which a run may end.
    """
    table = reports[0].table
    _remove_abandoned(root, table)
    before = newest_reports(root, table, n=1)
    for report in reports:
        write_page(report.as_json(), join(root, FOLDER, *table.split("/"), f"{_name(report)}.json"))
    newest = newest_reports(root, table, n=_SHOWN)
    page = join(root, FOLDER, *f"{table}.html".split("/"))
    write_page(table_page(newest), page)
    if ends_a_run(table) or {report.state for report in [*before, *reports]} != {"passed"}:
        shown = [found[0] for each in SUITE_TABLES if (found := newest_reports(root, each, n=1))]
        write_page(index_page(shown), index_location(root))
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


def ends_a_run(table: str) -> bool:
    """Whether nothing of its rhythm is made from a table, so that a run may judge it last; raw tables are judged in one step, in their order."""
    if is_raw(table):
        return table == [each for each in SUITE_TABLES if is_raw(each)][-1]
    rhythm = LINEAGE[table].rhythm
    return not any(table in lineage.inputs for lineage in LINEAGE.values() if lineage.rhythm == rhythm)


def _remove_abandoned(root: str, table: str) -> None:
    """What a killed writer left of any report or page beside those of the table."""
    if not is_remote(root):
        pages = Path(root, FOLDER)
        for folder in (pages, pages / table.split("/", maxsplit=1)[0], pages / table):
            remove_abandoned(folder)


def is_raw(table: str) -> bool:
    """Whether a table has shards only, no weeks or days."""
    return table.startswith(RAW_STAGE)
