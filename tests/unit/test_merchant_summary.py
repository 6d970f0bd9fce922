"""What the summary of a run says of its input."""

from cli.merchant_summary import summary_text
from orchestration.summary import RunSummary


def summary(**changes: object) -> RunSummary:
    values: dict[str, object] = dict.fromkeys(
        ("n_series", "n_orders", "order_value_eur", "expected_cost_eur", "expected_cost_without_order_eur", "rows_read", "rows_accepted", "rows_rejected"), 0
    )
    values |= dict.fromkeys(("fill_rate", "fill_rate_without_order", "forecast_accuracy"))
    values |= {name: [] for name in ("top_orders", "top_exceptions", "defaults_used", "missing_optional", "not_read", "ids_without_sales")}
    values |= {"date": "2026-10-01", "cutoff": "2026-09-21", "rejects_by_rule": {}, "outputs": {}}
    return RunSummary(**(values | changes))  # type: ignore[arg-type]


def test_an_input_without_fault_gets_no_note() -> None:
    text = summary_text(summary())
    assert "rejected by" not in text
    assert "not read" not in text


def test_rejects_unknown_names_and_unknown_ids_are_listed() -> None:
    text = summary_text(
        summary(
            rejects_by_rule={"returns: quantity_units|min": 1200}, not_read=["stock.csv", "articles.colour"], ids_without_sales=["stock_levels: 3 of 3 rows"]
        )
    )
    assert "rejected by returns: quantity_units|min: 1,200 rows" in text
    assert "not read, unknown to the data contract: stock.csv, articles.colour" in text
    assert "stock_levels: 3 of 3 rows" in text


def test_what_ordering_saves_is_the_cost_without_any_order_less_the_cost_with_them() -> None:
    text = summary_text(summary(expected_cost_eur=41_867.4, expected_cost_without_order_eur=92_165.0))
    assert "41,867 EUR with this policy · 92,165 EUR without any order · saves 50,298 EUR" in text
