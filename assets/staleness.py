"""Staleness: which partitions would come out differently today, and why. Reads provenance only; no Dagster.

A partition is stale where the hashes its provenance recorded are not those of its inputs, code and settings now. What
lies below a stale partition is not called stale before that one has been made again: its rows may turn out the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from assets.layout import PartitionKey, list_partitions, shard_names
from assets.lineage import LINEAGE, RAW_STAGE, required_keys
from assets.provenance import InputHashes, Provenance, code_version, read_provenance, settings_hash
from domain.settings import Settings
from sources.fingerprints import EVENT_DAYS


class Reason(Enum):
    """Why a partition is stale."""

    RESTATED = "rows it had seen were restated"
    UPSTREAM = "an input was made again"
    REFERENCE = "a table without dates changed"
    SETTINGS = "settings changed"
    CODE = "code changed"
    UNKNOWN = "it carries no provenance"


DATA_REASONS = frozenset({Reason.RESTATED, Reason.UPSTREAM, Reason.UNKNOWN})
"""Reasons of late and corrected data. Other changes do not say that history was wrong: what was decided, was decided so."""


class Stale(NamedTuple):
    """One stale partition."""

    table: str
    key: PartitionKey
    reasons: Mapping[Reason, str]
    """With what changed."""

    def is_for(self, reasons: frozenset[Reason]) -> bool:
        """Whether any of the reasons applies."""
        return not reasons.isdisjoint(self.reasons)


def stale_partitions(settings: Settings, *, tables: tuple[str, ...] = tuple(LINEAGE)) -> Iterator[Stale]:
    """Every stale partition of some tables, inputs before what is made from them, oldest first."""
    hashes = InputHashes(settings.data, n_shards=settings.n_shards)
    for table in tables:
        yield from _judged(settings, table, list_partitions(settings.data, table), hashes)


def judge_partitions(settings: Settings, table: str, keys: Sequence[PartitionKey]) -> list[Stale]:
    """Those of these partitions that are stale."""
    return list(_judged(settings, table, keys, InputHashes(settings.data, n_shards=settings.n_shards)))


def _judged(settings: Settings, table: str, keys: Sequence[PartitionKey], hashes: InputHashes) -> Iterator[Stale]:
    found = (_judge(table, key, settings, hashes) for key in keys)
    return (stale for stale in found if stale is not None)


def missing_partitions(settings: Settings) -> Iterator[tuple[str, PartitionKey]]:
    """Partitions that are absent although others of their week or day have been made."""
    present = {table: list_partitions(settings.data, table) for table in LINEAGE}
    shards = shard_names(settings.n_shards)
    for rhythm, dimension in (("weekly", "week"), ("daily", "day")):
        tables = [table for table in LINEAGE if LINEAGE[table].rhythm == rhythm]
        times = sorted({key[dimension] for table in tables for key in present[table]})
        for table in tables:
            known = {(key[dimension], key["shard"]) for key in present[table]}
            yield from ((table, {dimension: time, "shard": shard}) for time in times for shard in shards if (time, shard) not in known)


def lost_partitions(settings: Settings) -> Mapping[str, list[PartitionKey]]:
    """Partitions that are absent although one lies there that is made from them, by table: a file was deleted, or the table is younger than its week.

    A week that a run has only begun has lost nothing.
    """
    keys = {table: {_identity(key): key for key in list_partitions(settings.data, table)} for table in LINEAGE}
    lost: dict[str, list[PartitionKey]] = {table: [] for table in LINEAGE}
    for table in reversed(list(LINEAGE)):
        inputs = {name: scope for name, scope in LINEAGE[table].inputs.items() if name in LINEAGE}
        for name, scope in inputs.items():
            required = [needed for key in keys[table].values() for needed in required_keys(scope, key, n_shards=settings.n_shards)]
            absent = {_identity(key): key for key in required if _identity(key) not in keys[name]}
            lost[name] += absent.values()
            keys[name] |= absent
    return lost


def _identity(key: PartitionKey) -> frozenset[tuple[str, str]]:
    return frozenset(key.items())


def partition_name(key: PartitionKey) -> str:
    """A partition as people write it: "2026-09-21 shard 00"."""
    return f"{key.get('week', key.get('day'))} shard {key['shard']}"


def _judge(table: str, key: PartitionKey, settings: Settings, hashes: InputHashes) -> Stale | None:
    provenance = read_provenance(settings.data, table, key)
    if provenance is None:
        return Stale(table, key, {Reason.UNKNOWN: "written before provenance was kept"})
    reasons = _reasons(table, provenance, settings, hashes.of(table, key))
    return Stale(table, key, reasons) if reasons else None


def _reasons(table: str, provenance: Provenance, settings: Settings, inputs: Mapping[str, str]) -> dict[Reason, str]:
    changed: dict[Reason, list[str]] = {}
    for name in sorted({*inputs, *provenance.inputs}):
        if inputs.get(name) != provenance.inputs.get(name):
            changed.setdefault(_reason_of(name.split(" ", maxsplit=1)[0]), []).append(name)
    if provenance.settings_hash != settings_hash(table, settings):
        changed[Reason.SETTINGS] = list(LINEAGE[table].settings)
    if provenance.code_version != code_version(table):
        changed[Reason.CODE] = [*LINEAGE[table].code, "domain"]
    return {reason: ", ".join(names) for reason, names in changed.items()}


def _reason_of(input_table: str) -> Reason:
    if not input_table.startswith(RAW_STAGE):
        return Reason.UPSTREAM
    return Reason.RESTATED if input_table.removeprefix(RAW_STAGE) in EVENT_DAYS else Reason.REFERENCE
