"""Tables of a backtest on figures small enough to add up by hand."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from assets.backtest import tables
from assets.backtest.html import document, table
from assets.backtest.intervals import uplift
from assets.backtest.plan import FULL_CONTEST, comparison_of, crossed
from assets.backtest.questions import CLAIMS, COMPONENTS, OBJECTIVES, ROLLING
from assets.backtest.report import full_report, merchant_report
from domain.errors import UsageError

STARTS = (dt.date(2026, 1, 5), dt.date(2026, 2, 2))
MERCHANTS = ("M1", "M2", "M3")


def result_rows(costs, *, starts=STARTS):
    """One article per merchant; cost by contestant, the same at every start date but for the second, where it is doubled."""
    rows = []
    for start in starts:
        for contestant, by_merchant in costs.items():
            for place, (merchant, cost) in enumerate(zip(MERCHANTS, by_merchant, strict=True)):
                factor = 2.0 if start == STARTS[1] else 1.0
                sold = 8 + place - (2 if contestant == "recorded" else 0)
                rows.append(
                    {
                        "start_week": start,
                        "contestant": contestant,
                        "merchant_id": merchant,
                        "article_id": "a",
                        "n_weeks": 4,
                        **{f"{term}_cost_eur": 0.0 for term in ("inbound", "outbound", "returns", "overstock", "fixed_order")},
                        "holding_cost_eur": 1.0,
                        "lost_sales_cost_eur": cost * factor - 1.0,
                        "cost_eur": cost * factor,
                        "demand_units": 12,
                        "sold_units": sold,
                        "ordered_units": 9,
                        "n_orders": 2,
                        "stock_out_weeks": 1,
                        "mean_on_hand_units": 2.0,
                        "left_units": 3,
                        "left_value_eur": 6.0,
                        "gmv_eur": 5.0 * sold,
                        "revenue_potential_eur": 60.0,
                        "inventory_value_eur": 4.0,
                        "phase": "life-cycle" if place == 0 else "steady state",
                        "abc_class": "ABC"[place],
                        "demand_class": "smooth",
                        "skill": "low",
                        "ends_soon": place == 0,
                    }
                )
    return pl.DataFrame(rows)


COSTS = {"recorded": (10.0, 20.0, 30.0), "look_ahead": (8.0, 18.0, 31.0), "base_stock": (9.0, 19.0, 30.0), "hindsight": (5.0, 10.0, 15.0)}
ROWS = tables.with_measures(result_rows(COSTS))


def test_an_uplift_is_a_ratio_of_sums_with_an_interval_around_it() -> None:
    found = uplift(np.array([8.0, 18.0, 31.0]), np.array([10.0, 20.0, 30.0]))
    assert found.estimate == pytest.approx(57 / 60 - 1)
    assert found.low < found.estimate < found.high
    assert found.low >= -0.2
    assert found.high <= 1 / 30 + 1e-12
    assert uplift(np.array([8.0]), np.array([10.0])).text == "-20.0 %"
    assert uplift(np.array([8.0]), np.array([0.0])).text == "–"


def test_the_comparison_adds_up() -> None:
    found = {row["contestant"]: row for row in tables.policy_comparison(ROWS, reference="recorded").to_dicts()}
    assert found["look_ahead"]["cost"].startswith("-5.0 %")
    assert found["look_ahead"]["merchants with less cost"] == "2 of 3"
    assert found["recorded"]["weighted fill rate"] == f"{100 * (6 + 7 + 8) * 5 / 180:.1f} %"
    assert found["look_ahead"]["weighted availability"] == "75.0 %"
    assert found["look_ahead"]["cost, EUR per series and week"] == f"{57 * 3 / 24:.3f}"


def test_stock_figures() -> None:
    row = tables.stock_comparison(ROWS).filter(pl.col("contestant") == "look_ahead").row(0, named=True)
    turns = 52 * 2 * (8 + 9 + 10) / 4 / 12
    assert row["stock turns a year"] == f"{turns:.1f}"
    assert row["left of articles that end, EUR"] == "6"
    assert row["inventory value, EUR"] == "12"


def test_regret_and_what_of_it_is_avoided() -> None:
    row = tables.regret(ROWS).filter(pl.col("contestant") == "look_ahead").row(0, named=True)
    assert row["cost above hindsight, EUR"] == f"{3 * 27:,}"
    assert row["of people's avoidable cost avoided"] == f"{100 * 3 / 30:.1f} %"


def test_questions_compare_on_the_start_dates_both_have_played() -> None:
    mixed = pl.concat([result_rows(COSTS), result_rows({"s_S": (16.0, 36.0, 62.0)}, starts=STARTS[:1])])
    found = tables.pairs(mixed, [("twice?", "s_S", "look_ahead"), ("unknown?", "nobody", "look_ahead")])
    assert found["cost"].to_list() == ["+100.0 % [+100.0, +100.0]"]
    assert found["dearer on"].to_list() == ["1 of 1 starts"]
    assert "s_S" not in set(tables.played_everywhere(mixed)["contestant"])


def test_full_adoption_is_the_policy_itself_and_less_is_in_between() -> None:
    found = tables.adoption(ROWS, "look_ahead", seed=3)
    assert found["series that follow"].to_list() == ["25%", "50%", "75%", "100%"]
    assert found["cost"].to_list()[-1].startswith("-5.0 %")


def test_groups_and_seasons_are_split_right() -> None:
    phases = tables.cost_by_group(ROWS, "phase", ["look_ahead"], reference="recorded")
    assert phases["look_ahead"].to_list()[0].startswith("-20.0 %")
    assert phases["series × starts"].to_list() == ["2", "4"]
    assert tables.stability(ROWS, ["look_ahead"], reference="recorded").height == 2


def test_the_extremes_are_those_that_saved_most_and_least() -> None:
    best, worst = tables.extreme_articles(ROWS, "look_ahead", reference="recorded", n=1)
    assert worst["merchant_id"].to_list() == ["M3"]
    assert best["saved_eur"].to_list() == [6.0]


def test_figures_for_programs_have_no_number_that_is_none() -> None:
    found = {row["contestant"]: row for row in tables.uplifts(ROWS, reference="recorded")}
    assert found["look_ahead"]["cost"]["estimate"] == pytest.approx(-0.05)
    assert found["recorded"]["gmv"] == {"estimate": 0.0, "low": 0.0, "high": 0.0}


def test_a_report_needs_nothing_from_elsewhere_and_names_its_limits() -> None:
    page = full_report(result_rows(COSTS), title="Backtest <of> all", ours="look_ahead", reference="recorded")
    assert page.startswith("<!doctype html>")
    assert "<title>Backtest &lt;of&gt; all</title>" in page
    assert "http" not in page
    assert "<script" not in page
    assert page.count("data:image/png;base64,") == 4
    assert "Limits of this evidence" in page
    assert "And where it went wrong" in page
    assert page == full_report(result_rows(COSTS), title="Backtest <of> all", ours="look_ahead", reference="recorded")


def test_a_merchants_page_is_about_that_merchant() -> None:
    page = merchant_report(result_rows(COSTS), "M1", ours="look_ahead", reference="recorded")
    assert "Merchant M1" in page
    assert "M2" not in page


def test_a_report_without_people_compares_with_another_policy() -> None:
    costs = {name: COSTS[name] for name in ("look_ahead", "base_stock")}
    assert comparison_of(list(costs)) == ("look_ahead", "base_stock")
    assert "If planners follow" not in full_report(result_rows(costs), title="t", ours="look_ahead", reference="base_stock")


def test_cells_are_escaped() -> None:
    assert "<b>" not in table(pl.DataFrame({"a<b>": ["<b>"]}))
    assert document("t", "l", []).count("<h1>") == 1


def test_policies_are_crossed_with_objectives_and_forecasters() -> None:
    found = crossed(["default", "recorded", "s_S"], ["mean", "p75"], ["champion", "moving_average"])
    assert list(found) == [
        *("look_ahead", "look_ahead on moving_average", "look_ahead p75", "look_ahead p75 on moving_average", "recorded"),
        *("s_S", "s_S on moving_average", "s_S p75", "s_S p75 on moving_average"),
    ]
    for policies, forecasters in ((["magic"], ["champion"]), (["s_S"], ["oracle"]), ([], ["champion"])):
        with pytest.raises(UsageError):
            crossed(policies, ["mean"], forecasters)


def test_every_question_is_about_contestants_that_exist() -> None:
    known = set(FULL_CONTEST)
    for questions in (CLAIMS, COMPONENTS, OBJECTIVES, ROLLING):
        assert {name for _, *names in questions for name in names} <= known
