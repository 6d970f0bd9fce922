"""Stage policy, the limits that tie a merchant's SKUs together: the curve of each SKU, and what each limit costs."""

from collections.abc import Callable
from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, day_of, keys_of
from assets.plots import markdown_table
from domain.randomness import shard_of
from domain.settings import Settings
from simulation.constraints import LimitedOrders, limit_orders
from simulation.constraints import order_curves as curves_of_orders

_SHOWN = 20


def build_limits(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The curves, by shard, and the prices, each merchant's in one shard."""

    @dg.asset(**declaration("policy/order_curves", partitions, kinds={"numba"}))
    def order_curves(
        context: dg.AssetExecutionContext,
        recommendations: PartitionReader,
        sku_vectors: PartitionReader,
        settings: dg.ResourceParam[Settings],
        **raw: PartitionReader,
    ) -> PartitionedFrames:
        """What other orders of today would lead to, for the SKUs of merchants with a budget, a capacity, minimum order values or fill-rate floors."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            tables = {name: reader.read(shard=key["shard"]) for name, reader in raw.items()}
            return curves_of_orders(recommendations.read(**key), sku_vectors.read(**key), tables, decision_date=day_of(key), settings=settings)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("policy/constraint_prices", partitions, kinds={"numba"}))
    def constraint_prices(
        context: dg.AssetExecutionContext, order_curves: PartitionReader, merchants: PartitionReader, settings: dg.ResourceParam[Settings]
    ) -> PartitionedFrames:
        """How far each limit of a merchant is used today, and what one more of it would save. A merchant's rows lie in one shard, whatever its SKUs'."""
        limited = orders_of_day(order_curves, merchants, settings)

        def compute(key: PartitionKey) -> pl.DataFrame:
            prices = limited(key).prices
            return prices.filter(pl.Series([_home(merchant, settings) == key["shard"] for merchant in prices["merchant_id"]], dtype=pl.Boolean))

        return PartitionedFrames(keys_of(context.partition_keys), compute, _figures)

    return [order_curves, constraint_prices]


def orders_of_day(order_curves: PartitionReader, merchants: PartitionReader, settings: Settings) -> Callable[[PartitionKey], LimitedOrders]:
    """The orders within all merchants' limits on the day of a partition; one day is remembered, its shards follow each other."""

    @lru_cache(maxsize=1)
    def of_day(day: str, shard: str) -> LimitedOrders:
        rows = merchants.read(shard=shard)  # every shard holds all merchants
        return limit_orders(order_curves.read(day=day), decision_date=day_of({"day": day}), merchants=rows, settings=settings)

    return lambda key: of_day(key["day"], merchants.keys[0]["shard"])


def _home(merchant_id: str, settings: Settings) -> str:
    return f"{shard_of(merchant_id, '', n_shards=settings.n_shards):02d}"


def _figures(prices: pl.DataFrame) -> Metadata:
    binding = prices.filter(pl.col("price_eur") > 0).sort("price_eur", descending=True, maintain_order=True)
    rows = binding.head(_SHOWN).select("merchant_id", "constraint", "message").rows()
    return {"n_limits": prices.height, "n_binding": binding.height, "binding": markdown_table(("merchant", "limit", "in words"), rows)}
