"""Stage analytics: one DuckDB file with documented marts and views, for people who ask in SQL."""

from typing import Any

import dagster as dg

from assets.declaration import OWNERS
from assets.lineage import Scope
from assets.marts import build_analytics
from assets.partitioned import Partitions
from assets.transient_faults import transient_faults_retried
from domain.settings import Settings

_OF_DAY = [
    ["vectors", "sku_vectors"],
    ["policy", "policies"],
    ["policy", "alternatives"],
    ["policy", "cost_curves"],
    ["policy", "order_changes"],
    ["policy", "order_releases"],
    ["policy", "settings_in_force"],
    ["policy", "constraint_prices"],
    ["evaluation", "exceptions"],
    ["evaluation", "decision_drift"],
]
_OF_CUTOFF = [
    ["series", "weekly_demand"],
    ["series", "unconstrained_demand"],
    ["series", "merchant_profiles"],
    ["forecast", "dependence"],
    ["forecast", "champions"],
    ["forecast", "quantiles"],
    ["forecast", "released"],
    ["forecast", "calibration"],
    ["forecast", "promotions"],
    ["series", "input_drift"],
    ["evaluation", "forecast_accuracy"],
    ["evaluation", "forecast_drift"],
]


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The asset of the stage."""

    @dg.asset(
        key=["analytics", "duckdb"],
        group_name="analytics",
        partitions_def=partitions.daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool="daily",
        deps=[*_OF_DAY, *(dg.AssetDep(key, partition_mapping=partitions.mappings[Scope.CUTOFF_OF_DAY]) for key in _OF_CUTOFF)],
        owners=OWNERS,
        kinds={"duckdb", "sql"},
        code_version="1",
    )
    def duckdb(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[Any]:
        """`analytics/replenish.duckdb`: marts and views over the newest complete week and day, and over all of them.

        Readers are never locked out: the next version is built beside the last and swapped in at once.

        It is one file, refreshed once per run. It shares the day's partitions because an unpartitioned asset below
        partitioned ones makes Dagster list every partition of history on each run (seconds with 16 shards).
        """
        with transient_faults_retried(context.op_execution_context.retry_number):
            location, rows = build_analytics(settings.data, n_shards=settings.n_shards)
        return dg.MaterializeResult(metadata={"path": location, **{f"rows/{table}": count for table, count in rows.items()}})

    return [duckdb]
