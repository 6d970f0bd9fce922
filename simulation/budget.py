"""A merchant's weekly budget: which of today's orders get the money.

Orders are funded whole, the largest expected saving per euro first; one that does not fit is cut to zero and smaller
ones behind it may still fit. Partial orders are not offered yet: their saving is not known without simulating them.
"""

import polars as pl

from domain.settings import Settings
from domain.stage_tables import Policies

_KEY = ("merchant_id", "article_id")


def apply_budgets(policies: pl.DataFrame, *, merchants: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Cut `order_now_units` to what each merchant's `budget_eur_per_week` pays for.

    Args:
        policies: Rows of `stage_tables.Policies` of one day: all SKUs of every merchant in it, whatever their shard.
        merchants: Contract table `merchants`, possibly without rows.
        settings: The platform's; each merchant's own are put on top.

    Returns:
        The same rows sorted by key, with `order_now_units` and `order_now_value_eur` after budget. Applied to its own
        result it changes nothing.
    """
    merchant_rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}
    parts = [
        _within_budget(part, settings.for_merchant(str(merchant_id), merchant_rows.get(merchant_id)).inventory.budget_eur_per_week)
        for (merchant_id,), part in policies.sort(_KEY).partition_by("merchant_id", as_dict=True, maintain_order=True).items()
    ]
    return Policies.validate(pl.concat(parts) if parts else policies)


def _within_budget(policies: pl.DataFrame, budget_eur: float | None) -> pl.DataFrame:
    """One merchant's rows, sorted by key, with the orders its budget pays for."""
    if budget_eur is None or policies["order_now_value_eur"].sum() <= budget_eur:
        return policies
    saving_per_euro = (pl.col("expected_cost_without_order_eur") - pl.col("expected_cost_eur")) / pl.col("order_now_value_eur")
    wanted = policies.filter(pl.col("order_now_value_eur") > 0).sort(-saving_per_euro, "article_id")
    refused, left_eur = [], budget_eur
    for article_id, value_eur in wanted.select("article_id", "order_now_value_eur").iter_rows():
        if value_eur <= left_eur:
            left_eur -= value_eur
        else:
            refused.append(article_id)
    is_refused = pl.col("article_id").is_in(refused)
    return policies.with_columns(
        order_now_units=pl.when(is_refused).then(0).otherwise("order_now_units"),
        order_now_value_eur=pl.when(is_refused).then(0.0).otherwise("order_now_value_eur"),
    )
