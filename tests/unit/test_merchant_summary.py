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


def test_what_is_released_stale_or_unexpected_is_said() -> None:
    text = summary_text(
        summary(
            n_orders=3,
            n_series=40,
            n_orders_released=1,
            n_orders_held=2,
            n_orders_outside_pilot=4,
            expected_cost_eur=1_000.0,
            expected_cost_base_stock_eur=900.0,
            stock_age_days=9,
            sales_age_days=1,
            stale_inputs=["stock of M2 end on 2026-09-01, 30 days before the decision day"],
            unmet_expectations=[{"table": "raw/articles", "expectation": f"rule {n}", "got": "0.3", "wanted": "at most 0.05"} for n in range(7)],
        )
    )
    assert "3 of 40 articles, worth 0 EUR" in text
    assert "1 order may be placed, 2 held (replenish approve), 4 outside the pilot" in text
    assert "base-stock would cost 900 EUR, this policy 100 EUR more" in text
    assert "stock 9 days old, sales 1 day old" in text
    assert "stock of M2 end on 2026-09-01" in text
    assert "7 unmet expectations" in text
    assert "raw/articles, rule 4: 0.3; wanted at most 0.05" in text
    assert "rule 5" not in text
    assert "and 2 more" in text


def test_rows_of_a_table_stand_in_columns_whatever_the_ids() -> None:
    orders = [{"merchant_id": "a merchant with a long name", "article_id": "A", "order_now_units": 1, "order_now_value_eur": 9.0}]
    orders += [{"merchant_id": "M", "article_id": "an article with a long name", "order_now_units": 1_200, "order_now_value_eur": 9_000.0}]
    lines = [line for line in summary_text(summary(top_orders=orders)).splitlines() if line.endswith("EUR") and "unit" in line]
    assert [line.index(" unit") for line in lines] == [line.index(" unit") for line in lines[:1]] * 2
    assert len({len(line) for line in lines}) == 1
    assert "1 unit " in lines[0]


def test_what_ordering_saves_is_the_cost_without_any_order_less_the_cost_with_them() -> None:
    text = summary_text(summary(expected_cost_eur=41_867.4, expected_cost_without_order_eur=92_165.0))
    assert "41,867 EUR with this policy · 92,165 EUR without any order · saves 50,298 EUR" in text
