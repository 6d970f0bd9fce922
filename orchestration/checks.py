"""Asset checks, generated from `quality.table_rules.RULES`: one step per table, each of its rules a check.

A check reads the partitions of its own run, one at a time. A blocking one stops the stages below.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import dagster as dg

from assets.layout import PartitionKey, read_partition
from assets.partitioned import day_of, keys_of
from assets.transient_faults import transient_faults_retried
from domain.calendar import cutoff_for
from domain.settings import Settings
from quality.table_rules import RULES, RuleResult, TableRule


def build_checks(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetChecksDefinition]:
    """All checks of the platform."""
    partitions_of = {"/".join(key.path): asset.partitions_def for asset in assets for key in asset.keys}
    by_table = groupby(sorted(RULES, key=lambda rule: rule.table), key=lambda rule: rule.table)
    return [_checks_of(table, list(rules), partitions_of) for table, rules in by_table]


def _checks_of(table: str, rules: list[TableRule], partitions_of: Mapping[str, dg.PartitionsDefinition | None]) -> dg.AssetChecksDefinition:
    asset_key = dg.AssetKey(table.split("/"))
    partitions_def = partitions_of[table]
    all_others = sorted({other for rule in rules for other in rule.others})
    of_cutoff = {other for other in all_others if partitions_of[other] != partitions_def}
    specs = [
        dg.AssetCheckSpec(rule.name, asset=asset_key, description=rule.description, blocking=rule.is_blocking, partitions_def=partitions_def) for rule in rules
    ]

    @dg.multi_asset_check(name=f"check_{table.replace('/', '_')}", specs=specs)
    def check(context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterable[dg.AssetCheckResult]:
        results: dict[str, list[RuleResult]] = {rule.name: [] for rule in rules}
        for key in keys_of(context.op_execution_context.partition_keys):
            with transient_faults_retried(context.op_execution_context.retry_number):
                frame = read_partition(settings.data, table, key)
                others = {other: read_partition(settings.data, other, _cutoff_key(key) if other in of_cutoff else key) for other in all_others}
            for rule in rules:
                results[rule.name].append(rule.evaluate(frame, {other: others[other] for other in rule.others}))
        for rule in rules:
            yield _as_check_result(rule, results[rule.name], asset_key)

    return check


def _cutoff_key(key: PartitionKey) -> PartitionKey:
    """The weekly partition behind a daily one."""
    return {"week": cutoff_for(day_of(key)).isoformat(), "shard": key["shard"]}


def _as_check_result(rule: TableRule, results: list[RuleResult], asset_key: dg.AssetKey) -> dg.AssetCheckResult:
    details = sorted({result.detail for result in results if result.detail})
    return dg.AssetCheckResult(
        passed=rule.passes(results),
        asset_key=asset_key,
        check_name=rule.name,
        severity=dg.AssetCheckSeverity.ERROR if rule.is_blocking else dg.AssetCheckSeverity.WARN,
        metadata={
            "rows": sum(result.n_rows for result in results),
            "rows_in_breach": sum(result.n_breaches for result in results),
            "allowed_share": rule.allowed_share,
            "detail": "; ".join(details) or "none",
        },
    )
