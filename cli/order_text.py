"""The story of one order as text for a merchant."""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.order_story import Story
from domain.counting import counted
from domain.governance_tables import HELD, NOT_IN_PILOT, REJECTED
from domain.stage_tables import CHANGE_CAUSES

RECOMMENDED = "recommended"
ALTERNATIVES = {
    RECOMMENDED: "as recommended",
    "nothing_today": "order nothing today",
    "one_pack_less": "one pack less",
    "one_pack_more": "one pack more",
    "never_order": "never order again",
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
    "constraints": "limits that articles share",
}
TERMS = {
    "holding": "storage and capital",
    "inbound": "receiving",
    "outbound": "shipping",
    "returns": "handling returns",
    "lost_sales": "margin lost on unmet demand",
    "overstock": "mark-down of what is left",
    "fixed_order": "placing orders",
}
_RELEASE = {HELD: "waits for approval", REJECTED: "rejected", NOT_IN_PILOT: "not released"}


def story_text(story: Story) -> str:
    """The story for a merchant."""
    sections = (_headline, _reasons, _terms, _costs, _alternatives, _changes, _trust)
    return "\n".join(line for section in sections for line in ("", *section(story)))


def _headline(story: Story) -> Iterator[str]:
    yield story["sentence"]
    yield ""
    yield f"Merchant {story['merchant_id']}, article {story['article_id']}, {story['date']} (forecast from sales up to the week of {story['forecast_cutoff']})"
    yield ""
    if story["order_now_units"]:
        yield f"  ORDER {counted(story['order_now_units'], 'UNIT', plural='UNITS')} NOW, worth {story['order_now_value_eur']:,.2f} EUR"
    else:
        yield "  ORDER NOTHING NOW"
    if story["order_before_budget_units"] != story["order_now_units"]:
        yield f"  without the merchant's limits it would be {counted(story['order_before_budget_units'], 'unit')}"
    if story["release_status"] in {HELD, REJECTED, NOT_IN_PILOT}:
        yield f"  {_RELEASE[story['release_status']]}: {story['release_reason']}"


def _reasons(story: Story) -> Iterator[str]:
    arrivals = [f"{week['inbound_units']:,} due in the week of {week['week']}" for week in story["weeks"] if week["inbound_units"]]
    yield "Why"
    yield _line(
        "stock",
        f"{story['on_hand_units']:,} on hand"
        + ("".join(f", {text}" for text in arrivals) or (", nothing on its way" if not story["in_transit_units"] else "")),
    )
    yield _line("expected demand", f"{story['expected_demand_units']:,.0f} units in 12 weeks{_spread(story)}")
    yield _line("lead time", f"{story['lead_time_weeks']:g} full {'week' if story['lead_time_weeks'] == 1 else 'weeks'} on average between order and receipt")
    yield _line("later orders", _later_orders(story))
    if story["unit_price_eur"] < story["unit_cost_eur"]:
        yield _line("note", f"the price ({story['unit_price_eur']:.2f}) is below the cost ({story['unit_cost_eur']:.2f}): a lost sale was counted as 0 EUR")


def _spread(story: Story) -> str:
    """How far demand of all weeks together may be from what is expected, where that was computed."""
    if story["expected_demand_units_p10_p50_p90"] is None:
        return ""
    low, middle, high = story["expected_demand_units_p10_p50_p90"]
    return f"; four times in five between {low:,} and {high:,}, half of the time below {middle:,}"


def _later_orders(story: Story) -> str:
    if story["base_stock_level_units"] is not None:
        return f"what is missing to {story['base_stock_level_units']:,} units at each review ({story['policy']})"
    if not story["order_quantity_units"]:
        return f"none planned within 12 weeks ({story['policy']})"
    until = f", last in the week of {story['last_order_week']}" if story["last_order_week"] else ""
    counted = "on hand and on order" if story["trigger"] == "position" else "on hand with nothing on its way"
    return f"{story['order_quantity_units']:,} units when stock {counted} falls to {story['reorder_point_units']:,}{until} ({story['policy']})"


def _terms(story: Story) -> Iterator[str]:
    yield "What it must keep to"
    largest = story["maximum_order_quantity_units"]
    yield _line(
        "order terms",
        f"packs of {story['pack_size_units']:,}, at least {counted(story['minimum_order_quantity_units'], 'unit')}"
        + (f", at most {largest:,}" if largest else ""),
    )
    yield _line("supplier", story["supplier_id"] or "not known")
    yield _line("arrives", f"about {story['arrival_date']}, in the week of {story['arrival_week']}")
    if story["budget_eur_per_week"] is not None:
        yield _line("budget", f"{story['budget_eur_per_week']:,.0f} EUR a week, which other articles share")
    for message in story["limits"]:
        yield _line("limit", message)
    yield _line("release", story["release_status"] or "not on record")


def _costs(story: Story) -> Iterator[str]:
    yield "What it is expected to cost over 12 weeks"
    for term, name in TERMS.items():
        if story[f"expected_{term}_cost_eur"] > 0:
            yield _line(name, f"{story[f'expected_{term}_cost_eur']:>12,.2f} EUR")
    yield _line("all together", f"{story['expected_cost_eur']:>12,.2f} EUR ± {2 * story['expected_cost_standard_error_eur']:,.2f}")
    yield _line("three times in four below", f"{story['cost_p75_eur']:>12,.2f} EUR ± {2 * story['cost_p75_standard_error_eur']:,.2f}")
    yield _line("serves", f"{story['fill_rate']:.1%} of demand; {1 - story['availability']:.1%} of the weeks run out of stock")


def _alternatives(story: Story) -> Iterator[str]:
    yield f"What else could be done, on the same {story['n_paths_evaluate']:,} futures"
    yield f"  {'':28s}{'order now':>10s}{'costs more, EUR':>22s}{'3 in 4 below':>14s}{'served':>9s}"
    for row in story["alternatives"]:
        name = ALTERNATIVES.get(row["alternative"], row["alternative"])
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
    if story["order_now_units"] == change["order_day_before_units"]:
        yield f"  nothing: the order is still {story['order_now_units']:,}"
        return
    yield _line("order the day before", f"{change['order_day_before_units']:>12,} units")
    for cause in (*CHANGE_CAUSES, "constraints"):
        if change[f"{cause}_units"]:
            yield _line(_CAUSES[cause], f"{change[f'{cause}_units']:>+12,} units")
    yield _line("order today", f"{story['order_now_units']:>12,} units")
    if change["keeping_difference_eur"] is None:
        yield "  not traced further: the change is worth less than the settings `evidence.explained_changes_from_eur`"
    else:
        yield _line("ordering as the day before", f"{change['keeping_difference_eur']:>+12,.2f} EUR ± {2 * change['keeping_standard_error_eur']:,.2f}")


def _trust(story: Story) -> Iterator[str]:
    chosen_on, fresh = story["objective_in_sample_eur"], story["objective_eur"]
    optimism = f"{fresh / chosen_on - 1:+.1%} against the futures it was chosen on" if chosen_on > 0 else "no cost on the futures it was chosen on"
    yield "How far to trust it"
    yield _line(f"{story['objective']}, what is minimised", f"{fresh:,.2f} EUR on fresh futures, {optimism}")
    yield _line("± stands for", "two standard errors")
    for what in story["not_known"]:
        yield _line("not known here", what)


def _line(name: str, text: str) -> str:
    return f"  {name:44s}{text}"
