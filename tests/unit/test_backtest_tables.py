"""Tables of a backtest on figures small enough to add up by hand."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from assets.backtest import tables
from assets.backtest.html import document, table
from assets.backtest.intervals import uplift
from assets.backtest.plan import FULL_CONTEST, POLICY_CONTEST, comparison_of, configured, crossed
from assets.backtest.questions import CLAIMS, COMPONENTS, OBJECTIVES, ROLLING
from assets.backtest.report import full_report, merchant_report
from assets.backtest.results import series_traits
from assets.replay.terms import ReplayTerms
from domain.errors import UsageError
from domain.settings import Settings

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
                        "promised_cost_eur": None if contestant in ("recorded", "hindsight") else 10.0 * factor,
                        "promised_demand_units": None if contestant in ("recorded", "hindsight") else 10.0,
                        "promised_sold_units": None if contestant in ("recorded", "hindsight") else 9.0,
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
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(("promised_cost_eur", "promised_demand_units", "promised_sold_units"), pl.Float64))


COSTS = {"recorded": (10.0, 20.0, 30.0), "look_ahead": (8.0, 18.0, 31.0), "base_stock": (9.0, 19.0, 30.0), "hindsight": (5.0, 10.0, 15.0)}
ROWS = tables.with_measures(result_rows(COSTS))


THREE = np.array(["M1", "M2", "M3"])


def test_an_uplift_is_a_ratio_of_sums_with_an_interval_around_it() -> None:
    found = uplift(np.array([8.0, 18.0, 31.0]), np.array([10.0, 20.0, 30.0]), THREE)
    assert found.estimate == pytest.approx(57 / 60 - 1)
    assert found.low < found.estimate < found.high
    assert found.low >= -0.2
    assert found.high <= 1 / 30 + 1e-12
    assert uplift(np.array([8.0]), np.array([10.0]), THREE[:1]).text == "-20.0 %"
    assert uplift(np.array([8.0]), np.array([0.0]), THREE[:1]).text == "–"


def test_intervals_of_two_merchants_are_over_their_series_and_not_the_two_values() -> None:
    theirs, merchants = np.full(40, 10.0), np.repeat(["M1", "M2"], 20)
    ours = np.where(merchants == "M1", 9.0, 11.0) + np.tile([-2.0, 2.0], 20)
    found = uplift(ours, theirs, merchants)
    assert found.estimate == pytest.approx(0.0)
    # Merchants alone would give [−10 %, +10 %]. The mean of 40 series of one merchant has a standard deviation of 2/√40 EUR, so 3.2 % of 10 EUR;
    # 95 % of a mixture with weights ¼, ½, ¼ ends where a quarter of such a merchant has a tenth of its draws: ±(10 + 1.28 × 3.2) %.
    assert found.low == pytest.approx(-0.1405, abs=0.012)
    assert found.high == pytest.approx(0.1405, abs=0.012)
    alone = uplift(ours[:20], theirs[:20], merchants[:20])
    assert (alone.low, alone.high) == (pytest.approx(-0.1 - 1.96 * 0.2 / 20**0.5, abs=0.02), pytest.approx(-0.1 + 1.96 * 0.2 / 20**0.5, abs=0.02))


def test_ten_merchants_are_drawn_whole() -> None:
    merchants = np.repeat([f"M{n:02d}" for n in range(10)], 2)
    ours, theirs = np.tile([5.0, 15.0], 10), np.full(20, 10.0)
    assert uplift(ours, theirs, merchants) == (0.0, 0.0, 0.0)  # every merchant is at 0, whatever its articles are
    few = uplift(ours[:18], theirs[:18], merchants[:18])
    assert few.low < -0.05
    assert few.high > 0.05


def test_tables_say_what_intervals_are_over() -> None:
    assert set(tables.policy_comparison(ROWS, reference="recorded")["intervals over"]) == {"series of 3 merchants"}
    assert {row["interval_over"] for row in tables.uplifts(ROWS, reference="recorded")} == {"series"}
    assert "over the series of 3 merchants" in full_report(result_rows(COSTS), title="t", ours="look_ahead", reference="recorded")


def test_promises_stand_beside_what_came_of_them() -> None:
    found = {row["contestant"]: row for row in tables.promises(ROWS).to_dicts()}
    assert set(found) == {"look_ahead", "base_stock"}  # people and hindsight promise nothing
    # Promised 3 × 10 + 3 × 20 EUR in 24 weeks, came 57 × 3; promised 54 of 60 units, came 2 × (8 + 9 + 10) of 72.
    ours = found["look_ahead"]
    assert (ours["cost promised, EUR per series and week"], ours["cost that came"], ours["came / promised"]) == ("3.750", "7.125", "+90.0 %")
    assert (ours["fill rate promised"], ours["fill rate that came"], ours["demand, came / promised"]) == ("90.0 %", "75.0 %", "+20.0 %")


def test_the_configured_policy_plays_and_the_report_is_about_it() -> None:
    for changes, name in (
        ({"policy": "base_stock", "objective": "cvar90"}, "base_stock cvar90"),
        ({"policy": "look_ahead", "objective": "mean"}, "look_ahead"),
        ({"policy": "extended", "objective": "mean", "trigger": "on_hand"}, "extended_on_hand"),
    ):
        playing = configured(Settings(inventory=changes)) | dict(POLICY_CONTEST)
        assert comparison_of(list(playing), about=next(iter(configured(Settings(inventory=changes)))))[0] == name
        assert next(iter(playing)) == name
    assert configured(Settings(inventory={"policy": "look_ahead", "objective": "mean"}))["look_ahead"] == POLICY_CONTEST["look_ahead"]


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


def test_the_extremes_are_those_that_saved_most_and_least_and_no_gainer_has_lost() -> None:
    best, worst = tables.extreme_articles(ROWS, "look_ahead", reference="recorded", n=10)
    # Saved over both starts: M1 3 × 2, M2 3 × 2, M3 3 × −1 EUR.
    assert best.select("merchant_id", "saved_eur").rows() == [("M1", 6.0), ("M2", 6.0)]
    assert worst.select("merchant_id", "saved_eur").rows() == [("M3", -3.0)]
    losers = tables.with_measures(result_rows({"recorded": (1.0, 1.0, 1.0), "look_ahead": (1.0, 3.0, 4.0)}))
    best, worst = tables.extreme_articles(losers, "look_ahead", reference="recorded", n=10)
    assert (best.height, worst["merchant_id"].to_list()) == (0, ["M3", "M2"])
    assert "No article gained." in full_report(losers, title="t", ours="look_ahead", reference="recorded")


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


def test_articles_are_classed_by_the_revenue_that_lies_before_them() -> None:
    revenue = {"a": 5.0, "b": 80.0, "c": 15.0}  # by revenue: b with nothing before it, c after 80 %, a after 95 %
    keys = pl.DataFrame({"merchant_id": ["m"] * 3, "article_id": list(revenue)})
    vectors = [SimpleNamespace(unit_price_eur=price, segment="smooth") for price in revenue.values()]
    opening = SimpleNamespace(keys=keys, vectors=vectors, recent_sales_units=np.array([[np.nan, 1.0]] * 3))
    articles = keys.with_columns(
        launch_date=pl.Series([None, dt.date(2025, 12, 1), dt.date(2020, 1, 1)], dtype=pl.Date),
        end_of_life_date=pl.Series([dt.date(2026, 2, 20), None, dt.date(2030, 1, 1)], dtype=pl.Date),
    )
    game = SimpleNamespace(opening=opening, terms=ReplayTerms(STARTS[0], 2, 4))
    levels = pl.DataFrame(schema={"merchant_id": pl.String, "article_id": pl.String, "date": pl.Date, "on_hand_units": pl.Int64})
    found = series_traits(game, articles, levels)
    assert found.select("article_id", "abc_class", "phase", "ends_soon").rows() == [
        ("a", "C", "life-cycle", True),
        ("b", "A", "life-cycle", False),
        ("c", "B", "steady state", False),
    ]
    assert set(found["skill"]) == {"not known"}
