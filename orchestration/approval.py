"""A person's word about held orders: written down, and the day's releases made again under the rules the day was decided with."""

import contextlib
from datetime import UTC, date, datetime
from enum import Enum
from typing import NamedTuple

import polars as pl
from pydantic import ValidationError

from assets.governance import add_approvals, one_at_a_time, read_approvals
from assets.layout import PartitionKey, read_partitions, shard_names, written_root
from assets.marts import ANALYTICS_FILE
from assets.partitioned import Progress
from domain.errors import StaleInputError, UsageError
from domain.governance_tables import APPROVED, HELD, REJECTED
from domain.settings import GovernanceSettings, Settings
from orchestration.in_process import InProcess, errors_of_ours
from orchestration.partitions import day_range
from orchestration.release_alerts import ORDER_RELEASES
from quality.governance import count_statuses, release_orders
from sources.storage import exists, join

_REASON = "replenish approve"
_KEY = ["merchant_id", "article_id"]


class Word(Enum):
    """What a person can say; the value is how it stands in the log."""

    APPROVE = True
    REJECT = False
    WITHDRAW = None

    @property
    def answers(self) -> tuple[str, ...]:
        """The statuses of orders it can be said of."""
        return (APPROVED, REJECTED) if self is Word.WITHDRAW else (HELD,)


class Decision(NamedTuple):
    """What was decided, and what came of it."""

    orders: pl.DataFrame
    """`governance_tables.OrderReleases` as they were before: those that were decided."""
    before: dict[str, int]
    """Rows of the day by status, of all merchants."""
    after: dict[str, int]


def decide_held_orders(
    settings: Settings, *, on: date, merchant_id: str, article_id: str | None, word: Word, by: str, note: str = "", on_progress: Progress
) -> Decision:
    """Approve or reject orders of a merchant that are held, or take that back.

    The rules (settings `governance`) are those on record for the day, whatever the settings say now: no other order changes its status.

    Args:
        settings: Where tables lie.
        on: Decision day of the orders.
        merchant_id: Whose.
        article_id: Which; `None` = all that the word can be said of.
        word: What is said.
        by: Who says it.
        note: Why.
        on_progress: Told a line per table written.

    Raises:
        UsageError: There is no such order, or nobody is named; nothing is written then.
        StaleInputError: The day's releases have not been made, or its orders were decided anew since.
    """
    if not by.strip():
        raise UsageError("nobody is named who decides", remedy="Give --by a name.")
    settings = settings.model_copy(update={"n_shards": written_root(settings.data)})
    with one_at_a_time(settings.data):
        releases = _of_day(settings, ORDER_RELEASES, on)
        orders = _asked_for(releases, on=on, merchant_id=merchant_id, article_id=article_id, word=word)
        settings = settings.model_copy(update={"governance": _rules(releases, on)})
        _check_orders_stand(releases, settings, on)
        said = {"is_approved": pl.lit(word.value, dtype=pl.Boolean), "decided_by": pl.lit(by), "note": pl.lit(note), "decided_at": pl.lit(datetime.now(UTC))}
        add_approvals(settings.data, orders.with_columns(**said))
        with errors_of_ours(root=settings.data):
            platform, days = InProcess(settings, reason=_REASON, on_progress=on_progress), day_range(on, n_shards=settings.n_shards)
            platform.materialize(ORDER_RELEASES, days)
            if exists(join(settings.data, "analytics", ANALYTICS_FILE)):  # whose views show the releases as they were
                platform.materialize("analytics/duckdb", days)
        return Decision(orders, count_statuses(releases), count_statuses(_of_day(settings, ORDER_RELEASES, on)))


def _of_day(settings: Settings, table: str, on: date) -> pl.DataFrame:
    keys: list[PartitionKey] = [{"day": on.isoformat(), "shard": shard} for shard in shard_names(settings.n_shards)]
    return read_partitions(settings.data, table, keys)


def _asked_for(releases: pl.DataFrame, *, on: date, merchant_id: str, article_id: str | None, word: Word) -> pl.DataFrame:
    """The orders that the word is about."""
    of_merchant = releases.filter(pl.col("merchant_id") == merchant_id, pl.col("status").is_in(word.answers))
    orders = of_merchant if article_id is None else of_merchant.filter(pl.col("article_id") == article_id)
    if orders.is_empty():
        state = " or ".join(word.answers)
        raise UsageError(
            f"no order of {merchant_id} {article_id or ''} is {state} on {on}".replace("  ", " "),
            got=f"{state}: {', '.join(of_merchant['article_id']) or 'none'}",
            remedy="`policy/order_releases` shows the status of every order of the day.",
        )
    return orders


def _rules(releases: pl.DataFrame, on: date) -> GovernanceSettings:
    """The rules that all rows of the day were decided with.

    Raises:
        StaleInputError: They are not on record, not the same in all shards, or of another version of this code.
    """
    found = releases["rules"].unique().to_list() if "rules" in releases.columns else []
    with contextlib.suppress(ValidationError):
        if len(found) == 1:
            return GovernanceSettings.model_validate_json(found[0])
    raise StaleInputError(
        f"the releases of {on} do not say by which rules they were decided",
        got="one set of rules that this version does not know" if len(found) == 1 else f"{len(found)} sets of rules",
        wanted="one set of rules for all shards",
        remedy=f"Materialise {ORDER_RELEASES} of the day again, all shards with the settings that should hold.",
    )


def _check_orders_stand(releases: pl.DataFrame, settings: Settings, on: date) -> None:
    """Refuse to release orders that nobody has seen: those of today's tables must be those of the releases.

    Raises:
        StaleInputError: They differ.
    """
    policies, changes = (_of_day(settings, table, on) for table in ("policy/policies", "policy/order_changes"))
    now = release_orders(policies, changes, read_approvals(settings.data), settings=settings.governance)
    seen = [*_KEY, "recommended_units", "change_eur"]
    if not now.select(seen).equals(releases.sort(_KEY).select(seen)):
        raise StaleInputError(
            f"the orders of {on} were decided anew since their releases were made",
            wanted="the orders that were looked at",
            remedy=f"Materialise {ORDER_RELEASES} of the day again, look at it, then approve.",
        )
