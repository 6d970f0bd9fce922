"""The check `is_current`: whether a partition would come out the same today, shown per partition in the UI.

It runs with every materialisation, and `report_staleness` writes its result for partitions that nobody has made again,
for instance after an ingestion that restated a week.
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from assets.layout import PartitionKey
from assets.lineage import LINEAGE
from assets.partitioned import keys_of
from assets.staleness import DATA_REASONS, Reason, Stale, judge_partitions, partition_name, stale_partitions
from domain.settings import Settings
from orchestration.jobs import LOGS_TO_INSTANCE

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
                metadata={"partitions": len(keys), "stale": len(stale), **_what_changed(stale)},
            )

    return is_current


def report_staleness(instance: dg.DagsterInstance, settings: Settings, *, made_again: Sequence[tuple[str, PartitionKey]] = ()) -> list[Stale]:
    """Write the check's result for every stale partition; return them.

    Args:
        instance: Where.
        settings: Of the platform.
        made_again: Partitions (table and key) that are current now, and may stand as stale.
    """
    stale = list(stale_partitions(settings))
    still = {(found.table, partition_name(found.key)) for found in stale}
    current = [(table, key) for table, key in made_again if (table, partition_name(key)) not in still]
    evaluations = [*(_evaluation(found.table, found.key, found) for found in stale), *(_evaluation(table, key, None) for table, key in current)]
    if evaluations:
        _report_job(evaluations).execute_in_process(instance=instance)
    return stale


def _report_job(evaluations: Sequence[dg.AssetCheckEvaluation]) -> dg.JobDefinition:
    """A run of its own: outside of runs Dagster 1.13 takes one result per check and partition, ever."""

    @dg.op(name="report_staleness")
    def report(context: dg.OpExecutionContext) -> None:
        for evaluation in evaluations:
            context.log_event(evaluation)  # type: ignore[arg-type]  # taken and stored; the annotation lags behind

    @dg.job(name="staleness_report", config=LOGS_TO_INSTANCE, executor_def=dg.in_process_executor)
    def staleness_report() -> None:
        report()

    return staleness_report


def _evaluation(table: str, key: PartitionKey, stale: Stale | None) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(table.split("/")),
        check_name=CHECK_NAME,
        passed=stale is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=_reasons(stale) if stale else "made again",
        metadata=_what_changed([stale] if stale else []),
        partition=_dagster_key(key),
    )


def is_repair_offer(evaluation: dg.AssetCheckEvaluation) -> bool:
    """Whether `replenish repair` would make the partitions again, which this check found stale."""
    return any(reason.name.lower() in evaluation.metadata for reason in DATA_REASONS)


def _what_changed(stale: Sequence[Stale]) -> dict[str, str]:
    """By reason: which inputs, settings or code."""
    changed = {reason: sorted({found.reasons[reason] for found in stale if reason in found.reasons}) for reason in Reason}
    return {reason.name.lower(): "; ".join(what) for reason, what in changed.items() if what}


def _reasons(stale: Stale) -> str:
    return "; ".join(f"{reason.value}: {what}" for reason, what in stale.reasons.items())


def _dagster_key(key: PartitionKey) -> str:
    return str(dg.MultiPartitionKey(dict(key)))
