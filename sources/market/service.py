"""How well the people of a market served their customers: the figures a policy must beat (method §7)."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

_KEY = ["merchant_id", "article_id"]


class HumanService(NamedTuple):
    """Shares in [0, 1] over all articles and complete weeks on sale; `human_service` says how they are measured."""

    availability: float
    fill_rate: float
    weighted_availability: float
    weighted_fill_rate: float


def human_service(tables: Mapping[str, pl.DataFrame], truth: pl.DataFrame) -> HumanService:
    """Service of the recorded sales against the true demand.

    An article-week is judged from the week of the launch to that of the end of life. It is available when all of its
    demand was served (also where there was none), as in the simulation. Availability is the mean over an article's
    weeks, then over articles; the fill rate is Σ sold / Σ demanded. Weights are an article's list price × demand
    (method §7): the weighted fill rate is Σ price · sold / Σ price · demand.

    Args:
        tables: Contract tables; `sales_transactions` and `articles` are used.
        truth: `truth/weekly_demand`.
    """
    week = pl.col("occurred_at").dt.date().dt.truncate("1w").alias("week")
    sold = tables["sales_transactions"].lazy().group_by(*_KEY, week).agg(pl.col("quantity_units").sum().alias("sold_units"))
    life = tables["articles"].lazy().select(*_KEY, "unit_price_eur", pl.col("launch_date", "end_of_life_date").dt.truncate("1w"))
    on_sale = (pl.col("week") >= pl.col("launch_date")).fill_null(value=True) & (pl.col("week") <= pl.col("end_of_life_date")).fill_null(value=True)
    judged = truth.lazy().join(life, on=_KEY).filter(on_sale).join(sold, on=[*_KEY, "week"], how="left").with_columns(pl.col("sold_units").fill_null(0))
    served = (pl.col("sold_units") >= pl.col("demand_units")).mean().alias("availability")
    revenue = (pl.col("unit_price_eur").first() * pl.col("demand_units").sum()).alias("weight")
    articles = judged.group_by(_KEY).agg(served, pl.col("sold_units", "demand_units").sum(), revenue, pl.col("unit_price_eur").first())
    figures = articles.sort(_KEY).select(
        pl.col("availability").mean(),
        (pl.col("sold_units").sum() / pl.col("demand_units").sum()).alias("fill_rate"),
        ((pl.col("availability") * pl.col("weight")).sum() / pl.col("weight").sum()).alias("weighted_availability"),
        ((pl.col("unit_price_eur") * pl.col("sold_units")).sum() / pl.col("weight").sum()).alias("weighted_fill_rate"),
    )
    return HumanService(*figures.collect().row(0))
