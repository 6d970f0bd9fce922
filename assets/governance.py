"""What people and rules decide: which orders are released (stage policy), and what was promoted to forecast (stage forecast)."""

import contextlib
import fcntl
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.lineage import earlier
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from assets.plots import markdown_table
from domain.calendar import ONE_WEEK
from domain.errors import StorageError
from domain.governance_tables import HELD, Approvals
from domain.settings import Settings
from ml.champions import record_promotions
from quality.governance import release_orders
from sources.storage import exists, is_remote, join, list_files, read_parquet, write_parquet

_SHOWN = 20
_LOG = ("governance", "approvals")
_FIRST_LOG = ("governance", "approvals.parquet")
"""Where words were kept before each had a file of its own."""


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
    """All that people said, oldest first; no rows where nobody has."""
    folder = join(root, *_LOG)
    words = [join(folder, name) for name in list_files(folder) if name.endswith(".parquet") and not name.startswith(".")]
    first = [kept] if exists(kept := join(root, *_FIRST_LOG)) else []
    return Approvals.validate(pl.concat([Approvals.create_empty(), *(read_parquet(location) for location in [*first, *words])]))


def add_approvals(root: str, rows: pl.DataFrame) -> None:
    """Write down what a person said, in a file of its own: whoever speaks at the same time, no word is lost, changed or taken away."""
    said = Approvals.validate(rows.select(Approvals.column_names()))
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    write_parquet(said, join(root, *_LOG, f"{moment}-{uuid.uuid4().hex[:8]}.parquet"))


@contextlib.contextmanager
def one_at_a_time(root: str) -> Iterator[None]:
    """Let a person's word and the releases made by it follow each other: a release made before the next word must not be written after it.

    On an object store nobody waits: both words are kept, and the releases may show the second at the next run or approval.

    Raises:
        StorageError: The folder cannot be written.
    """
    if is_remote(root):
        yield
        return
    lock = Path(join(root, "governance", ".lock"))
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = lock.open("w")
    except OSError as error:
        raise StorageError(f"cannot write below {lock.parent}", got=str(error), wanted="a writable folder", remedy="Correct the rights.") from error
    with held:
        fcntl.flock(held, fcntl.LOCK_EX)  # released by the system when its owner is killed
        yield


def _statuses(frame: pl.DataFrame) -> Metadata:
    held = frame.filter(pl.col("status") == HELD).sort(pl.col("change_eur").abs(), descending=True)
    rows = held.head(_SHOWN).select("merchant_id", "article_id", "recommended_units", "change_eur").rows()
    return {
        "n_released": frame.filter(pl.col("released_units") > 0).height,
        "n_held": held.height,
        "held": markdown_table(("merchant", "article", "units", "change, EUR"), rows),
    }
