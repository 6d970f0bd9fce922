"""Stage evaluation: how the forecast of 12 weeks ago fared, and what a planner should look at first."""

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.drift import build_decision_drift, build_forecast_drift
from assets.layout import PartitionKey
from assets.lineage import RAW_STAGE, earlier
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, day_of, keys_of
from assets.raw import FIRST_SHARD
from domain.calendar import ONE_WEEK
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS, ForecastAccuracy, Policies, SkuVectors
from ml.accuracy import score_forecast
from quality.day_figures import accuracy_figures
from quality.exceptions import Skus, rank_exceptions


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The assets of the stage."""

    @dg.asset(**declaration("evaluation/forecast_accuracy", partitions))
    def forecast_accuracy(context: dg.AssetExecutionContext, quantiles: PartitionReader, weekly_demand: PartitionReader) -> PartitionedFrames:
        """The forecast made 12 weeks before the cutoff against what then happened; no rows where none was made."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            judged = quantiles.read_if_present(**earlier(key, HORIZON_WEEKS * ONE_WEEK))
            return ForecastAccuracy.create_empty() if judged is None else score_forecast(judged, weekly_demand.read(**key))

        return PartitionedFrames(keys_of(context.partition_keys), compute, _accuracy)

    @dg.asset(**declaration("evaluation/exceptions", partitions))
    def exceptions(
        context: dg.AssetExecutionContext,
        policies: PartitionReader,
        sku_vectors: PartitionReader,
        settings: dg.ResourceParam[Settings],
        **others: PartitionReader,
    ) -> PartitionedFrames:
        """What is unusual about today's SKUs, with the money at stake, largest first."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            tables = {name: _read(reader, key) for name, reader in others.items()}
            readings = pl.concat([tables["raw_readings"], tables["vectors_readings"]])
            # What is a merchant's cause is told once, by the first shard, over all articles.
            whole = {"day": key["day"]} if key["shard"] == FIRST_SHARD else None
            market = Skus(policies.read(**whole), sku_vectors.read(**whole)) if whole else Skus(Policies.create_empty(), SkuVectors.create_empty())
            own = Skus(policies.read(**key), sku_vectors.read(**key))
            return rank_exceptions(*own, {**tables, "readings": readings}, decision_date=day_of(key), settings=settings, market=market)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    return [forecast_accuracy, exceptions, *build_forecast_drift(partitions), *build_decision_drift(partitions)]


def _read(reader: PartitionReader, key: PartitionKey) -> pl.DataFrame:
    """The shard of the day, of a raw table the shard."""
    return reader.read(**({"shard": key["shard"]} if reader.table.startswith(RAW_STAGE) else key))


def _accuracy(frame: pl.DataFrame) -> Metadata:
    figures = accuracy_figures(frame)
    return {"judged": figures is not None, **(figures or {})}
