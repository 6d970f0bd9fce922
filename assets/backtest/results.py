"""A played game as a row per series: all tables of a backtest are sums over these rows."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from assets.replay.replaying import Game, Replay
from domain.calendar import ONE_WEEK, sunday_of
from simulation.kernels.path_costs import COST_TERMS

LIFE_CYCLE_WEEKS = 26
ENDS_SOON_WEEKS = 4
"""Stock of an article whose life ends this soon after the game is obsolete."""
ABC_SHARES = (0.8, 0.95)
"""Shares of revenue up to which an article is A, then B."""


def series_rows(game: Game, replayed: Replay, *, contestant: str) -> pl.DataFrame:
    """Cost by term, units and service of every series over the game; see `domain.backtest_results`."""
    journal = replayed.played.journal
    price, value = (np.array([getattr(vector, name) for vector in game.opening.vectors]) for name in ("unit_price_eur", "unit_value_eur"))
    sold, demand = journal.sold_units.sum(axis=0), journal.demand_units.sum(axis=0)
    return game.opening.keys.select(
        pl.lit(game.terms.start).alias("start_week"),
        pl.lit(contestant).alias("contestant"),
        "merchant_id",
        "article_id",
        n_weeks=pl.lit(game.terms.n_weeks, pl.Int64),
        **{f"{term}_cost_eur": pl.Series(replayed.cost_eur[term].sum(axis=0)) for term in COST_TERMS},
        cost_eur=pl.Series(sum(replayed.cost_eur[term].sum(axis=0) for term in COST_TERMS)),
        demand_units=pl.Series(demand),
        sold_units=pl.Series(sold),
        ordered_units=pl.Series(journal.ordered_units.sum(axis=0)),
        n_orders=pl.Series((journal.ordered_units > 0).sum(axis=0)),
        stock_out_weeks=pl.Series((journal.demand_units > journal.sold_units).sum(axis=0)),
        mean_on_hand_units=pl.Series(journal.on_hand_units.mean(axis=0)),
        left_units=pl.Series(journal.on_hand_units[-1]),
        left_value_eur=pl.Series(journal.on_hand_units[-1] * value),
        gmv_eur=pl.Series(price * sold),
        revenue_potential_eur=pl.Series(price * demand),
        inventory_value_eur=pl.Series(journal.on_hand_units.mean(axis=0) * value),
    )


def series_traits(game: Game, articles: pl.DataFrame, stock_levels: pl.DataFrame) -> pl.DataFrame:
    """What the start week knows of each series: the groups that tables are split by.

    Returns:
        merchant_id, article_id, phase (life-cycle: launched within half a year before or ending within half a year after the start), abc_class
        (by price × units sold in the last 12 weeks), demand_class (the forecast's segment), skill (thirds of merchants by the share of Sundays with stock), ends_soon.
    """
    start = game.terms.start
    dated = game.opening.keys.join(
        articles.select("merchant_id", "article_id", "launch_date", "end_of_life_date"), on=["merchant_id", "article_id"], how="left"
    )
    near = timedelta(weeks=LIFE_CYCLE_WEEKS)
    is_young = (pl.col("launch_date") > start - near).fill_null(value=False)
    is_ending = (pl.col("end_of_life_date") < start + near).fill_null(value=False)
    ends_soon = (pl.col("end_of_life_date") < game.terms.last_week + ENDS_SOON_WEEKS * ONE_WEEK).fill_null(value=False)
    revenue = pl.Series("revenue", np.nansum(game.opening.recent_sales_units, axis=1) * np.array([vector.unit_price_eur for vector in game.opening.vectors]))
    ranked = dated.with_columns(revenue, pl.Series("demand_class", [vector.segment for vector in game.opening.vectors]))
    total = pl.col("revenue").sum()
    order = ranked.sort("merchant_id", "revenue", "article_id", descending=[False, True, False])
    before = ((pl.col("revenue").cum_sum() - pl.col("revenue")) / pl.when(total > 0).then(total).otherwise(1.0)).over("merchant_id")
    classed = order.with_columns(before=before).with_columns(
        ends_soon=ends_soon,
        phase=pl.when(is_young | is_ending).then(pl.lit("life-cycle")).otherwise(pl.lit("steady state")),
        abc_class=pl.when(pl.col("before") < ABC_SHARES[0]).then(pl.lit("A")).when(pl.col("before") < ABC_SHARES[1]).then(pl.lit("B")).otherwise(pl.lit("C")),
    )
    joined = classed.join(_skill(game.opening.keys, stock_levels, start), on="merchant_id", how="left")
    return (
        joined.with_columns(pl.col("skill").fill_null("not known"))
        .select("merchant_id", "article_id", "phase", "abc_class", "demand_class", "skill", "ends_soon")
        .sort("merchant_id", "article_id")
    )


def _skill(keys: pl.DataFrame, stock_levels: pl.DataFrame, start: date) -> pl.DataFrame:
    """Merchants in thirds by how often their shelves were full on the Sundays of the year before."""
    year = pl.col("date").is_between(start - timedelta(weeks=52), sunday_of(start))
    sundays = stock_levels.filter(year, pl.col("date").dt.weekday() == 7).join(keys, on=["merchant_id", "article_id"], how="semi")
    levels = sundays.group_by("merchant_id", "article_id", "date").agg(pl.col("on_hand_units").sum())
    share = levels.group_by("merchant_id").agg(in_stock=(pl.col("on_hand_units") > 0).mean()).sort("in_stock", "merchant_id").with_row_index("rank")
    third = (pl.col("rank") * 3 // pl.len()).cast(pl.Int64)
    names = pl.when(third == 0).then(pl.lit("low")).when(third == 1).then(pl.lit("middle")).otherwise(pl.lit("high"))
    return share.select("merchant_id", skill=names)
