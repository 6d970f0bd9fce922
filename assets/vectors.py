"""Stage vectors: all that is known of a SKU on a decision day, in one row."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey, shard_names
from assets.market_facts import read_market_facts
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, day_of, keys_of
from assets.plots import markdown_table
from assets.raw import FIRST_SHARD
from domain.calendar import cutoff_for
from domain.settings import Settings
from domain.tables import RAW_TABLES
from feature_store import MarketContext, assemble_vectors, read_day
from ml.preprocessing import MarketFacts


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The asset of the stage."""

    @dg.asset(**declaration("vectors/sku_vectors", partitions))
    def sku_vectors(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **inputs: PartitionReader) -> PartitionedFrames:
        """The boundary of the two pipelines: demand quantiles, stock, arrivals, returns, rates of one SKU on one day."""
        facts = _facts(inputs, settings)

        def compute(key: PartitionKey) -> pl.DataFrame:
            of_week = {"week": cutoff_for(day_of(key)).isoformat(), "shard": key["shard"]}
            demand, forecast, profiles, dependence = (inputs[name].read(**of_week) for name in ("weekly_demand", "released", "merchant_profiles", "dependence"))
            market = MarketContext(facts(day_of(key)), inputs["lead_times"].read(**of_week))
            return assemble_vectors(
                _tables(inputs, key), demand, forecast, profiles, decision_date=day_of(key), settings=settings, dependence=dependence, market=market
            )

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("vectors/readings", partitions))
    def readings(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **inputs: PartitionReader) -> PartitionedFrames:
        """What the source leaves open, and how it was read: unclear stock, late shipments, silent weeks, changed units."""
        facts = _facts(inputs, settings)

        def compute(key: PartitionKey) -> pl.DataFrame:
            of_week = {"week": cutoff_for(day_of(key)).isoformat(), "shard": key["shard"]}
            market = MarketContext(facts(day_of(key)), inputs["lead_times"].read(**of_week))
            return read_day(
                _tables(inputs, key),
                inputs["weekly_demand"].read(**of_week),
                inputs["sku_vectors"].read(**key),
                decision_date=day_of(key),
                settings=settings,
                market=market,
                with_merchants=key["shard"] == FIRST_SHARD,
            )

        return PartitionedFrames(keys_of(context.partition_keys), compute, _counted)

    return [sku_vectors, readings]


def _counted(frame: pl.DataFrame) -> Metadata:
    counts = frame.group_by("reading").agg(pl.len()).sort("reading")
    return {"n_readings": frame.height, "readings": markdown_table(("reading", "lines"), counts.rows())}


def _tables(inputs: Mapping[str, PartitionReader], key: PartitionKey) -> dict[str, pl.DataFrame]:
    return {name: reader.read(shard=key["shard"]) for name, reader in inputs.items() if name in RAW_TABLES}


def _facts(inputs: Mapping[str, PartitionReader], settings: Settings) -> Callable[[date], MarketFacts]:
    """What only the whole market shows, found once per day of a run."""

    @lru_cache(maxsize=1)
    def of_day(day: date) -> MarketFacts:
        return read_market_facts(inputs, shard_names(settings.n_shards), before=day, reading=settings.reading)

    return of_day
