"""What must and what usually does hold of the stages' tables beyond their contracts: rules within a row, between rows, and against the tables they are made from."""

from collections.abc import Mapping

from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import SuiteSettings
from domain.stage_tables import HORIZON_WEEKS, Policies
from quality.suites.expectation import Expectation, rows_where, share_of_rows
from quality.suites.reconciliation import SOLD_WEEKS_ADD_UP, STOCK_OUTS_ARE_NO_ZEROS

_ROUNDING = 1e-6
_TOO_FAR = 3.0
"""Factor between a forecast and recent sales of a whole market that no season explains."""
_HISTORY = "SELECT merchant_id, article_id, count(*) AS n_weeks FROM {batch} GROUP BY merchant_id, article_id"
_COSTS = " + ".join(name for name in Policies.column_names() if name.startswith("expected_") and name.endswith("_cost_eur") and name != "expected_cost_eur")
_FORECAST_OVER_SALES = """
SELECT avg(demand_mean_units) / nullif((
    SELECT avg(sales_units) FROM series_weekly_demand WHERE week > (SELECT max(week) FROM series_weekly_demand) - 84
), 0) AS value FROM {batch}
"""


def must(name: str, description: str, breach: str, *, needs: tuple[str, ...] = ()) -> Expectation:
    """Rows for which the condition of a breach holds stop the stages below."""
    return Expectation(name, description, is_blocking=True, breaches=rows_where(breach), needs=needs)


def usual_of_stage(table: str, settings: SuiteSettings) -> tuple[Expectation, ...]:
    """What is expected of a stage's table beyond its contract."""
    return (*(_history(settings) if table == "series/weekly_demand" else ()), *_OF_TABLE.get(table, ()))


def _history(settings: SuiteSettings) -> tuple[Expectation, ...]:
    fewest, usual = settings.fewest_history_weeks, settings.usual_history_weeks
    short = f"SELECT * FROM ({_HISTORY}) WHERE n_weeks < {fewest}"  # noqa: S608
    return (
        Expectation(
            "history is long enough",
            "Weeks from the first sale of any series to the cutoff: the forecast needs to have seen each season, better twice.",
            is_blocking=False,
            figure="SELECT date_diff('week', min(week), max(week)) + 1 AS value FROM {batch} HAVING count(*) > 0",
            at_least=usual,
            is_lasting=True,
        ),
        Expectation(
            f"few series are shorter than {fewest} weeks",
            f"Share of series with less than {fewest} weeks of history.",
            is_blocking=False,
            breaches=short,
            figure=f"SELECT count(*) FILTER (n_weeks < {fewest}) / nullif(count(*), 0) AS value FROM ({_HISTORY})",  # noqa: S608
            at_most=settings.largest_short_share,
            is_lasting=True,
        ),
        Expectation(
            "few weeks are unknown",
            "Share of weeks whose sales nobody knows although stock was there.",
            is_blocking=False,
            breaches=rows_where("sales_units IS NULL AND NOT is_censored"),
            figure=share_of_rows("sales_units IS NULL AND NOT is_censored"),
            at_most=settings.largest_missing_share,
        ),
    )


_COSTS_ADD_UP = must(
    "cost terms add up", "The expected cost is the sum of its terms.", f"abs({_COSTS} - expected_cost_eur) > 0.01 + {_ROUNDING} * abs(expected_cost_eur)"
)
_PERCENTILES_RISE = must(
    "cost percentiles rise", "P10 ≤ P50 ≤ P75 ≤ P90.", "cost_p10_eur > cost_p50_eur OR cost_p50_eur > cost_p75_eur OR cost_p75_eur > cost_p90_eur"
)
_OF_TABLE: Mapping[str, tuple[Expectation, ...]] = {
    "series/weekly_demand": (
        must("weeks are Mondays", "A week is named by its Monday.", "isodow(week) <> 1"),
        Expectation(
            "series have no gaps and reach the cutoff",
            "A row for each week from a series' first to the newest week of all.",
            is_blocking=True,
            breaches="SELECT merchant_id, article_id, min(week) AS first_week, max(week) AS last_week, count(*) AS n_weeks FROM {batch} GROUP BY merchant_id, article_id "
            "HAVING n_weeks <> date_diff('week', first_week, (SELECT max(week) FROM {batch})) + 1",
        ),
        SOLD_WEEKS_ADD_UP,
        STOCK_OUTS_ARE_NO_ZEROS,
    ),
    "series/unconstrained_demand": (
        must(
            "quantiles do not cross",
            "Each quantile is at least its lower neighbour.",
            "demand_q100 > demand_q250 OR demand_q250 > demand_q500 OR demand_q500 > demand_q750 OR demand_q750 > demand_q900",
        ),
        must("quantiles keep the bound", "Demand was at least what was sold.", "demand_q900 < lower_bound_units"),
    ),
    "forecast/quantiles": (
        Expectation(
            "forecast is near recent sales",
            "Mean weekly demand that is forecast, over mean sales of the last 12 weeks, over all series.",
            is_blocking=False,
            figure=_FORECAST_OVER_SALES,
            at_least=round(1 / _TOO_FAR, 3),
            at_most=_TOO_FAR,
            needs=("series/weekly_demand",),
        ),
        must("weeks follow the cutoff", "Week ahead 1 is the week after the cutoff.", "week <> cutoff + (7 * horizon_week)::INTEGER"),
    ),
    "forecast/model_quantiles": (
        must("weeks follow the cutoff", "Week ahead 1 is the week after the cutoff.", "week <> cutoff + (7 * horizon_week)::INTEGER"),
    ),
    "forecast/held_out": (
        must("12 weeks are judged", "A probability, or none, for each of 12 weeks.", f"len(pit_below) <> {HORIZON_WEEKS} OR len(pit_upto) <> {HORIZON_WEEKS}"),
    ),
    "vectors/sku_vectors": (
        must(
            "lists have a value per week",
            f"{HORIZON_WEEKS} × {len(QUANTILE_COLUMNS)} quantiles; {HORIZON_WEEKS} weeks of arrivals, of returns due and of history.",
            f"len(demand_quantiles_units) <> {HORIZON_WEEKS * len(QUANTILE_COLUMNS)} OR len(inbound_units) <> {HORIZON_WEEKS} OR len(returns_due_units) <> {HORIZON_WEEKS} "
            f"OR len(sales_history_units) <> {HORIZON_WEEKS}",
        ),
        must("the forecast is older than the day", "The cutoff's week ends before the decision day.", "cutoff + 6 >= date"),
        must(
            "nothing negative is due",
            "No demand, arrival or return below zero.",
            "list_min(demand_quantiles_units) < 0 OR list_min(inbound_units) < 0 OR list_min(returns_due_units) < 0",
        ),
        Expectation(
            "sold above cost",
            "Share of SKUs whose cost exceeds their price.",
            is_blocking=False,
            breaches=rows_where("unit_cost_eur > unit_price_eur"),
            figure=share_of_rows("unit_cost_eur > unit_price_eur"),
            at_most=0.05,
        ),
    ),
    "policy/recommendations": (_COSTS_ADD_UP, _PERCENTILES_RISE),
    "policy/policies": (
        _COSTS_ADD_UP,
        _PERCENTILES_RISE,
        Expectation(
            "orders serve demand",
            "Expected demand that is served with today's policies, over all SKUs.",
            is_blocking=False,
            figure="SELECT sum(fill_rate * expected_demand_units) / nullif(sum(expected_demand_units), 0) AS value FROM {batch}",
            at_least=0.5,
        ),
    ),
    "policy/order_curves": (
        must(
            "curves have a value per order",
            "As many objectives and served units as orders.",
            "len(order_units) <> len(objective_eur) OR len(order_units) <> len(served_units)",
        ),
        must("the recommended order is one of them", "The curve contains the recommendation.", "NOT list_contains(order_units, recommended_units)"),
    ),
    "policy/alternatives": (
        must(
            "the recommendation costs nothing more than itself",
            "The recommended policy differs from itself by 0.",
            "alternative = 'recommended' AND difference_eur <> 0",
        ),
    ),
    "evaluation/forecast_accuracy": (
        must("covered weeks were judged", "No more weeks inside the interval than weeks.", f"covered_weeks > n_weeks + {_ROUNDING}"),
    ),
}
