"""Rules count breaches, and pass or fail over all partitions together."""

import polars as pl
import pytest

from quality.table_rules import RULES, RuleResult, TableRule, rows_where, unanswered_series


def series(*articles: str) -> pl.DataFrame:
    return pl.DataFrame({"merchant_id": ["m"] * len(articles), "article_id": list(articles)}, schema={"merchant_id": pl.String, "article_id": pl.String})


@pytest.mark.parametrize(
    ("answered", "n_breaches"),
    [(("a", "b"), 0), (("a",), 1), (("a", "a", "b"), 1), (("a", "b", "c"), 1), ((), 2)],
    ids=["all", "one missing", "one twice", "one unknown", "none"],
)
def test_unanswered_series(answered: tuple[str, ...], n_breaches: int) -> None:
    evaluate = unanswered_series("forecast/quantiles")
    assert evaluate(series(*answered), {"forecast/quantiles": series("a", "b", "b")}).n_breaches == n_breaches


def test_a_table_may_know_more() -> None:
    evaluate = unanswered_series("forecast/quantiles", may_know_more=True)
    assert evaluate(series("a", "b", "c"), {"forecast/quantiles": series("a", "b")}).n_breaches == 0
    assert evaluate(series("a", "c", "c"), {"forecast/quantiles": series("a", "b")}).n_breaches == 2


def test_rows_where() -> None:
    assert rows_where(pl.col("x") > 1)(pl.DataFrame({"x": [1, 2, 3]}), {}) == RuleResult(3, 2)


def test_a_share_is_judged_over_all_partitions() -> None:
    rule = TableRule("t", "r", "", rows_where(pl.lit(value=True)), allowed_share=0.1)
    assert rule.passes([RuleResult(10, 2), RuleResult(10, 0)])
    assert not rule.passes([RuleResult(10, 2), RuleResult(9, 0)])


def test_names_are_unique() -> None:
    assert len({(rule.table, rule.name) for rule in RULES}) == len(RULES)
