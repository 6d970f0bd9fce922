"""Faults of a synthetic market: what each breaks, where it stops, and files that are refused."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from cli.app import app
from domain.errors import UsageError
from sources.folder import read_source
from sources.market import DEMO_LAST_DAY, build_market, read_faults, write_market
from sources.market.spoiling import spoil

ROOT = Path(__file__).parents[2]
SIZE: dict[str, Any] = {"n_merchants": 3, "n_articles": 30, "n_weeks": 30, "seed": 7}
WEEK = dt.date(2026, 8, 3)
KEY = ["merchant_id", "article_id"]
Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def sound() -> Tables:
    return build_market(**SIZE)


@pytest.fixture
def faulty(tmp_path: Path) -> Any:
    def build(**fault: Any) -> Tables:
        path = tmp_path / "faults.json"
        path.write_text(json.dumps([fault], default=str))
        return build_market(**SIZE, faults=read_faults(path))

    return build


def sales(tables: Tables, *, within: bool, n_days: int = 7) -> pl.DataFrame:
    """Sales of the days of the fault, or of all others."""
    day = pl.col("occurred_at").dt.date()
    inside = day.is_between(WEEK, WEEK + dt.timedelta(days=n_days), closed="left")
    return tables["sales_transactions"].filter(inside if within else ~inside)


def changed_tables(one: Tables, other: Tables) -> set[str]:
    return {name for name, frame in one.items() if not frame.equals(other[name])}


def test_prices_in_another_unit(sound: Tables, faulty: Any) -> None:
    market = faulty(kind="price_unit", week=WEEK, n_weeks=1, merchants=["M002"])
    assert changed_tables(sound, market) == {"sales_transactions"}
    assert sales(market, within=False).equals(sales(sound, within=False))
    before, after = sales(sound, within=True), sales(market, within=True)
    factor = pl.when(pl.col("merchant_id") == "M002").then(100.0).otherwise(1.0)
    assert (before["merchant_id"] == "M002").any()
    assert after.equals(before.with_columns(pl.col("unit_price_eur") * factor))


def test_a_missing_shard_takes_whole_series_for_a_week(sound: Tables, faulty: Any) -> None:
    market = faulty(kind="missing_shard", week=WEEK, share=0.5, tables=["sales_transactions"])
    assert changed_tables(sound, market) == {"sales_transactions"}
    assert sales(market, within=False).equals(sales(sound, within=False))
    before, after = sales(sound, within=True), sales(market, within=True)
    left = after.select(KEY).unique()
    assert after.equals(before.join(left, on=KEY, how="semi", maintain_order="left"))
    assert 0.3 < left.height / before.select(KEY).n_unique() < 0.7


def test_a_duplicated_week_passes_the_key_rule(sound: Tables, faulty: Any, tmp_path: Path) -> None:
    market = faulty(kind="duplicated_week", week=WEEK)
    before, after = sales(sound, within=True), sales(market, within=True)
    assert after.height == 2 * before.height
    assert after["quantity_units"].sum() == 2 * before["quantity_units"].sum()
    faults = read_faults(tmp_path / "faults.json")
    write_market(**SIZE, out=tmp_path / "market", faults=faults)
    read = read_source(str(tmp_path / "market"), today=DEMO_LAST_DAY)
    assert read.rejects.is_empty()
    assert read.frames["sales_transactions"].equals(market["sales_transactions"])


def test_a_time_zone_shift_moves_sales_into_other_days(sound: Tables, faulty: Any) -> None:
    market = faulty(kind="time_zone_shift", day=WEEK, n_days=3, hours=-14, tables=["sales_transactions"])
    ids = sales(sound, within=True, n_days=3).select(*KEY, "transaction_id")
    moved, was = (tables["sales_transactions"].join(ids, on=ids.columns, how="semi", maintain_order="left") for tables in (market, sound))
    assert set(moved["occurred_at"] - was["occurred_at"]) == {dt.timedelta(hours=-14)}
    assert moved.filter(pl.col("occurred_at").dt.date() < WEEK).height > 0
    assert market["returns"].equals(sound["returns"])


def test_a_frozen_feed_repeats_the_last_count_for_good(sound: Tables, faulty: Any) -> None:
    market = faulty(kind="frozen_stock_feed", week=WEEK)
    assert changed_tables(sound, market) == {"stock_levels"}
    lane = [*KEY, "warehouse_id"]
    counts = market["stock_levels"].filter(pl.col("date") >= WEEK - dt.timedelta(days=1)).group_by(lane).agg(pl.col("on_hand_units").n_unique())
    assert set(counts["on_hand_units"]) == {1}
    early = pl.col("date") < WEEK
    assert market["stock_levels"].filter(early).equals(sound["stock_levels"].filter(early))
    assert market["stock_levels"].drop("on_hand_units").equals(sound["stock_levels"].drop("on_hand_units"))


def weekly_truth(tables: Tables) -> pl.DataFrame:
    joined = tables["weekly_demand"].join(tables["articles"].select(*KEY, "category"), on=KEY)
    return joined.group_by("category", "week").agg(pl.col("demand_units").sum()).sort("category", "week")


def test_a_categorys_demand_is_halved_in_the_world(sound: Tables, faulty: Any) -> None:
    category = sound["articles"]["category"].value_counts(sort=True)["category"][0]
    market = faulty(kind="demand_drop", week=WEEK, categories=[category])
    concerned = (pl.col("category") == category) & (pl.col("week") >= WEEK)
    before, after = weekly_truth(sound), weekly_truth(market)
    assert after.filter(~concerned).equals(before.filter(~concerned))
    left, all_units = (int(one.filter(concerned)["demand_units"].sum()) for one in (after, before))
    assert left / all_units == pytest.approx(0.5, abs=0.1)
    history = pl.col("occurred_at").dt.date() < WEEK
    units = [tables["sales_transactions"].filter(history).select(*KEY, "transaction_id", "quantity_units") for tables in (sound, market)]
    assert units[0].equals(units[1])


def test_silent_censoring_leaves_truth_and_stock_but_no_sales(sound: Tables, faulty: Any) -> None:
    market = faulty(kind="censored_sales", week=WEEK, n_weeks=2, days_per_week=3)
    assert market["weekly_demand"].equals(sound["weekly_demand"])
    weekdays = set(sales(market, within=True, n_days=14)["occurred_at"].dt.weekday())
    assert weekdays == {1, 2, 3, 4}
    assert {5, 6, 7} <= set(sales(sound, within=True, n_days=14)["occurred_at"].dt.weekday())
    counted = pl.col("date") == WEEK + dt.timedelta(days=6)
    stock = [tables["stock_levels"].filter(counted)["on_hand_units"] for tables in (sound, market)]
    assert stock[1].sum() > stock[0].sum()
    assert (stock[1] == 0).sum() <= (stock[0] == 0).sum()


def test_same_faults_same_bytes_whatever_the_threads(tmp_path: Path) -> None:
    faults = read_faults(ROOT / "examples" / "faults.toml")
    for n_threads in (1, 3):
        write_market(n_merchants=6, n_articles=40, n_weeks=60, seed=7, out=tmp_path / str(n_threads), faults=faults, n_threads=n_threads)
    files = [path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*.parquet")]
    assert len(files) == 9
    assert [name for name in files if (tmp_path / "1" / name).read_bytes() != (tmp_path / "3" / name).read_bytes()] == []


def test_the_example_has_every_kind_and_two_notations_agree(tmp_path: Path) -> None:
    faults = read_faults(ROOT / "examples" / "faults.toml")
    kinds = {"price_unit", "demand_drop", "missing_shard", "duplicated_week", "time_zone_shift", "frozen_stock_feed", "censored_sales"}
    assert {fault.kind for fault in faults} == kinds
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"faults": [fault.model_dump(mode="json", exclude_defaults=True) for fault in faults]}))
    assert read_faults(path) == faults
    page = (ROOT / "docs" / "how-to" / "inject_faults.md").read_text()
    assert [name for fault in faults for name in (fault.kind, *type(fault).model_fields) if f"`{name}`" not in page] == []


def test_sound_rows_are_the_same_objects_of_a_fault_free_market(sound: Tables) -> None:
    frames, touched = spoil(sound, (), seed=7)
    assert frames is sound
    assert touched == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[faults]]\nkind = "earthquake"\nweek = 2026-08-03', "earthquake"),
        ("[[faults]]\nweek = 2026-08-03", "kind"),
        ('[[faults]]\nkind = "price_unit"\nweek = 2026-08-03\nfaktor = 10', "faktor"),
        ('[[faults]]\nkind = "price_unit"\nweek = 2026-08-03\nfactor = 0', "factor"),
        ('[[faults]]\nkind = "price_unit"\nweek = 2026-08-04', "Monday"),
        ('[[faults]]\nkind = "price_unit"', "exactly one of week and day"),
        ('[[faults]]\nkind = "price_unit"\nday = 2026-08-04\nn_days = 2\nn_weeks = 2', "at most one"),
        ('[[faults]]\nkind = "duplicated_week"\nweek = 2026-08-03\ntables = ["stock_levels"]', "tables"),
        ('[[faults]]\nkind = "time_zone_shift"\nweek = 2026-08-03', "hours"),
        ('faults = ["price_unit"]', "fault 1"),
        ("faults = []", "no list"),
        ("kind = ", "not readable"),
    ],
)
def test_what_is_not_a_fault_is_refused_with_what_to_do(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_faults(path)
    assert said in str(refused.value)
    assert refused.value.wanted
    assert refused.value.remedy


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_faults(tmp_path / "none.toml")


def test_a_fault_that_touches_nothing_leaves_no_market(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[faults]]\nkind = "price_unit"\nweek = 2026-08-03\nmerchants = ["M999"]\n')
    arguments = ["market", "--merchants", "1", "--articles", "5", "--weeks", "20", "--seed", "1", "--out", str(tmp_path / "out"), "--faults", str(path)]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, UsageError)
    assert "touches nothing" in str(result.exception)
    assert list((tmp_path / "out").iterdir()) == []
