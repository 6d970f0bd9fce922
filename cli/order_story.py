"""The story of one order: as data for programs, as text for a merchant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from domain.calendar import ONE_WEEK, first_horizon_week
from domain.quantiles import QUANTILE_LEVELS, mean_of_quantiles
from domain.stage_tables import CHANGE_CAUSES
from simulation.alternatives import NEVER_ORDER, NOTHING_TODAY, ONE_PACK_LESS, ONE_PACK_MORE, RECOMMENDED
from simulation.kernels.path_costs import COST_TERMS
from simulation.optimize import optimize_policy, situation_of
from simulation.order_changes import Inputs, keeping_difference, order_of, trace_order_change
from simulation.recommendation import Recommendation

_ALTERNATIVES = {
    RECOMMENDED: "as recommended",
    NOTHING_TODAY: "order nothing today",
    ONE_PACK_LESS: "one pack less",
    ONE_PACK_MORE: "one pack more",
    NEVER_ORDER: "never order again",
    "base_stock": "base-stock policy",
}
_CAUSES = {
    "calendar": "a day has passed",
    "chance": "chance (futures drawn anew)",
    "stock": "stock on hand, on its way and coming back",
    "forecast": "the forecast",
    "lead_time": "lead times",
    "settings": "other settings",
    "other": "prices, cost rates and order terms",
}
_TERMS = {
    "holding": "storage and capital",
    "inbound": "receiving",
    "outbound": "shipping",
    "returns": "handling returns",
    "lost_sales": "margin lost on unmet demand",
    "overstock": "mark-down of what is left",
    "fixed_order": "placing orders",
}
_FAN_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
Story = Mapping[str, Any]


class Yesterday(NamedTuple):
    """What the order would have been decided from the day before."""

    inputs: Inputs | None
    why_not: str
    """Where it cannot be known."""


def tell_story(today: Inputs, *, yesterday: Yesterday) -> Story:
    """Decide, and say why.

    Args:
        today: The SKU on its decision day.
        yesterday: The same the day before.
    """
    vector, settings = today
    decided = optimize_policy(vector, settings, seed=settings.seed)
    row = decided.as_row()
    alternatives, curve = row.pop("alternatives"), row.pop("cost_curve")
    return {
        **row,
        "on_hand_units": vector.on_hand_units,
        "unit_price_eur": vector.unit_price_eur,
        "unit_cost_eur": vector.unit_cost_eur,
        "lead_time_weeks": settings.inventory.lead_time_weeks,
        "budget_eur_per_week": settings.inventory.budget_eur_per_week,
        "n_paths_evaluate": settings.simulation.n_paths_evaluate,
        "weeks": _weeks(today),
        "expected_demand_units_p10_p50_p90": _horizon_demand(today),
        "alternatives": alternatives,
        "cost_curve": curve,
        "change": _change(decided, today, yesterday.inputs) if yesterday.inputs else None,
        "change_is_unknown_because": yesterday.why_not or None,
    }


def _weeks(today: Inputs) -> list[dict[str, Any]]:
    """Per week of the horizon: the fan of demand, arrivals and returns due, units."""
    vector, start = today.vector, first_horizon_week(today.vector.cutoff)
    columns = [int(np.argmin(np.abs(QUANTILE_LEVELS - level))) for level in _FAN_LEVELS]
    mean = mean_of_quantiles(vector.demand_quantiles_units)
    return [
        {
            "week": start + week * ONE_WEEK,
            **{f"demand_q{round(1000 * level):03d}": float(vector.demand_quantiles_units[week, at]) for level, at in zip(_FAN_LEVELS, columns, strict=True)},
            "demand_mean_units": float(mean[week]),
            "inbound_units": int(vector.inbound_units[week]),
            "returns_due_units": float(vector.returns_due_units[week]),
        }
        for week in range(len(mean))
    ]


def _horizon_demand(today: Inputs) -> list[int]:
    """Demand of all weeks together, which spreads less than the weeks' quantiles added up."""
    situation = situation_of(*today, seed=today.settings.seed)
    return [int(situation.demand_quantile_units(situation.n_weeks, level)) for level in (0.1, 0.5, 0.9)]


def _change(decided: Recommendation, today: Inputs, before: Inputs) -> dict[str, Any]:
    order_before = order_of(*before)
    units = trace_order_change(before, today, order_before_units=order_before, order_after_units=decided.order_now_units)
    difference, error = keeping_difference(decided.as_row(), order_before, *today)
    return {
        "date": before.vector.date,
        "order_day_before_units": order_before,
        **{f"{cause}_units": units[cause] for cause in CHANGE_CAUSES},
        "keeping_difference_eur": difference,
        "keeping_standard_error_eur": error,
    }


def story_text(story: Story) -> str:
    """The story for a merchant."""
    sections = (_headline, _reasons, _costs, _alternatives, _changes, _trust)
    return "\n".join(line for section in sections for line in ("", *section(story)))


def _headline(story: Story) -> Iterator[str]:
    yield f"Merchant {story['merchant_id']}, article {story['article_id']}, {story['date']} (forecast from sales up to the week of {story['forecast_cutoff']})"
    yield ""
    if story["order_now_units"]:
        yield f"  ORDER {story['order_now_units']:,} UNITS NOW, worth {story['order_now_value_eur']:,.2f} EUR"
    else:
        yield "  ORDER NOTHING NOW"
    if story["budget_eur_per_week"] is not None:
        yield f"  before the merchant's budget of {story['budget_eur_per_week']:,.0f} EUR a week, which other articles share"


def _reasons(story: Story) -> Iterator[str]:
    low, middle, high = story["expected_demand_units_p10_p50_p90"]
    arrivals = [f"{week['inbound_units']:,} due in the week of {week['week']}" for week in story["weeks"] if week["inbound_units"]]
    yield "Why"
    yield _line("stock", f"{story['on_hand_units']:,} on hand" + ("".join(f", {text}" for text in arrivals) or ", nothing on its way"))
    yield _line(
        "expected demand",
        f"{story['expected_demand_units']:,.0f} units in 12 weeks; four times in five between {low:,} and {high:,}, half of the time below {middle:,}",
    )
    yield _line("lead time", f"{story['lead_time_weeks']:g} full weeks on average between order and receipt")
    yield _line("later orders", _later_orders(story))
    if story["unit_price_eur"] < story["unit_cost_eur"]:
        yield _line("note", f"the price ({story['unit_price_eur']:.2f}) is below the cost ({story['unit_cost_eur']:.2f}): a lost sale was counted as 0 EUR")


def _later_orders(story: Story) -> str:
    if story["base_stock_level_units"] is not None:
        return f"what is missing to {story['base_stock_level_units']:,} units at each review ({story['policy']})"
    if not story["order_quantity_units"]:
        return f"none planned within 12 weeks ({story['policy']})"
    until = f", last in the week of {story['last_order_week']}" if story["last_order_week"] else ""
    counted = "on hand and on order" if story["trigger"] == "position" else "on hand with nothing on its way"
    return f"{story['order_quantity_units']:,} units when stock {counted} falls to {story['reorder_point_units']:,}{until} ({story['policy']})"


def _costs(story: Story) -> Iterator[str]:
    yield "What it is expected to cost over 12 weeks"
    for term in COST_TERMS:
        if story[f"expected_{term}_cost_eur"] > 0:
            yield _line(_TERMS[term], f"{story[f'expected_{term}_cost_eur']:>12,.2f} EUR")
    yield _line("all together", f"{story['expected_cost_eur']:>12,.2f} EUR ± {2 * story['expected_cost_standard_error_eur']:,.2f}")
    yield _line("three times in four below", f"{story['cost_p75_eur']:>12,.2f} EUR ± {2 * story['cost_p75_standard_error_eur']:,.2f}")
    yield _line("serves", f"{story['fill_rate']:.1%} of demand; {1 - story['availability']:.1%} of the weeks run out of stock")


def _alternatives(story: Story) -> Iterator[str]:
    yield f"What else could be done, on the same {story['n_paths_evaluate']:,} futures"
    yield f"  {'':28s}{'order now':>10s}{'costs more, EUR':>22s}{'3 in 4 below':>14s}{'served':>9s}"
    for row in story["alternatives"]:
        name = _ALTERNATIVES.get(row["alternative"], row["alternative"])
        difference = "" if row["alternative"] == RECOMMENDED else f"{row['difference_eur']:+,.2f} ± {2 * row['standard_error_eur']:,.2f}"
        yield f"  {name:28s}{row['order_now_units']:>10,}{difference:>22s}{row['cost_p75_eur']:>14,.2f}{row['fill_rate']:>9.1%}  {_verdict(row)}".rstrip()


def _verdict(row: Mapping[str, Any]) -> str:
    """Beyond two standard errors a difference is called sure."""
    if row["alternative"] == RECOMMENDED:
        return ""
    if abs(row["difference_eur"]) <= 2 * row["standard_error_eur"]:
        return "no sure difference"
    return "dearer" if row["difference_eur"] > 0 else "cheaper on average"


def _changes(story: Story) -> Iterator[str]:
    change = story["change"]
    yield "What changed since the day before"
    if change is None:
        yield f"  not known: {story['change_is_unknown_because']}"
        return
    moved = story["order_now_units"] - change["order_day_before_units"]
    if moved == 0:
        yield f"  nothing: the order is still {story['order_now_units']:,}"
        return
    yield _line("order the day before", f"{change['order_day_before_units']:>12,} units")
    for cause in CHANGE_CAUSES:
        if change[f"{cause}_units"]:
            yield _line(_CAUSES[cause], f"{change[f'{cause}_units']:>+12,} units")
    yield _line("order today", f"{story['order_now_units']:>12,} units")
    yield _line("ordering as the day before", f"{change['keeping_difference_eur']:>+12,.2f} EUR ± {2 * change['keeping_standard_error_eur']:,.2f}")


def _trust(story: Story) -> Sequence[str]:
    chosen_on, fresh = story["objective_in_sample_eur"], story["objective_eur"]
    optimism = f"{fresh / chosen_on - 1:+.1%} against the futures it was chosen on" if chosen_on > 0 else "no cost on the futures it was chosen on"
    return (
        "How far to trust it",
        _line(f"{story['objective']}, what is minimised", f"{fresh:,.2f} EUR on fresh futures, {optimism}"),
        _line("± stands for", "two standard errors"),
    )


def _line(name: str, text: str) -> str:
    return f"  {name:28s}{text}" if len(name) < 28 else f"  {name:44s}{text}"
