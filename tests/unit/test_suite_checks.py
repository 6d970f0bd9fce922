"""The check `suite` in Dagster: it looks at the partitions of its run, blocks or warns, and leaves reports and pages behind."""

import fcntl
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from assets.layout import partition_location
from assets.lineage import LINEAGE
from domain.settings import Settings
from domain.stage_tables import WeeklyDemand
from orchestration.checks import checks_of_table
from orchestration.suite_checks import CHECK_NAME, judge_partitions, suite_result
from orchestration.suite_reports import ends_a_run, index_location, keep_reports, newest_reports
from quality.suites import SUITE_TABLES, Finding, SuiteReport
from quality.suites.page import index_page, table_page
from quality.table_rules import RULES
from sources.storage import write_parquet
from tests.weekly_tables import tables_of, week

TABLE = "series/weekly_demand"
WEEK, EARLIER = week(3).isoformat(), week(2).isoformat()


def demand(cutoff: int, *, units: int = 1, article_id: str = "a") -> pl.DataFrame:
    rows = [
        {"merchant_id": "m", "article_id": article_id, "week": week(index), "sales_units": units, "is_censored": False, "returned_units": 0}
        for index in range(cutoff + 1)
    ]
    empty: pl.DataFrame = WeeklyDemand.create_empty()
    return pl.concat([empty, pl.DataFrame(rows)], how="diagonal")


def put(settings: Settings, frame: pl.DataFrame, *, shard: str, cutoff: str = WEEK, table: str = TABLE) -> str:
    location = partition_location(settings.data, table, {"week": cutoff, "shard": shard})
    write_parquet(frame, location)
    return location


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data=str(tmp_path / "data"), n_shards=2, suites={"usual_history_weeks": 1, "largest_short_share": 1.0})
    for shard in ("00", "01"):
        put(settings, demand(3, article_id=shard), shard=shard)
        put(settings, demand(2, article_id=shard), shard=shard, cutoff=EARLIER)
    return settings


def keys(*shards: str, cutoff: str = WEEK) -> list[dict[str, str]]:
    return [{"week": cutoff, "shard": shard} for shard in shards]


def metadata_of(result: dg.AssetCheckResult) -> dict[str, Any]:
    return {name: getattr(value, "value", value) for name, value in (result.metadata or {}).items()}


def test_a_partition_is_judged_by_its_own_rows(settings: Settings) -> None:
    put(settings, demand(3, units=-1), shard="01")
    Path(put(settings, demand(2), shard="00", cutoff=EARLIER)).write_bytes(b"damaged, and nobody asked for it")
    assert [report.state for report in judge_partitions(settings, TABLE, keys("00"))] == ["passed"]
    assert [report.state for report in judge_partitions(settings, TABLE, keys("01"))] == ["blocked"]
    assert [report.state for report in judge_partitions(settings, TABLE, keys("00", cutoff=EARLIER))] == ["blocked"]


def test_each_week_of_a_run_has_a_report(settings: Settings) -> None:
    put(settings, demand(3, units=-1), shard="01")
    reports = list(judge_partitions(settings, TABLE, [*keys("00", "01", cutoff=EARLIER), *keys("00", "01")]))
    assert [(report.partition, report.state, report.n_rows) for report in reports] == [(EARLIER, "passed", 6), (WEEK, "blocked", 8)]


def test_a_breach_is_an_error_and_is_named(settings: Settings) -> None:
    put(settings, demand(3, units=-1), shard="01")
    result = suite_result(settings, TABLE, keys("00", "01"))
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.ERROR)
    found = metadata_of(result)
    assert found["not_met"] == f"4 columns at least 0 (blocked, {WEEK}): 4 in breach, sales_units 4; wanted no row in breach"
    assert found["rows"] == 8
    assert "docs/how-to/suites.md" in str(result.description)
    page = Path(str(found["page"])).read_text()
    assert "sales_units 4" in page
    assert "<td>-1</td>" in page


def test_the_unusual_warns(settings: Settings) -> None:
    strict = settings.model_copy(update={"suites": settings.suites.model_copy(update={"usual_history_weeks": 104})})
    result = suite_result(strict, TABLE, keys("00", "01"))
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert metadata_of(result)["not_met"] == f"history is long enough (warned, {WEEK}): 4; wanted at least 104"
    good = suite_result(settings, TABLE, keys("00", "01"))
    assert (good.passed, good.severity, metadata_of(good)["not_met"]) == (True, dg.AssetCheckSeverity.WARN, "none")


def test_raw_tables_are_named_by_the_last_day_and_compared_within_the_shard(settings: Settings) -> None:
    tables = tables_of(merchants=[{"merchant_id": "m"}])
    write_parquet(tables["merchants"], partition_location(settings.data, "raw/merchants", {"shard": "00"}))
    (report,) = judge_partitions(settings, "raw/merchants", [{"shard": "00"}])
    assert (report.partition, report.n_rows, report.state) == ("no-sales", 1, "passed")


def test_reports_of_other_partitions_stay_and_the_same_is_replaced(settings: Settings) -> None:
    put(settings, demand(3, units=-1), shard="01")
    suite_result(settings, TABLE, keys("00", "01", cutoff=EARLIER))
    suite_result(settings, TABLE, keys("00", "01"))
    assert [report.state for report in newest_reports(settings.data, TABLE, n=9)] == ["blocked", "passed"]
    assert "broken" in Path(index_location(settings.data)).read_text()
    put(settings, demand(3), shard="01")
    suite_result(settings, TABLE, keys("00", "01"))
    suite_result(settings, TABLE, keys("01"))
    assert [(report.state, report.shards) for report in newest_reports(settings.data, TABLE, n=2)] == [("passed", ("00", "01")), ("passed", ("01",))]
    assert ">broken<" not in Path(index_location(settings.data)).read_text()
    left = [path.name for path in Path(settings.data, "checks").rglob("*") if path.is_file()]
    assert not any(name.startswith(".part-") for name in left)


def run_of(settings: Settings, frame: pl.DataFrame) -> tuple[dg.ExecuteInProcessResult, list[str]]:
    """A run over a table as an asset that writes it without looking, its checks, and one below it."""
    partitions = dg.MultiPartitionsDefinition({"week": dg.StaticPartitionsDefinition([WEEK]), "shard": dg.StaticPartitionsDefinition(["00", "01"])})
    ran: list[str] = []

    @dg.asset(key=TABLE.split("/"), partitions_def=partitions)
    def weekly_demand() -> None:
        put(settings, frame, shard="01")

    @dg.asset(deps=[weekly_demand], partitions_def=partitions)
    def below() -> None:
        ran.append("below")

    check = checks_of_table(TABLE, [rule for rule in RULES if rule.table == TABLE], {TABLE: partitions})
    definitions = dg.Definitions(
        assets=[weekly_demand, below],
        asset_checks=[check],
        resources={"settings": dg.ResourceDefinition.hardcoded_resource(settings)},
        executor=dg.in_process_executor,
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    key = dg.MultiPartitionKey({"week": WEEK, "shard": "01"})
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, partition_key=key, raise_on_error=False), ran


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_a_broken_contract_stops_what_is_below_and_something_unusual_does_not(settings: Settings) -> None:
    broken, ran = run_of(settings, demand(3, units=-1))
    assert not broken.success
    assert ran == []
    found = {one.check_name: one for one in broken.get_asset_check_evaluations()}
    assert (found[CHECK_NAME].passed, found[CHECK_NAME].blocking) == (False, True)
    assert "breaks its contract" in str(found["no_unit_errors"].metadata["detail"].value)
    strict = settings.model_copy(update={"suites": settings.suites.model_copy(update={"usual_history_weeks": 104})})
    unusual, ran = run_of(strict, demand(3))
    assert unusual.success
    assert ran == ["below"]
    assert not next(one for one in unusual.get_asset_check_evaluations() if one.check_name == CHECK_NAME).passed


def report(partition: str, *findings: Finding, shards: tuple[str, ...] = ("00", "01")) -> SuiteReport:
    return SuiteReport(TABLE, partition, shards, 1_234_567_890, findings)


MET = Finding("a < b", "Left & right.", is_blocking=True, passed=True, wanted="no row in breach")
ODD = Finding("share", "A share.", is_blocking=False, passed=False, wanted="at most 0.05", value=0.123, n_breaches=7, examples=({"id": "<script>"},))


def test_pages_show_what_was_found_and_how_it_was_before() -> None:
    page = table_page([report("2025-01-13", MET, ODD), report("2025-01-06", MET, shards=("00",))])
    assert "a &lt; b" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "http" not in page, "nothing is fetched"
    assert page.index("25-01-06") < page.index('<td class="warned" title="0.123, 7 in breach">0.123</td>'), "oldest first"
    assert "1 of the shards" in page
    index = index_page([report("2025-01-13", MET, ODD)])
    assert "1 unusual" in index
    assert f"href='{TABLE}.html'" in index
    assert "share: 0.123, 7 in breach" in index


def _run(settings: Settings, rhythm: str, key: dict[str, str]) -> None:
    """Reports of every table of a rhythm, as a run over that partition leaves them."""
    moment = key.get("week") or key["day"]
    for table in (table for table in LINEAGE if LINEAGE[table].rhythm == rhythm):
        keep_reports(settings.data, [replace(report(moment, MET), table=table, shards=("00",))])


def test_the_index_shows_the_last_run_of_every_table(settings: Settings) -> None:
    for cutoff, day in (("2025-01-06", "2025-01-13"), ("2025-01-13", "2025-01-20")):
        _run(settings, "weekly", {"week": cutoff})
        _run(settings, "daily", {"day": day})
    shown = Path(index_location(settings.data)).read_text()
    assert "2025-01-06" not in shown
    assert shown.count("2025-01-20") == sum(lineage.rhythm == "daily" for lineage in LINEAGE.values())


def test_a_run_may_end_with_every_table_nothing_of_its_rhythm_is_made_from() -> None:
    assert {table for table in SUITE_TABLES if ends_a_run(table)} >= {
        "policy/order_releases",
        "evaluation/decision_drift",
        "forecast/released",
        "raw/fingerprints",
    }
    assert not ends_a_run("policy/policies")
    assert not ends_a_run("raw/articles")


def test_what_killed_writers_left_goes_and_a_live_writers_stays(settings: Settings) -> None:
    pages = Path(settings.data) / "checks"
    table = pages / TABLE
    table.mkdir(parents=True)
    dead = [pages / ".part-3kx9", table.parent / ".part-0a-weekly_demand.html", table / ".part-0b-2025-01-06.00-00.1.json"]
    for path in dead:
        path.write_text("half a page")
    live = pages / ".part-0c-index.html"
    with live.open("w") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        keep_reports(settings.data, [report("2025-01-13", MET)])
        assert sorted(pages.rglob(".part-*")) == [live]
    keep_reports(settings.data, [report("2025-01-20", MET)])
    assert list(pages.rglob(".part-*")) == []
