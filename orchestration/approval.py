"""A person's word about held orders: written down, and the day's releases made again."""

from datetime import UTC, date, datetime

import polars as pl

from assets.governance import add_approvals
from assets.layout import PartitionKey, read_partitions, shard_names
from assets.partitioned import Progress
from domain.errors import UsageError
from domain.governance_tables import HELD
from domain.settings import Settings
from orchestration.in_process import InProcess, errors_of_ours
from orchestration.partitions import day_range
from orchestration.release_alerts import ORDER_RELEASES

_REASON = "replenish approve"


def decide_held_orders(
    settings: Settings, *, on: date, merchant_id: str, article_id: str | None, is_approved: bool, by: str, note: str = "", on_progress: Progress
) -> pl.DataFrame:
    """Approve or reject orders of a merchant that are held.

    Args:
        settings: Where tables lie.
        on: Decision day of the orders.
        merchant_id: Whose.
        article_id: Which; `None` = all that are held.
        is_approved: The word.
        by: Who says it.
        note: Why.
        on_progress: Told a line per table written.

    Returns:
        `governance_tables.OrderReleases` as they were before: those that were decided.

    Raises:
        UsageError: None of them is held, or nobody is named.
        StaleInputError: The day's releases have not been made.
    """
    if not by.strip():
        raise UsageError("nobody is named who decides", remedy="Give --by a name.")
    keys: list[PartitionKey] = [{"day": on.isoformat(), "shard": shard} for shard in shard_names(settings.n_shards)]
    of_merchant = read_partitions(settings.data, ORDER_RELEASES, keys).filter(pl.col("merchant_id") == merchant_id, pl.col("status") == HELD)
    held = of_merchant if article_id is None else of_merchant.filter(pl.col("article_id") == article_id)
    if held.is_empty():
        raise UsageError(
            f"no order of {merchant_id} {article_id or ''} is held on {on}".replace("  ", " "),
            got=f"held: {', '.join(of_merchant['article_id']) or 'none'}",
            remedy="`policy/order_releases` shows the status of every order of the day.",
        )
    add_approvals(
        settings.data, held.with_columns(is_approved=pl.lit(is_approved), decided_by=pl.lit(by), decided_at=pl.lit(datetime.now(UTC)), note=pl.lit(note))
    )
    with errors_of_ours(root=settings.data):
        InProcess(settings, reason=_REASON, on_progress=on_progress).materialize(ORDER_RELEASES, day_range(on, n_shards=settings.n_shards))
    return held
