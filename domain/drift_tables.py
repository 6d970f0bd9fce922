"""Contracts of the tables that watch for drift: additive tallies of what arrived, and verdicts of checks against their own past."""

import dataframely as dy

from domain.table_columns import key, units

MARKET = "market"
"""Scope of a figure over all merchants; others: "merchant M001", "category shoes", "feature unit_price_eur"."""
N_HOURS, N_WEEKDAYS, N_BINS = 24, 7, 30
"""Lengths of histograms; bins are half octaves of 1 + value."""


def _counts(description: str) -> dy.List:
    return dy.List(dy.Int64(nullable=False), nullable=False, description=description)


class InputTallies(dy.Schema):
    """Series: what arrived in each of the last weeks, by scope, in whole numbers, so that shards add up exactly."""

    week = dy.Date(primary_key=True, nullable=False, description="Monday of the week.")
    scope = key("market, merchant ID or category NAME.")
    n_series = units("Series that sold in the last 26 weeks.")
    n_first_sales = units("Of them those that sold for the first time.")
    n_last_sales = units("Series that have not sold for exactly 26 weeks.")
    n_censored = units("Series of them that stock cut off.")
    n_regular = units("Series that sold in each of the four weeks before, and had stock.")
    n_silent = units("Of them those without a sale.")
    n_counted_before = units("Series whose stock had been counted in the week before, and whose life has not ended.")
    n_uncounted = units("Of them those without a count.")
    n_moved = units("Series whose stock had to change by sales, returns and receipts.")
    n_frozen = units("Of them those whose stock did not change.")
    moved_units = units("Units sold, returned and received by series with two counts.")
    unexplained_units = units("Units by which their stock differs from the count before and these movements.")
    n_priced = units("Series with a price and a usual one: the median of the 13 weeks before.")
    n_price_jumps = units("Of them those whose price is more than five times the usual one, or less than a fifth.")
    sold_units = units("Units sold.")
    n_matched = units("Series with known demand at their usual price this week and in three of the weeks 2 to 5 before, and sales in those.")
    matched_sales_parts = units(
        "Σ over such series (with sales in those weeks or not) of units sold over the root of (mean of those weeks + ½), in thousandths."
    )
    matched_reference_parts = units("Σ of the mean of those weeks over the same, in thousandths.")
    n_sales = units("Rows of sales.")
    n_repeated_sales = units("Rows that repeat another's article, instant, warehouse, quantity and price.")
    hour_counts = _counts("Rows of sales by hour of the day (UTC).")
    weekday_counts = _counts("Rows of sales by day of the week, Monday first.")
    sales_units_counts = _counts("Series by units sold.")
    unit_price_eur_counts = _counts("Series by mean price.")
    quantity_units_counts = _counts("Rows of sales by units.")
    on_hand_units_counts = _counts("Series by stock at the end of the week.")
    returned_units_counts = _counts("Series by units returned.")


class DecisionTallies(dy.Schema):
    """Evaluation: what was decided on a day and what came of earlier decisions, sums by merchant in whole numbers."""

    merchant_id = key("Who orders.")
    n_skus = units("SKUs decided on.")
    n_changed = units("Of them those whose order moved since the day before by more than the share of the settings; 0 where that day was not decided.")
    has_day_before = dy.Bool(nullable=False, description="Whether the day before was decided.")
    order_value_cents = units("Value of the day's orders.")
    n_recommended = units("SKUs with an order recommended a week before; 0 where that day was not decided.")
    n_followed = units("Of them those of which at least half was ordered within the week.")
    predicted_cost_cents = units("Holding, inbound, outbound and return cost expected 12 weeks before for the weeks since; 0 where that day was not decided.")
    realised_cost_cents = units("The same cost terms by what came, at the rates of that day.")


class DriftChecks(dy.Schema):
    """Drift: one statistic per check and scope, against its own past."""

    date = dy.Date(nullable=False, description="Monday of the week, or decision day, that is judged.")
    check = key("What is checked.")
    scope = key("market, merchant ID, category NAME, feature NAME or segment NAME.")
    statistic = dy.Float64(nullable=False, allow_nan=False, allow_inf=False, description="The figure.")
    reference = dy.Float64(nullable=False, allow_nan=False, allow_inf=False, description="Its median over the periods before.")
    threshold = dy.Float64(nullable=False, allow_nan=False, allow_inf=False, description="Beyond it the check is breached.")
    is_breached = dy.Bool(nullable=False, description="Verdict.")
    is_blocking = dy.Bool(nullable=False, description="Whether a breach stops the stages below.")
    evidence = dy.String(nullable=False, description="The figures in words.")
