"""The stage `backtest` in Dagster: partitions of past weeks, the report, the views."""

import datetime as dt
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from assets.backtest.database import RESULTS
from assets.backtest.stage import REPORT, raw_tables
from assets.layout import partition_location
from domain.settings import Settings, load_settings
from domain.tables import RAW_TABLES, ROW_KEYS
from orchestration.definitions import build_definitions
from sources.folder import read_source
from sources.market import write_market
from sources.storage import write_parquet

STARTS = ("2026-03-02", "2026-03-30")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data root whose raw tables have been ingested: two shards, some rows in both."""
    source, root = tmp_path_factory.mktemp("market"), tmp_path_factory.mktemp("data")
    write_market(n_merchants=2, n_articles=5, n_weeks=50, seed=5, out=source)
    frames = read_source(str(source), today=dt.date(2026, 10, 1)).frames
    for name, frame in frames.items():
        for shard, part in (("00", frame[::2]), ("01", frame[1::2])):
            rows = part if "article_id" in frame.columns and name != "cost_rates" else frame
            write_parquet(rows, partition_location(str(root), f"raw/{name}", {"shard": shard}))
    quick = {"n_paths_optimize": 64, "n_threads": 1}
    return load_settings(
        data=str(root), source=str(source), profile="tiny", n_shards=2, simulation=quick, optimizer={"evaluation_budget": 20}, forecast={"n_threads": 1}
    )


def test_the_raw_tables_are_whole_again(settings: Settings) -> None:
    source = read_source(settings.source, today=dt.date(2026, 10, 1)).frames
    for name, frame in raw_tables(settings).items():
        assert frame.equals(source[name].sort(ROW_KEYS[name])), name
    assert set(source) == set(RAW_TABLES)


def test_a_backfill_is_a_backtest(settings: Settings) -> None:
    definitions = build_definitions(settings)
    assets = [
        asset for asset in definitions.resolve_asset_graph().assets_defs if asset.keys & {dg.AssetKey(RESULTS.split("/")), dg.AssetKey(REPORT.split("/"))}
    ]
    done = dg.materialize(
        assets,
        tags={"dagster/asset_partition_range_start": STARTS[0], "dagster/asset_partition_range_end": STARTS[0]},
        run_config={"ops": {"backtest__results": {"config": {"n_orders": 2, "n_weeks": 4}}}},
    )
    assert done.success
    rows = pl.read_parquet(partition_location(settings.data, RESULTS, {"week": STARTS[0]}))
    assert {"recorded", "look_ahead", "hindsight"} <= set(rows["contestant"])
    page = Path(settings.data, "backtest", "report", "report.html")
    assert "Limits of this evidence" in page.read_text(encoding="utf-8")
    assert {file.stem for file in (page.parent / "merchants").iterdir()} == set(rows["merchant_id"])
    [report] = [event for event in done.get_asset_materialization_events() if event.asset_key == dg.AssetKey(REPORT.split("/"))]
    assert str(report.materialization.metadata["report"].value).endswith("report.html")
    with duckdb.connect(str(page.parents[1] / "backtest.duckdb"), read_only=True) as connection:
        by_contestant = connection.sql("SELECT contestant, n_series_starts FROM backtest_by_contestant").fetchall()
        comments = connection.sql("SELECT count(*) FROM duckdb_columns() WHERE table_name = 'backtest_results' AND comment IS NULL").fetchall()
    assert dict(by_contestant)["look_ahead"] == rows.filter(pl.col("contestant") == "look_ahead").height
    assert comments == [(0,)]
