"""What a merchant's history says about returns and lead times, up to the cutoff (method §2).

Everything is counted in whole units and whole weeks first, so the result does not depend on the order of rows.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from domain.stage_tables import MerchantProfiles
from ml.preprocessing.visible import end_of_week, last_weeks, visible_returns, visible_sales, week_of

RATE_WEEKS = 52
"""The return rate rests on this many weeks: a whole year of seasons."""
HIGHEST_RETURN_RATE = 0.95
"""A rate of 1 would mean that nothing is ever sold for good."""
N_LAGS = 12
"""Return lags 0 … 11 weeks; later returns (a few per cent) are counted in the rate, not in the shape."""
FEWEST_MATCHED_UNITS = 20
FEWEST_SHIPMENTS = 10
DEFAULT_RETURN_LAG_WEIGHTS: tuple[float, ...] = (0.0, 8 / 15, 4 / 15, 2 / 15, 1 / 15)
"""Geometric with ratio ½ over weeks 1–4, mean 1.7 weeks: where a merchant has too few returns matched to their sale."""


def estimate_merchant_profiles(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.DataFrame:
    """Return rate, return lags and lead-time dispersion of every merchant with a sales row by the cutoff.

    Args:
        tables: The nine contract tables, all shards together; rows after the cutoff week are not looked at.
        cutoff: Monday of the last week that may be seen.

    Returns:
        `stage_tables.MerchantProfiles`, sorted by merchant. A lead time is the number of weeks between the two Mondays
        less one, never below zero; its dispersion is null below 10 received shipments or with a mean of zero.
    """
    profiles = (
        _return_rates(tables, cutoff=cutoff)
        .join(_return_lags(tables, cutoff=cutoff), on="merchant_id", how="left")
        .join(_lead_time_dispersion(tables, cutoff=cutoff), on="merchant_id", how="left")
        .with_columns(
            pl.col("return_lag_weights").fill_null(pl.lit(list(DEFAULT_RETURN_LAG_WEIGHTS), pl.List(pl.Float64))),
            pl.col("n_received_shipments").fill_null(0).cast(pl.Int64),
        )
    )
    return MerchantProfiles.validate(profiles.select(MerchantProfiles.column_names()).sort("merchant_id").collect())


def default_profiles(merchant_ids: pl.Series) -> pl.DataFrame:
    """Profiles of merchants without history: nothing returned so far, the default lags, lead times not observed."""
    profiles = pl.DataFrame({"merchant_id": merchant_ids}, schema={"merchant_id": pl.String}).with_columns(
        return_rate=pl.lit(0.0),
        return_lag_weights=pl.lit(list(DEFAULT_RETURN_LAG_WEIGHTS), pl.List(pl.Float64)),
        observed_lead_time_cv=pl.lit(None, pl.Float64),
        n_received_shipments=pl.lit(0, pl.Int64),
    )
    return MerchantProfiles.validate(profiles)


def _return_rates(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.LazyFrame:
    """Units returned over units sold in the last 52 weeks, one row per merchant that ever sold."""
    in_rate = last_weeks("week", cutoff=cutoff, n_weeks=RATE_WEEKS)
    sold = visible_sales(tables, cutoff=cutoff).group_by("merchant_id").agg(sold_units=pl.col("sales_units").filter(in_rate).sum())
    returned = (
        visible_returns(tables, cutoff=cutoff)
        .with_columns(week=week_of("returned_at"))
        .filter(in_rate)
        .group_by("merchant_id")
        .agg(units=pl.col("quantity_units").sum())
    )
    rate = pl.when(pl.col("sold_units") > 0).then(pl.col("units") / pl.col("sold_units")).fill_null(0.0)
    return sold.join(returned, on="merchant_id", how="left").select("merchant_id", return_rate=rate.clip(0.0, HIGHEST_RETURN_RATE))


def _return_lags(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.LazyFrame:
    """Share of returned units by weeks since the sale, for merchants with enough matched units."""
    lag = (week_of("returned_at") - week_of("sold_at")).dt.total_days() // 7
    matched = visible_returns(tables, cutoff=cutoff).with_columns(lag=lag).filter(pl.col("lag").is_between(0, N_LAGS - 1))
    units_at = [pl.col("quantity_units").filter(pl.col("lag") == weeks).sum().alias(f"lag_{weeks}") for weeks in range(N_LAGS)]
    by_merchant = matched.group_by("merchant_id").agg(*units_at, matched_units=pl.col("quantity_units").sum())
    weights = pl.concat_list([pl.col(f"lag_{weeks}") / pl.col("matched_units") for weeks in range(N_LAGS)])
    return by_merchant.filter(pl.col("matched_units") >= FEWEST_MATCHED_UNITS).select("merchant_id", return_lag_weights=weights)


def _lead_time_dispersion(tables: Mapping[str, pl.DataFrame], *, cutoff: date) -> pl.LazyFrame:
    """Standard deviation over mean of observed lead times [CV], from exact integer sums."""
    weeks = ((week_of("received_at") - week_of("ordered_at")).dt.total_days() // 7 - 1).clip(lower_bound=0)
    received = tables["inbound_shipments"].lazy().filter(pl.col("ordered_at") <= pl.col("received_at"), pl.col("received_at") < end_of_week(cutoff))
    sums = received.select("merchant_id", weeks=weeks).group_by("merchant_id")
    n, total = pl.col("n_received_shipments"), pl.col("total")
    variance = (n * pl.col("squares") - total**2) / (n * (n - 1))
    return (
        sums.agg(n_received_shipments=pl.len().cast(pl.Int64), total=pl.col("weeks").sum(), squares=(pl.col("weeks") ** 2).sum())
        .with_columns(observed_lead_time_cv=pl.when((n >= FEWEST_SHIPMENTS) & (total > 0)).then(variance.sqrt() * n / total))
        .select("merchant_id", "observed_lead_time_cv", "n_received_shipments")
    )
