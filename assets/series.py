"""Stage series: raw tables → the weekly demand series and the merchants' profiles."""

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from assets.plots import markdown_table
from domain.settings import Settings
from domain.stage_tables import ALL_CATEGORIES
from ml.preprocessing import build_weekly_demand, estimate_merchant_profiles

_SHOWN = 20


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The two assets of the stage."""

    @dg.asset(**declaration("series/weekly_demand", partitions))
    def weekly_demand(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **raw: PartitionReader) -> PartitionedFrames:
        """One row per series and week from the first sale to the cutoff; weeks without stock are marked as censored."""
        return PartitionedFrames(
            keys_of(context.partition_keys),
            lambda key: build_weekly_demand(
                {name: reader.read(shard=key["shard"]) for name, reader in raw.items()}, cutoff=week_of(key), history_weeks=settings.forecast.history_weeks
            ),
            _censored_share,
        )

    @dg.asset(**declaration("series/merchant_profiles", partitions))
    def merchant_profiles(context: dg.AssetExecutionContext, **raw: PartitionReader) -> PartitionedFrames:
        """Return rate, return lags and lead-time dispersion per merchant and category: over all shards, the same in each of them."""
        tables = {name: reader.read() for name, reader in raw.items()}
        return PartitionedFrames(keys_of(context.partition_keys), lambda key: estimate_merchant_profiles(tables, cutoff=week_of(key)), _profiles)

    return [weekly_demand, merchant_profiles]


def _profiles(frame: pl.DataFrame) -> Metadata:
    own = frame.filter(pl.col("category") == ALL_CATEGORIES).sort("sold_units", "merchant_id", descending=[True, False]).head(_SHOWN)
    columns = ("merchant_id", "sold_units", "return_rate", "n_received_shipments", "observed_lead_time_cv")
    table = markdown_table(
        ("merchant", "units sold", "return rate", "shipments", "lead-time CV"), own.select(columns).with_columns(pl.col(pl.Float64).round(3)).rows()
    )
    return {"n_merchants": frame["merchant_id"].n_unique(), "n_rows": frame.height, "largest_merchants": table}


def _censored_share(frame: pl.DataFrame) -> Metadata:
    series = frame.select("merchant_id", "article_id").n_unique()
    return {"n_series": series, "censored_share": float(frame["is_censored"].mean() or 0.0)}  # type: ignore[arg-type]
