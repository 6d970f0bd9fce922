"""What people and rules decide: which orders are released (stage policy), and what was promoted to forecast (stage forecast)."""

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.lineage import earlier
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from assets.plots import markdown_table
from domain.calendar import ONE_WEEK
from domain.governance_tables import HELD, Approvals
from domain.settings import Settings
from ml.champions import record_promotions
from quality.governance import release_orders
from sources.storage import exists, join, read_parquet, write_parquet

_SHOWN = 20


def build_releases(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Which orders may be placed."""

    @dg.asset(**declaration("policy/order_releases", partitions))
    def order_releases(
        context: dg.AssetExecutionContext, policies: PartitionReader, order_changes: PartitionReader, settings: dg.ResourceParam[Settings]
    ) -> PartitionedFrames:
        """Today's orders with their status: outside the pilot nothing is released, and large changes wait for a person (`replenish approve`)."""
        approvals = read_approvals(settings.data)

        def compute(key: PartitionKey) -> pl.DataFrame:
            return release_orders(policies.read(**key), order_changes.read(**key), approvals, settings=settings.governance)

        return PartitionedFrames(keys_of(context.partition_keys), compute, _statuses)

    return [order_releases]


def build_promotions(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """What forecasts that did not before."""

    @dg.asset(**declaration("forecast/promotions", partitions))
    def promotions(context: dg.AssetExecutionContext, champions: PartitionReader, model_cards: PartitionReader) -> PartitionedFrames:
        """Models and forecasters that take over at this cutoff, who or what promoted them, and on which figures."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            before = [reader.read_if_present(**earlier(key, ONE_WEEK)) for reader in (champions, model_cards)]
            known = None if before[0] is None or before[1] is None else (before[0], before[1])
            return record_promotions(champions.read(**key), model_cards.read(**key), known, cutoff=week_of(key))

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    return [promotions]


def read_approvals(root: str) -> pl.DataFrame:
    """All that people said; no rows where nobody has."""
    location = _location(root)
    return read_parquet(location) if exists(location) else Approvals.create_empty()


def add_approvals(root: str, rows: pl.DataFrame) -> None:
    """Write down what a person said; nothing is ever changed or taken away."""
    write_parquet(Approvals.validate(pl.concat([read_approvals(root), rows.select(Approvals.column_names())])), _location(root))


def _location(root: str) -> str:
    return join(root, "governance", "approvals.parquet")


def _statuses(frame: pl.DataFrame) -> Metadata:
    held = frame.filter(pl.col("status") == HELD).sort(pl.col("change_eur").abs(), descending=True)
    rows = held.head(_SHOWN).select("merchant_id", "article_id", "recommended_units", "change_eur").rows()
    return {
        "n_released": frame.filter(pl.col("released_units") > 0).height,
        "n_held": held.height,
        "held": markdown_table(("merchant", "article", "units", "change, EUR"), rows),
    }
