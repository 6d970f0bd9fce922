"""Stage policy: the best policy per SKU on simulated futures, then what the merchant's budget allows."""

from collections.abc import Callable
from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.order_evidence import build_evidence
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, Progress, keys_of
from assets.plots import expected_cost_chart
from assets.sharding import SERIES_KEY
from domain.settings import Settings
from domain.stage_tables import Policies
from simulation.batch import optimize_vectors
from simulation.budget import apply_budgets
from simulation.cut_orders import reevaluate_cut_orders

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
            return optimize_vectors(vectors, settings, merchants=merchants.read(shard=key["shard"]), on_progress=tell)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("policy/policies", partitions))
    def policies(
        context: dg.AssetExecutionContext,
        recommendations: PartitionReader,
        sku_vectors: PartitionReader,
        merchants: PartitionReader,
        settings: dg.ResourceParam[Settings],
    ) -> PartitionedFrames:
        """Today's orders after the merchants' budgets, which couple the SKUs of all shards; a shard keeps its own rows."""

        @lru_cache(maxsize=1)
        def within_budget(day: str) -> pl.DataFrame:
            return apply_budgets(
                recommendations.read_columns(Policies.column_names(), day=day), merchants=merchants.read(shard=keys[0]["shard"]), settings=settings
            )

        def of_shard(key: PartitionKey) -> pl.DataFrame:
            own = recommendations.read_columns(SERIES_KEY, **key)
            funded = within_budget(key["day"]).join(own, on=SERIES_KEY, how="semi").sort(SERIES_KEY)
            return reevaluate_cut_orders(funded, sku_vectors.read(**key), merchants=merchants.read(shard=key["shard"]), settings=settings)

        keys = keys_of(context.partition_keys)
        return PartitionedFrames(keys, of_shard, _figures)

    return [recommendations, policies, *build_evidence(partitions)]


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
