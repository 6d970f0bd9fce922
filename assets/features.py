"""Stage features: the weekly series → the model's signal, for training and for inference."""

import dagster as dg

from assets.declaration import declaration
from assets.partitioned import PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from domain.settings import Settings
from ml.transformation import build_inference_rows, build_training_sample


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The two assets of the stage."""

    @dg.asset(**declaration("features/training_sample", partitions))
    def training_sample(context: dg.AssetExecutionContext, weekly_demand: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """The shard's candidates for the training rows: those with the smallest keyed numbers, so shards can be merged."""
        return PartitionedFrames(
            keys_of(context.partition_keys), lambda key: build_training_sample(weekly_demand.read(**key), cutoff=week_of(key), settings=settings.forecast)
        )

    @dg.asset(**declaration("features/inference_rows", partitions))
    def inference_rows(context: dg.AssetExecutionContext, weekly_demand: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """One row per series and horizon week, with the features as of the cutoff."""
        return PartitionedFrames(
            keys_of(context.partition_keys), lambda key: build_inference_rows(weekly_demand.read(**key), cutoff=week_of(key), settings=settings.forecast)
        )

    return [training_sample, inference_rows]
