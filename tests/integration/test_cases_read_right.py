"""Small sources for situations that people who do this job report, with the right answer (../shared/cases)."""

from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from domain.forecast_tables import Champions
from domain.settings import Settings, load_settings
from domain.stage_tables import Forecasts
from feature_store import assemble_vectors, market_context_of, read_day
from ml.champions import judge_held_out
from ml.champions.model_card import describe_models
from ml.forecasting.segments import describe_series
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand, estimate_merchant_profiles, without_unit_errors
from sources.fingerprints import fingerprint, keep_left_days, restated_days, window_starts
from sources.folder import read_source
from sources.local_time import on_merchants_clocks

CASES = Path("../shared/cases")
DAY, CUTOFF = date(2026, 9, 28), date(2026, 9, 21)
SETTINGS = load_settings(profile="tiny")


def tables_of_case(name: str) -> dict[str, pl.DataFrame]:
    if not (CASES / name).exists():
        pytest.skip(f"the case {name} is not beside the checkout (../shared/cases)")
    return dict(read_source(str(CASES / name), today=date(2026, 12, 1)).frames)


class Decided(NamedTuple):
    vectors: pl.DataFrame
    readings: pl.DataFrame
    forecast: pl.DataFrame

    def vector(self, article: str) -> dict[str, object]:
        return self.vectors.row(by_predicate=pl.col("article_id") == article, named=True)

    def read_of(self, article: str) -> set[str]:
        return set(self.readings.filter(pl.col("article_id") == article)["reading"])

    def demand(self) -> dict[str, float]:
        return dict(self.forecast.group_by("article_id").agg(pl.col("demand_mean_units").sum()).iter_rows())


@lru_cache(maxsize=8)
def decide(name: str, *, settings: Settings = SETTINGS) -> Decided:
    tables = tables_of_case(name)
    demand = build_weekly_demand(tables, cutoff=CUTOFF, history_weeks=156)
    forecast = forecast_from_tables(tables, cutoff=CUTOFF, settings=settings)
    profiles = estimate_merchant_profiles(tables, cutoff=CUTOFF)
    market = market_context_of(tables, decision_date=DAY, settings=settings)
    vectors = assemble_vectors(tables, demand, forecast, profiles, decision_date=DAY, settings=settings, market=market)
    return Decided(vectors, read_day(tables, demand, vectors, decision_date=DAY, settings=settings, market=market), forecast)


def test_an_article_that_vanished_from_the_stock_report_is_sold_out() -> None:
    case = decide("07_snapshot_without_zeros")
    assert case.vector("CUP")["on_hand_units"] == 0
    assert case.vector("BOLT")["on_hand_units"] == 40
    assert "stock_report_omits_article" in case.read_of("CUP")
    weekly = build_weekly_demand(tables_of_case("07_snapshot_without_zeros"), cutoff=CUTOFF, history_weeks=156).filter(pl.col("article_id") == "CUP").tail(2)
    assert weekly.select("sales_units", "is_censored").rows() == [(None, True)] * 2
    assert case.demand()["CUP"] == pytest.approx(12 * 12, rel=0.08)


def test_negative_stock_is_no_stock() -> None:
    case = decide("09_negative_stock")
    assert case.vector("CUP")["on_hand_units"] == 0
    assert "stock_below_zero" in case.read_of("CUP")


def test_nothing_is_demanded_after_an_announced_end() -> None:
    case = decide("11_planned_end")
    quantiles = pl.Series(case.vector("CUP")["demand_quantiles_units"]).to_numpy().reshape(12, 39)
    assert quantiles[:2].sum() > 0
    assert quantiles[2:].sum() == 0
    assert "life_ends" in case.read_of("CUP")


def test_an_order_of_two_years_ago_is_no_supply() -> None:
    case = decide("25_cancelled_po")
    assert sum(case.vector("CUP")["inbound_units"]) + sum(case.vector("CUP")["inbound_later_units"]) == 0
    assert case.read_of("CUP") == {"shipment_probably_lost"}


def test_shipments_with_odd_dates_are_counted_or_named() -> None:
    case = decide("30_shipment_dates")
    in_transit = {row["article_id"]: sum(row["inbound_units"]) + sum(row["inbound_later_units"]) for row in case.vectors.iter_rows(named=True)}
    assert {article: units for article, units in in_transit.items() if units} == {"BOLT": pytest.approx(40, abs=2)}
    assert case.read_of("BOLT") == {"expected_before_ordered"}
    assert case.read_of("CUP") == {"received_before_ordered"}
    assert case.read_of("DISH") == {"shipment_without_date"}


def test_cartons_then_pieces_are_forecast_in_pieces_and_the_neighbours_do_not_notice() -> None:
    case, base = decide("35_case_to_each"), decide("00_base")
    assert case.demand()["FORK"] == pytest.approx(4_320, rel=0.05)
    assert "unit_changed" in case.read_of("FORK")
    for article in ("BOLT", "CUP", "DISH", "GLASS", "HOOK"):
        assert case.demand()[article] == pytest.approx(base.demand()[article], rel=0.05), article
    assert "unit_changed" not in set(base.readings["reading"])


def test_the_base_shop_leaves_nothing_open() -> None:
    assert decide("00_base").readings.is_empty()


def test_sunday_evening_belongs_to_the_week_that_ends() -> None:
    tables = on_merchants_clocks(tables_of_case("27_pacific_time"), default_time_zone="America/Los_Angeles")
    utc = tables_of_case("27_pacific_time")
    weeks = [build_weekly_demand(found, cutoff=CUTOFF, history_weeks=156)["sales_units"].to_list() for found in (tables, utc)]
    usual = describe_series(build_weekly_demand(tables, cutoff=date(2026, 9, 14), history_weeks=156), cutoff=date(2026, 9, 14))["mean_units"].item()
    assert weeks[0][-1] >= usual + 15, "thirty on the last Sunday evening instead of ten"
    assert weeks[1][-1] < usual + 15


def test_a_window_that_moves_on_by_a_week_restates_nothing() -> None:
    before = tables_of_case("28_rolling_export")
    moved = before | {"sales_transactions": before["sales_transactions"].filter(pl.col("occurred_at") >= datetime(2025, 6, 16, tzinfo=UTC))}
    old = fingerprint(before)
    assert restated_days(old, keep_left_days(old, fingerprint(moved), window_starts(moved))).is_empty()
    hole = moved | {"sales_transactions": moved["sales_transactions"].filter(pl.col("occurred_at").dt.date() != date(2026, 3, 3))}
    assert restated_days(old, keep_left_days(old, fingerprint(hole), window_starts(hole))).rows() == [("sales_transactions", date(2026, 3, 3))]


def test_an_article_first_sold_within_the_judged_weeks_is_not_judged() -> None:
    tables = tables_of_case("41_first_sale_after_zeros")
    newest = build_weekly_demand(tables, cutoff=CUTOFF, history_weeks=156)["week"].max()
    assert newest == CUTOFF
    past = date(2026, 6, 29)
    forecast = forecast_from_tables(tables, cutoff=past, settings=SETTINGS).select(Forecasts.column_names())
    held_out = judge_held_out(forecast, without_unit_errors(build_weekly_demand(tables, cutoff=CUTOFF, history_weeks=156)), history_weeks=156)
    assert held_out.filter(pl.col("article_id") == "LATE")["n_weeks"].to_list() in ([0], [])
    versions = dict.fromkeys(("model_version", "code_version", "settings_hash", "training_data_hash"), "x")
    card = describe_models(pl.DataFrame(), [held_out], Champions.create_empty(), cutoff=CUTOFF, versions=versions)
    assert card["best_challenger_scaled_crps"].item() > 0
