"""Evidence as Dagster makes it: a day alone has no changes; once the day before is made up for, exactly its changes are stale, and repaired."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from assets.layout import read_partitions, shard_names
from assets.staleness import Reason, stale_partitions
from domain.settings import Settings, load_settings
from domain.stage_tables import CHANGE_CAUSES
from orchestration.in_process import InProcess
from orchestration.jobs import DAILY_OPTIMIZATION, INGEST, WEEKLY_FORECAST
from orchestration.partitions import day_range, shard_range, week_range
from orchestration.repair import repair
from sources.market import write_market

CUTOFF, THURSDAY = date(2026, 9, 21), date(2026, 10, 1)
N_SHARDS = 2
KEY = ["merchant_id", "article_id"]


def rows_of(settings: Settings, table: str, day: date) -> pl.DataFrame:
    return read_partitions(settings.data, table, [{"day": str(day), "shard": shard} for shard in shard_names(N_SHARDS)])


def test_changes_follow_when_the_day_before_is_made_up_for(tmp_path: Path) -> None:
    write_market(n_merchants=3, n_articles=12, n_weeks=50, seed=7, out=tmp_path / "source")
    sizes = {"simulation": {"n_paths_optimize": 60, "n_paths_evaluate": 128}, "evidence": {"explained_changes_from_eur": 0.0}, "forecast": {"n_trees": 3}}
    settings = load_settings(data=str(tmp_path / "data"), source=str(tmp_path / "source"), profile="tiny", n_shards=N_SHARDS, **sizes)
    platform = InProcess(settings, reason="test", on_progress=lambda _: None)
    platform.run(INGEST, shard_range(N_SHARDS))
    platform.run(WEEKLY_FORECAST, week_range(CUTOFF, n_shards=N_SHARDS))
    platform.run(DAILY_OPTIMIZATION, day_range(THURSDAY, n_shards=N_SHARDS))
    today = rows_of(settings, "policy/policies", THURSDAY)
    assert rows_of(settings, "policy/order_changes", THURSDAY).is_empty()
    assert rows_of(settings, "policy/alternatives", THURSDAY).filter(pl.col("alternative") == "recommended").height == today.height
    assert rows_of(settings, "policy/cost_curves", THURSDAY).select(KEY).unique().height == today.height
    known = rows_of(settings, "policy/settings_in_force", THURSDAY)
    assert set(today["settings_hash"]) == set(known["settings_hash"])

    platform.run(DAILY_OPTIMIZATION, day_range(THURSDAY - timedelta(days=1), n_shards=N_SHARDS))
    stale = list(stale_partitions(settings))
    look_at_the_day_before = {"policy/order_changes", "evaluation/decision_tallies"}
    assert {(partition.table, partition.key["day"]) for partition in stale} == {(table, str(THURSDAY)) for table in look_at_the_day_before}
    assert all(set(partition.reasons) == {Reason.UPSTREAM} for partition in stale)
    # A large change can hold an order back, and drift of decisions is judged by the tallies.
    repaired = repair(settings).by_table
    assert set(repaired) == {*look_at_the_day_before, "policy/order_releases", "evaluation/decision_drift"}
    assert all(name.startswith(str(THURSDAY)) for names in repaired.values() for name in names)

    changes, before = rows_of(settings, "policy/order_changes", THURSDAY), rows_of(settings, "policy/policies", THURSDAY - timedelta(days=1))
    planned = pl.col("order_now_units") + pl.col("planned_order_units")
    waiting = before.filter(pl.col("order_now_units") == 0).select(*KEY, planned_before=planned)  # what was ordered is no plan any more
    moved = today.join(waiting, on=KEY).filter(planned != pl.col("planned_before")).sort(KEY)
    assert moved.height > 0
    assert changes.sort(KEY).select(KEY).equals(moved.select(KEY))
    causes = changes.select(pl.sum_horizontal(f"{cause}_units" for cause in (*CHANGE_CAUSES, "constraints"))).to_series()
    assert causes.to_list() == (changes["order_now_units"] - changes["order_day_before_units"]).to_list()
