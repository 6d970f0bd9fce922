"""The job `backtest`: past start weeks played again and the report over all of them. Nobody starts it but people: a backfill is a backtest."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.backtest.database import RESULTS
from assets.backtest.stage import REPORT
from orchestration.jobs import LOGS_TO_INSTANCE


def build_backtest_job(assets: Sequence[dg.AssetsDefinition]) -> Any:
    """The job over the stage's partitions, one per past start week (Dagster does not export its type)."""
    keys = {dg.AssetKey(table.split("/")) for table in (RESULTS, REPORT)}
    return dg.define_asset_job(
        "backtest",
        selection=dg.AssetSelection.assets(*(asset for asset in assets if asset.keys <= keys)),
        description="Every policy played again from past weeks on, people's recorded orders among them, and the report over all that has been played.",
        config=LOGS_TO_INSTANCE,
        executor_def=dg.in_process_executor,
    )
