"""The part of stage policy that shows what decisions rest on: alternatives, cost curves, settings in force, changes since the day before."""

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.lineage import earlier
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of
from assets.plots import cost_curve_chart, markdown_table
from assets.sharding import SERIES_KEY
from domain.calendar import ONE_DAY
from domain.feature_vector import SCHEMA_VERSION
from domain.settings import Settings
from domain.stage_tables import CHANGE_CAUSES, OrderChanges
from simulation.evidence_tables import Day, alternatives_of, cost_curves_of, order_changes_of, settings_in_force


def build_evidence(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The four assets."""

    @dg.asset(**declaration("policy/alternatives", partitions))
    def alternatives(context: dg.AssetExecutionContext, recommendations: PartitionReader) -> PartitionedFrames:
        """What else could be done today, article by article, and what it would cost more."""
        return PartitionedFrames(
            keys_of(context.partition_keys), lambda key: alternatives_of(recommendations.read_columns([*SERIES_KEY, "alternatives"], **key)), _comparison
        )

    @dg.asset(**declaration("policy/cost_curves", partitions))
    def cost_curves(context: dg.AssetExecutionContext, recommendations: PartitionReader) -> PartitionedFrames:
        """What other quantities of today's order would lead to."""
        return PartitionedFrames(
            keys_of(context.partition_keys), lambda key: cost_curves_of(recommendations.read_columns([*SERIES_KEY, "cost_curve"], **key)), _curve
        )

    @dg.asset(**declaration("policy/settings_in_force", partitions))
    def settings_of_merchants(
        context: dg.AssetExecutionContext, sku_vectors: PartitionReader, merchants: PartitionReader, settings: dg.ResourceParam[Settings]
    ) -> PartitionedFrames:
        """The settings that each merchant's articles are decided with."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            return settings_in_force(sku_vectors.read_columns(["merchant_id"], **key), settings, merchants=merchants.read(shard=key["shard"]))

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("policy/order_changes", partitions, kinds={"numba"}))
    def order_changes(
        context: dg.AssetExecutionContext,
        policies: PartitionReader,
        sku_vectors: PartitionReader,
        settings_in_force: PartitionReader,
        settings: dg.ResourceParam[Settings],
    ) -> PartitionedFrames:
        """Orders that differ from the day before and what moved them; no rows where the day before was not decided, or by code whose vectors meant something else."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            inputs = (policies, sku_vectors, settings_in_force)
            before = [frame for frame in (reader.read_if_present(**earlier(key, ONE_DAY)) for reader in inputs) if frame is not None]
            if len(before) < len(inputs) or (before[1]["schema_version"] != SCHEMA_VERSION).any():
                return OrderChanges.create_empty()
            today = Day(*(reader.read(**key) for reader in inputs))
            return order_changes_of(
                today, Day(*before), explained_from_eur=settings.evidence.explained_changes_from_eur, n_threads=settings.simulation.n_threads
            )

        return PartitionedFrames(keys_of(context.partition_keys), compute, _causes)

    return [alternatives, cost_curves, settings_of_merchants, order_changes]


def _comparison(frame: pl.DataFrame) -> Metadata:
    """Per alternative: what it would cost more in all, and for how many articles it is surely cheaper."""
    surely_cheaper = pl.col("difference_eur") < -2 * pl.col("standard_error_eur")
    by_name = frame.group_by("alternative", maintain_order=True).agg(
        pl.len().alias("n"), pl.col("difference_eur").cast(pl.Float64).sum().round(2), surely_cheaper.sum().alias("n_cheaper")
    )
    return {
        "comparison": markdown_table(("alternative", "articles", "costs more, EUR", "surely cheaper for"), by_name.sort("difference_eur", "alternative").rows())
    }


def _curve(frame: pl.DataFrame) -> Metadata:
    return {"largest_stake": cost_curve_chart(frame)}


def _causes(frame: pl.DataFrame) -> Metadata:
    """How many orders changed, and by how many units each cause moved those that were traced."""
    causes = [(cause.replace("_", " "), frame[f"{cause}_units"].drop_nulls().abs().sum()) for cause in (*CHANGE_CAUSES, "constraints")]
    n_traced = frame["calendar_units"].drop_nulls().len()
    return {"n_changed": frame.height, "n_traced": n_traced, "causes": markdown_table(("cause", "units moved, either way"), causes)}
