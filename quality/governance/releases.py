"""Which of a day's orders may be placed: pilot merchants only, and large changes when a person has approved them."""

import polars as pl

from domain.governance_tables import APPROVED, HELD, NOT_IN_PILOT, REJECTED, RELEASED, STATUSES, OrderReleases
from domain.settings import GovernanceSettings

SERIES_KEY = ["merchant_id", "article_id"]


def release_orders(policies: pl.DataFrame, order_changes: pl.DataFrame, approvals: pl.DataFrame, *, settings: GovernanceSettings) -> pl.DataFrame:
    """A row per SKU with its status.

    Args:
        policies: `stage_tables.Policies` of the day.
        order_changes: `stage_tables.OrderChanges` of the day; no rows = the day before was not decided, nothing is known to have changed.
        approvals: `governance_tables.Approvals`; the newest word about the same order counts, of two at the same moment the later row.
        settings: Pilot merchants, and from which change on an order is held.

    Returns:
        `governance_tables.OrderReleases`, sorted.
    """
    said = approvals.sort("decided_at", maintain_order=True).group_by("date", *SERIES_KEY, "recommended_units").agg(pl.col("is_approved", "decided_by").last())
    orders = policies.select("date", *SERIES_KEY, recommended_units="order_now_units")
    known = orders.join(order_changes.select(*SERIES_KEY, "change_eur"), on=SERIES_KEY, how="left")
    known = known.join(said, on=["date", *SERIES_KEY, "recommended_units"], how="left").with_columns(status=_status(settings))
    is_free = pl.col("status").is_in([RELEASED, APPROVED])
    rows = known.with_columns(
        released_units=pl.when(is_free).then("recommended_units").otherwise(0),
        decided_by=pl.when(pl.col("status").is_in([APPROVED, REJECTED])).then("decided_by"),
        reason=_reason(settings),
        rules=pl.lit(settings.model_dump_json()),
    )
    return OrderReleases.validate(rows.select(OrderReleases.column_names()).sort(SERIES_KEY))


def count_statuses(releases: pl.DataFrame) -> dict[str, int]:
    """How many orders have which status, every status named."""
    return dict.fromkeys(STATUSES, 0) | dict(releases.group_by("status").len().iter_rows())


def _status(settings: GovernanceSettings) -> pl.Expr:
    limit = settings.hold_change_from_eur
    is_large = pl.lit(False) if limit is None else (pl.col("change_eur").abs() >= limit).fill_null(value=False)
    in_pilot = pl.col("merchant_id").is_in(settings.pilot_merchants) if settings.pilot_merchants else pl.lit(True)
    approved = pl.col("is_approved")
    large = pl.when(approved).then(pl.lit(APPROVED)).when(~approved).then(pl.lit(REJECTED)).otherwise(pl.lit(HELD))
    return pl.when(~in_pilot).then(pl.lit(NOT_IN_PILOT)).when(is_large).then(large).otherwise(pl.lit(RELEASED))


def _reason(settings: GovernanceSettings) -> pl.Expr:
    change = pl.format(
        "the order moved by {} EUR since the day before; from {} EUR on a person decides", pl.col("change_eur").round(2), pl.lit(settings.hold_change_from_eur)
    )
    outside = pl.lit("the merchant is not in the pilot (settings `governance.pilot_merchants`)")
    return pl.when(pl.col("status") == NOT_IN_PILOT).then(outside).when(pl.col("status") == RELEASED).then(pl.lit("")).otherwise(change)
