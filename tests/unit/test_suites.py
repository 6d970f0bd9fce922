"""Suites block on what the contract forbids, warn on what is unusual, and say which rows it was."""

import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from domain.settings import SuiteSettings
from domain.stage_tables import WeeklyDemand
from quality.suites import SUITE_TABLES, Finding, SuiteReport, run_suite, suite_of
from quality.suites.contracts import contract_of
from quality.suites.models import KEYS
from tests.weekly_tables import MONDAY, day, tables_of, week

SETTINGS = SuiteSettings()
ROOT = Path(__file__).parents[2]


def report_of(table: str, frames: Mapping[str, pl.DataFrame | None]) -> SuiteReport:
    """The report of a table; `frames` by table, all of them in one partition."""
    suite = suite_of(table, SETTINGS)
    parts = {name: {"00": frame} for name, frame in frames.items() if frame is not None and name in {table, *suite.others}}
    return run_suite(suite, parts, partition="2025-01-06", shards=["00"])


def raw_report(name: str, tables: Mapping[str, pl.DataFrame]) -> SuiteReport:
    return report_of(f"raw/{name}", {f"raw/{other}": frame for other, frame in tables.items()})


def finding(report: SuiteReport, name: str) -> Finding:
    return next(one for one in report.findings if one.name == name)


def states(report: SuiteReport) -> dict[str, str]:
    """What is not met."""
    return {one.name: one.state for one in report.failing}


def sale(index: int, **values: Any) -> dict[str, Any]:
    return {"transaction_id": f"t{index}", "occurred_at": day(index), "quantity_units": 1, "unit_price_eur": 10.0} | values


SALES = tables_of(sales_transactions=[sale(index) for index in range(20)])


@pytest.mark.parametrize("table", [table for table in SUITE_TABLES if table not in KEYS])
def test_an_empty_table_meets_its_suite(table: str) -> None:
    others = {other: contract_of(other).create_empty() for other in suite_of(table, SETTINGS).others}
    report = report_of(table, {**others, table: contract_of(table).create_empty()})
    assert states(report) == {}
    assert report.n_rows == 0
    assert len(report.findings) == len(suite_of(table, SETTINGS).expectations)


@pytest.mark.parametrize("table", SUITE_TABLES)
def test_suites_are_well_formed(table: str) -> None:
    suite = suite_of(table, SETTINGS)
    names = [one.name for one in suite.expectations]
    assert len(set(names)) == len(names) >= 3
    assert any(one.is_blocking for one in suite.expectations)
    for one in suite.expectations:
        assert one.breaches or one.figure
        assert not one.figure or one.at_least is not None or one.at_most is not None
        assert one.description


BROKEN = {
    "quantity_units at least 1": pl.col("quantity_units") * 0,
    "merchant_id not empty": pl.lit("").alias("merchant_id"),
    "5 columns filled": pl.lit(None, pl.String).alias("article_id"),
    "unit_price_eur finite": pl.lit(float("nan")).alias("unit_price_eur"),
    "unit_price_eur at least 0": -pl.col("unit_price_eur"),
    "occurred_at is possible": pl.col("occurred_at").dt.offset_by("-60y"),
    "key is unique": pl.lit("t0").alias("transaction_id"),
    "types": pl.col("quantity_units").cast(pl.Int32),
}


@pytest.mark.parametrize("name", BROKEN)
def test_rows_that_break_the_contract_block(name: str) -> None:
    report = raw_report("sales_transactions", SALES | {"sales_transactions": SALES["sales_transactions"].with_columns(BROKEN[name])})
    assert report.state == "blocked"
    assert states(report)[name] == "blocked"
    found = finding(report, name)
    assert found.n_breaches == (1 if name in {"key is unique", "types"} else 20)
    assert found.examples
    assert len(found.examples) <= 5


def test_a_date_after_today_blocks() -> None:
    later = pl.lit(date.today() + timedelta(days=2)).cast(pl.Datetime("us", "UTC")).alias("occurred_at")  # noqa: DTZ011
    report = raw_report("sales_transactions", SALES | {"sales_transactions": SALES["sales_transactions"].head(1).with_columns(later)})
    assert states(report) == {"occurred_at is possible": "blocked"}


def test_a_missing_column_blocks_and_is_named() -> None:
    report = raw_report("sales_transactions", SALES | {"sales_transactions": SALES["sales_transactions"].drop("unit_price_eur")})
    assert finding(report, "columns").examples == ({"column_name": "unit_price_eur"},)
    assert "could not be judged" in finding(report, "unit_price_eur is seldom missing").detail
    assert not finding(report, "unit_price_eur is seldom missing").passed
    assert finding(report, "quantity_units at least 1").passed


def test_columns_that_share_a_rule_are_told_apart() -> None:
    frame = SALES["sales_transactions"].with_columns(article_id=pl.when(pl.col("transaction_id") == "t3").then(None).otherwise("article_id"))
    assert finding(raw_report("sales_transactions", SALES | {"sales_transactions": frame}), "5 columns filled").detail == "article_id 1"


def test_a_file_that_cannot_be_read_blocks(tmp_path: Path) -> None:
    file = tmp_path / "part.parquet"
    file.write_bytes(b"PAR1 no parquet at all PAR1")
    report = run_suite(suite_of("raw/merchants", SETTINGS), {"raw/merchants": {"00": str(file)}}, partition="p", shards=["00"])
    assert states(report) == {"can be read": "blocked"}
    assert report.findings[0].detail


def test_a_file_that_is_not_there_may_come(tmp_path: Path) -> None:
    with pytest.raises(duckdb.IOException):
        run_suite(suite_of("raw/merchants", SETTINGS), {"raw/merchants": {"00": str(tmp_path / "none.parquet")}}, partition="p", shards=["00"])


def test_the_same_merchant_may_stand_in_every_shard(tmp_path: Path) -> None:
    merchants = tables_of(merchants=[{"merchant_id": "m"}])["merchants"]
    for shard in ("00", "01"):
        merchants.write_parquet(tmp_path / f"{shard}.parquet")
    parts = {shard: str(tmp_path / f"{shard}.parquet") for shard in ("00", "01")}
    assert run_suite(suite_of("raw/merchants", SETTINGS), {"raw/merchants": parts}, partition="p", shards=["00", "01"]).state == "passed"


def test_few_missing_values_are_usual_many_warn() -> None:
    def report(n_missing: int) -> SuiteReport:
        rows = [sale(index, unit_price_eur=None if index < n_missing else 10.0) for index in range(40)]
        return raw_report("sales_transactions", tables_of(sales_transactions=rows))

    assert states(report(2)) == {}
    assert finding(report(2), "unit_price_eur is seldom missing").value == pytest.approx(0.05)
    assert states(report(3)) == {"unit_price_eur is seldom missing": "warned"}
    assert finding(report(3), "unit_price_eur is seldom missing").n_breaches == 3
    assert states(report(40)) == {}, "a column that is not delivered is not missing"


def test_a_week_that_nobody_delivered() -> None:
    name = "no week is without a sale"
    rows = [sale(index) for index in range(140)]
    assert finding(raw_report("sales_transactions", tables_of(sales_transactions=rows)), name).passed
    lately = [row for index, row in enumerate(rows) if not 126 <= index < 133]
    assert finding(raw_report("sales_transactions", tables_of(sales_transactions=lately)), name).value == pytest.approx(1 / 8)
    long_ago = [row for index, row in enumerate(rows) if not 7 <= index < 14]
    assert finding(raw_report("sales_transactions", tables_of(sales_transactions=long_ago)), name).passed


def test_what_began_to_be_missing_is_not_hidden_by_years() -> None:
    rows = [sale(index, unit_price_eur=None if index > 195 else 10.0) for index in range(200)]
    assert finding(raw_report("sales_transactions", tables_of(sales_transactions=rows)), "unit_price_eur is seldom missing").value == pytest.approx(4 / 28)


def test_sales_beside_the_list_of_articles() -> None:
    articles = [{"article_id": "a", "unit_price_eur": 10.0, "launch_date": date(2025, 1, 10), "end_of_life_date": date(2025, 1, 11)}]
    rows = [sale(0, unit_price_eur=1_000.0), sale(1), sale(200, unit_price_eur=1_000.0), sale(7, article_id="unknown")]
    report = raw_report("sales_transactions", tables_of(articles=articles, sales_transactions=rows))
    assert finding(report, "articles are in the list of articles").value == pytest.approx(0.25)
    assert finding(report, "sold while on sale").value == pytest.approx(0.75), "before its launch and long after its end"
    prices = finding(report, "prices are in the unit of the list")
    assert (prices.value, prices.n_breaches) == (1.0, 1), "of the newest four weeks"
    assert prices.examples[0]["unit_price_eur"] == "1000.0"
    assert set(states(report).values()) == {"warned"}


def test_spellings_and_blanks() -> None:
    rows = [{"article_id": "a", "category": "Shoes"}, {"article_id": "b ", "category": "shoes "}, {"article_id": "c", "category": "hats"}]
    report = raw_report("articles", tables_of(articles=rows))
    assert states(report) == {"category is spelled one way": "warned", "ids have no blanks around them": "warned"}
    assert finding(report, "category is spelled one way").examples[0]["spellings"] == "Shoes · shoes "


def test_dates_that_contradict_each_other() -> None:
    shipments = [{"shipment_id": "s", "ordered_at": day(9), "expected_at": day(3), "received_at": day(2), "quantity_units": 0}]
    returned = [{"return_id": "r", "returned_at": day(1), "sold_at": day(3), "quantity_units": 1}]
    tables = tables_of(inbound_shipments=shipments, returns=returned)
    assert set(states(raw_report("inbound_shipments", tables))) == {"expected after the order", "received after the order", "something was ordered"}
    assert states(raw_report("returns", tables)) == {"returned after the sale": "warned"}


def test_weeks_that_are_missing_or_contradict() -> None:
    rows = [{"week": week(index), "sales_units": 1, "available_share": 0.0 if index == 9 else None} for index in (0, 9)]
    report = raw_report("weekly_sales", tables_of(weekly_sales=rows))
    assert finding(report, "series have few gaps").value == pytest.approx(0.8)
    assert set(states(report)) == {"series have few gaps", "nothing is sold where nothing was available"}


def stock_report(*, counts: dict[date, int | None], warehouses: Mapping[str, dict[date, int | None]] | None = None, **tables: Any) -> SuiteReport:
    """The suite of stock levels: counts of article a by day, in one place or several."""
    places = warehouses or {"w": counts}
    rows = [{"warehouse_id": place, "date": at, "on_hand_units": units} for place, of_place in places.items() for at, units in of_place.items()]
    return raw_report("stock_levels", tables_of(stock_levels=rows, **tables))


SUNDAY, NEXT_SUNDAY = MONDAY + timedelta(days=6), MONDAY + timedelta(days=13)
BALANCE = "stock balances in the newest week"
MOVES = {
    "sales_transactions": [sale(8, quantity_units=5), sale(13, occurred_at=day(13, hour=23), quantity_units=1)],
    "returns": [{"return_id": "r", "returned_at": day(9), "quantity_units": 2}],
    "inbound_shipments": [{"shipment_id": "s", "received_at": day(10), "quantity_units": 10}],
}


def test_a_stock_that_balances() -> None:
    report = stock_report(counts={SUNDAY: 20, NEXT_SUNDAY: 26}, **MOVES)
    assert finding(report, BALANCE).value == 0
    assert finding(report, "stock balances over half a year").passed


def test_the_unexplained_remainder_is_reported() -> None:
    found = finding(stock_report(counts={SUNDAY: 20, NEXT_SUNDAY: 23}, **MOVES), BALANCE)
    assert (found.state, found.value, found.n_breaches) == ("warned", pytest.approx(3 / 18), 1)
    assert found.examples[0]["remainder_units"] == "-3"
    assert (found.examples[0]["sold_units"], found.examples[0]["returned_units"], found.examples[0]["received_units"]) == ("6", "2", "10")


def test_movements_count_to_the_day_of_the_count() -> None:
    friday, next_friday, last = SUNDAY - timedelta(days=2), NEXT_SUNDAY - timedelta(days=2), NEXT_SUNDAY + timedelta(days=5)
    sold = [sale(5, quantity_units=3), sale(12, quantity_units=4)]  # both on Saturdays
    assert finding(stock_report(counts={friday: 20, next_friday: 17, last: 13}, sales_transactions=sold), BALANCE).value == 0
    assert finding(stock_report(counts={friday: 20, next_friday: 20, last: 13}, sales_transactions=sold), BALANCE).value == pytest.approx(3 / 4)


def test_what_cannot_be_balanced_is_left_out() -> None:
    two = {"w": {SUNDAY: 20, NEXT_SUNDAY: 5}, "v": {SUNDAY: 9}}
    assert finding(stock_report(counts={}, warehouses=two, **MOVES), BALANCE).value is None, "one warehouse was not counted"
    assert finding(stock_report(counts={SUNDAY: 20, NEXT_SUNDAY: None}, **MOVES), BALANCE).value is None, "not known"
    assert finding(stock_report(counts={SUNDAY: 20, NEXT_SUNDAY + timedelta(days=7): 0}, **MOVES), BALANCE).value is None, "a week between"
    both = {"w": {SUNDAY: 20, NEXT_SUNDAY: 20}, "v": {SUNDAY: 0, NEXT_SUNDAY: 6}}
    assert finding(stock_report(counts={}, warehouses=both, **MOVES), BALANCE).value == 0
    assert finding(stock_report(counts={SUNDAY: 20, NEXT_SUNDAY: 3}), BALANCE).value is None, "weekly sales have no days"


def test_counts_that_stop_or_never_were() -> None:
    counts = {SUNDAY + timedelta(weeks=index): 1 for index in range(6)}
    newest = max(counts)
    sold = [sale(40), sale(40, article_id="b", transaction_id="u")]
    uncounted = finding(stock_report(counts=counts, sales_transactions=sold), "what sells is counted")
    assert (uncounted.state, uncounted.value, uncounted.examples) == ("warned", 0.5, ({"merchant_id": "m", "article_id": "b"},))
    gap = stock_report(counts={at: units for at, units in counts.items() if at != newest - timedelta(weeks=1)}, sales_transactions=sold[:1])
    assert finding(gap, "weekly counts go on").value == 1
    assert finding(gap, "weekly counts go on").examples == ({"merchant_id": "m", "article_id": "a", "week": str(newest - timedelta(days=13))},)
    monthly = stock_report(counts={at: units for index, (at, units) in enumerate(counts.items()) if index % 4 == 0}, sales_transactions=sold[:1])
    assert finding(monthly, "weekly counts go on").passed
    late = stock_report(counts=counts, sales_transactions=[sale(60)])
    assert finding(late, "the stock feed is current").value == 60 - 41


def weekly(units: list[int | None], *, censored: tuple[int, ...] = (), article_id: str = "a", first: int = 0) -> pl.DataFrame:
    rows = [
        {"merchant_id": "m", "article_id": article_id, "week": week(first + index), "sales_units": value, "is_censored": index in censored, "returned_units": 0}
        for index, value in enumerate(units)
    ]
    empty: pl.DataFrame = WeeklyDemand.create_empty()
    return WeeklyDemand.validate(pl.concat([empty, pl.DataFrame(rows, schema_overrides={"sales_units": pl.Int64})], how="diagonal"))


def demand_report(frame: pl.DataFrame, **tables: Any) -> SuiteReport:
    return report_of("series/weekly_demand", {f"raw/{name}": rows for name, rows in tables_of(**tables).items()} | {"series/weekly_demand": frame})


def test_short_histories_warn_with_their_share() -> None:
    long, short = weekly([1] * 110), weekly([1] * 20, article_id="b", first=90)
    sales = [sale(7 * index) for index in range(110)] + [sale(7 * index, article_id="b") for index in range(90, 110)]
    assert states(demand_report(pl.concat([long, short]), sales_transactions=sales)) == {}
    share = finding(demand_report(pl.concat([long, short]), sales_transactions=sales), "few series are shorter than 78 weeks")
    assert share.value == pytest.approx(0.5)
    young = demand_report(short, sales_transactions=sales)
    assert states(young) == {"history is long enough": "warned", "few series are shorter than 78 weeks": "warned"}
    assert finding(young, "history is long enough").value == 20


def test_a_stock_out_recorded_as_a_zero_blocks() -> None:
    stock = [{"date": week(1) + timedelta(days=6), "on_hand_units": 0}]
    sales = [sale(0)]
    name = "stock-outs are lost sales, not zeros"
    assert not finding(demand_report(weekly([1, 0]), stock_levels=stock, sales_transactions=sales), name).passed
    assert demand_report(weekly([1, 0]), stock_levels=stock, sales_transactions=sales).state == "blocked"
    assert finding(demand_report(weekly([1, None], censored=(1,)), stock_levels=stock, sales_transactions=sales), name).passed
    two_places = [*stock, {"warehouse_id": "other", "date": week(1), "on_hand_units": 3}]
    assert finding(demand_report(weekly([1, 0]), stock_levels=two_places, sales_transactions=sales), name).passed


def test_sales_of_the_series_are_those_of_the_source() -> None:
    name = "sales add up to the source's"
    sunday_night = sale(0, occurred_at=day(6, hour=23), quantity_units=4)
    assert finding(demand_report(weekly([4, 0]), sales_transactions=[sunday_night]), name).passed
    wrong = finding(demand_report(weekly([0, 4]), sales_transactions=[sunday_night]), name)
    assert (wrong.state, wrong.n_breaches) == ("blocked", 2)
    assert wrong.examples[0]["source_units"] == "4"


def test_a_gap_in_a_series_blocks() -> None:
    frame = weekly([1, 1, 1]).filter(pl.col("week") != week(1))
    assert states(demand_report(frame, sales_transactions=[sale(0), sale(14)]))["series have no gaps and reach the cutoff"] == "blocked"


def test_what_has_not_been_written_is_not_judged() -> None:
    report = report_of("series/weekly_demand", {"series/weekly_demand": weekly([1] * 110)})
    found = finding(report, "stock-outs are lost sales, not zeros")
    assert found.passed
    assert found.detail == "not judged: raw/stock_levels not written yet"


def test_features_may_be_unknown_but_not_infinite() -> None:
    rows = {"merchant_id": ["m"] * 12, "article_id": ["a"] * 12, "origin": [MONDAY] * 12, "horizon_week": list(range(1, 13)), "scale_units": [1.0] * 12}
    frame = pl.DataFrame(rows).with_columns(lag_0=pl.lit(float("nan")), lag_1=pl.lit(None, pl.Float64))
    assert states(report_of("features/inference_rows", {"features/inference_rows": frame})) == {}
    infinite = frame.with_columns(lag_0=pl.when(pl.col("horizon_week") == 3).then(float("-inf")).otherwise(float("nan")))
    report = report_of("features/inference_rows", {"features/inference_rows": infinite})
    assert states(report) == {"features are finite": "blocked"}
    assert finding(report, "features are finite").n_breaches == 1
    assert states(report_of("features/inference_rows", {"features/inference_rows": frame.head(11)})) == {"every week ahead of every series": "blocked"}


def test_no_network_and_no_analytics(monkeypatch: pytest.MonkeyPatch) -> None:
    from quality.suites.suite_database import configuration  # noqa: PLC0415

    def refuse(*_: Any) -> None:
        raise AssertionError("a suite opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert raw_report("sales_transactions", SALES).state == "passed"
    assert configuration().analytics_enabled is False


def test_great_expectations_waits_until_a_suite_runs() -> None:
    program = "import sys, quality.suites, quality.suites.page; print({'great_expectations', 'numba'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_days_are_utc_wherever_the_machine_stands() -> None:
    from quality.suites.duckdb_dialect import ReadOnlyDuckDB  # noqa: PLC0415

    connection = ReadOnlyDuckDB().connect(":memory:")
    assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    connection.close()


def test_a_report_survives_its_file() -> None:
    report = raw_report("sales_transactions", SALES | {"sales_transactions": SALES["sales_transactions"].with_columns(BROKEN["types"])})
    assert SuiteReport.from_json(report.as_json()) == report
