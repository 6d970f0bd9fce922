"""All of it put together: `build_definitions(settings)`, and `defs` for workspace.yaml. Importing this does no work."""

import warnings

import dagster as dg

from assets.partitioned import Progress
from assets.stages import STAGES, overview
from domain.settings import Settings, load_settings
from orchestration.alert_sensors import build_alert_sensors
from orchestration.backfills import with_backfill_policy
from orchestration.backtest_job import build_backtest_job
from orchestration.checks import build_checks
from orchestration.freshness import with_freshness
from orchestration.hyperparameter_search import build_hyperparameter_search_job
from orchestration.jobs import build_jobs
from orchestration.partitions import build_partitions, first_week
from orchestration.repair_job import build_repair_job
from orchestration.resources import build_resources
from orchestration.sensors import build_sensors
from orchestration.staleness_checks import build_staleness_checks


def build_definitions(settings: Settings, *, on_progress: Progress | None = None) -> dg.Definitions:
    """The platform for these settings.

    Args:
        settings: Data root, source, number of shards and everything that can change a result.
        on_progress: Told one line per table written.
    """
    with warnings.catch_warnings():
        # Dagster marks backfill policies, multi-partition mappings and partitioned checks as beta or preview; the version is pinned.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        partitions = build_partitions(settings.n_shards, first_week=first_week(settings))
        declared = [asset for stage in STAGES.values() for asset in stage.build(partitions)]
        assets = with_backfill_policy(with_freshness(declared, partitions, settings.operations), settings.operations)
        jobs = build_jobs(assets, partitions)
        return dg.Definitions(
            assets=assets,
            asset_checks=[*build_checks(assets), *build_staleness_checks(assets)],
            jobs=[*jobs, build_repair_job(), build_hyperparameter_search_job(), build_backtest_job(assets)],
            sensors=[*build_sensors(jobs, settings), *build_alert_sensors([key for asset in assets for key in asset.keys], settings)],
            resources=build_resources(settings, on_progress=on_progress),
            executor=dg.in_process_executor,
            metadata={"overview": dg.MetadataValue.md(overview())},
        )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev` loads: settings from the environment (`REPLENISH_DATA`, `REPLENISH_SOURCE`, …)."""
    return build_definitions(load_settings())
