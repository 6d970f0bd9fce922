"""The main job's result as a merchant would want to read it."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from quality.readings import reading_lines

if TYPE_CHECKING:
    from orchestration.run import RunSummary


def summary_text(summary: "RunSummary") -> str:
    """Orders to place, what they change, what to look at first, how far to trust it, and where everything lies."""
    return "\n".join(
        [
            "",
            f"Replenishment for {summary.date}, from sales up to the week of {summary.cutoff}",
            "",
            *_headline(summary),
            *_input_notes(summary),
            *_warnings(summary),
            "",
            "Five largest orders",
            *_orders(summary.top_orders),
            "",
            "Five biggest exceptions",
            *_exceptions(summary.top_exceptions),
            "",
            "Assumed where the source is silent",
            *(f"  {line}" for line in summary.defaults_used or ["nothing"]),
            "",
            "How the source was read where it is unclear",
            *(f"  {line}" for line in reading_lines(summary.readings) or ["nothing to say"]),
            "",
            "Where it lies",
            *(f"  {name:12s} {path}" for name, path in summary.outputs.items()),
        ]
    )


def _headline(summary: "RunSummary") -> list[str]:
    saving = summary.expected_cost_without_order_eur - summary.expected_cost_eur
    lines = [
        ("orders to place", f"{summary.n_orders:,} of {summary.n_series:,} articles, worth {summary.order_value_eur:,.0f} EUR"),
        (
            "expected cost, 12 weeks",
            f"{summary.expected_cost_eur:,.0f} EUR with this policy · {summary.expected_cost_without_order_eur:,.0f} EUR without any order · saves {saving:,.0f} EUR",
        ),
        ("expected fill rate", f"{_percent(summary.fill_rate)} with this policy · {_percent(summary.fill_rate_without_order)} without any order"),
        ("forecast 12 weeks ago", _accuracy(summary.forecast_accuracy)),
        ("input", f"{summary.rows_read:,} rows read: {summary.rows_accepted:,} accepted, {summary.rows_rejected:,} rejected"),
    ]
    return [f"  {name:24s} {text}" for name, text in lines]


def _input_notes(summary: "RunSummary") -> list[str]:
    """What of the input was refused or had no effect: silence here would be read as agreement."""
    notes = [f"rejected by {rule}: {count:,} rows (raw/rejects)" for rule, count in summary.rejects_by_rule.items()]
    notes += [f"not read, unknown to the data contract: {', '.join(summary.not_read)}"] if summary.not_read else []
    return [f"  {'':24s} {note}" for note in [*notes, *summary.ids_without_sales]]


def _warnings(summary: "RunSummary") -> list[str]:
    """What a person should know before placing these orders."""
    notes = [f"forecast of {segment} series refused, {model} answers (docs/how-to/alerts.md)" for segment, model in summary.refused_forecasts.items()]
    notes += [f"{summary.n_orders_held:,} orders wait for approval (replenish approve)"] if summary.n_orders_held else []
    return [f"  {'':24s} {note}" for note in [*notes, *summary.drift]]


def _accuracy(figures: Mapping[str, float] | None) -> str:
    if figures is None:
        return "not judged: too little history"
    return f"weekly error {figures['wape']:.0%} of demand (WAPE) · {figures['coverage_80']:.0%} of weeks inside the 80 % interval"


def _percent(share: float | None) -> str:
    return "n/a" if share is None else f"{share:.1%}"


def _orders(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = [
        f"  {row['merchant_id']:>16s}  {row['article_id']:<16s} {row['order_now_units']:>8,} units  {row['order_now_value_eur']:>12,.0f} EUR" for row in rows
    ]
    return lines or ["  none: no article needs an order today"]


def _exceptions(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        lines.append(f"  {row['merchant_id']:>16s}  {row['article_id']:<16s} {row['at_stake_eur']:>12,.0f} EUR at stake  {row['reason']}")
        lines.append(f"  {'':>16s}  → {row['suggested_action']}")
    return lines or ["  none"]
