"""All that is on record of one order: what was decided, from what, and what became of it. Read from a data root, or made from a source."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from assets.layout import PartitionKey, newest_partition, read_partition, read_series, written_root
from domain.calendar import ONE_DAY, cutoff_for
from domain.errors import StaleInputError, UsageError
from domain.feature_vector import FeatureVector, vector_from_row
from domain.randomness import shard_of
from domain.settings import Settings
from domain.stage_tables import CHANGE_CAUSES

Row = Mapping[str, Any]
HISTORY_WEEKS = 52
_LISTED = 5


class Change(NamedTuple):
    """What the order was the day before, and what moved it."""

    row: Row | None
    """Of `stage_tables.OrderChanges`; `None` = not known."""
    why_not: str
    """Where it is not."""


class OrderRecord(NamedTuple):
    """One SKU on one day."""

    policy: Row
    """Of `stage_tables.Policies`."""
    recommendation: Row
    """Of `stage_tables.Recommendations`: alternatives and cost curve."""
    vector: FeatureVector
    settings: Settings
    """With the merchant's own in force."""
    change: Change
    history: pl.DataFrame
    """`stage_tables.WeeklyDemand` of the SKU up to the cutoff."""
    article: Row
    """Of the contract table `articles`; empty = not in it."""
    limits: list[str]
    """What each limit of the merchant does today, in words."""
    release: Row | None = None
    """Of `governance_tables.OrderReleases`; `None` = not on record."""
    not_known: tuple[str, ...] = ()
    """What the order was decided without."""
    horizon_demand_units: tuple[int, int, int] | None = None
    """Demand of all weeks together that is not exceeded with probability 0.1, 0.5 and 0.9; `None` = not computed."""


def read_order(root: str, *, merchant_id: str, article_id: str, day: date | None) -> OrderRecord:
    """The order as the platform decided it: nothing is computed.

    Args:
        root: Data root.
        merchant_id: Who orders.
        article_id: What is ordered.
        day: Decision day; `None` = the newest.

    Raises:
        UsageError: It is no data root, or knows neither the day nor the article.
        StaleInputError: Its tables are of another version of this code, or were not all made.
    """
    shard = f"{shard_of(merchant_id, article_id, n_shards=written_root(root)):02d}"
    name = day.isoformat() if day else newest_partition(root, "policy/policies", "day")
    if name is None:
        raise UsageError(f"{root} holds no decision", remedy="Run `replenish run` first.")
    of_day: PartitionKey = {"day": name, "shard": shard}

    def of_sku(table: str, key: PartitionKey) -> list[dict[str, Any]]:
        return read_series(root, table, key, merchant_id=merchant_id, article_id=article_id).to_dicts()

    policy = of_sku("policy/policies", of_day)
    if not policy:
        known = read_partition(root, "policy/policies", of_day, columns=["merchant_id", "article_id"]).head(_LISTED).rows()
        raise UsageError(
            f"merchant {merchant_id}, article {article_id} was not decided on {name}",
            wanted=f"one of {'; '.join(' '.join(row) for row in known)}; …",
            remedy="Correct --merchant or --article, or choose another --date.",
        )
    cutoff: PartitionKey = {"week": cutoff_for(date.fromisoformat(name)).isoformat(), "shard": shard}
    (vector,) = of_sku("vectors/sku_vectors", of_day)
    return OrderRecord(
        policy[0],
        of_sku("policy/recommendations", of_day)[0],
        vector_from_row(vector),
        _settings_of(root, of_day, policy[0]),
        _change_on_record(of_sku, of_day, policy[0]),
        read_series(root, "series/weekly_demand", cutoff, merchant_id=merchant_id, article_id=article_id).tail(HISTORY_WEEKS),
        next(iter(of_sku("raw/articles", {"shard": shard})), {}),
        _limits_of(root, name, merchant_id),
        next(iter(of_sku("policy/order_releases", of_day)), None),
    )


def _settings_of(root: str, key: PartitionKey, policy: Row) -> Settings:
    records = read_partition(root, "policy/settings_in_force", key).filter(pl.col("settings_hash") == policy["settings_hash"])["settings"]
    settings = Settings.from_record(records[0]) if len(records) else None
    if settings is None:
        raise StaleInputError(
            f"the settings of merchant {policy['merchant_id']} on {policy['date']} cannot be read",
            got="none on record" if records.is_empty() else "those of another version of this code",
            remedy="Run `replenish run` again.",
        )
    return settings


def _change_on_record(of_sku: Any, key: PartitionKey, policy: Row) -> Change:
    """What the day's table says; no row means no change where the day before was decided."""
    found = of_sku("policy/order_changes", key)
    if found:
        return Change(found[0], "")
    try:
        before = of_sku("policy/policies", {**key, "day": (policy["date"] - ONE_DAY).isoformat()})
    except StaleInputError:
        before = []
    if not before:
        return Change(None, "the day before was not decided")
    return Change(unchanged(policy), "")


def unchanged(policy: Row) -> Row:
    """The change of an order that did not."""
    nothing = {f"{cause}_units": 0 for cause in (*CHANGE_CAUSES, "constraints")}
    units = policy["order_now_units"]
    return {**nothing, "order_day_before_units": units, "order_now_units": units, "keeping_difference_eur": 0.0, "keeping_standard_error_eur": 0.0}


def _limits_of(root: str, day: str, merchant_id: str) -> list[str]:
    """A merchant's rows lie in one shard, whatever its SKUs'."""
    shards = (f"{shard:02d}" for shard in range(written_root(root)))
    frames = (read_partition(root, "policy/constraint_prices", {"day": day, "shard": shard}) for shard in shards)
    return [message for frame in frames for message in frame.filter(pl.col("merchant_id") == merchant_id)["message"]]
