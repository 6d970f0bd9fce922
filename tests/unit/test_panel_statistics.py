"""Statistics of a panel, on cases whose answer anybody can see."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from domain.tables import RAW_TABLES
from quality import panel_statistics as statistics
from tests.weekly_tables import day, tables_of, week, weekly_rows

TODAY = dt.date(2040, 1, 1)


def panel(*series: Sequence[int | None]) -> pl.DataFrame:
    rows = [row for number, units in enumerate(series) for row in weekly_rows(units, article_id=f"a{number}")]
    return statistics.observed_weeks(tables_of(weekly_sales=rows), today=TODAY)


def totals(units: Sequence[float]) -> pl.DataFrame:
    return pl.DataFrame({"week": [week(index) for index in range(len(units))], "sales_units": [round(value) for value in units]})


def test_weeks_run_from_the_first_sale_to_the_last_complete_week_and_stock_hides_nothing() -> None:
    sold = [{"transaction_id": str(at), "occurred_at": day(at), "quantity_units": 2} for at in (7, 21, 30)]  # day 30 lies in a week that is not over
    empty_shelf = [{"date": day(at).date(), "on_hand_units": 0} for at in (13, 20, 27)]
    weekly = statistics.observed_weeks(tables_of(sales_transactions=sold, stock_levels=empty_shelf), today=TODAY)
    assert weekly["week"].to_list() == [week(1), week(2), week(3)]
    assert weekly["sales_units"].to_list() == [2, 0, 2]
    assert not weekly["is_censored"].any()


def test_share_of_zero_weeks_leaves_unknown_weeks_out() -> None:
    assert statistics.zero_share(panel([1, 0, None, 0, 3])) == 0.5
    assert statistics.zero_share(panel([None, None])) is None


def test_demand_classes() -> None:
    smooth, erratic = [5] * 20, [1, 1, 1, 9] * 5
    intermittent, lumpy = [4, 0] * 10, [1, 0, 1, 0, 1, 0, 12, 0, 1, 0] * 2
    figures = statistics.demand_classes(panel(smooth, erratic, intermittent, lumpy, smooth), cutoff=week(19))
    assert [figures[f"{name}_share"] for name in statistics.DEMAND_CLASSES] == [0.4, 0.2, 0.2, 0.2]
    assert figures["adi_median"] == 1.0
    assert statistics.demand_classes(panel([3, 2]), cutoff=week(1))["smooth_share"] is None  # known for fewer than four weeks


def test_volumes_and_concentration() -> None:
    figures = statistics.volumes(panel(*[[10, 10]] * 4, [60, 60]))
    assert (figures["units_mean"], figures["units_p50"], figures["units_p10"]) == (20.0, 10.0, 10.0)
    assert figures["top_fifth_share"] == 0.6


def test_autocorrelation_of_an_alternating_series() -> None:
    weekly = panel([1, 9] * 20, [3] * 40, [1, 9] * 5)  # without any change, and too short: none
    assert statistics.autocorrelation(weekly, lag=1)["autocorrelation"].to_list() == pytest.approx([-1.0])
    assert statistics.autocorrelation(weekly, lag=4)["autocorrelation"].to_list() == pytest.approx([1.0])
    assert statistics.autocorrelation(weekly, lag=30).is_empty()


def test_season_strength() -> None:
    of_year = np.array([week(index).isocalendar().week for index in range(208)])
    wave = 1000 * np.exp(0.5 * np.sin(2 * np.pi * of_year / 52))
    noise = 1000 * np.exp(np.random.default_rng(1).normal(0, 0.5, 208))
    growth = 1000 * np.exp(np.arange(208) / 100)
    assert statistics.season_strength(totals(list(wave))) == pytest.approx(1.0, abs=0.01)
    assert (statistics.season_strength(totals(list(noise))) or 0.0) < 0.2
    assert (statistics.season_strength(totals(list(growth))) or 0.0) < 0.1
    assert statistics.season_strength(totals(list(wave[:103]))) is None
    assert statistics.season_strength(totals([7.0] * 208)) is None


def test_season_strength_of_noise_is_zero_on_average() -> None:
    """The adjustment for degrees of freedom: without it two years of noise would score one half."""
    generator = np.random.default_rng(2)
    noises = [np.exp(7 + generator.normal(0, 0.3, 104)) for _ in range(40)]
    assert np.median([statistics.season_strength(totals(list(noise))) or 0.0 for noise in noises]) < 0.15


def test_season_profile_is_a_factor_around_one() -> None:
    of_year = np.array([week(index).isocalendar().week for index in range(156)])
    profile = statistics.season_profile(totals([20_000.0 if number == 51 else 10_000.0 for number in of_year]))
    peak = profile.row(by_predicate=pl.col("week_of_year") == 51, named=True)["index"]
    assert peak == pytest.approx(2.0, rel=0.03)
    assert profile.filter(pl.col("week_of_year") != 51)["index"].to_numpy() == pytest.approx(np.ones(51), abs=0.03)
    assert statistics.season_profile(totals([5.0] * 60)).is_empty()


def test_life_cycles() -> None:
    always, ended, launched = [1] * 65, [1] * 39 + [0] * 26, [None] * 39 + [1] * 26
    figures = statistics.life_cycles(panel(always, ended, launched), cutoff=week(64))
    assert figures["launches_per_year"] == pytest.approx(1 / 3)  # 65 − 13 weeks in which one can be seen: a year
    assert figures["ends_per_year"] == pytest.approx(1 / 3)
    assert figures["life_share"] == pytest.approx(39 / 65)


def test_price_cuts_and_promotions() -> None:
    cut = [index % 3 == 0 for index in range(18)]
    rows = weekly_rows([30 if marked else 10 for marked in cut])
    priced = [row | {"unit_price_eur": 8.0 if marked else 10.0, "promotion": float(marked)} for row, marked in zip(rows, cut, strict=True)]
    weekly = statistics.observed_weeks(tables_of(weekly_sales=priced), today=TODAY)
    assert statistics.price_cuts(weekly) == {"price_cut_share": pytest.approx(1 / 3), "price_cut_uplift": pytest.approx(3.0)}
    assert statistics.promotions(weekly) == {"promotion_share": pytest.approx(1 / 3), "promotion_uplift": pytest.approx(3.0)}
    nothing_known = statistics.promotions(panel([1, 2, 3]))
    assert nothing_known == {"promotion_share": None, "promotion_uplift": None}


def test_returns() -> None:
    back = [{"return_id": str(lag), "returned_at": day(10 + lag), "sold_at": day(10), "quantity_units": 1} for lag in (2, 4, 6)]
    unmatched = [{"return_id": "x", "returned_at": day(20), "quantity_units": 1}]
    tables = tables_of(weekly_sales=weekly_rows([20, 20]), returns=back + unmatched)
    figures = statistics.returns(panel([20, 20]), tables["returns"])
    assert figures["return_rate"] == 0.1
    assert (figures["return_lag_p10"], figures["return_lag_p50"], figures["return_lag_p99"]) == (pytest.approx(2.4), 4.0, pytest.approx(5.96))
    assert statistics.returns(panel([20]), RAW_TABLES["returns"].create_empty())["return_rate"] is None


def test_every_figure_of_a_panel_and_categories_where_they_are_known() -> None:
    units = [10 + 5 * (week(index).isocalendar().week > 40) for index in range(110)]
    tables = tables_of(weekly_sales=weekly_rows(units), articles=[{"category": "toys"}])
    weekly = statistics.observed_weeks(tables, today=TODAY)
    figures = statistics.describe_panel(weekly, articles=tables["articles"], returned=tables["returns"])
    assert (figures["n_merchants"], figures["n_series"], figures["n_weeks"]) == (1, 1, 110)
    assert figures["seasonality_category"] == figures["seasonality_merchant"] == pytest.approx(1.0, abs=0.02)
    without = statistics.describe_panel(weekly, articles=tables["articles"].clear(), returned=tables["returns"])
    assert without["seasonality_category"] is None
