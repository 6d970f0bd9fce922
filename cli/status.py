"""`replenish status`: which partitions there are, which of them are stale, and why."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.terminal import JsonOption, ProfileOption, SettingsOption, emit

if TYPE_CHECKING:
    from assets.staleness import Stale


def status(
    data: Annotated[str | None, typer.Option(help="Root of everything written; default: REPLENISH_DATA, else ./data.")] = None,
    profile: ProfileOption = None,
    settings_file: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is current, stale or missing in a data root. Nothing is changed.

    A partition is stale where its inputs, the settings or the code are no longer those it was made from.

    Example: `replenish status --data data`
    """
    from assets.layout import list_partitions, written_root
    from assets.lineage import LINEAGE
    from assets.staleness import missing_partitions, partition_name, stale_partitions
    from domain.settings import load_settings

    settings = load_settings(settings_file, data=data, profile=profile)
    settings = settings.model_copy(update={"n_shards": written_root(settings.data)})
    stale, missing = list(stale_partitions(settings)), list(missing_partitions(settings))
    n_stale, n_missing = Counter(found.table for found in stale), Counter(table for table, _ in missing)
    tables = [
        {"table": table, "n_partitions": len(list_partitions(settings.data, table)), "n_stale": n_stale[table], "n_missing": n_missing[table]}
        for table in LINEAGE
    ]
    result = {
        "data": settings.data,
        "tables": tables,
        "stale": [{"table": found.table, "partition": partition_name(found.key), "reasons": _reasons(found)} for found in stale],
        "missing": [{"table": table, "partition": partition_name(key)} for table, key in missing],
    }
    emit(result, _text(result), as_json=as_json)


def _reasons(stale: "Stale") -> dict[str, str]:
    return {reason.name.lower(): f"{reason.value}: {what}" for reason, what in stale.reasons.items()}


def _text(result: dict[str, Any]) -> str:
    width = max(len(row["table"]) for row in result["tables"])
    lines = [f"{'table':<{width}}  partitions  stale  missing"]
    lines += [f"{row['table']:<{width}}  {row['n_partitions']:>10}  {row['n_stale']:>5}  {row['n_missing']:>7}" for row in result["tables"]]
    lines += _listed("Stale", Counter(f"{row['table']}: {'; '.join(row['reasons'].values())}" for row in result["stale"]))
    lines += _listed("Missing", Counter(row["table"] for row in result["missing"]))
    if result["stale"]:
        lines += ["", f"`replenish repair --data {result['data']}` makes again what late or corrected data made stale (docs/how-to/late_data.md)."]
    return "\n".join(lines)


def _listed(title: str, entries: Mapping[str, int]) -> list[str]:
    return ["", f"{title} (partition by partition with --json)", *(f"  {n:>4} × {entry}" for entry, n in entries.items())] if entries else []
