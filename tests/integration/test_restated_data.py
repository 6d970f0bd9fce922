"""Late and corrected data: exactly what depends on a restated week is made again, and comes out as if it had been right at once."""

import json
import shutil
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import polars as pl
import pytest

from assets.lineage import LINEAGE
from assets.staleness import Reason, partition_name, stale_partitions
from cli import main
from domain.settings import Settings, load_settings
from orchestration.in_process import InProcess
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, WEEKLY_FORECAST
from orchestration.partitions import day_range, shard_range, week_range
from orchestration.repair import repair
from orchestration.staleness_checks import CHECK_NAME, report_staleness
from sources.market import write_market

CUTOFFS = [date(2026, 9, 7), date(2026, 9, 14), date(2026, 9, 21)]
DAY = date(2026, 10, 1)
RESTATED_WEEK = date(2026, 9, 14)
N_SHARDS = 2
SIZES_AS_TOML = f"""
profile = "tiny"
n_shards = {N_SHARDS}
forecast.n_trees = 3
simulation = {{ n_paths_optimize = 20, n_paths_evaluate = 20 }}
optimizer.evaluation_budget = 10
"""


class World(NamedTuple):
    settings: Settings
    source: Path

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Content and time of writing of every partition that is computed."""
        found = sorted(path for path in Path(self.settings.data).glob("*/*/**/part.parquet") if "/raw/" not in str(path))
        return {str(path.relative_to(self.settings.data)): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def settings_for(root: Path, source: Path) -> Settings:
    return load_settings(data=str(root), source=str(source), **tomllib.loads(SIZES_AS_TOML))


def compute(settings: Settings) -> None:
    InProcess(settings, reason="test", on_progress=lambda _: None).run(INGEST, shard_range(N_SHARDS))
    platform = InProcess(settings, reason="test", on_progress=lambda _: None)
    for cutoff in CUTOFFS:
        platform.run(WEEKLY_FORECAST, week_range(cutoff, n_shards=N_SHARDS))
    platform.run(DAILY_OPTIMIZATION, day_range(DAY, n_shards=N_SHARDS))


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> World:
    base = tmp_path_factory.mktemp("restated")
    write_market(n_merchants=2, n_articles=12, n_weeks=40, seed=3, out=base / "source")
    settings = settings_for(base / "data", base / "source")
    compute(settings)
    return World(settings, base / "source")


@pytest.fixture
def world(computed: World, tmp_path: Path) -> World:
    """A copy of its own; the data root moves, which must not matter."""
    shutil.copytree(computed.source, tmp_path / "source")
    shutil.copytree(computed.settings.data, tmp_path / "data")
    return World(settings_for(tmp_path / "data", tmp_path / "source"), tmp_path / "source")


def change(world: World, table: str, edit: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    path = world.source / f"{table}.parquet"
    edit(pl.read_parquet(path)).write_parquet(path)


def restate_one_sale(sales: pl.DataFrame) -> pl.DataFrame:
    """A sale of the restated week was of five units more."""
    start = datetime.combine(RESTATED_WEEK, datetime.min.time(), UTC)
    first = sales.filter(pl.col("occurred_at").is_between(start, start + timedelta(days=6)))["transaction_id", "article_id", "merchant_id"].row(0)
    is_it = pl.struct("transaction_id", "article_id", "merchant_id") == pl.lit(dict(zip(("transaction_id", "article_id", "merchant_id"), first, strict=True)))
    return sales.with_columns(quantity_units=pl.when(is_it).then(pl.col("quantity_units") + 5).otherwise("quantity_units"))


def ingest(world: World) -> None:
    InProcess(world.settings, reason="test", on_progress=lambda _: None).run(INGEST, shard_range(N_SHARDS))


def test_nothing_is_stale_after_a_run_nor_after_reading_the_same_source_again(world: World) -> None:
    assert list(stale_partitions(world.settings)) == []
    ingest(world)
    assert list(stale_partitions(world.settings)) == []
    assert repair(world.settings).n_partitions == 0


def test_new_rows_make_nothing_stale(world: World) -> None:
    def add_a_sale_of_today(sales: pl.DataFrame) -> pl.DataFrame:
        late = (
            sales.sort("occurred_at").tail(1).with_columns(pl.lit(datetime(2026, 10, 1, 9, tzinfo=UTC)).cast(sales.schema["occurred_at"]).alias("occurred_at"))
        )
        return pl.concat([sales, late.with_columns(transaction_id=pl.lit("later"))])

    change(world, "sales_transactions", add_a_sale_of_today)
    ingest(world)
    assert list(stale_partitions(world.settings)) == []


def test_a_restated_week_makes_again_exactly_what_depends_on_it(world: World, tmp_path: Path) -> None:
    before = world.files()
    change(world, "sales_transactions", restate_one_sale)
    ingest(world)
    stale = list(stale_partitions(world.settings))
    read_raw = {
        "series/weekly_demand",
        "series/merchant_profiles",
        "series/input_tallies",
        "vectors/sku_vectors",
        "vectors/readings",
        "evaluation/decision_tallies",
    }
    assert {found.table for found in stale} == read_raw
    assert all(set(found.reasons) == {Reason.RESTATED} for found in stale)
    demand = [partition_name(found.key) for found in stale if found.table == "series/weekly_demand"]
    # The cutoffs that saw the week; in every shard, for whether a merchant's sales are missing is asked of all its articles.
    assert sorted(name[:10] for name in demand) == ["2026-09-14"] * N_SHARDS + ["2026-09-21"] * N_SHARDS

    report = repair(world.settings)
    after = world.files()
    rewritten = {name for name in after if after[name][1] != before[name][1]}
    assert len(rewritten) == report.n_partitions
    assert all("week=2026-09-14" in name or "week=2026-09-21" in name or "day=" in name for name in rewritten)
    untouched = {name: len([file for file in before if name in file and file not in rewritten]) for name in ("weekly_demand", "inference_rows")}
    assert untouched["weekly_demand"] == (len(CUTOFFS) - 2) * N_SHARDS  # the cutoff before
    assert untouched["inference_rows"] == N_SHARDS  # the cutoff before; groups of all shards are among the features of every one
    assert list(stale_partitions(world.settings)) == []

    fresh = World(settings_for(tmp_path / "fresh", world.source), world.source)
    compute(fresh.settings)
    assert {name: content for name, (content, _) in after.items()} == {name: content for name, (content, _) in fresh.files().items()}


def test_a_stale_partition_is_visible_as_stale(world: World) -> None:
    change(world, "sales_transactions", restate_one_sale)
    ingest(world)
    platform = InProcess(world.settings, reason="test", on_progress=lambda _: None)
    reported = report_staleness(platform.instance, world.settings)
    assert report_staleness(platform.instance, world.settings) == reported  # a second look, as after the next ingestion
    expected = {f"{found.key['shard']}|{found.key['week']}" for found in reported if found.table == "series/weekly_demand"}
    assert shown(platform.instance, expected) == dict.fromkeys(expected, "FAILED")
    repair(world.settings)
    assert shown(platform.instance, expected) == dict.fromkeys(expected, "SUCCEEDED")
    assert report_staleness(platform.instance, world.settings) == []


def shown(instance: dg.DagsterInstance, partitions: set[str]) -> dict[str, str]:
    """The latest result of the check by partition, as the UI shows it."""
    key = dg.AssetCheckKey(dg.AssetKey(["series", "weekly_demand"]), CHECK_NAME)
    newest_first = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    results = [(getattr(record.event.dagster_event.event_specific_data, "partition", None), record.status.value) for record in newest_first]
    return {partition: status for partition, status in reversed(results) if partition in partitions}


def test_what_comes_out_the_same_spares_what_lies_below(world: World) -> None:
    """The minutes of sales are restated: the input differs, the weekly series does not.

    All five tables read sales; the tallies count their hours, and what 12 weeks have cost.
    """
    change(world, "sales_transactions", lambda sales: sales.with_columns(pl.col("occurred_at").dt.truncate("1h")))
    before = world.files()
    ingest(world)
    report = repair(world.settings)
    after = world.files()
    read_sales = {
        "series/weekly_demand",
        "series/merchant_profiles",
        "series/input_tallies",
        "vectors/sku_vectors",
        "vectors/readings",
        "evaluation/decision_tallies",
    }
    assert {"series/weekly_demand"} <= set(report.by_table) <= read_sales
    spared = ("series/input_drift", "features/", "forecast/", "policy/", "evaluation/decision_drift")
    assert all(after[name][1] == before[name][1] for name in after if name.startswith(spared))


def test_a_changed_price_is_seen_but_history_is_not_rewritten_for_it(world: World) -> None:
    change(world, "articles", lambda articles: articles.with_columns(pl.col("unit_price_eur") * 1.1))
    ingest(world)
    stale = list(stale_partitions(world.settings))
    # A table without dates changes as a whole: also for those that read categories, launches and ends of articles, but no price.
    of_weeks = {"series/merchant_profiles", "series/lead_times", "series/input_tallies", "features/launch_counts", "forecast/model_quantiles"}
    of_days = {"vectors/sku_vectors", "vectors/readings", "policy/order_curves", "evaluation/exceptions"}
    assert {found.table for found in stale} == of_weeks | of_days
    assert all(set(found.reasons) == {Reason.REFERENCE} for found in stale)
    assert repair(world.settings).n_partitions == 0
    repaired = repair(world.settings, reasons=frozenset(Reason)).by_table.keys()
    assert repaired >= {"vectors/sku_vectors", "policy/policies"}
    assert {table for table in repaired if LINEAGE[table].rhythm == "weekly"} == of_weeks  # no price in them: they spare what lies below
    assert list(stale_partitions(world.settings)) == []


def test_changed_settings_name_the_tables_they_concern(world: World) -> None:
    inventory = world.settings.inventory.model_copy(update={"discount": 0.9})
    changed = world.settings.model_copy(update={"inventory": inventory})
    stale = list(stale_partitions(changed))
    assert {found.table.split("/")[0] for found in stale} == {"vectors", "policy", "evaluation"}
    assert all(set(found.reasons) == {Reason.SETTINGS} for found in stale)


def test_status_and_repair_tell_programs_and_people(world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings_file = tmp_path / "settings.toml"
    settings_file.write_text(SIZES_AS_TOML, encoding="utf-8")

    def replenish(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["replenish", *arguments, "--data", world.settings.data, "--settings", str(settings_file)])
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == 0
        return capfd.readouterr().out

    change(world, "sales_transactions", restate_one_sale)
    ingest(world)
    status = json.loads(replenish("status", "--json"))
    assert {row["table"]: row["n_stale"] for row in status["tables"]}["series/weekly_demand"] == 2 * N_SHARDS
    assert {reason for row in status["stale"] for reason in row["reasons"]} == {"restated"}
    assert status["missing"] == []
    (Path(world.settings.data) / "forecast" / "quantiles" / "week=2026-09-07" / "shard=01" / "part.parquet").unlink()
    text = replenish("status")
    assert f"{2 * N_SHARDS} × series/weekly_demand: rows it had seen were restated: raw/sales_transactions (all shards)" in text
    assert "1 × forecast/quantiles" in text
    repaired = json.loads(replenish("repair", "--json"))
    assert repaired["n_partitions"] == sum(map(len, repaired["by_table"].values())) > 2
    assert "2026-09-07 shard 01" in repaired["by_table"]["forecast/quantiles"]  # others are made from it
    assert json.loads(replenish("status", "--json"))["missing"] == []
    assert replenish("repair").strip() == "Nothing was stale."
