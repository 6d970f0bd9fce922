"""The whole platform on a tiny market: repeatable to the byte, independent of shards, complete, explained."""

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from assets.lineage import LINEAGE
from assets.marts import load_marts
from domain.calendar import cutoff_for
from domain.errors import UsageError
from domain.settings import Settings, load_settings
from ml.forecasting.analogues import MODEL
from ml.pipeline import forecast_from_tables
from orchestration.definitions import build_definitions
from orchestration.instance import open_instance
from orchestration.run import RunSummary, run_platform
from orchestration.run_tags import RANGE_END_TAG, RANGE_START_TAG
from sources.folder import read_source
from sources.market import write_market

MARKET = {"n_merchants": 2, "n_articles": 12, "n_weeks": 60, "seed": 3}
N_UNSOLD = 2
"""Articles of the source that were launched in the last complete week and have not sold."""
N_WEEKLY, N_DAILY = (sum(lineage.rhythm == rhythm for lineage in LINEAGE.values()) for rhythm in ("weekly", "daily"))
QUERIES = Path(__file__).parents[2] / "examples" / "queries"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("market") / "source"
    write_market(**MARKET, out=out)
    articles = pl.read_parquet(out / "articles.parquet")
    launch = pl.read_parquet(out / "sales_transactions.parquet")["occurred_at"].max().date() - timedelta(days=10)
    unsold = articles.filter(pl.col("article_id").is_in(articles["article_id"].unique().sort()[:2].implode())).with_columns(
        article_id=pl.concat_str(pl.lit("new "), "article_id"), launch_date=pl.lit(launch), end_of_life_date=pl.lit(None, pl.Date)
    )
    pl.concat([articles, unsold.head(N_UNSOLD)]).write_parquet(out / "articles.parquet")
    return out


def settings_for(root: Path, source: Path, *, n_shards: int) -> Settings:
    sizes = {"forecast": {"n_trees": 8}, "simulation": {"n_paths_optimize": 50, "n_paths_evaluate": 100}, "optimizer": {"evaluation_budget": 20}}
    limits = {
        "inventory": {"inbound_capacity_units_per_week": 60, "fill_rate_floors": {"A": 0.5}, "order_weekdays": "thursday"}
    }  # they tie the SKUs of all shards together
    short = {"suites": {"usual_history_weeks": 48, "largest_short_share": 1.0}}  # the market is 60 weeks old; 48 of them lie before the judged cutoff
    return load_settings(data=str(root), source=str(source), profile="tiny", n_shards=n_shards, **sizes, **limits, **short)


@pytest.fixture(scope="module")
def three_shards(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, RunSummary, list[str]]:
    settings = settings_for(tmp_path_factory.mktemp("three"), source, n_shards=3)
    told: list[str] = []
    return settings, run_platform(settings, on_progress=told.append), told


def only_newest_cutoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the forecast of 12 weeks ago out: half of the time, and nothing these tests look at."""
    monkeypatch.setattr("orchestration.run.FEWEST_HISTORY_WEEKS", 1_000)


def written(root: str, pattern: str) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(Path(root).glob(pattern))}


def policies_of(summary: RunSummary) -> pl.DataFrame:
    files = sorted(Path(summary.outputs["policies"]).parent.glob(f"{Path(summary.outputs['policies']).name}/*/part.parquet"))
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).sort("merchant_id", "article_id")


def prices_of(settings: Settings) -> pl.DataFrame:
    files = Path(settings.data).glob("policy/constraint_prices/*/*/part.parquet")
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).sort("merchant_id", "constraint", "applies_to")


def test_summary_says_what_was_decided(three_shards: tuple[Settings, RunSummary, list[str]]) -> None:
    _, summary, told = three_shards
    assert summary.n_series == 24 + N_UNSOLD
    assert summary.rows_read == summary.rows_accepted + summary.rows_rejected
    assert summary.cutoff == cutoff_for(date.fromisoformat(summary.date)).isoformat()
    policies = policies_of(summary)
    assert summary.n_orders == policies.filter(pl.col("order_now_units") > 0).height > 0
    assert summary.order_value_eur == pytest.approx(policies["order_now_value_eur"].sum())
    assert summary.expected_cost_eur < summary.expected_cost_without_order_eur
    assert summary.fill_rate is not None
    assert summary.fill_rate_without_order is not None
    assert summary.fill_rate > summary.fill_rate_without_order
    assert summary.forecast_accuracy is not None
    assert 0 < summary.forecast_accuracy["coverage_80"] <= 1
    assert len(summary.top_orders) == min(5, summary.n_orders)
    assert all(Path(path).exists() for path in summary.outputs.values())
    json.dumps(summary.as_dict())
    assert any(line.startswith("policy/policies: 26 rows in 3 partitions") for line in told)


def test_the_platform_forecasts_what_the_command_forecasts(three_shards: tuple[Settings, RunSummary, list[str]], source: Path) -> None:
    settings, summary, _ = three_shards
    cutoff = date.fromisoformat(summary.cutoff)
    of_platform = pl.concat(
        [pl.read_parquet(file, hive_partitioning=False) for file in Path(settings.data).glob(f"forecast/quantiles/week={cutoff}/*/part.parquet")]
    )
    of_command = forecast_from_tables(read_source(str(source), today=date.fromisoformat(summary.date)).frames, cutoff=cutoff, settings=settings)
    assert of_platform.sort("merchant_id", "article_id", "week").equals(of_command)


def test_articles_launched_without_a_sale_get_a_recommendation(three_shards: tuple[Settings, RunSummary, list[str]]) -> None:
    settings, summary, _ = three_shards
    policies = policies_of(summary).filter(pl.col("article_id").str.starts_with("new "))
    assert policies["model"].to_list() == [MODEL] * N_UNSOLD
    assert policies["expected_demand_units"].min() > 0  # type: ignore[operator]
    files = Path(settings.data).glob(f"forecast/quantiles/week={summary.cutoff}/*/part.parquet")
    unsold = pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).filter(pl.col("flags") == "never_sold")
    assert set(unsold["article_id"]) == set(policies["article_id"])


def test_checks_ran_and_passed(three_shards: tuple[Settings, RunSummary, list[str]]) -> None:
    settings, _, _ = three_shards
    keys = build_definitions(settings).resolve_asset_graph().asset_check_keys
    blocking = {key for key in keys if key.name in {"suite", "every_series_is_answered", "every_series_is_forecast", "every_series_has_a_vector"}}
    with open_instance(settings.data) as instance:
        records = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
        assert {key: records[key].status.value for key in blocking} == dict.fromkeys(blocking, "SUCCEEDED")
        assert set(records) == set(keys)


def test_the_same_run_twice_writes_the_same_bytes(three_shards: tuple[Settings, RunSummary, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    settings, first, _ = three_shards
    before = written(settings.data, "*/*/*/**/part.parquet")
    assert len(before) == 3 * (12 + 2 * N_WEEKLY + N_DAILY)  # shards × (raw + two cutoffs + one day)
    for name in before:
        if f"week={first.cutoff}" in name or "week=" not in name:
            (Path(settings.data) / name).unlink()
    only_newest_cutoff(monkeypatch)
    second = run_platform(settings)
    assert written(settings.data, "*/*/*/**/part.parquet") == before
    assert second == first


def test_a_damaged_shard_is_repaired_by_itself(three_shards: tuple[Settings, RunSummary, list[str]]) -> None:
    settings, summary, _ = three_shards
    part = Path(summary.outputs["policies"]) / "shard=01" / "part.parquet"
    whole = part.read_bytes()
    part.with_name(".part-1-part.parquet").write_bytes(whole[:50])
    part.write_bytes(whole[:100])
    key = dg.MultiPartitionKey({"day": summary.date, "shard": "01"})
    with open_instance(settings.data) as instance:
        job = build_definitions(settings).resolve_job_def("daily_optimization")
        job.execute_in_process(instance=instance, tags={RANGE_START_TAG: key, RANGE_END_TAG: key})
    assert part.read_bytes() == whole
    assert [path.name for path in part.parent.iterdir()] == ["part.parquet"]


def test_one_shard_of_a_week_is_computed_again_by_itself(three_shards: tuple[Settings, RunSummary, list[str]]) -> None:
    settings, summary, _ = three_shards
    of_shard = written(settings.data, f"*/*/week={summary.cutoff}/shard=01/part.parquet")
    assert len(of_shard) == N_WEEKLY
    for name in of_shard:
        if not name.startswith("forecast/models"):  # trained on all shards, kept beside each
            (Path(settings.data) / name).unlink()
    key = dg.MultiPartitionKey({"week": summary.cutoff, "shard": "01"})
    with open_instance(settings.data) as instance:
        job = build_definitions(settings).resolve_job_def("weekly_forecast")
        result = job.execute_in_process(instance=instance, tags={RANGE_START_TAG: key, RANGE_END_TAG: key})
    assert {event.partition for event in result.get_asset_materialization_events()} == {str(key)}
    assert written(settings.data, f"*/*/week={summary.cutoff}/shard=01/part.parquet") == of_shard


def test_the_number_of_shards_changes_no_policy(
    three_shards: tuple[Settings, RunSummary, list[str]], source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, of_three, _ = three_shards
    only_newest_cutoff(monkeypatch)
    one_shard = settings_for(tmp_path, source, n_shards=1)
    of_one = run_platform(one_shard)
    assert policies_of(of_one).equals(policies_of(of_three))
    prices = prices_of(settings)
    assert prices_of(one_shard).equals(prices)
    assert prices.filter(pl.col("constraint") == "inbound_capacity")["price_eur"].max() > 0  # a limit binds  # type: ignore[operator]
    assert of_one.top_exceptions == of_three.top_exceptions
    assert of_one.forecast_accuracy is None


def test_settings_for_an_unknown_merchant_stop_before_forecasting(source: Path, tmp_path: Path) -> None:
    settings = load_settings(data=str(tmp_path), source=str(source), merchants={"M999": {"lead_time_weeks": 3}})
    with pytest.raises(UsageError, match=r"'M999'[\s\S]*M001, M002"):
        run_platform(settings)
    assert not (tmp_path / "raw").exists()


def test_every_mart_of_the_run_has_rows(three_shards: tuple[Settings, RunSummary, list[str]]) -> None:
    _, summary, _ = three_shards
    with duckdb.connect(summary.outputs["analytics"], read_only=True) as connection:
        rows = {mart.name: connection.table(mart.name).count("*").fetchall()[0][0] for mart in load_marts()}
    assert all(rows.values()), rows


def test_the_analysis_example_plots(three_shards: tuple[Settings, RunSummary, list[str]], tmp_path: Path) -> None:
    settings, _, _ = three_shards
    example = QUERIES.parent / "analysis.py"
    command = [sys.executable, "-W", "error", str(example), "--data", settings.data, "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = ("stock_cover", "forecast_fan", "costs", "accuracy", "orders", "history")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"analysis_{name}.png" for name in names)
    assert all(path.stat().st_size < 100_000 for path in tmp_path.iterdir())


@pytest.mark.parametrize("query", sorted(QUERIES.glob("*.sql")), ids=lambda path: path.stem)
def test_example_queries_run(query: Path, three_shards: tuple[Settings, RunSummary, list[str]]) -> None:
    _, summary, _ = three_shards
    with duckdb.connect(summary.outputs["analytics"], read_only=True) as connection:
        assert connection.execute(query.read_text()).fetchall()
