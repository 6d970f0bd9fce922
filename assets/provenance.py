"""Provenance: what a partition was made from. It stands in the metadata of its Parquet file, so data and provenance cannot part.

It holds no clock, run or machine: the same inputs, code and settings give the same bytes. No Dagster.
"""

import ast
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any

import polars as pl

from assets.layout import PartitionKey, partition_location, read_partition_if_present
from assets.lineage import LINEAGE, RAW_STAGE, Scope, upstream_keys, visible_before
from domain.settings import Settings
from sources.fingerprints import visible_hash
from sources.storage import exists, read_parquet_metadata

METADATA_KEY = "replenish"
MISSING = "missing"
"""Hash of an input partition that has not been materialised."""
_PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Provenance:
    """What a partition was made from, as hashes of 16 hex digits."""

    data_hash: str
    """Of the rows in their order."""
    code_version: str
    """Of the code that computes the table, without comments and docstrings."""
    settings_hash: str
    """Of the settings that can change a row."""
    inputs: Mapping[str, str]
    """By input table and partitions; of a raw table: of the rows visible at the cutoff or decision day."""

    def as_metadata(self) -> dict[str, str]:
        """As it stands in the Parquet file."""
        return {METADATA_KEY: json.dumps(asdict(self), sort_keys=True)}


def read_provenance(root: str, table: str, key: PartitionKey) -> Provenance | None:
    """Provenance of a partition; `None` where there is no partition, or none that carries any."""
    location = partition_location(root, table, key)
    text = read_parquet_metadata(location).get(METADATA_KEY) if exists(location) else None
    return Provenance(**json.loads(text)) if text else None


def data_hash(frame: pl.DataFrame) -> str:
    """16 hex digits over column names, types and rows."""
    digest = hashlib.sha256(str(frame.schema).encode())
    digest.update(frame.hash_rows().to_numpy().tobytes())
    return digest.hexdigest()[:16]


def code_version(table: str) -> str:
    """16 hex digits over the code that computes a table: the packages its lineage names, and the nouns they share."""
    packages = LINEAGE[table].code if table in LINEAGE else ("sources",)
    return _code_hash((*packages, "domain"))


def settings_hash(table: str, settings: Settings) -> str:
    """16 hex digits over the settings that can change a row of the table."""
    everything = settings.model_dump(mode="json")
    del everything["forecast"]["n_threads"], everything["simulation"]["n_threads"]  # results do not depend on them
    values = {name: reduce(getitem, name.split("."), everything) for name in (LINEAGE[table].settings if table in LINEAGE else ())}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


class InputHashes:
    """Hashes of the input partitions of one data root, each read once. For one step: it does not see later writes."""

    def __init__(self, root: str, *, n_shards: int) -> None:
        self._root = root
        self._n_shards = n_shards
        self._known: dict[tuple[str, ...], str] = {}
        self._fingerprints: dict[str, pl.DataFrame | None] = {}

    def of(self, table: str, key: PartitionKey) -> dict[str, str]:
        """The hashes that the partition's provenance would record now, by input."""
        lineage = LINEAGE.get(table)
        return {f"{name} ({scope.value})": self._of_input(name, scope, key) for name, scope in (lineage.inputs if lineage else {}).items()}

    def _of_input(self, table: str, scope: Scope, key: PartitionKey) -> str:
        hashes = [self._of_partition(table, upstream, key) for upstream in upstream_keys(scope, key, n_shards=self._n_shards)]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()[:16]

    def _of_partition(self, table: str, upstream: PartitionKey, key: PartitionKey) -> str:
        is_raw = table.startswith(RAW_STAGE)
        name = (*_name(table, upstream), str(visible_before(key))) if is_raw else _name(table, upstream)
        if name not in self._known:
            self._known[name] = self._visible(table, upstream, key) if is_raw else self._written(table, upstream)
        return self._known[name]

    def _written(self, table: str, upstream: PartitionKey) -> str:
        provenance = read_provenance(self._root, table, upstream)
        return provenance.data_hash if provenance else MISSING

    def _visible(self, table: str, upstream: PartitionKey, key: PartitionKey) -> str:
        shard = upstream["shard"]
        if shard not in self._fingerprints:
            self._fingerprints[shard] = read_partition_if_present(self._root, "raw/fingerprints", upstream)
        fingerprints = self._fingerprints[shard]
        return MISSING if fingerprints is None else visible_hash(fingerprints, table.removeprefix(RAW_STAGE), before=visible_before(key))


def _name(table: str, key: PartitionKey) -> tuple[str, ...]:
    return (table, *(f"{name}={value}" for name, value in sorted(key.items())))


@lru_cache(maxsize=64)
def _code_hash(packages: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for package in sorted(set(packages)):
        for file in sorted((_PROJECT / package.replace(".", "/")).rglob("*.py")):
            digest.update(ast.dump(_without_docstrings(ast.parse(file.read_text(encoding="utf-8")))).encode())
    return digest.hexdigest()[:16]


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        body: Any = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))]  # type: ignore[attr-defined]
    return tree
