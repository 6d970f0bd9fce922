"""Stage features: the weekly series → the model's signal, for training and for inference."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from domain.settings import Settings
from ml.forecasting.launches import ANALOGUES, COARSEST_KIND, count_launches, first_known_week
from ml.preprocessing import without_unit_errors
from ml.transformation import build_group_weeks, build_inference_rows, build_training_sample, merge_group_weeks


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The assets of the stage."""

    @dg.asset(**declaration("features/group_weeks", partitions))
    def group_weeks(context: dg.AssetExecutionContext, weekly_demand: PartitionReader) -> PartitionedFrames:
        """What the shard's series of the market, of each merchant and of each article sold together, by week."""
        return PartitionedFrames(
            keys_of(context.partition_keys), lambda key: build_group_weeks(without_unit_errors(weekly_demand.read(**key)), cutoff=week_of(key))
        )

    @dg.asset(**declaration("features/launch_counts", partitions))
    def launch_counts(
        context: dg.AssetExecutionContext, weekly_demand: PartitionReader, group_weeks: PartitionReader, articles: PartitionReader
    ) -> PartitionedFrames:
        """How often the shard's articles sold how many units in a week of their launch: what articles without a sale are forecast from."""

        @lru_cache(maxsize=1)
        def first_week(week: str) -> date | None:
            return first_known_week(group_weeks.read_each(week=week))

        def compute(key: PartitionKey) -> pl.DataFrame:
            demand = without_unit_errors(weekly_demand.read(**key))
            return count_launches(demand, articles.read(shard=key["shard"]), cutoff=week_of(key), first_week=first_week(key["week"]))

        return PartitionedFrames(keys_of(context.partition_keys), compute, _launches)

    @dg.asset(**declaration("features/training_sample", partitions))
    def training_sample(
        context: dg.AssetExecutionContext, weekly_demand: PartitionReader, group_weeks: PartitionReader, settings: dg.ResourceParam[Settings]
    ) -> PartitionedFrames:
        """The shard's candidates for the training rows: those with the smallest keyed numbers, so shards can be merged."""
        groups = _merged(group_weeks)
        return PartitionedFrames(
            keys_of(context.partition_keys),
            lambda key: build_training_sample(
                without_unit_errors(weekly_demand.read(**key)), cutoff=week_of(key), settings=settings.forecast, group_weeks=groups(key["week"])
            ),
        )

    @dg.asset(**declaration("features/inference_rows", partitions))
    def inference_rows(
        context: dg.AssetExecutionContext, weekly_demand: PartitionReader, group_weeks: PartitionReader, settings: dg.ResourceParam[Settings]
    ) -> PartitionedFrames:
        """One row per series and horizon week, with the features as of the cutoff."""
        groups = _merged(group_weeks)
        return PartitionedFrames(
            keys_of(context.partition_keys),
            lambda key: build_inference_rows(
                without_unit_errors(weekly_demand.read(**key)), cutoff=week_of(key), settings=settings.forecast, group_weeks=groups(key["week"])
            ),
        )

    return [group_weeks, launch_counts, training_sample, inference_rows]


def _launches(counts: pl.DataFrame) -> Metadata:
    analogues = counts.filter(pl.col("kind") == COARSEST_KIND, pl.col("counted") == ANALOGUES)
    return {"n_launches": int(analogues["n_counted"].sum())}


def _merged(group_weeks: PartitionReader) -> Callable[[str], pl.DataFrame]:
    """The table of all shards of a week, merged once per week of a run."""

    @lru_cache(maxsize=1)
    def of_week(week: str) -> pl.DataFrame:
        return merge_group_weeks(group_weeks.read_each(week=week))

    return of_week
