"""The check `is_current`: whether a partition would come out the same today, shown per partition in the UI.

It runs with every materialisation, and `report_staleness` writes its result for partitions that nobody has made again,
for instance after an ingestion that restated a week.
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from assets.layout import PartitionKey
from assets.lineage import LINEAGE
from assets.partitioned import keys_of
from assets.staleness import Stale, judge_partitions, stale_partitions
from domain.settings import Settings

CHECK_NAME = "is_current"
_DESCRIPTION = "Inputs, settings and code are still those it was made from; if not: `replenish repair`, or the job `repair`."


def build_staleness_checks(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetChecksDefinition]:
    """One check per computed table, one step per rhythm."""
    partitions_of = {"/".join(key.path): asset.partitions_def for asset in assets for key in asset.keys}
    return [_checks_of(rhythm, partitions_of) for rhythm in ("weekly", "daily")]


def _checks_of(rhythm: str, partitions_of: dict[str, dg.PartitionsDefinition | None]) -> dg.AssetChecksDefinition:
    tables = [table for table, lineage in LINEAGE.items() if lineage.rhythm == rhythm]
    specs = [
        dg.AssetCheckSpec(CHECK_NAME, asset=dg.AssetKey(table.split("/")), description=_DESCRIPTION, partitions_def=partitions_of[table]) for table in tables
    ]

    @dg.multi_asset_check(name=f"check_{rhythm}_is_current", specs=specs, can_subset=True)
    def is_current(context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterable[dg.AssetCheckResult]:
        keys = keys_of(context.op_execution_context.partition_keys)
        for check_key in sorted(context.selected_asset_check_keys):
            stale = judge_partitions(settings, "/".join(check_key.asset_key.path), keys)
            yield dg.AssetCheckResult(
                passed=not stale,
                asset_key=check_key.asset_key,
                check_name=CHECK_NAME,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"partitions": len(keys), "stale": len(stale), "reasons": "; ".join(sorted({_reasons(found) for found in stale})) or "none"},
            )

    return is_current


def report_staleness(instance: dg.DagsterInstance, settings: Settings) -> list[Stale]:
    """Write a failed check for every stale partition; return them."""
    stale = list(stale_partitions(settings))
    for found in stale:
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(found.table.split("/")),
                check_name=CHECK_NAME,
                passed=False,
                severity=dg.AssetCheckSeverity.WARN,
                description=_reasons(found),
                metadata={reason.name.lower(): what for reason, what in found.reasons.items()},
                partition=_dagster_key(found.key),
            )
        )
    return stale


def _reasons(stale: Stale) -> str:
    return "; ".join(f"{reason.value}: {what}" for reason, what in stale.reasons.items())


def _dagster_key(key: PartitionKey) -> str:
    return str(dg.MultiPartitionKey(dict(key)))
