"""Shipments in transit on the morning of a decision day: when each is expected, and whether it still comes.

Clock: what is ordered on any day of a week with a lead time of L weeks arrives in the week L weeks later (expected = ordered + 7 · L days). A date
that cannot be (expected before it was ordered) counts as missing. Without a day of ordering a shipment counts from twice its lead time before it is
expected: the source does not say since when it was known, and a plan for next year is nothing to rely on today.

An overdue shipment comes the less likely the later it is. One shipment in a hundred never comes; of the others so many are still out as the lead
time's own tail says: Gamma with the article's mean and dispersion, its standard deviation at least a week. P(comes | late by t) =
S(t)/(S(t) + q) · (1 + q) with S(t) = P(lead time > L + t)/P(lead time > L) and q = 0.01: 1 when due, 0 after a multiple of the lead time.
The vector holds probability × units, rounded: an order overdue by two years is no supply of this week.
"""

from datetime import UTC, date, datetime, time

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import gamma

from domain.calendar import first_horizon_week
from domain.stage_tables import HORIZON_WEEKS
from ml.preprocessing.visible import SERIES_KEY

LATEST_WEEK = 63
"""Shipments expected later still are counted in this week: beyond every lead time of the contract."""

FloatArray = npt.NDArray[np.float64]

SHARE_NEVER_COMING = 0.01
"""Share of shipments that are cancelled or lost without a word [q]."""
LEAST_DEVIATION_WEEKS = 1.0
"""A lead time that is called fixed is late by a week at times."""


def open_shipments(shipments: pl.DataFrame, lead: pl.DataFrame, *, decision_date: date) -> pl.DataFrame:
    """Shipments ordered before the day and not received before it, with what is read of them.

    Args:
        shipments: The contract's table.
        lead: Per series: key, `lead_time_weeks` (mean) and `lead_time_cv`; shipments of other series are left out.
        decision_date: The day.

    Returns:
        The contract's columns with `expected` (null = no date says when), `overdue_days` (0 = not overdue), `probability` that it comes
        and `expected_units` (probability × units, rounded), sorted. A shipment received before it was ordered has been received.
    """
    start = datetime.combine(decision_date, time(), tzinfo=UTC)
    on_the_way = pl.duration(days=(7 * pl.col("lead_time_weeks")).round().cast(pl.Int64))
    is_possible = (pl.col("expected_at") >= pl.col("ordered_at")).fill_null(value=True)
    dated = shipments.join(lead, on=SERIES_KEY, how="inner").with_columns(stated=pl.when(is_possible).then("expected_at"))
    announced = pl.col("stated") - 2 * on_the_way - pl.duration(weeks=1)
    dated = dated.with_columns(known_from=pl.coalesce("ordered_at", announced), expected=pl.coalesce("stated", pl.col("ordered_at") + on_the_way))
    not_received = pl.col("received_at").is_null() | (pl.col("received_at") >= start)
    is_known = (pl.col("known_from") < start).fill_null(value=True)  # without any date nothing says that it was ordered later
    in_transit = dated.filter(not_received, is_known, pl.col("quantity_units") > 0)
    late = (pl.lit(decision_date) - pl.col("expected").cast(pl.Date)).dt.total_days().clip(lower_bound=0).fill_null(0)
    rows = in_transit.with_columns(overdue_days=late).sort(*SERIES_KEY, "shipment_id")
    chance = arrival_probability(*(rows[name].cast(pl.Float64).to_numpy() for name in ("overdue_days", "lead_time_weeks", "lead_time_cv")))
    units = (pl.col("probability") * pl.col("quantity_units") + 0.5).floor().cast(pl.Int64)
    return rows.with_columns(probability=pl.Series(chance, dtype=pl.Float64)).with_columns(expected_units=units).drop("stated", "known_from")


def arrival_probability(overdue_days: FloatArray, lead_time_weeks: FloatArray, lead_time_cv: FloatArray) -> FloatArray:
    """Probability that a shipment still comes `(n,)`, given how late it is.

    Args:
        overdue_days: `(n,)` days since it was expected; 0 = it is not late.
        lead_time_weeks: `(n,)` mean [L].
        lead_time_cv: `(n,)` standard deviation over mean.
    """
    mean = np.maximum(lead_time_weeks, LEAST_DEVIATION_WEEKS)
    deviation = np.maximum(mean * lead_time_cv, LEAST_DEVIATION_WEEKS)
    lead_time = gamma((mean / deviation) ** 2, scale=deviation**2 / mean)
    still_out = lead_time.sf(mean + overdue_days / 7) / lead_time.sf(mean)
    return np.asarray(np.where(overdue_days > 0, still_out / (still_out + SHARE_NEVER_COMING) * (1 + SHARE_NEVER_COMING), 1.0))


def inbound_units(in_transit: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """Expected units by week of arrival, one list of 12 per series that has any, and those expected later, week by week.

    Args:
        in_transit: Of `open_shipments`; those without a date cannot be placed and are left out. Overdue ones are expected in week 0.
        cutoff: The forecast's; week 0 follows it.
    """
    week = ((pl.col("expected").cast(pl.Date).dt.truncate("1w") - pl.lit(first_horizon_week(cutoff))).dt.total_days() // 7).clip(lower_bound=0)
    units = pl.col("expected_units")
    placed = in_transit.filter(pl.col("expected").is_not_null()).with_columns(horizon=week.clip(upper_bound=LATEST_WEEK))
    by_week = [units.filter(pl.col("horizon") == index).sum() for index in range(LATEST_WEEK + 1)]
    listed = placed.group_by(SERIES_KEY).agg(by_week=pl.concat_list(by_week), n_weeks=pl.col("horizon").filter(units > 0).max().fill_null(0) + 1)
    later = pl.col("by_week").list.slice(HORIZON_WEEKS, (pl.col("n_weeks") - HORIZON_WEEKS).clip(lower_bound=0))
    return listed.select(*SERIES_KEY, inbound_units=pl.col("by_week").list.head(HORIZON_WEEKS), inbound_later_units=later)
