"""Stage series: raw tables → the weekly demand series and the merchants' profiles."""

from datetime import date
from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.drift import build_input_drift
from assets.layout import PartitionKey, shard_names
from assets.market_facts import read_market_facts
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from assets.plots import markdown_table
from domain.calendar import ONE_WEEK
from domain.settings import Settings
from domain.stage_tables import ALL_CATEGORIES, OUTLIER, UNIT_ERROR
from ml.preprocessing import MarketFacts, build_weekly_demand, count_lead_times, estimate_merchant_profiles, estimate_unconstrained_demand

_SHOWN = 20


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The assets of the stage."""

    @dg.asset(**declaration("series/weekly_demand", partitions))
    def weekly_demand(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **raw: PartitionReader) -> PartitionedFrames:
        """One row per series and week from the first sale to the cutoff; weeks without stock are marked as censored."""

        @lru_cache(maxsize=1)
        def market(cutoff: date) -> MarketFacts:
            return read_market_facts(raw, shard_names(settings.n_shards), before=cutoff + ONE_WEEK, reading=settings.reading)

        def compute(key: PartitionKey) -> pl.DataFrame:
            tables, cutoff = {name: reader.read(shard=key["shard"]) for name, reader in raw.items()}, week_of(key)
            return build_weekly_demand(tables, cutoff=cutoff, history_weeks=settings.forecast.history_weeks, market=market(cutoff))

        return PartitionedFrames(keys_of(context.partition_keys), compute, _demand_figures)

    @dg.asset(**declaration("series/merchant_profiles", partitions))
    def merchant_profiles(context: dg.AssetExecutionContext, **raw: PartitionReader) -> PartitionedFrames:
        """Return rate, return lags and lead-time dispersion per merchant and category: over all shards, the same in each of them."""
        tables = {name: reader.read() for name, reader in raw.items()}
        return PartitionedFrames(keys_of(context.partition_keys), lambda key: estimate_merchant_profiles(tables, cutoff=week_of(key)), _profiles)

    @dg.asset(**declaration("series/lead_times", partitions))
    def lead_times(context: dg.AssetExecutionContext, **raw: PartitionReader) -> PartitionedFrames:
        """How long received shipments took, per merchant and supplier: over all shards, the same in each of them."""
        tables = {name: reader.read() for name, reader in raw.items()}
        return PartitionedFrames(keys_of(context.partition_keys), lambda key: count_lead_times(tables, cutoff=week_of(key)))

    @dg.asset(**declaration("series/unconstrained_demand", partitions))
    def unconstrained_demand(context: dg.AssetExecutionContext, weekly_demand: PartitionReader) -> PartitionedFrames:
        """What would have been sold in weeks that stock cut off, as a distribution."""
        return PartitionedFrames(
            keys_of(context.partition_keys), lambda key: estimate_unconstrained_demand(weekly_demand.read(**key), cutoff=week_of(key)), _lost_units
        )

    return [weekly_demand, unconstrained_demand, merchant_profiles, lead_times, *build_input_drift(partitions)]


def _profiles(frame: pl.DataFrame) -> Metadata:
    own = frame.filter(pl.col("category") == ALL_CATEGORIES).sort("sold_units", "merchant_id", descending=[True, False]).head(_SHOWN)
    columns = ("merchant_id", "sold_units", "return_rate", "n_received_shipments", "observed_lead_time_cv")
    table = markdown_table(
        ("merchant", "units sold", "return rate", "shipments", "lead-time CV"), own.select(columns).with_columns(pl.col(pl.Float64).round(3)).rows()
    )
    return {"n_merchants": frame["merchant_id"].n_unique(), "n_rows": frame.height, "largest_merchants": table}


def _demand_figures(frame: pl.DataFrame) -> Metadata:
    series = frame.select("merchant_id", "article_id").n_unique()
    flagged = {f"n_{name}s": frame.filter(pl.col("flag") == name).height for name in (UNIT_ERROR, OUTLIER)}
    errors = frame.filter(pl.col("flag") == UNIT_ERROR).sort("sales_units", "merchant_id", "article_id", "week", descending=[True, False, False, False])
    shown = errors.head(_SHOWN).select("merchant_id", "article_id", "week", "sales_units").rows()
    share = float(frame["is_censored"].mean() or 0.0)  # type: ignore[arg-type]
    return {"n_series": series, "censored_share": share, **flagged, "unit_errors": markdown_table(("merchant", "article", "week", "units"), shown)}


def _lost_units(frame: pl.DataFrame) -> Metadata:
    lost = (frame["demand_mean_units"] - frame["lower_bound_units"]).sum()
    return {"n_censored_weeks": frame.height, "sold_units": int(frame["lower_bound_units"].sum()), "expected_lost_units": round(float(lost), 1)}
