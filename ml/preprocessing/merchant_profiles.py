"""Returns and lead times per merchant and category, up to the cutoff (method §2): market → merchant → category, each shrunk toward the one before.

Everything is counted in whole units and whole weeks first, so the result does not depend on the order of rows.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.stage_tables import ALL_CATEGORIES, UNIT_ERROR, MerchantProfiles
from ml.preprocessing.lead_times import full_weeks
from ml.preprocessing.shrinkage import LEAST_PRECISION, shrunk_mean, shrunk_shares
from ml.preprocessing.unusual_weeks import flag_weeks
from ml.preprocessing.visible import SERIES_KEY, end_of_week, last_weeks, visible_returns, visible_sales, week_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

RATE_WEEKS = 52
"""The return rate rests on this many weeks: a whole year of seasons."""
HIGHEST_RETURN_RATE = 0.95
"""A rate of 1 would mean that nothing is ever sold for good."""
LEAST_EXCESS_UNITS = 3
"""Units returned beyond those sold from which an article's returns are not of its sales: neither counts in any rate."""
N_LAGS = 12
"""Return lags 0 … 11 weeks; later returns (a few per cent) are counted in the rate, not in the shape."""
FEWEST_SHIPMENTS = 10
"""Received shipments in the whole market below which lead times count as not observed."""
PRIOR_SHIPMENTS = 10.0
"""Shipments of the merchant (of the market) that a category's (a merchant's) own compete with."""
DEFAULT_RETURN_LAG_WEIGHTS: tuple[float, ...] = (0.0, 8 / 15, 4 / 15, 2 / 15, 1 / 15)
"""Geometric with ratio ½ over weeks 1–4, mean 1.7 weeks: what a market without matched returns starts from."""

_CELL = ["merchant_id", "category"]
_LAGS = [f"lag_{weeks}" for weeks in range(N_LAGS)]
_COUNTS = ["sold_units", "returned_units", *_LAGS, "n_received_shipments", "lead_weeks", "lead_weeks_squared"]


def estimate_merchant_profiles(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.DataFrame:
    """Return rate, return lags and lead-time dispersion of every merchant with a sales row or a launch by the cutoff, and of its categories.

    Args:
        tables: The nine contract tables, all shards together; rows after the cutoff week are not looked at.
        cutoff: Monday of the last week that may be seen.

    Returns:
        `stage_tables.MerchantProfiles`, sorted: per merchant a row for each category that sold, and one (empty category)
        for its articles without one. A lead time is the number of full weeks between the days of order and receipt; its dispersion is null where
        the whole market has received fewer than 10 shipments.
    """
    counts = _counts(tables, cutoff=cutoff)
    if counts.is_empty():
        return MerchantProfiles.create_empty()
    tree = _tree(counts)
    rates, lags, dispersion = _return_rates(tree), _return_lags(tree), _lead_time_dispersion(tree)
    frame = tree.rows.select(*_CELL, "sold_units", "returned_units", "n_received_shipments").with_columns(
        return_rate=pl.Series(np.minimum(rates, HIGHEST_RETURN_RATE)),
        return_lag_weights=pl.Series([np.trim_zeros(row, "b").tolist() for row in lags], dtype=pl.List(pl.Float64)),
        observed_lead_time_cv=pl.Series(dispersion, dtype=pl.Float64).fill_nan(None),
    )
    return MerchantProfiles.validate(frame.select(MerchantProfiles.column_names()).sort(_CELL))


def default_profiles(merchant_ids: pl.Series) -> pl.DataFrame:
    """Profiles of merchants without history: nothing returned so far, the default lags, lead times not observed."""
    nothing = {"category": pl.lit(ALL_CATEGORIES), "sold_units": pl.lit(0), "returned_units": pl.lit(0), "n_received_shipments": pl.lit(0)}
    profiles = pl.DataFrame({"merchant_id": merchant_ids}, schema={"merchant_id": pl.String}).with_columns(
        **nothing,
        return_rate=pl.lit(0.0),
        return_lag_weights=pl.lit(list(DEFAULT_RETURN_LAG_WEIGHTS), pl.List(pl.Float64)),
        observed_lead_time_cv=pl.lit(None, pl.Float64),
    )
    return MerchantProfiles.validate(profiles.select(MerchantProfiles.column_names()), cast=True)


class _Tree(NamedTuple):
    """Merchants and their categories, and who is pulled toward whom."""

    rows: pl.DataFrame
    """Counts of all of a merchant's articles (empty category), then those of its categories; sorted."""
    parent: IntArray
    """`(n_rows,)` row of the merchant."""
    is_merchant: npt.NDArray[np.bool_]

    def counts(self, *columns: str) -> FloatArray:
        """Columns of the rows `(n_rows, n_columns)`."""
        return self.rows.select(columns).cast(pl.Float64).to_numpy()


def _tree(counts: pl.DataFrame) -> _Tree:
    merchants = counts.group_by("merchant_id").agg(pl.col(_COUNTS).sum()).with_columns(category=pl.lit(ALL_CATEGORIES))
    categories = counts.filter(pl.col("category") != ALL_CATEGORIES)
    rows = pl.concat([merchants.select(counts.columns), categories]).sort(_CELL)  # the empty category sorts first
    is_merchant = (rows["category"] == ALL_CATEGORIES).to_numpy()
    return _Tree(rows, np.maximum.accumulate(np.where(is_merchant, np.arange(rows.height), 0)), is_merchant)


def _shrunk(tree: _Tree, counts: FloatArray, market: FloatArray) -> FloatArray:
    """Shares of merchants pulled toward the market's, then of categories toward their merchant's."""
    shares = np.empty_like(counts)
    shares[tree.is_merchant] = shrunk_shares(counts[tree.is_merchant], np.tile(market, (int(tree.is_merchant.sum()), 1)))
    of_categories = ~tree.is_merchant
    shares[of_categories] = shrunk_shares(counts[of_categories], shares[tree.parent[of_categories]])
    return shares


def _return_rates(tree: _Tree) -> FloatArray:
    """Units returned over units sold (Beta-binomial); as much was sold as came back."""
    sold, returned = tree.counts("sold_units", "returned_units").T
    counts = np.column_stack([returned, np.maximum(sold - returned, 0.0)])
    market = counts[tree.is_merchant].sum(axis=0)
    return _shrunk(tree, counts, market / market.sum() if market.sum() else np.array([0.0, 1.0]))[:, 0]


def _return_lags(tree: _Tree) -> FloatArray:
    """Share of returned units by weeks since the sale `(n_rows, 12)` (Dirichlet-multinomial)."""
    counts = tree.counts(*_LAGS)
    of_market = counts[tree.is_merchant].sum(axis=0)
    of_market[: len(DEFAULT_RETURN_LAG_WEIGHTS)] += LEAST_PRECISION * np.array(DEFAULT_RETURN_LAG_WEIGHTS)
    return _shrunk(tree, counts, of_market / of_market.sum())


def _lead_time_dispersion(tree: _Tree) -> FloatArray:
    """Standard deviation over mean of observed lead times [CV]; its square is pooled by degrees of freedom."""
    n, total, squares = tree.counts("n_received_shipments", "lead_weeks", "lead_weeks_squared").T
    usable = (n > 1) & (total > 0)
    freedom = np.where(usable, n - 1, 0.0)
    squared_cv = np.divide((n * squares - total**2) * n, (n - 1) * total**2, out=np.zeros_like(n), where=usable)
    of_merchants = tree.is_merchant
    if n[of_merchants].sum() < FEWEST_SHIPMENTS or not freedom[of_merchants].sum():
        return np.full(len(n), np.nan)
    market = (freedom * squared_cv)[of_merchants].sum() / freedom[of_merchants].sum()
    shrunk = shrunk_mean(squared_cv, freedom, np.full(len(n), market), prior_weight=PRIOR_SHIPMENTS)
    below = shrunk_mean(squared_cv, freedom, shrunk[tree.parent], prior_weight=PRIOR_SHIPMENTS)
    return np.sqrt(np.where(of_merchants, shrunk, below))


def foreign_returns(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.DataFrame:
    """Articles of which clearly more came back in the last 52 weeks than was sold: returns of sales that are not on record, of another channel mostly.

    Returns:
        merchant_id, article_id, sold_units, returned_units, n_rows (of returns); sorted.
    """
    recent = last_weeks("week", cutoff=cutoff, n_weeks=RATE_WEEKS)
    returned = visible_returns(tables, cutoff=cutoff).with_columns(week=week_of("returned_at")).filter(recent)
    by_article = returned.group_by(SERIES_KEY).agg(returned_units=pl.col("quantity_units").sum(), n_rows=pl.len())
    sold = visible_sales(tables, cutoff=cutoff).filter(recent).group_by(SERIES_KEY).agg(sold_units=pl.col("sales_units").sum())
    joined = by_article.join(sold, on=SERIES_KEY, how="left").with_columns(pl.col("sold_units").fill_null(0))
    excess = pl.col("returned_units") - pl.col("sold_units")
    return joined.filter(excess >= LEAST_EXCESS_UNITS).sort(SERIES_KEY).select(*SERIES_KEY, "sold_units", "returned_units", "n_rows").collect()


def _counts(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.DataFrame:
    """Whole units and weeks by merchant and category, of every merchant with a sales row or a launch; a category without sales has no row."""
    categories = tables["articles"].lazy().select(*SERIES_KEY, "category")
    foreign = foreign_returns(tables, cutoff=cutoff).lazy().select(*SERIES_KEY, is_foreign=pl.lit(value=True))

    def by_cell(rows: pl.LazyFrame, **figures: pl.Expr) -> pl.LazyFrame:
        own = rows.join(categories, on=SERIES_KEY, how="left").with_columns(pl.col("category").fill_null(ALL_CATEGORIES))
        return own.group_by(_CELL).agg(**figures)

    in_rate = last_weeks("week", cutoff=cutoff, n_weeks=RATE_WEEKS)
    units, lag = pl.col("quantity_units"), (week_of("returned_at") - week_of("sold_at")).dt.total_days() // 7
    lead = full_weeks("ordered_at", "received_at")
    sales = flag_weeks(visible_sales(tables, cutoff=cutoff).collect()).lazy().filter(pl.col("flag").ne_missing(UNIT_ERROR))
    own = sales.join(foreign, on=SERIES_KEY, how="left")
    of_sales = by_cell(own, sold_units=pl.col("sales_units").filter(in_rate, pl.col("is_foreign").is_null()).sum())
    launched = tables["articles"].lazy().filter(pl.col("launch_date") < end_of_week(cutoff).date()).select("merchant_id").unique()
    unsold = launched.join(of_sales, on="merchant_id", how="anti").select("merchant_id", category=pl.lit(ALL_CATEGORIES), sold_units=pl.lit(0, pl.Int64))
    sold = pl.concat([of_sales, unsold])
    returned = by_cell(
        visible_returns(tables, cutoff=cutoff).join(foreign, on=SERIES_KEY, how="anti").with_columns(week=week_of("returned_at"), lag=lag),
        returned_units=units.filter(in_rate).sum(),
        **{name: units.filter(pl.col("lag") == weeks).sum() for weeks, name in enumerate(_LAGS)},
    )
    received = tables["inbound_shipments"].lazy().filter(pl.col("ordered_at") <= pl.col("received_at"), pl.col("received_at") < end_of_week(cutoff))
    shipments = by_cell(
        received.with_columns(lead=lead),
        n_received_shipments=pl.len().cast(pl.Int64),
        lead_weeks=pl.col("lead").sum(),
        lead_weeks_squared=(pl.col("lead") ** 2).sum(),
    )
    joined = sold.join(returned, on=_CELL, how="left").join(shipments, on=_CELL, how="left")
    return joined.select(*_CELL, pl.col(_COUNTS).fill_null(0).cast(pl.Int64)).collect()
