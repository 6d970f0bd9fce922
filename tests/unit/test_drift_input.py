"""Faults of a small market against the checks of the input; their power over larger ones is measured in benchmarks/drift_detection.py."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import polars as pl
import pytest

from domain.calendar import ONE_WEEK, sunday_of
from domain.settings import DriftSettings
from ml.preprocessing import build_weekly_demand
from quality.drift.input_checks import judge_input
from quality.drift.input_tallies import N_TALLY_WEEKS, add_tallies, tally_input
from sources.market import build_market
from sources.market.faults import faults_from_rows

WEEK = date(2026, 8, 3)
KEY = ["merchant_id", "article_id"]
Tables = dict[str, pl.DataFrame]


@cache
def _market(*fault: tuple[str, Any]) -> Tables:
    faults = faults_from_rows([{**dict(fault), "week": WEEK}]) if fault else ()
    return build_market(n_merchants=3, n_articles=60, n_weeks=100, seed=7, last_day=sunday_of(WEEK) + timedelta(days=3), faults=faults)


def market(**fault: Any) -> Tables:
    return _market(*sorted(fault.items()))


def tallied(tables: Mapping[str, pl.DataFrame], cutoff: date = WEEK) -> pl.DataFrame:
    return tally_input(tables, build_weekly_demand(tables, cutoff=cutoff, history_weeks=90), cutoff=cutoff)


def breached(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return judge_input([tallied(tables)], week=WEEK, settings=DriftSettings()).filter("is_breached")


def test_a_quiet_week_is_quiet() -> None:
    assert breached(market()).is_empty()


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ({"kind": "price_unit", "merchants": ("M003",)}, "prices_jumped"),
        ({"kind": "missing_shard", "share": 0.3}, "stock_not_counted"),
        ({"kind": "duplicated_week", "merchants": ("M003",)}, "sales_repeated"),
    ],
    ids=lambda each: each["kind"] if isinstance(each, dict) else "",
)
def test_a_broken_feed_blocks_in_the_same_week(fault: dict[str, Any], check: str) -> None:
    found = breached(market(**fault))
    assert check in found["check"].to_list()
    assert found.filter(pl.col("check") == check)["is_blocking"].all()


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ({"kind": "frozen_stock_feed", "merchants": ("M003",)}, "stock_frozen"),
        ({"kind": "censored_sales", "merchants": ("M003",)}, "sale_weekdays"),
        ({"kind": "time_zone_shift", "hours": 8, "merchants": ("M003",)}, "sale_hours"),
    ],
    ids=lambda each: each["kind"] if isinstance(each, dict) else "",
)
def test_drift_warns_and_names_the_merchant(fault: dict[str, Any], check: str) -> None:
    found = breached(market(**fault)).filter(pl.col("check") == check)
    assert found["scope"].to_list() == ["merchant M003"]
    assert not found["is_blocking"].any()


def test_shards_add_up_to_the_whole_whatever_the_order_of_rows() -> None:
    tables = market()
    whole = tallied(tables)
    parts = [
        {name: frame.filter(part).sample(fraction=1.0, shuffle=True, seed=1) if "article_id" in frame.columns else frame for name, frame in tables.items()}
        for part in (pl.col("article_id") < "A000030", pl.col("article_id") >= "A000030")
    ]
    assert add_tallies([tallied(part) for part in parts]).equals(whole)


def test_a_weeks_tallies_are_the_same_at_every_later_cutoff() -> None:
    later = WEEK - 2 * ONE_WEEK
    before = tallied(market(), cutoff=later).filter(pl.col("week") == later)
    assert tallied(market()).filter(pl.col("week") == later).equals(before)


def test_nothing_after_the_cutoff_is_looked_at() -> None:
    tables = market()
    cut = {
        "sales_transactions": tables["sales_transactions"].filter(pl.col("occurred_at").dt.date() <= sunday_of(WEEK)),
        "returns": tables["returns"].filter(pl.col("returned_at").dt.date() <= sunday_of(WEEK)),
        "stock_levels": tables["stock_levels"].filter(pl.col("date") <= sunday_of(WEEK)),
    }
    assert tallied({**tables, **cut}).equals(tallied(tables))


def test_growth_and_a_season_that_all_share_are_no_drift() -> None:
    """Twice the customers from one week to the next: every level rises alike."""
    tables = market()
    in_week = pl.col("occurred_at").dt.date().is_between(WEEK - ONE_WEEK, sunday_of(WEEK))
    doubled = tables["sales_transactions"].with_columns(quantity_units=pl.when(in_week).then(pl.col("quantity_units") * 2).otherwise("quantity_units"))
    found = breached({**tables, "sales_transactions": doubled})
    assert not set(found["check"]) & {"category_level", "merchant_level"}


def test_a_young_market_has_no_verdicts() -> None:
    tables = market()
    first = WEEK - 8 * ONE_WEEK
    young = {**tables, "sales_transactions": tables["sales_transactions"].filter(pl.col("occurred_at").dt.date() >= first)}
    young["stock_levels"] = tables["stock_levels"].filter(pl.col("date") >= first)
    verdicts = judge_input([tallied(young)], week=WEEK, settings=DriftSettings())
    assert not verdicts.filter(pl.col("scope").str.starts_with("category")).height
    assert verdicts["is_breached"].sum() == 0


def test_every_figure_looks_back_at_most_the_weeks_that_are_tallied() -> None:
    assert tallied(market())["week"].n_unique() == N_TALLY_WEEKS
    assert judge_input([], week=WEEK, settings=DriftSettings()).is_empty()
