"""Stage analytics: one DuckDB file with documented views over the newest partitions, for people who ask in SQL."""

from typing import Any

import dagster as dg

from assets.declaration import OWNERS
from assets.marts import build_analytics
from assets.partitioned import Partitions
from domain.settings import Settings

_OF_DAY = [["vectors", "sku_vectors"], ["policy", "policies"], ["evaluation", "exceptions"]]
_OF_CUTOFF = [["series", "weekly_demand"], ["series", "merchant_profiles"], ["forecast", "quantiles"], ["evaluation", "forecast_accuracy"]]


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The asset of the stage."""

    @dg.asset(
        key=["analytics", "duckdb"],
        group_name="analytics",
        partitions_def=partitions.daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[*_OF_DAY, *(dg.AssetDep(key, partition_mapping=partitions.cutoff_of_day) for key in _OF_CUTOFF)],
        owners=OWNERS,
        kinds={"duckdb", "sql"},
        code_version="1",
    )
    def duckdb(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[Any]:
        """`analytics/replenish.duckdb`, built beside and swapped in at once; always over the newest week and day.

        It is one file, refreshed once per run. It shares the day's partitions because an unpartitioned asset below
        partitioned ones makes Dagster list every partition since 1990 on each run (seconds with 16 shards).
        """
        location, rows = build_analytics(settings.data, n_shards=settings.n_shards)
        return dg.MaterializeResult(metadata={"path": location, **{f"rows/{view}": count for view, count in rows.items()}})

    return [duckdb]
