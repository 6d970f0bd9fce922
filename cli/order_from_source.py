"""The record of one order made from a source, without a platform: decided now, and compared with the day before."""

from datetime import date

import polars as pl

from cli.deciding import NOT_KNOWN, DayDecided, decide_day
from cli.decision_inputs import DecisionInputs, decision_inputs
from cli.order_record import HISTORY_WEEKS, Change, OrderRecord, Row
from domain.calendar import ONE_DAY, cutoff_for
from domain.errors import UsageError
from domain.feature_vector import vector_from_row
from domain.settings import Settings
from domain.stage_tables import CHANGE_CAUSES
from simulation.optimize import situation_of
from simulation.order_changes import Inputs, keeping_difference, order_of, trace_order_change
from sources.folder import RawTables

_LISTED = 5


def decide_order(raw: RawTables, *, merchant_id: str, article_id: str, day: date, settings: Settings) -> OrderRecord:
    """Decide the orders of a merchant, for its limits tie them together, and keep what belongs to one.

    Args:
        raw: The source.
        merchant_id: Who orders.
        article_id: What is ordered.
        day: Decision day.
        settings: The platform's.

    Raises:
        UsageError: The source does not know the article, or nothing of the day.
    """
    today = decision_inputs(raw, day, settings=settings)
    key = (pl.col("merchant_id") == merchant_id) & (pl.col("article_id") == article_id)
    inputs = _inputs_of(today, raw, merchant_id=merchant_id, article_id=article_id, settings=settings)
    decided = decide_day(today.vectors.filter(pl.col("merchant_id") == merchant_id), raw.frames, day, settings=settings)
    policy, recommendation = (frame.row(by_predicate=key, named=True) for frame in (decided.policies, decided.recommendations))
    return OrderRecord(
        policy,
        recommendation,
        *inputs,
        _change(raw, today, day, inputs=inputs, policy=policy, settings=settings),
        today.demand.filter(key).tail(HISTORY_WEEKS),
        next(iter(raw.frames["articles"].filter(key).to_dicts()), {}),
        _limits(decided, merchant_id),
        not_known=NOT_KNOWN,
        horizon_demand_units=_horizon_demand(inputs),
    )


def _horizon_demand(inputs: Inputs) -> tuple[int, int, int]:
    """Demand of all weeks together, which spreads less than the weeks' quantiles added up."""
    situation = situation_of(*inputs, seed=inputs.settings.seed)
    low, middle, high = (int(situation.demand_quantile_units(situation.n_weeks, level)) for level in (0.1, 0.5, 0.9))
    return low, middle, high


def _limits(decided: DayDecided, merchant_id: str) -> list[str]:
    return decided.prices.filter(pl.col("merchant_id") == merchant_id)["message"].to_list()


def _inputs_of(decisions: DecisionInputs, raw: RawTables, *, merchant_id: str, article_id: str, settings: Settings) -> Inputs:
    """The article's vector, and the settings of its merchant.

    Raises:
        UsageError: The source does not know the article.
    """
    found = decisions.vectors.filter(pl.col("merchant_id") == merchant_id, pl.col("article_id") == article_id)
    if found.is_empty():
        of_merchant = decisions.vectors.filter(pl.col("merchant_id") == merchant_id)["article_id"].to_list()
        merchants = decisions.vectors["merchant_id"].unique().sort()[:_LISTED]
        known = f"articles {', '.join(of_merchant[:_LISTED])}" if of_merchant else f"merchants {', '.join(merchants)}"
        raise UsageError(
            f"merchant {merchant_id}, article {article_id} has no sales up to the week of {decisions.cutoff}",
            wanted=f"one of the {known}, …",
            remedy="Correct --merchant or --article, or choose a later --date.",
        )
    rows = raw.frames["merchants"].filter(pl.col("merchant_id") == merchant_id).to_dicts()
    return Inputs(vector_from_row(found.row(0, named=True)), settings.for_merchant(merchant_id, rows[0] if rows else None))


def _change(raw: RawTables, today: DecisionInputs, day: date, *, inputs: Inputs, policy: Row, settings: Settings) -> Change:
    """Against what the same source would have said the day before, limits left out; why it cannot be known, where it cannot."""
    before_day = day - ONE_DAY
    try:
        forecast = today.forecast if cutoff_for(before_day) == today.cutoff else None
        decisions = decision_inputs(raw, before_day, settings=settings, forecast=forecast)
        before = _inputs_of(decisions, raw, merchant_id=policy["merchant_id"], article_id=policy["article_id"], settings=settings)
    except UsageError as error:
        return Change(None, error.fact)
    return Change(change_between(before, inputs, policy), "")


def change_between(before: Inputs, today: Inputs, policy: Row) -> Row:
    """What moved an order since the day before: columns of `stage_tables.OrderChanges`, limits of the day before unknown.

    Args:
        before: What the SKU would have been decided from the day before.
        today: What it was decided from.
        policy: Its row of `stage_tables.Policies`.
    """
    order_before, wished = order_of(*before), policy["order_before_budget_units"]
    units = trace_order_change(before, today, order_before_units=order_before, order_after_units=wished)
    difference, error = keeping_difference(policy, order_before, *today)
    return {
        "date": before.vector.date,
        "order_day_before_units": order_before,
        **{f"{cause}_units": units[cause] for cause in CHANGE_CAUSES},
        "constraints_units": policy["order_now_units"] - wished,
        "keeping_difference_eur": difference,
        "keeping_standard_error_eur": error,
    }
