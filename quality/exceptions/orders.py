"""Exceptions of orders: cut or held by limits, larger than demand, or for prices that cannot be."""

from collections.abc import Mapping

import polars as pl

from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from quality.exceptions.exception_rows import ALL_ARTICLES, MARGIN_EUR, exception_rows


def cut_by_a_limit(skus: pl.DataFrame) -> pl.DataFrame:
    """Orders that the merchant's limits left smaller than recommended."""
    cut = pl.col("order_before_budget_units") - pl.col("order_now_units")
    value_eur = (cut * pl.col("unit_value_eur")).ceil().cast(pl.Int64)
    action = pl.format("Raise the limit (constraint_prices says which) by {} EUR or {} units, or accept {} units less.", value_eur, cut, cut)
    return exception_rows(skus.filter(cut > 0), reason="order cut by a limit", at_stake=cut * MARGIN_EUR, action=action)


def longer_than_horizon(skus: pl.DataFrame) -> pl.DataFrame:
    """Orders above the whole horizon's expected demand: minimum order quantities and packs, mostly."""
    excess = pl.col("order_now_units") - pl.col("expected_demand_units")
    action = pl.format(
        "Confirm {} units: more than {} weeks of expected demand (minimum order, pack size, or a demand with a long tail).",
        pl.col("order_now_units"),
        pl.lit(HORIZON_WEEKS),
    )
    return exception_rows(skus.filter(excess > 0), reason="order exceeds 12 weeks of demand", at_stake=excess * pl.col("unit_value_eur"), action=action)


def price_below_cost(skus: pl.DataFrame) -> pl.DataFrame:
    """Articles that lose money on every unit: a lost sale then counts nothing, so that nothing but stock at hand is worth selling."""
    loss = pl.col("unit_cost_eur") - pl.col("unit_price_eur")
    action = pl.format("Correct the price or the cost: each unit sells {} EUR below its cost, so a lost sale was counted as 0 EUR.", loss.round(2))
    return exception_rows(skus.filter(loss > 0), reason="price below cost", at_stake=loss * pl.col("expected_demand_units"), action=action)


def held_at_cap(skus: pl.DataFrame, merchants: pl.DataFrame, *, settings: Settings) -> pl.DataFrame:
    """Orders as large as the merchant's largest order or its storage allows, where demand is expected to go unserved."""
    caps = _caps(skus, merchants, settings=settings)
    with_caps = skus.join(caps, on="merchant_id", how="left")
    pack = pl.max_horizontal(pl.col("pack_size_units").fill_null(1), pl.lit(1))
    position = pl.col("on_hand_units") + pl.col("inbound_units").list.sum() + pl.col("order_now_units")
    is_largest = pl.col("order_now_units") + pack > pl.col("maximum_order_quantity_units")
    is_full = position + pack > pl.col("storage_capacity_units")
    held = with_caps.filter(pl.col("order_now_units") > 0, (is_largest | is_full).fill_null(value=False))
    action = pl.format("Raise the largest order or the storage capacity, or split the order: {} units are all that fits.", pl.col("order_now_units"))
    return exception_rows(held, reason="order held at a cap", at_stake=pl.col("expected_lost_sales_cost_eur"), action=action)


def _caps(skus: pl.DataFrame, merchants: pl.DataFrame, *, settings: Settings) -> pl.DataFrame:
    """`maximum_order_quantity_units` and `storage_capacity_units` in force; null = no limit."""
    rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}
    names = ("maximum_order_quantity_units", "storage_capacity_units")
    own = {merchant: settings.for_merchant_if_usable(merchant, rows.get(merchant))[0].inventory for merchant in skus["merchant_id"].unique(maintain_order=True)}
    found: Mapping[str, list[object]] = {"merchant_id": list(own)} | {name: [getattr(inventory, name) for inventory in own.values()] for name in names}
    return pl.DataFrame(found, schema={"merchant_id": pl.String} | dict.fromkeys(names, pl.Int64))


def budget_exceeded(prices: pl.DataFrame) -> pl.DataFrame:
    """Merchants that had ordered for more than the week's budget before today: nothing is left, whatever today would save.

    Args:
        prices: `stage_tables.ConstraintPrices`.
    """
    over = pl.col("used_before_amount") - pl.col("limit_amount")
    found = prices.filter(pl.col("constraint") == "budget", over > 0).with_columns(article_id=pl.lit(ALL_ARTICLES))
    action = pl.format(
        "Raise the budget by {} EUR or cancel orders of this week: {} EUR were ordered against {} EUR.",
        over.ceil().cast(pl.Int64),
        pl.col("used_before_amount").round(2),
        pl.col("limit_amount").round(2),
    )
    return exception_rows(found, reason="budget exceeded", at_stake=over, action=action)
