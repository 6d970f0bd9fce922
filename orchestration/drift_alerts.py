"""Breaches of drift checks as alerts: one per table and check, about the newest week or day; it is over when a newer one is usual again."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
import polars as pl

from assets.layout import newest_partition, read_partition_if_present, shard_names
from domain.settings import Settings
from quality.alerts.alert import Alert

DRIFT_TABLES: Mapping[str, str] = {"series/input_drift": "week", "evaluation/forecast_drift": "week", "evaluation/decision_drift": "day"}
"""Tables of drift checks and the time dimension of their partitions."""
WATCHING_CHECK = "nothing_drifts"
"""The asset check that says the same in the UI: told here by check and scope, it is not told again as a failed check."""
_NEWEST = "newest"
_MOST_SCOPES = 5


def alerts_of_drift(written: Sequence[dg.DagsterEvent], settings: Settings, *, firing: Sequence[Alert]) -> Iterator[Alert]:
    """Alerts of the drift tables whose newest partition is among those a run wrote.

    Args:
        written: Materialisations of the run.
        settings: Where tables lie.
        firing: What fires already.
    """
    for table, dimension in DRIFT_TABLES.items():
        newest = newest_partition(settings.data, table, dimension)
        of_table = [event.partition or "" for event in written if event.asset_key == dg.AssetKey(table.split("/"))]
        if newest and any(newest in partition.split("|") for partition in of_table):
            verdicts = read_partition_if_present(settings.data, table, {dimension: newest, "shard": shard_names(settings.n_shards)[0]})
            if verdicts is not None:
                yield from _of_table(table, newest, verdicts.filter(~pl.col("is_blocking")), firing)


def _of_table(table: str, newest: str, verdicts: pl.DataFrame, firing: Sequence[Alert]) -> Iterator[Alert]:
    told = {alert.subject.removeprefix(f"{table}: ") for alert in firing if alert.key == "drift_breached" and alert.subject.startswith(f"{table}: ")}
    breached = verdicts.filter("is_breached")
    for check in sorted({*told, *breached["check"]}):
        found = breached.filter(pl.col("check") == check)
        words = [f"{scope}: {evidence}" for scope, evidence in found.select("scope", "evidence").iter_rows()]
        more = f"; and {len(words) - _MOST_SCOPES} more" if len(words) > _MOST_SCOPES else ""
        evidence = f"{newest}: {'; '.join(words[:_MOST_SCOPES])}{more}" if words else f"{newest}: usual again"
        yield Alert("drift_breached", f"{table}: {check}", _NEWEST, evidence, severity="warning", state="firing" if words else "resolved")
