"""The marts: one `.sql` file of this folder each. Its header is its documentation, its query may read stage views and other marts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
_COLUMN = re.compile(r"-- (?P<name>\w+)(?P<key> \[key\])?: (?P<description>.+)")


class MartColumn(NamedTuple):
    """What a column means, and whether it is one of those that identify a row."""

    description: str
    is_key: bool


@dataclass(frozen=True)
class Mart:
    """A table derived from stage views and other marts, as its file describes it."""

    name: str
    description: str
    columns: Mapping[str, MartColumn]
    query: str


def load_marts() -> list[Mart]:
    """The marts, each after those it reads, otherwise by name.

    A file begins with `-- what the mart shows`, then one `-- column: what it means` per column in their order
    (`-- column [key]: …` where it is one of those that identify a row), then the query.
    """
    marts = {path.stem: _parse(path) for path in sorted(FOLDER.glob("*.sql"))}
    reads = {name: sorted(set(re.findall(r"\w+", mart.query)) & (marts.keys() - {name})) for name, mart in marts.items()}  # a set would order by hash
    return [marts[name] for name in TopologicalSorter(reads).static_order()]


def _parse(path: Path) -> Mart:
    lines = path.read_text(encoding="utf-8").splitlines()
    description, *header = (line for line in lines if line.startswith("-- "))
    found = [_COLUMN.fullmatch(line) for line in header]
    columns = {match["name"]: MartColumn(match["description"], is_key=match["key"] is not None) for match in found if match}
    query = "\n".join(line for line in lines if not line.startswith("-- ")).strip()
    return Mart(path.stem, description.removeprefix("-- "), columns, query)
