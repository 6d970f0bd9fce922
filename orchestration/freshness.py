"""Freshness: until when each rhythm should have run, shown beside every asset in the UI.

Dagster judges an asset by its newest materialisation, whatever the partition: a backfill of last year looks fresh too. What
must exist and does not is `due_runs`' matter.
"""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from assets.partitioned import Partitions
from domain.settings import OperationsSettings

_ON_DEMAND = "backtest"
"""The stage that people start; it is never late."""

_HOURS_TO_FINISH = 4
"""From the hour at which a day's work falls due to the hour at which it is late."""


def with_freshness(assets: Sequence[dg.AssetsDefinition], partitions: Partitions, settings: OperationsSettings) -> list[dg.AssetsDefinition]:
    """The assets, each with the policy of its rhythm: raw and daily tables every day, weekly ones on Mondays, backtests never."""
    daily, weekly = _policy("*", settings), _policy("1", settings)

    def fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.group_name == _ON_DEMAND:
            return spec
        return spec.replace_attributes(freshness_policy=weekly if spec.partitions_def == partitions.weekly else daily)

    return list(dg.map_asset_specs(fresh, assets))


def _policy(weekday: str, settings: OperationsSettings) -> dg.FreshnessPolicy:
    """Materialised between the hour at which the work falls due and the hour at which it is late."""
    late_hour = min(settings.due_hour_utc + _HOURS_TO_FINISH, 23)
    return dg.FreshnessPolicy.cron(deadline_cron=f"0 {late_hour} * * {weekday}", lower_bound_delta=timedelta(hours=max(late_hour - settings.due_hour_utc, 1)))
