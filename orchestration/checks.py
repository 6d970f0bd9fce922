"""Asset checks: the suite of each table, and the rules between tables of `quality.table_rules.RULES`. One step per table, one for all raw tables.

A check reads the partitions of its own run. A blocking one stops the stages below.
"""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from assets.layout import PartitionKey, read_partition
from assets.partitioned import day_of, keys_of
from assets.transient_faults import transient_faults_retried
from domain.calendar import cutoff_for
from domain.settings import Settings
from orchestration.suite_checks import suite_result, suite_spec
from orchestration.suite_reports import is_raw
from quality.suites import SUITE_TABLES
from quality.table_rules import RULES, RuleResult, TableRule


def build_checks(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetChecksDefinition]:
    """All checks of the platform."""
    partitions_of = {"/".join(key.path): asset.partitions_def for asset in assets for key in asset.keys}
    raw = [table for table in SUITE_TABLES if is_raw(table)]
    others = [table for table in SUITE_TABLES if not is_raw(table)]
    return [
        _checks_of_raw_tables(raw, partitions_of),
        *(checks_of_table(table, [rule for rule in RULES if rule.table == table], partitions_of) for table in others),
    ]


def _checks_of_raw_tables(tables: list[str], partitions_of: Mapping[str, dg.PartitionsDefinition | None]) -> dg.AssetChecksDefinition:
    """One step, as they are written by one step and compared with each other."""

    @dg.multi_asset_check(name="check_raw", specs=[suite_spec(table, partitions_of[table]) for table in tables])
    def check(context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterable[dg.AssetCheckResult]:
        for table in tables:
            with transient_faults_retried(context.op_execution_context.retry_number):
                result = suite_result(settings, table, keys_of(context.op_execution_context.partition_keys))
            yield result

    return check


def checks_of_table(table: str, rules: list[TableRule], partitions_of: Mapping[str, dg.PartitionsDefinition | None]) -> dg.AssetChecksDefinition:
    """The suite of a stage's table and the rules that compare it with others, in one step."""
    asset_key = dg.AssetKey(table.split("/"))
    partitions_def = partitions_of[table]
    of_cutoff = {other for rule in rules for other in rule.others if partitions_of[other] != partitions_def}
    specs = [
        dg.AssetCheckSpec(rule.name, asset=asset_key, description=rule.description, blocking=rule.is_blocking, partitions_def=partitions_def) for rule in rules
    ]

    @dg.multi_asset_check(name=f"check_{table.replace('/', '_')}", specs=[suite_spec(table, partitions_def), *specs])
    def check(context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterable[dg.AssetCheckResult]:
        keys = keys_of(context.op_execution_context.partition_keys)
        with transient_faults_retried(context.op_execution_context.retry_number):
            suite = suite_result(settings, table, keys)
            breaks_contract = suite.severity == dg.AssetCheckSeverity.ERROR
            found = [] if breaks_contract or not rules else [_evaluated(settings.data, table, rules, key, of_cutoff=of_cutoff) for key in keys]
        yield suite
        for index, rule in enumerate(rules):
            yield _not_judged(rule, asset_key) if breaks_contract else _as_check_result(rule, [results[index] for results in found], asset_key)

    return check


def _evaluated(root: str, table: str, rules: Sequence[TableRule], key: PartitionKey, *, of_cutoff: set[str]) -> list[RuleResult]:
    """What each rule finds in one partition."""
    frame = read_partition(root, table, key)
    names = sorted({other for rule in rules for other in rule.others})
    others = {other: read_partition(root, other, _cutoff_key(key) if other in of_cutoff else key) for other in names}
    return [rule.evaluate(frame, {other: others[other] for other in rule.others}) for rule in rules]


def _cutoff_key(key: PartitionKey) -> PartitionKey:
    """The weekly partition behind a daily one."""
    return {"week": cutoff_for(day_of(key)).isoformat(), "shard": key["shard"]}


def _not_judged(rule: TableRule, asset_key: dg.AssetKey) -> dg.AssetCheckResult:
    """A rule between tables says nothing about rows that break their contract."""
    return dg.AssetCheckResult(
        passed=False,
        asset_key=asset_key,
        check_name=rule.name,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"detail": "not judged: the table breaks its contract, see the check `suite`"},
    )


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
