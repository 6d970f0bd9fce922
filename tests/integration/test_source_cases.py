"""The situations of `../shared/cases` that are about reading a source, each with its right value."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from cli.decision_inputs import decision_inputs
from domain.settings import EvidenceSettings, ForecastSettings, OptimizerSettings, Settings, SimulationSettings
from quality.source_checks import data_span, decision_day
from simulation.batch import optimize_vectors
from sources.folder import RawTables, read_source
from sources.weekly_panel import convert_weekly_panel

CASES = Path("../shared/cases")
TODAY = dt.date(2026, 12, 1)
DAY = dt.date(2026, 9, 28)
QUICK = Settings(
    forecast=ForecastSettings(min_training_rows=10**9, n_threads=1),
    simulation=SimulationSettings(n_paths_optimize=100, n_paths_evaluate=400, n_threads=1),
    optimizer=OptimizerSettings(evaluation_budget=100),
    evidence=EvidenceSettings(n_paths_cost_curve=0),
)


def case(name: str) -> Path:
    if not (CASES / name).exists():
        pytest.skip(f"case {name} is not beside the checkout (../shared/cases)")
    return CASES / name


def read(name: str) -> RawTables:
    return read_source(str(case(name)), today=TODAY)


def orders(raw: RawTables) -> Mapping[str, int]:
    """Orders of the day, decided quickly: few paths, the empirical forecaster."""
    vectors = decision_inputs(raw, DAY, settings=QUICK).vectors
    policies = optimize_vectors(vectors, QUICK, merchants=raw.frames["merchants"])
    return dict(policies.select("article_id", "order_now_units").iter_rows())


@pytest.fixture(scope="module")
def usual() -> Mapping[str, int]:
    found = orders(read("00_base"))
    assert min(found.values()) > 0
    return found


@pytest.mark.parametrize("name", ["q13", "q8", "q8_young", "price13"])
def test_04_a_barcode_is_flagged_and_every_other_article_is_decided_as_ever(name: str, usual: Mapping[str, int]) -> None:
    raw = read(f"04_barcode_as_quantity/{name}")
    found = orders(raw)
    young = {"NEWPOT"} & found.keys()
    assert {article: units for article, units in found.items() if article not in young} == pytest.approx(dict(usual), rel=0.2, abs=3)
    assert all(found[article] < 60 for article in young)
    assert raw.readings.filter(pl.col("reading").is_in(["implausible", "unusable_cell"])).height == 1


def test_04_a_barcode_as_price_without_a_list_is_no_price() -> None:
    raw = read("04_barcode_as_price_no_list")
    assert raw.frames["sales_transactions"]["unit_price_eur"].max() == 40.0
    assert raw.frames["merchants"]["budget_eur_per_week"].to_list() == [500.0]
    vectors = decision_inputs(raw, DAY, settings=QUICK).vectors
    assert vectors.filter(pl.col("article_id") == "FORK")["unit_price_eur"].to_list() == [3.0]


@pytest.mark.parametrize("name", ["s999999", "s9999999", "s1e15"])
def test_03_unlimited_stock_of_one_article_orders_nothing_of_it_and_leaves_the_others(name: str, usual: Mapping[str, int]) -> None:
    raw = read(f"03_unlimited_stock/{name}")
    assert orders(raw) == {**usual, "HOOK": 0}
    assert raw.readings.select("reading", "article_id").rows() == [("unlimited_stock", "HOOK")]


def test_05_a_minimum_of_zero_is_one_and_the_cost_is_kept(usual: Mapping[str, int]) -> None:
    raw = read("05_zero_minimum")
    assert raw.frames["articles"]["unit_cost_eur"].to_list() == [1.8, 4.05, 6.75, 1.35, 9.9, 18.0]
    found = orders(raw)
    assert {name: found[name] for name in ("BOLT", "CUP", "DISH")} == {name: usual[name] for name in ("BOLT", "CUP", "DISH")}
    assert all(found[name] % 6 == 0 for name in ("FORK", "GLASS", "HOOK"))


@pytest.mark.parametrize("name", ["policy", "review0"])
def test_06_a_bad_cell_of_a_merchant_keeps_its_lead_time_and_budget(name: str) -> None:
    merchant = read(f"06_bad_merchant_cell/{name}").frames["merchants"].row(0, named=True)
    assert (merchant["lead_time_weeks"], merchant["budget_eur_per_week"]) == (8.0, 100.0)


def test_14_one_late_row_does_not_move_the_decision_day(usual: Mapping[str, int]) -> None:
    raw = read("14_one_late_row")
    first, last = data_span(raw.frames, today=TODAY)
    assert decision_day(first, last, today=TODAY) == DAY
    assert orders(raw) == usual
    assert raw.rejects_by_rule == {"sales_transactions: occurred_at|isolated_date": 1}


def test_21b_a_list_price_of_zero_is_the_price_paid() -> None:
    raw = read("21b_list_price_zero_no_cost")
    vectors = decision_inputs(raw, DAY, settings=QUICK).vectors.sort("article_id")
    assert vectors["unit_price_eur"].to_list() == pytest.approx([4.0, 9.0, 15.0, 3.0, 22.0, 40.0])
    assert min(orders(raw).values()) > 0
    assert raw.readings["reading"].unique().to_list() == ["zero_not_maintained"]


def test_09_a_negative_count_is_kept_as_it_is() -> None:
    counts = read("09_negative_stock").frames["stock_levels"].filter(pl.col("article_id") == "CUP")
    assert counts.sort("date")["on_hand_units"].to_list() == [120, -15]


def panel(name: str, tmp_path: Path, *, week: str = "week", **choices: str) -> tuple[pl.DataFrame, list[str]]:
    columns = {"merchant": "store", "article": "sku", "week": week, "units": "units"}
    report = convert_weekly_panel(case(name), out=tmp_path / "out", **columns, **choices)  # type: ignore[arg-type]
    return pl.read_parquet(tmp_path / "out" / "weekly_sales.parquet"), report.warnings


@pytest.mark.parametrize("choice", [{"week_starts": "sunday"}, {}])
def test_15_sunday_weeks_hold_the_sales_of_their_days(tmp_path: Path, choice: dict[str, str]) -> None:
    found, warnings = panel("15_sunday_weeks/panel.csv", tmp_path, **choice)
    days = pl.read_csv(case("15_sunday_weeks/daily_truth.csv"), try_parse_dates=True).filter(pl.col("sku") == "A", pl.col("units") > 0)
    truth = days.group_by(week=pl.col("day").dt.truncate("1w")).agg(pl.col("units").sum()).sort("week")
    assert found.filter(pl.col("article_id") == "A").sort("week").select("week", "sales_units").rows() == truth.rows()
    assert bool(warnings) == (not choice)


def test_16_missing_weeks_are_a_choice_and_a_warning(tmp_path: Path) -> None:
    for choice, n_weeks in (({"missing_weeks": "zero"}, 74), ({"missing_weeks": "unknown"}, 14), ({}, 14)):
        found, warnings = panel("16_sparse_panel/panel.csv", tmp_path, **choice)  # type: ignore[arg-type]
        slow = found.filter(pl.col("article_id") == "SLOW")
        assert (slow.height, slow["sales_units"].sum()) == (n_weeks, 14)
        assert any("too high" in warning for warning in warnings) == (not choice)


def test_17_a_daily_panel_is_added_up(tmp_path: Path) -> None:
    found, _ = panel("17_daily_panel/daily.csv", tmp_path, week="date")
    first = found.filter(pl.col("article_id") == "A").sort("week").head(2).select("week", "sales_units").rows()
    assert first == [(dt.date(2025, 3, 24), 14), (dt.date(2025, 3, 31), 14 + 28 + 28 + 56 + 112 + 224 + 448)]
