"""Jobs: one per rhythm. A job holds the assets of one partitions definition with their checks; a run covers its shards."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.partitioned import Partitions
from orchestration.run_tags import RHYTHM

INGEST, WEEKLY_FORECAST, DAILY_OPTIMIZATION = "ingest", "weekly_forecast", "daily_optimization"
LOGS_TO_INSTANCE = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's records belong to its instance and UI; the terminal has progress lines."""
_DESCRIPTIONS = {
    INGEST: "Read the source, keep what the data contract accepts, split it by shard.",
    WEEKLY_FORECAST: "Series, features, models and quantiles of one cutoff, and how the forecast of 12 weeks before fared.",
    DAILY_OPTIMIZATION: "Vectors, policies within budget, exceptions and analytics of one decision day.",
}


def build_jobs(assets: Sequence[dg.AssetsDefinition], partitions: Partitions) -> list[Any]:
    """The three jobs, in the order in which a platform day runs them (Dagster does not export their type)."""
    rhythms: Mapping[str, dg.PartitionsDefinition] = {INGEST: partitions.shard, WEEKLY_FORECAST: partitions.weekly, DAILY_OPTIMIZATION: partitions.daily}
    return [
        dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def == partitions_def)),
            description=_DESCRIPTIONS[name],
            config=LOGS_TO_INSTANCE,
            tags={RHYTHM: name},
            executor_def=dg.in_process_executor,
        )
        for name, partitions_def in rhythms.items()
    ]
