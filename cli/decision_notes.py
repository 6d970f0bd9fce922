"""What a person should know of a day's decisions besides the orders: shared by the summaries of `run` and `optimize`."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.counting import counted

_LISTED = 5
_WIDTH = 24


def headline(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Lines of a summary with their names in a column of their own."""
    return [f"  {name:{_WIDTH}s} {text}" for name, text in lines]


def decision_notes(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is released, what base-stock would cost, how old the input is, and what of it is not as expected.

    Args:
        figures: As they stand in the command's JSON.
    """
    return [
        *_waiting(figures),
        *_listed("article not decided", [f"{counted(found['n'], 'article')}: {found['reason']}" for found in figures["not_decided"]]),
        ("released", _released(figures)),
        ("against base-stock", _against_base_stock(figures)),
        ("age of the input", f"stock {_age(figures['stock_age_days'])}, sales {_age(figures['sales_age_days'])}"),
        *_listed("stale input", figures["stale_inputs"]),
        *_listed("unmet expectation", [_expectation(found) for found in figures["unmet_expectations"]]),
    ]


def _waiting(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not figures["n_next_order_day"]:
        return []
    return [("next order day", f"{counted(figures['n_next_order_day'], 'order')} planned, from {figures['next_order_date']} on (column planned_order_units)")]


def _released(figures: Mapping[str, Any]) -> str:
    held = figures["n_orders_held"]
    waiting = "how many are held only the platform knows" if held is None else f"{held:,} held (replenish approve)" if held else "0 held"
    return f"{counted(figures['n_orders_released'], 'order')} may be placed, {waiting}, {figures['n_orders_outside_pilot']:,} outside the pilot"


def _against_base_stock(figures: Mapping[str, Any]) -> str:
    ours, theirs = figures["expected_cost_eur"], figures["expected_cost_base_stock_eur"]
    verdict = "as much" if round(ours) == round(theirs) else f"{abs(ours - theirs):,.0f} EUR {'less' if ours < theirs else 'more'}"
    return f"base-stock would cost {theirs:,.0f} EUR, this policy {verdict}"


def _age(days: int | None) -> str:
    return "not known" if days is None else f"{counted(days, 'day')} old"


def _expectation(found: Mapping[str, Any]) -> str:
    return f"{found['table']}, {found['expectation']}: {found['got']}; wanted {found['wanted']}"


def _listed(name: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """The first few, and how many more there are."""
    if not texts:
        return []
    lines = [*texts[:_LISTED], *([f"and {len(texts) - _LISTED:,} more (--json)"] if len(texts) > _LISTED else [])]
    return [(counted(len(texts), name), lines[0]), *(("", line) for line in lines[1:])]
