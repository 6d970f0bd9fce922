"""Stage backtest: past start weeks as partitions, so that a backfill is a backtest; and the report over all that has been played."""

from datetime import UTC, date, datetime
from typing import Any, Literal

import dagster as dg
import polars as pl

from assets.backtest.database import RESULTS, write_database
from assets.backtest.plan import FULL_CONTEST, POLICY_CONTEST, comparison_of, configured
from assets.backtest.report import write_reports
from assets.backtest.running import play_all
from assets.backtest.tables import cost_uplift, played_everywhere
from assets.declaration import OWNERS
from assets.layout import PartitionKey, list_partitions, partition_location, read_partitions, shard_names
from assets.partitioned import Partitions, Progress
from assets.replay.terms import RECORDED, ReplayTerms
from domain.settings import Settings
from domain.tables import RAW_TABLES, ROW_KEYS
from sources.storage import join, write_parquet
from sources.truth import true_weekly_demand

REPORT = "backtest/report"


class BacktestConfig(dg.Config):
    """What is played at every start week of a run."""

    n_orders: int = 4
    n_weeks: int = 8
    contest: Literal["policies", "full"] = "policies"


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The two assets of the stage."""
    if not isinstance(partitions.weekly, dg.MultiPartitionsDefinition):
        raise TypeError("weekly partitions have a week and a shard")
    weeks = partitions.weekly.get_partitions_def_for_dimension("week")
    shared: dict[str, Any] = {
        "group_name": "backtest",
        "partitions_def": weeks,
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "pool": "weekly",
        "owners": OWNERS,
        "code_version": "2",
    }

    @dg.asset(
        key=RESULTS.split("/"),
        deps=[dg.AssetDep(["raw", name], partition_mapping=dg.AllPartitionMapping()) for name in RAW_TABLES],
        kinds={"polars", "parquet", "numba"},
        **shared,
    )
    def results(
        context: dg.AssetExecutionContext, config: BacktestConfig, settings: dg.ResourceParam[Settings], progress: dg.ResourceParam[Progress]
    ) -> dg.MaterializeResult[Any]:
        """What every policy would have cost and served from this week on, series by series; people's recorded orders among them."""
        starts = [date.fromisoformat(week) for week in sorted(context.partition_keys)]
        tables, truth = raw_tables(settings), true_weekly_demand(settings.source) if settings.source else None
        terms = ReplayTerms(starts[0], config.n_orders, config.n_weeks)
        people = {RECORDED: FULL_CONTEST[RECORDED]}
        contest = people | configured(settings) | dict(FULL_CONTEST if config.contest == "full" else POLICY_CONTEST)
        played = play_all(tables, truth, terms, starts, contest, settings=settings, today=datetime.now(UTC).date(), on_progress=progress)
        n_rows = 0
        for start, rows in zip(starts, played, strict=True):
            write_parquet(rows, partition_location(settings.data, RESULTS, {"week": start.isoformat()}))
            n_rows += rows.height
        return dg.MaterializeResult(metadata={"n_rows": n_rows, "starts": ", ".join(map(str, starts)), "contestants": ", ".join(contest)})

    @dg.asset(key=REPORT.split("/"), deps=[RESULTS.split("/")], kinds={"html", "duckdb"}, **shared)
    def report(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[Any]:
        """`backtest/report/report.html` over every start week played so far, a page per merchant, and `backtest.duckdb` for analysts."""
        del context
        rows = read_partitions(settings.data, RESULTS, list_partitions(settings.data, RESULTS))
        folder = join(settings.data, *REPORT.split("/"))
        ours, reference = comparison_of(rows["contestant"].unique(maintain_order=True).to_list(), about=next(iter(configured(settings))))
        location, database = write_reports(rows, folder, ours=ours, reference=reference), write_database(settings.data)
        metadata: dict[str, Any] = {
            "report": dg.MetadataValue.url(location if location.startswith("s3://") else f"file://{location}"),
            "merchant_pages": dg.MetadataValue.path(join(folder, "merchants")),
            "database": dg.MetadataValue.path(database or "not written: the data root is an object store"),
            "starts": rows["start_week"].n_unique(),
            "cost": f"{ours} against {reference}: {cost_uplift(played_everywhere(rows), ours, reference=reference).text}",
        }
        return dg.MaterializeResult(metadata=metadata)

    return [results, report]


def raw_tables(settings: Settings) -> dict[str, pl.DataFrame]:
    """The nine tables as they were ingested, all shards together; rows that every shard holds are kept once."""
    keys: list[PartitionKey] = [{"shard": shard} for shard in shard_names(settings.n_shards)]
    frames = {name: read_partitions(settings.data, f"raw/{name}", keys) for name in RAW_TABLES}
    return {name: frame.unique(list(ROW_KEYS[name]), keep="first", maintain_order=True).sort(ROW_KEYS[name]) for name, frame in frames.items()}
