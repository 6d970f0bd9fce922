"""What the stages write: one contract per table, in the order of the data flow."""

import itertools
from collections.abc import Mapping

import dataframely as dy
import polars as pl

from domain.drift_tables import DecisionTallies, DriftChecks, InputTallies
from domain.forecast_tables import Calibration, Champions, ForecastTallies, HeldOut, LaunchCounts, ModelCards, NewestWeekTallies, WeekDependence
from domain.governance_tables import ModelPromotions, OrderReleases
from domain.quantiles import QUANTILE_COLUMNS
from domain.table_columns import euros as _euros
from domain.table_columns import key as _key
from domain.table_columns import share as _share
from domain.table_columns import units as _units

HORIZON_WEEKS = 12
UNIT_ERROR, OUTLIER = "unit_error", "outlier"
BEFORE_CHANGE, AFTER_CHANGE = "before_unit_change", "after_unit_change"
"""Flags of `WeeklyDemand`."""
FORECAST_REFUSED = "forecast_refused"
"""Flag of forecasts that a simple forecaster answers because the calibration gate refused the champion's."""
ALL_CATEGORIES = ""
"""The row of `MerchantProfiles` for all of a merchant's articles."""
DECIDED, NEXT_ORDER_DAY, NOT_DECIDED = "decided", "next order day", "not decided"
"""Values of `Policies.decision`."""
ALL_SUPPLIERS = ""
"""The row of `LeadTimes` for all of a merchant's shipments."""
CHANGE_CAUSES = ("calendar", "chance", "stock", "forecast", "lead_time", "settings", "other")
"""Why an order changes from one day to the next, in the order in which the causes are swapped in."""


class Rejects(dy.Schema):
    """Every input row that was refused, with the rule that refused it."""

    table = dy.String(nullable=False, description="Table of the contract.")
    rule = dy.String(nullable=False, description="First rule the row broke: column|rule.")
    row = dy.String(nullable=False, description="The row as it was read, as JSON.")


class Readings(dy.Schema):
    """How the platform read what the source says where that is unclear, implausible or missing: one line per reading and series, merchant or table."""

    reading = dy.String(nullable=False, description="What was found, in a word or two: stock_report_omits_article, implausible_price.")
    table = dy.String(nullable=False, description="Table of the contract.")
    column = dy.String(nullable=True, description="Column concerned; null = the whole row.")
    merchant_id = dy.String(nullable=True, description="Whom it concerns; null = the whole source.")
    article_id = dy.String(nullable=True, description="Which article; null = all of the merchant's.")
    n_rows = dy.Int64(nullable=False, min=0, description="Rows or cells concerned.")
    evidence = dy.String(nullable=False, description="A sentence: what was found, and what was assumed instead.")


class Fingerprints(dy.Schema):
    """What the accepted rows of a raw table were on each day: compared from one ingestion to the next, it shows what was restated."""

    table = dy.String(nullable=False, description="Table of the contract.")
    event = dy.String(nullable=False, description="Column that dates the rows; empty = the table has no dates.")
    day = dy.Date(nullable=True, description="Day on which the rows became visible; null = no date.")
    n_rows = _units("Rows of the day.")
    rows_hash = dy.UInt64(nullable=False, description="Hash over them, whatever their order.")
    has_left = dy.Bool(nullable=False, description="True where a moving export window has left the day behind: the rows are those last seen.")

    @dy.rule()
    def row_key(cls) -> pl.Expr:
        """A row per table, event and day; no date counts as one."""
        return pl.struct("table", "event", "day").is_unique()


class WeeklyDemand(dy.Schema):
    """Series: one row per series and week, from the first week of sale to the cutoff, without gaps."""

    merchant_id = _key("Who sells.")
    article_id = _key("What is sold.")
    week = dy.Date(primary_key=True, nullable=False, description="Monday of the week.")
    sales_units = _units("Units sold; null = not known.", nullable=True)
    is_censored = dy.Bool(nullable=False, description="True where stock ran out: demand was at least the sales, or is unknown.")
    returned_units = _units("Units that came back in the week.")
    unit_price_eur = dy.Float64(nullable=True, min=0.0, description="Mean price per unit in the week; null = no sale and no list price.")
    promotion = dy.Float64(nullable=True, min=0.0, max=1.0, description="Strength of the week's promotion.")
    flag = dy.String(
        nullable=True,
        description="unit_error: hardly demand, most likely a wrong unit; models read the week as unknown. before_unit_change: the article number counted something else; for models the series begins after_unit_change. outlier: unusual, but taken as it is. Null: none of them.",
    )


class UnconstrainedDemand(dy.Schema):
    """Series: weeks that stock cut off: the distribution of what would have been demanded, given what was sold. Negative binomial above a lower bound."""

    merchant_id = _key("Who sells.")
    article_id = _key("What is sold.")
    week = dy.Date(primary_key=True, nullable=False, description="Monday of the week.")
    lower_bound_units = _units("Units sold: demand was at least as much.")
    expected_units = dy.Float64(nullable=False, min=0.0, description="Expected demand before the bound is known.")
    dispersion = dy.Float64(nullable=False, min=0.0, description="Variance = mean + dispersion · mean², before the bound is known.")
    probability_below_bound = dy.Float64(nullable=False, min=0.0, max=1.0, description="Probability of less demand than was sold, before that is known.")
    demand_mean_units = dy.Float64(nullable=False, min=0.0, description="Expected demand, given the bound.")
    locals().update(
        {
            name: dy.Float64(nullable=False, min=0.0, description=f"Demand that is not exceeded with probability 0.{name[-3:]}, given the bound, units.")
            for name in ("demand_q100", "demand_q250", "demand_q500", "demand_q750", "demand_q900")
        }
    )


class MerchantProfiles(dy.Schema):
    """Series: what history says about returns and lead times up to the cutoff, per merchant and category; little of it is shrunk toward the merchant's and the market's."""

    merchant_id = _key("Who sells.")
    category = dy.String(
        primary_key=True, nullable=False, description="Category of the articles; empty = all of the merchant's, for articles without a category that has a row."
    )
    sold_units = _units("Units sold in the last 52 weeks.")
    returned_units = _units("Units returned in the last 52 weeks.")
    return_rate = _share("Units returned over units sold, shrunk.")
    return_lag_weights = dy.List(
        dy.Float64(nullable=False), nullable=False, description="Share of returns by weeks since the sale: weeks 0, 1, 2, …; sums to 1."
    )
    observed_lead_time_cv = dy.Float64(
        nullable=True, min=0.0, description="Dispersion of received shipments' lead times, shrunk; null = too few in the market."
    )
    n_received_shipments = _units("Shipments of its own that the dispersion rests on.")


class LeadTimes(dy.Schema):
    """Series: shipments received up to the cutoff and how long they took, per merchant and supplier; the same in every shard."""

    merchant_id = _key("Who ordered.")
    supplier_id = dy.String(primary_key=True, nullable=False, description="Who delivered; empty = all of the merchant's shipments.")
    n_received_shipments = _units("Shipments received.")
    lead_weeks = _units("Full weeks between order and receipt, added up over them.")


class Forecasts(dy.Schema):
    """Forecast: 12 rows per series, none missing; 39 quantiles of weekly demand that never cross."""

    merchant_id = _key("Who sells.")
    article_id = _key("What is sold.")
    cutoff = dy.Date(nullable=False, description="Monday of the last week the forecast has seen.")
    week = dy.Date(primary_key=True, nullable=False, description="Monday of the week that is forecast.")
    horizon_week = dy.Int64(nullable=False, min=1, description="1 = the week after the cutoff.")
    demand_mean_units = dy.Float64(nullable=False, min=0.0, allow_nan=False, allow_inf=False, description="Expected demand in units.")
    locals().update(
        {
            name: dy.Float64(
                nullable=False, min=0.0, allow_nan=False, allow_inf=False, description=f"Demand that is not exceeded with probability 0.{name[-3:]}, units."
            )
            for name in QUANTILE_COLUMNS
        }
    )
    model = dy.String(nullable=False, description="Model that made this row.")
    segment = dy.String(nullable=False, description="smooth, erratic, intermittent, lumpy or new.")

    @dy.rule()
    def quantiles_do_not_cross(cls) -> pl.Expr:
        """Each quantile is at least its lower neighbour."""
        return pl.all_horizontal(pl.col(b) >= pl.col(a) for a, b in itertools.pairwise(QUANTILE_COLUMNS))


class FlaggedForecasts(Forecasts):
    """Forecast: 12 rows per series, none missing; 39 quantiles of weekly demand that never cross; and what is unusual about the series."""

    flags = dy.String(
        nullable=False,
        description="Of never_known, never_sold, constant, short_history, mostly_out_of_stock, unit_error, before_unit_change and outlier those that hold, and forecast_refused where the gate refused the champion's forecast; empty = none.",
    )


class SkuVectors(dy.Schema):
    """Vectors: everything the engine needs to know of one SKU on one day (see `feature_vector.py`)."""

    merchant_id = _key("Who sells.")
    article_id = _key("What is sold.")
    date = dy.Date(nullable=False, description="Decision day.")
    cutoff = dy.Date(nullable=False, description="Cutoff of the forecast.")
    schema_version = dy.Int64(nullable=False, description="Version of this table's meaning.")
    demand_quantiles_units = dy.List(dy.Float64(nullable=False), nullable=False, description="12 × 39 quantiles, week by week; week 0 scaled to the days left.")
    on_hand_units = _units("Stock at the end of the day before.")
    inbound_units = dy.List(dy.Int64(nullable=False), nullable=False, description="Units in transit, by week of expected arrival 0 … 11.")
    last_order_date = dy.Date(nullable=True, description="Day of the last order before the decision day; null = none on record.")
    inbound_later_units = dy.List(
        dy.Int64(nullable=False), nullable=False, description="Units in transit expected after week 11, by week 12, 13, … up to the last that has any."
    )
    returns_due_units = dy.List(dy.Float64(nullable=False), nullable=False, description="Expected returns of units sold before the start, by week 0 … 11.")
    sales_history_units = dy.List(dy.Int64(nullable=True), nullable=False, description="Sales of the last 12 weeks, oldest first.")
    unit_price_eur = dy.Float64(nullable=False, min=0.0, description="Selling price per unit.")
    unit_cost_eur = dy.Float64(nullable=False, min=0.0, description="Purchase cost per unit.")
    unit_value_eur = dy.Float64(nullable=False, min=0.0, description="What one unit on order is valued at: its cost where known, else its price.")
    holding_rate_eur_per_unit_week = dy.Float64(nullable=False, min=0.0, description="[h]")
    inbound_rate_eur_per_unit = dy.Float64(nullable=False, min=0.0, description="Per unit ordered.")
    outbound_rate_eur_per_unit = dy.Float64(nullable=False, min=0.0, description="Per unit sold.")
    return_handling_rate_eur_per_unit = dy.Float64(nullable=False, min=0.0, description="Per unit returned.")
    fixed_order_cost_eur = dy.Float64(nullable=False, min=0.0, description="[K]")
    return_rate = _share("Share of units sold that comes back.")
    return_lag_weights = dy.List(dy.Float64(nullable=False), nullable=False, description="Share of returns by weeks since the sale; sums to 1.")
    lead_time_weeks = dy.Float64(
        nullable=True, min=0.0, allow_inf=False, allow_nan=False, description="Mean full weeks between order and receipt [L]; null = the merchant's."
    )
    observed_lead_time_cv = dy.Float64(nullable=True, min=0.0, description="From received shipments; null = none in the whole market.")
    demand_common_share = dy.Float64(
        nullable=True, min=0.0, max=1.0, description="Share of weekly demand's variance that is common to all weeks [g]; null = not estimated."
    )
    demand_autocorrelation = dy.Float64(nullable=True, min=-1.0, max=1.0, description="Week-to-week autocorrelation of the rest [ρ]; null = not estimated.")
    supplier_id = dy.String(nullable=True, description="Who supplies it: articles of one supplier share its delays; null = not known.")
    minimum_order_quantity_units = dy.Int64(nullable=True, min=1, description="The article's own; null = the merchant's.")
    pack_size_units = dy.Int64(nullable=True, min=1, description="The article's own; null = the merchant's.")
    model = dy.String(nullable=False, description="Model of the forecast.")
    segment = dy.String(nullable=False, description="Demand segment.")
    vector_hash = dy.String(nullable=False, description="Hash of all the columns before this one.")


class OrderCurves(dy.Schema):
    """Policy: what other orders of today would lead to, for the SKUs of merchants whose limits tie SKUs together; no rows for other merchants."""

    date = dy.Date(nullable=False, description="Decision day.")
    merchant_id = _key("Who orders.")
    article_id = _key("What is ordered.")
    order_units = dy.List(dy.Int64(nullable=False), nullable=False, description="Orders looked at, rising from 0; each as the supplier accepts it.")
    objective_eur = dy.List(dy.Float64(nullable=False), nullable=False, description="What the merchant minimises, per order, on the optimisation paths.")
    served_units = dy.List(dy.Float64(nullable=False), nullable=False, description="Expected units served over the horizon, per order.")
    demanded_units = dy.Float64(nullable=False, min=0.0, description="Expected demand over the horizon.")
    recommended_units = _units("The recommended order, one of them.")
    unit_value_eur = dy.Float64(nullable=False, min=0.0, description="What one unit on order is valued at.")
    unit_price_eur = dy.Float64(nullable=False, min=0.0, description="Selling price per unit.")
    service_class = dy.String(nullable=True, description="Service class; null = not known.")
    supplier_id = dy.String(nullable=True, description="Supplier; null = not known.")
    ordered_this_week_eur = dy.Float64(nullable=False, min=0.0, description="Value of what was ordered earlier in the ISO week.")
    arriving_units = _units("Units in transit that are expected in the week in which an order of today is due.")


class ConstraintPrices(dy.Schema):
    """Policy: what each limit of a merchant costs today: how far it is used, and what one more of it would save."""

    date = dy.Date(nullable=False, description="Decision day.")
    merchant_id = _key("Whose limit.")
    constraint = dy.String(
        primary_key=True, nullable=False, description="budget (EUR), inbound_capacity (units), fill_rate_floor (share), minimum_order_value (EUR)."
    )
    applies_to = dy.String(primary_key=True, nullable=False, description="Service class or supplier; empty = all of the merchant's SKUs.")
    limit_amount = dy.Float64(nullable=False, min=0.0, description="The limit, in the constraint's unit.")
    used_before_amount = dy.Float64(nullable=False, min=0.0, description="Used before today: ordered earlier in the week, or in transit for the same week.")
    used_amount = dy.Float64(nullable=False, min=0.0, description="Used with today's orders, what was used before included; of a floor: the fill rate reached.")
    price_eur = dy.Float64(
        nullable=False,
        min=0.0,
        description="What one more saves (a euro of budget, a unit of capacity), or one less (a euro of minimum, a percentage point of a floor); of a floor that gave way: its highest price.",
    )
    is_met = dy.Bool(nullable=False, description="False where a floor gave way.")
    cost_of_limits_eur = _euros("What all the merchant's limits together cost: the objective of its orders with them less that without.")
    gap_to_bound_eur = dy.Float64(
        nullable=False, min=0.0, description="Most that any other orders within the limits could save: cost less the Lagrangian bound."
    )
    message = dy.String(nullable=False, description="The same in words.")


class Policies(dy.Schema):
    """Policy: one row per series: what to order now, the policy behind it, and what it is expected to cost."""

    date = dy.Date(nullable=False, description="Decision day.")
    merchant_id = _key("Who orders.")
    article_id = _key("What is ordered.")
    policy = dy.String(nullable=False, description="Replenishment policy.")
    trigger = dy.String(nullable=False, description="What the reorder point is compared with.")
    objective = dy.String(nullable=False, description="What was minimised over the paths.")
    decision = dy.String(
        nullable=False,
        description="decided: the order is for today. next order day: today is none, the plan waits. not decided: no decision could be made.",
    )
    decision_reason = dy.String(nullable=False, description="Why there is no order for today, or why one is urgent; empty = an ordinary decision.")
    next_order_date = dy.Date(nullable=True, description="The next day on which the article may be ordered, today excluded; null = none known.")
    planned_order_units = _units("Units to order on the next order day as things stand, before any limit; 0 where today's order is placed.")
    order_now_units = _units("Units to order today, after MOQ, pack size and the merchant's limits.")
    order_now_value_eur = _euros("Its value at unit cost (at unit price where the cost is not known).")
    order_before_budget_units = _units("Units to order today if no limit (budget, capacity, minimum, floor) tied the merchant's SKUs together.")
    initial_order_week = dy.Date(nullable=True, description="Monday of the kick-start order [t₀].")
    initial_order_quantity_units = _units("Kick-start quantity [Q₀].", nullable=True)
    reorder_point_units = _units("Order when stock falls to this [s].", nullable=True)
    order_quantity_units = _units("Quantity of later orders [Q].", nullable=True)
    base_stock_level_units = _units("Order up to this at every review [S].", nullable=True)
    last_order_week = dy.Date(nullable=True, description="Monday of the last week that may order [t_limit].")
    safety_stock_units = dy.Float64(
        nullable=False, description="Reorder point (or base-stock level) less expected demand over its lead time (or protection interval)."
    )
    expected_holding_cost_eur = _euros("Expected storage and capital cost over the horizon.")
    expected_inbound_cost_eur = _euros("Expected receiving cost.")
    expected_outbound_cost_eur = _euros("Expected shipping cost.")
    expected_returns_cost_eur = _euros("Expected return handling cost.")
    expected_lost_sales_cost_eur = _euros("Expected margin lost on unmet demand.")
    expected_overstock_cost_eur = _euros("Expected mark-down of stock left at the horizon.")
    expected_fixed_order_cost_eur = _euros("Expected cost of placing orders.")
    expected_cost_eur = _euros("Sum of the above.")
    cost_p10_eur = _euros("10th percentile of path cost.")
    cost_p50_eur = _euros("Median path cost.")
    cost_p75_eur = _euros("75th percentile of path cost.")
    cost_p90_eur = _euros("90th percentile of path cost.")
    fill_rate = _share("Expected units served over units demanded.")
    availability = _share("Expected share of weeks without a stock-out.")
    expected_orders = dy.Float64(nullable=False, min=0.0, description="Expected number of orders over the horizon.")
    expected_demand_units = dy.Float64(nullable=False, min=0.0, description="Expected demand over the horizon.")
    expected_cost_without_order_eur = _euros("Expected cost if nothing is ever ordered.")
    fill_rate_without_order = _share("Fill rate if nothing is ever ordered.")
    expected_cost_base_stock_eur = _euros("Expected cost of a tuned base-stock policy on the same paths.")
    expected_cost_standard_error_eur = _euros("Standard error of the expected cost, as of independent paths: an upper bound.")
    cost_p75_standard_error_eur = _euros("Standard error of the 75th percentile of path cost, from order statistics.")
    objective_in_sample_eur = _euros("What is minimised, on the paths the policy was chosen on: better than it will be.")
    objective_eur = _euros("What is minimised, on fresh paths, before any budget; over the figure before, less 1, it is the optimism.")
    forecast_cutoff = dy.Date(nullable=False, description="Cutoff of the forecast used.")
    model = dy.String(nullable=False, description="Model of the forecast.")
    settings_hash = dy.String(nullable=False, description="Hash of the settings in force for this SKU.")
    vector_hash = dy.String(nullable=False, description="Hash of the SKU's feature vector.")
    seed = dy.Int64(nullable=False, description="Seed of the paths.")


def _single(description: str) -> dy.Float32:
    """Money and shares of evidence: seven digits say more than their standard errors do, in half the space."""
    return dy.Float32(nullable=False, allow_inf=False, allow_nan=False, description=description)


_ALTERNATIVE_COLUMNS: Mapping[str, dy.Column] = {
    "alternative": dy.String(
        primary_key=True, nullable=False, description="recommended, nothing_today, one_pack_less, one_pack_more, never_order, or the name of another policy."
    ),
    "order_now_units": _units("Units ordered today."),
    "expected_cost_eur": _single("Expected cost over the horizon."),
    "cost_p75_eur": _single("75th percentile of path cost."),
    "fill_rate": _single("Expected units served over units demanded."),
    "difference_eur": _single("Expected cost above that of the recommendation, path by path; negative = cheaper."),
    "standard_error_eur": _single("Standard error of the difference, as of independent paths: an upper bound."),
}
_CURVE_COLUMNS: Mapping[str, dy.Column] = {
    "order_units": dy.Int64(primary_key=True, nullable=False, min=0, description="Units ordered today."),
    "expected_cost_eur": _single("Expected cost over the horizon, on the curve's paths."),
    "objective_eur": _single("What is minimised, on the curve's paths."),
    "fill_rate": _single("Expected units served over units demanded, on the curve's paths."),
    "difference_eur": _single("Expected cost above that of the recommended quantity, path by path."),
    "standard_error_eur": _single("Standard error of the difference, as of independent paths: an upper bound."),
}


def _struct(columns: Mapping[str, dy.Column]) -> dy.List:
    return dy.List(dy.Struct({name: type(column)(nullable=False) for name, column in columns.items()}, nullable=False), nullable=False)


class Recommendations(Policies):
    """Policy: the policies as if money were no limit, each with its evidence; the tables of evidence are made from it."""

    alternatives = _struct(_ALTERNATIVE_COLUMNS)
    cost_curve = _struct(_CURVE_COLUMNS)


class Alternatives(dy.Schema):
    """Policy: what else could be done today, per series: on the same futures as the recommendation, before any budget."""

    merchant_id = _key("Who orders.")
    article_id = _key("What is ordered.")
    locals().update(_ALTERNATIVE_COLUMNS)


class CostCurves(dy.Schema):
    """Policy: what other quantities of today's order would lead to, per series, later orders as the policy decides."""

    merchant_id = _key("Who orders.")
    article_id = _key("What is ordered.")
    locals().update(_CURVE_COLUMNS)


class SettingsInForce(dy.Schema):
    """Policy: the settings each merchant's articles were decided with; `settings_hash` leads here from a policy."""

    merchant_id = _key("Whose.")
    settings_hash = dy.String(nullable=False, description="Hash of the record.")
    settings = dy.String(nullable=False, description="Every setting that can change a result, as JSON.")


def _change(description: str) -> dy.Int64:
    return dy.Int64(nullable=True, description=f"Change by {description}; null = not traced.")


class OrderChanges(dy.Schema):
    """Policy: orders that differ from what was planned the day before, and by what: causes swapped one after the other, so that they add up to the change."""

    date = dy.Date(nullable=False, description="Decision day.")
    merchant_id = _key("Who orders.")
    article_id = _key("What is ordered.")
    order_day_before_units = _units("Units that were planned the day before: for the next order day, or none.")
    order_now_units = _units("Units to order today or, where today is no order day, on the next one.")
    change_eur = _euros("Value of the change.")
    calendar_units = _change("a day having passed: fewer days left in the week, on Mondays another 12th week")
    chance_units = _change("chance: the futures of another day are drawn anew")
    stock_units = _change("stock on hand, on its way and coming back")
    forecast_units = _change("the forecast")
    lead_time_units = _change("lead times and their dispersion")
    settings_units = _change("other settings (null with lead times, too, where those of the day before are not known: they are then among the rest)")
    other_units = _change("the rest: prices, cost rates, return rates, the article's order terms")
    constraints_units = dy.Int64(nullable=False, description="Change by limits across articles, such as the budget.")
    keeping_difference_eur = dy.Float64(
        nullable=True, description="Expected cost of ordering as the day before, above that of today's order; null = not traced."
    )
    keeping_standard_error_eur = dy.Float64(nullable=True, min=0.0, description="Standard error of that difference.")

    @dy.rule()
    def causes_add_up(cls) -> pl.Expr:
        """The causes' contributions are the change."""
        causes = pl.sum_horizontal(pl.col(f"{cause}_units") for cause in CHANGE_CAUSES)
        traced = causes + pl.col("constraints_units") == pl.col("order_now_units") - pl.col("order_day_before_units")
        return traced | pl.col(f"{CHANGE_CAUSES[0]}_units").is_null()


class ForecastAccuracy(dy.Schema):
    """Evaluation: how the forecast of 12 weeks ago fared, per series (weeks with known, uncensored demand only)."""

    merchant_id = _key("Who sells.")
    article_id = _key("What is sold.")
    cutoff = dy.Date(nullable=False, description="Cutoff of the forecast that is judged.")
    n_weeks = _units("Weeks that could be judged.")
    actual_units = _units("Units sold in them.")
    forecast_units = dy.Float64(nullable=False, description="Expected demand in them.")
    absolute_error_units = dy.Float64(nullable=False, min=0.0, description="Σ |actual − median|.")
    pinball_loss_units = dy.Float64(nullable=False, min=0.0, description="Σ over weeks of the mean pinball loss over 39 levels.")
    covered_weeks = dy.Float64(nullable=False, min=0.0, description="Weeks inside the 80 % interval, each by the share of its randomised PIT in 0.1 … 0.9.")
    model = dy.String(nullable=False, description="Model of the forecast.")
    segment = dy.String(nullable=False, description="Demand segment.")


class Exceptions(dy.Schema):
    """Evaluation: what a planner should look at first, by money at stake."""

    date = dy.Date(nullable=False, description="Decision day.")
    merchant_id = _key("Who.")
    article_id = _key("Which article.")
    reason = dy.String(primary_key=True, nullable=False, description="What is unusual.")
    at_stake_eur = _euros("Money at stake.")
    suggested_action = dy.String(nullable=False, description="What to do.")


STAGE_TABLES: Mapping[str, type[dy.Schema]] = {
    "raw/rejects": Rejects,
    "raw/readings": Readings,
    "raw/fingerprints": Fingerprints,
    "series/weekly_demand": WeeklyDemand,
    "series/unconstrained_demand": UnconstrainedDemand,
    "series/merchant_profiles": MerchantProfiles,
    "series/lead_times": LeadTimes,
    "series/input_tallies": InputTallies,
    "series/input_drift": DriftChecks,
    "features/launch_counts": LaunchCounts,
    "forecast/model_quantiles": Forecasts,
    "forecast/held_out": HeldOut,
    "forecast/dependence": WeekDependence,
    "forecast/champions": Champions,
    "forecast/model_cards": ModelCards,
    "forecast/quantiles": FlaggedForecasts,
    "forecast/tallies": ForecastTallies,
    "forecast/promotions": ModelPromotions,
    "forecast/calibration": Calibration,
    "forecast/released": FlaggedForecasts,
    "vectors/sku_vectors": SkuVectors,
    "vectors/readings": Readings,
    "policy/recommendations": Recommendations,
    "policy/alternatives": Alternatives,
    "policy/cost_curves": CostCurves,
    "policy/order_curves": OrderCurves,
    "policy/constraint_prices": ConstraintPrices,
    "policy/policies": Policies,
    "policy/settings_in_force": SettingsInForce,
    "policy/order_changes": OrderChanges,
    "policy/order_releases": OrderReleases,
    "evaluation/forecast_accuracy": ForecastAccuracy,
    "evaluation/newest_week_tallies": NewestWeekTallies,
    "evaluation/forecast_drift": DriftChecks,
    "evaluation/exceptions": Exceptions,
    "evaluation/decision_tallies": DecisionTallies,
    "evaluation/decision_drift": DriftChecks,
}
"""Tables with a contract by stage and name, as they lie under `REPLENISH_DATA`."""
