"""The main job's result as a merchant would want to read it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cli.decision_notes import decision_notes, headline
from domain.counting import counted
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
        ("orders to place", f"{summary.n_orders:,} of {counted(summary.n_series, 'article')}, worth {summary.order_value_eur:,.0f} EUR"),
        (
            "expected cost, 12 weeks",
            f"{summary.expected_cost_eur:,.0f} EUR with this policy · {summary.expected_cost_without_order_eur:,.0f} EUR without any order · saves {saving:,.0f} EUR",
        ),
        ("expected fill rate", f"{_percent(summary.fill_rate)} with this policy · {_percent(summary.fill_rate_without_order)} without any order"),
        ("forecast 12 weeks ago", _accuracy(summary.forecast_accuracy)),
        ("input", f"{counted(summary.rows_read, 'row')} read: {summary.rows_accepted:,} accepted, {summary.rows_rejected:,} rejected"),
        *decision_notes(summary.as_dict()),
    ]
    return headline(lines)


def _input_notes(summary: "RunSummary") -> list[str]:
    """What of the input was refused or had no effect: silence here would be read as agreement."""
    notes = [f"rejected by {rule}: {counted(count, 'row')} (raw/rejects)" for rule, count in summary.rejects_by_rule.items()]
    notes += [f"not read, unknown to the data contract: {', '.join(summary.not_read)}"] if summary.not_read else []
    return [f"  {'':24s} {note}" for note in [*notes, *summary.ids_without_sales]]


def _warnings(summary: "RunSummary") -> list[str]:
    """What a person should know before placing these orders."""
    notes = [f"forecast of {segment} series refused, {model} answers (docs/how-to/alerts.md)" for segment, model in summary.refused_forecasts.items()]
    return [f"  {'':24s} {note}" for note in [*notes, *summary.drift]]


def _accuracy(figures: Mapping[str, float] | None) -> str:
    if figures is None:
        return "not judged: too little history"
    return f"weekly error {figures['wape']:.0%} of demand (WAPE) · {figures['coverage_80']:.0%} of weeks inside the 80 % interval"


def _percent(share: float | None) -> str:
    return "n/a" if share is None else f"{share:.1%}"


def _orders(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = _names(rows)
    lines = [
        f"  {name} {row['order_now_units']:>8,} {'unit ' if row['order_now_units'] == 1 else 'units'}  {row['order_now_value_eur']:>12,.0f} EUR"
        for name, row in zip(names, rows, strict=True)
    ]
    return lines or ["  none: no article needs an order today"]


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Merchant and article of each row, as wide as the longest: what follows stands in one column."""
    width, of_article = (max((len(row[column]) for row in rows), default=0) for column in ("merchant_id", "article_id"))
    return [f"{row['merchant_id']:<{width}s}  {row['article_id']:<{of_article}s}" for row in rows]


def _exceptions(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for name, row in zip(_names(rows), rows, strict=True):
        lines.append(f"  {name} {row['at_stake_eur']:>12,.0f} EUR at stake  {row['reason']}")
        lines.append(f"      → {row['suggested_action']}")
    return lines or ["  none"]
