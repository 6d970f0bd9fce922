"""Stage vectors: all that is known of a SKU on a decision day, in one row."""

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.partitioned import PartitionedFrames, PartitionReader, Partitions, day_of, keys_of
from domain.calendar import cutoff_for
from domain.settings import Settings
from feature_store import assemble_vectors


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The asset of the stage."""

    @dg.asset(**declaration("vectors/sku_vectors", partitions))
    def sku_vectors(
        context: dg.AssetExecutionContext,
        weekly_demand: PartitionReader,
        merchant_profiles: PartitionReader,
        quantiles: PartitionReader,
        settings: dg.ResourceParam[Settings],
        **raw: PartitionReader,
    ) -> PartitionedFrames:
        """The boundary of the two pipelines: demand quantiles, stock, arrivals, returns, rates of one SKU on one day."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            at = {"week": cutoff_for(day_of(key)).isoformat(), "shard": key["shard"]}
            tables = {name: reader.read(shard=key["shard"]) for name, reader in raw.items()}
            inputs = (weekly_demand.read(**at), quantiles.read(**at), merchant_profiles.read(**at))
            return assemble_vectors(tables, *inputs, decision_date=day_of(key), settings=settings)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    return [sku_vectors]
