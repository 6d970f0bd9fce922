"""Rules that compare tables of the stages. Asset checks are generated from `RULES`: a rule needs no Dagster edit.

What is expected of one table, its contract first, is in `quality.suites`.

A rule sees one partition and, by name, the partitions of other tables with the same shard and day or cutoff.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from domain.stage_tables import ALL_CATEGORIES, FORECAST_REFUSED, HORIZON_WEEKS, UNIT_ERROR

SERIES_KEY = ["merchant_id", "article_id"]
Others = Mapping[str, pl.DataFrame]
_ROUNDING = 1e-3
"""Euros, units: of sums over a merchant's SKUs."""


@dataclass(frozen=True)
class RuleResult:
    """Rows looked at and rows in breach."""

    n_rows: int
    n_breaches: int
    detail: str = ""


@dataclass(frozen=True)
class TableRule:
    """One rule of one table."""

    table: str
    name: str
    description: str
    evaluate: Callable[[pl.DataFrame, Others], RuleResult]
    others: tuple[str, ...] = ()
    """Tables the rule compares with."""
    is_blocking: bool = True
    """Whether the stages below must not run on a breach."""
    allowed_share: float = 0.0
    """Share of rows that may be in breach."""

    def passes(self, results: list[RuleResult]) -> bool:
        """Whether the partitions together keep the rule."""
        n_rows = sum(result.n_rows for result in results)
        return sum(result.n_breaches for result in results) <= self.allowed_share * n_rows


def unanswered_series(other: str, *, rows_per_series: int = 1, may_know_more: bool = False) -> Callable[[pl.DataFrame, Others], RuleResult]:
    """Series of another table without exactly `rows_per_series` rows here, and (unless this one may) series it does not know."""

    def evaluate(frame: pl.DataFrame, others: Others) -> RuleResult:
        asked = others[other].select(SERIES_KEY).unique()
        answered = frame.group_by(SERIES_KEY).len("n_answers")
        both = asked.join(answered, on=SERIES_KEY, how="full", coalesce=True).with_columns(pl.col("n_answers").fill_null(0))
        unknown = answered.select(SERIES_KEY).join(asked, on=SERIES_KEY, how="anti")
        wrong = both.filter(pl.col("n_answers") != rows_per_series).select(SERIES_KEY)
        return RuleResult(both.height, wrong.height if may_know_more else pl.concat([wrong, unknown]).unique().height)

    return evaluate


def unforecast_series(frame: pl.DataFrame, others: Others) -> RuleResult:
    """Series with demand history but without 12 rows, and series without history that are not flagged as never sold."""
    history = others["series/weekly_demand"].select(SERIES_KEY).unique()
    has_history = frame.join(history, on=SERIES_KEY, how="semi")
    strangers = frame.join(history, on=SERIES_KEY, how="anti").filter(pl.col("flags") != "never_sold").select(SERIES_KEY).unique()
    of_history = unanswered_series("series/weekly_demand", rows_per_series=HORIZON_WEEKS)(has_history, others)
    return RuleResult(of_history.n_rows + strangers.height, of_history.n_breaches + strangers.height)


def rows_where(condition: pl.Expr) -> Callable[[pl.DataFrame, Others], RuleResult]:
    """Rows for which the condition holds are in breach."""
    return lambda frame, _: RuleResult(frame.height, frame.filter(condition).height)


def unprofiled_merchants(frame: pl.DataFrame, others: Others) -> RuleResult:
    """Merchants with demand history but no row for all of their articles."""
    asked = others["series/weekly_demand"].select("merchant_id").unique()
    answered = frame.filter(pl.col("category") == ALL_CATEGORIES).select("merchant_id")
    return RuleResult(asked.height, asked.join(answered, on="merchant_id", how="anti").height)


def drifted(*, is_blocking: bool) -> Callable[[pl.DataFrame, Others], RuleResult]:
    """Breaches of drift checks that block, or those that do not, with their evidence."""

    def evaluate(frame: pl.DataFrame, _: Others) -> RuleResult:
        judged = frame.filter(pl.col("is_blocking") == is_blocking)
        found = judged.filter("is_breached")
        return RuleResult(
            judged.height,
            found.height,
            "; ".join(f"{check} ({scope}): {text}" for check, scope, text in found.select("check", "scope", "evidence").iter_rows()),
        )

    return evaluate


RULES: tuple[TableRule, ...] = (
    TableRule(
        "series/merchant_profiles",
        "every_merchant_has_a_profile",
        "Every merchant with demand history has a return rate, return lags and a lead-time dispersion.",
        unprofiled_merchants,
        others=("series/weekly_demand",),
    ),
    TableRule(
        "series/merchant_profiles",
        "return_lags_sum_to_one",
        "The shares of returns by weeks since the sale add up to 1.",
        rows_where((pl.col("return_lag_weights").list.sum() - 1).abs() > _ROUNDING),
    ),
    TableRule(
        "series/merchant_profiles",
        "returns_stay_below_sales",
        "At most one merchant or category in twenty had more units returned than sold: more of them hints at sales that are missing.",
        rows_where(pl.col("returned_units") > pl.col("sold_units")),
        is_blocking=False,
        allowed_share=0.05,
    ),
    TableRule(
        "forecast/quantiles",
        "every_series_is_forecast",
        "12 rows for each series with demand history, and for no other but articles on sale that never sold.",
        unforecast_series,
        others=("series/weekly_demand",),
    ),
    TableRule(
        "forecast/calibration",
        "forecast_is_calibrated",
        "The forecast of 12 weeks ago held as often as it said, in every segment and every week ahead with enough of them (settings `calibration`).",
        rows_where(~pl.col("is_calibrated")),
        is_blocking=False,
    ),
    TableRule(
        "vectors/sku_vectors",
        "every_series_has_a_vector",
        "One vector for each series of the forecast; articles first sold since then get one too.",
        unanswered_series("forecast/released", may_know_more=True),
        others=("forecast/released",),
    ),
    TableRule(
        "forecast/released",
        "no_forecast_is_refused",
        "Every segment is forecast by its champion: none failed the gate (settings `calibration`).",
        rows_where(pl.col("flags").str.contains(FORECAST_REFUSED)),
        is_blocking=False,
    ),
    TableRule(
        "forecast/released",
        "every_forecast_is_released",
        "12 rows for each series that was forecast, and for no other.",
        unanswered_series("forecast/quantiles", rows_per_series=HORIZON_WEEKS),
        others=("forecast/quantiles",),
    ),
    TableRule(
        "policy/policies",
        "every_series_is_answered",
        "One policy for each vector of the day.",
        unanswered_series("vectors/sku_vectors"),
        others=("vectors/sku_vectors",),
    ),
    TableRule(
        "policy/constraint_prices",
        "limits_are_kept",
        "No budget and no capacity is exceeded by today's orders, and each supplier gets nothing or its minimum.",
        rows_where(
            pl.when(pl.col("constraint").is_in(["budget", "inbound_capacity"]))
            .then(pl.col("used_amount") > pl.max_horizontal("limit_amount", "used_before_amount") + _ROUNDING)
            .when(pl.col("constraint") == "minimum_order_value")
            .then((pl.col("used_amount") > 0) & (pl.col("used_amount") < pl.col("limit_amount") - _ROUNDING))
            .otherwise(pl.col("is_met") & (pl.col("used_amount") < pl.col("limit_amount") - _ROUNDING))
        ),
    ),
    TableRule(
        "policy/policies",
        "ordering_beats_not_ordering",
        "The policy is not expected to cost more than never ordering (fresh paths may turn one in twenty).",
        rows_where(pl.col("expected_cost_eur") > pl.col("expected_cost_without_order_eur") * (1 + 1e-9)),
        is_blocking=False,
        allowed_share=0.05,
    ),
    TableRule(
        "series/weekly_demand",
        "no_unit_errors",
        "No week sold a hundred times what the series usually sells; such weeks are read as unknown, and the source should be corrected.",
        rows_where(pl.col("flag") == UNIT_ERROR),
        is_blocking=False,
    ),
    TableRule(
        "series/input_drift",
        "input_is_sound",
        "No feed is broken: prices, series, stock counts and rows of sales are there once and in their usual unit (settings `drift`). A breach stops the forecast.",
        drifted(is_blocking=True),
    ),
    *(
        TableRule(table, "nothing_drifts", f"No {what} is far from its own past (settings `drift`).", drifted(is_blocking=False), is_blocking=False)
        for table, what in (("series/input_drift", "input"), ("evaluation/forecast_drift", "forecast"), ("evaluation/decision_drift", "decision"))
    ),
    TableRule(
        "series/unconstrained_demand",
        "demand_is_at_least_what_was_sold",
        "No censored week is expected to have demanded less than was sold, and none nothing.",
        rows_where((pl.col("demand_mean_units") < pl.col("lower_bound_units")) | (pl.col("demand_mean_units") <= 0)),
    ),
    TableRule(
        "series/weekly_demand",
        "most_weeks_are_in_stock",
        "At most half of the weeks are censored; above it the forecast mostly guesses.",
        rows_where(pl.col("is_censored")),
        is_blocking=False,
        allowed_share=0.5,
    ),
)
