"""Stage vectors: all that is known of a SKU on a decision day, in one row."""

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.partitioned import PartitionedFrames, PartitionReader, Partitions, day_of, keys_of
from domain.calendar import cutoff_for
from domain.settings import Settings
from domain.tables import RAW_TABLES
from feature_store import assemble_vectors


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The asset of the stage."""

    @dg.asset(**declaration("vectors/sku_vectors", partitions))
    def sku_vectors(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **inputs: PartitionReader) -> PartitionedFrames:
        """The boundary of the two pipelines: demand quantiles, stock, arrivals, returns, rates of one SKU on one day."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            week = cutoff_for(day_of(key)).isoformat()
            tables = {name: reader.read(shard=key["shard"]) for name, reader in inputs.items() if name in RAW_TABLES}
            demand, forecast, profiles, dependence = (
                inputs[name].read(week=week, shard=key["shard"]) for name in ("weekly_demand", "released", "merchant_profiles", "dependence")
            )
            return assemble_vectors(tables, demand, forecast, profiles, decision_date=day_of(key), settings=settings, dependence=dependence)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    return [sku_vectors]
