"""Stage policy: the best policy per SKU on simulated futures, then what the merchant's limits allow."""

from collections.abc import Callable

import dagster as dg
import polars as pl

from assets.constraints import build_limits, orders_of_day
from assets.declaration import declaration
from assets.governance import build_releases
from assets.layout import PartitionKey, read_partition_if_present
from assets.lineage import earlier
from assets.order_evidence import build_evidence
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, Progress, keys_of
from assets.plots import expected_cost_chart
from domain.calendar import ONE_DAY
from domain.settings import Settings
from domain.stage_tables import Policies
from simulation.batch import optimize_vectors
from simulation.constraints import apply_limits

_TELL_EVERY = 1_000


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The assets of the stage: decisions, and what they rest on."""

    @dg.asset(**declaration("policy/recommendations", partitions, kinds={"numba"}))
    def recommendations(
        context: dg.AssetExecutionContext,
        sku_vectors: PartitionReader,
        merchants: PartitionReader,
        settings: dg.ResourceParam[Settings],
        progress: dg.ResourceParam[Progress],
    ) -> PartitionedFrames:
        """The policy with the least cost on the simulated futures of each SKU, as if money were no limit."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            vectors = sku_vectors.read(**key)
            tell = _now_and_then(progress, f"policy/recommendations day={key['day']} shard={key['shard']}", of=vectors.height)
            # Yesterday's own plan, read where it lies: it only settles orders that cost alike, and a day without one is decided all the same.
            plans = read_partition_if_present(sku_vectors.root, "policy/recommendations", earlier(key, ONE_DAY))
            return optimize_vectors(vectors, settings, merchants=merchants.read(shard=key["shard"]), plans=plans, on_progress=tell)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("policy/policies", partitions))
    def policies(
        context: dg.AssetExecutionContext,
        recommendations: PartitionReader,
        order_curves: PartitionReader,
        settings: dg.ResourceParam[Settings],
        **inputs: PartitionReader,
    ) -> PartitionedFrames:
        """Today's orders within the merchants' limits, which tie the SKUs of all shards together; a shard keeps its own rows."""
        limited = orders_of_day(order_curves, inputs["merchants"], settings)

        def of_shard(key: PartitionKey) -> pl.DataFrame:
            merchants, vectors = inputs["merchants"].read(shard=key["shard"]), inputs["sku_vectors"].read(**key)
            return apply_limits(
                recommendations.read_columns(Policies.column_names(), **key), limited(key).orders, vectors, merchants=merchants, settings=settings
            )

        return PartitionedFrames(keys_of(context.partition_keys), of_shard, _figures)

    return [recommendations, *build_limits(partitions), policies, *build_evidence(partitions), *build_releases(partitions)]


def _now_and_then(progress: Progress, what: str, *, of: int) -> Callable[[int], None]:
    """A line after every `_TELL_EVERY` SKUs."""
    return lambda n_done: progress(f"{what}: {n_done:,} of {of:,} SKUs") if n_done % _TELL_EVERY == 0 else None


def _figures(frame: pl.DataFrame) -> Metadata:
    return {
        "n_orders": frame.filter(pl.col("order_now_units") > 0).height,
        "order_value_eur": float(frame["order_now_value_eur"].sum()),
        "expected_cost_eur": float(frame["expected_cost_eur"].sum()),
        "expected_cost_without_order_eur": float(frame["expected_cost_without_order_eur"].sum()),
        "optimism": float(frame["objective_eur"].sum()) / in_sample - 1 if (in_sample := float(frame["objective_in_sample_eur"].sum())) else 0.0,
        "expected_cost": expected_cost_chart(frame),
    }
