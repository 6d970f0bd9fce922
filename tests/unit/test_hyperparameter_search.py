import dagster as dg
import numpy as np
import polars as pl
import pytest

from domain.settings import ForecastSettings, Settings
from ml.champions.search import HELD_OUT_WEEKS, search_hyperparameters
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_training_sample
from orchestration.hyperparameter_search import build_hyperparameter_search_job
from sources.storage import write_parquet
from tests.weekly_tables import panel_tables, week

SETTINGS = ForecastSettings(n_training_rows=2_000, n_trees=5, n_leaves=8, learning_rate=0.2, n_threads=1)


@pytest.fixture(scope="module")
def sample() -> pl.DataFrame:
    demand = build_weekly_demand(panel_tables(n_series=30, n_weeks=70), cutoff=week(69), history_weeks=156)
    return build_training_sample(demand, cutoff=week(69), settings=SETTINGS)


def test_the_best_comes_first_and_the_settings_in_force_are_among_them(sample: pl.DataFrame) -> None:
    found = search_hyperparameters(sample, settings=SETTINGS, n_candidates=2)
    assert found.height == 3
    assert found["held_out_loss"].is_sorted()
    in_force = found.filter(pl.col("is_in_force")).row(0, named=True)
    assert (in_force["n_trees"], in_force["n_leaves"], in_force["improvement"]) == (5, 8, 0.0)
    assert np.isfinite(found["standard_error"].to_numpy()).all()


def test_the_held_out_weeks_are_not_learnt_from(sample: pl.DataFrame) -> None:
    origin = sample["origin"].to_physical().cast(pl.Int64) // 7
    newest = int((origin + sample["horizon_week"]).max())  # type: ignore[arg-type]
    between = (origin < newest - HELD_OUT_WEEKS) & (origin + sample["horizon_week"] > newest - HELD_OUT_WEEKS)
    spoiled = sample.with_columns(target=pl.when(between).then(1e6).otherwise("target"))
    assert between.any()
    assert search_hyperparameters(spoiled, settings=SETTINGS, n_candidates=0).equals(search_hyperparameters(sample, settings=SETTINGS, n_candidates=0))


def test_a_sample_without_weeks_to_hold_out_gives_no_table(sample: pl.DataFrame) -> None:
    assert search_hyperparameters(sample.head(20), settings=SETTINGS, n_candidates=1).is_empty()
    assert search_hyperparameters(sample.clear(), settings=SETTINGS, n_candidates=1).is_empty()


def test_the_job_reads_the_newest_sample_of_all_shards_and_writes_a_table(sample: pl.DataFrame, tmp_path) -> None:
    for shard in range(2):
        write_parquet(sample[shard::2], str(tmp_path / f"features/training_sample/week=2026-01-05/shard=0{shard}/part.parquet"))
    settings = Settings(data=str(tmp_path), n_shards=2, forecast=SETTINGS)
    config = {"ops": {"search": {"config": {"n_candidates": 1}}}, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    resources = {"settings": settings, "progress": lambda _: None}
    result = build_hyperparameter_search_job().execute_in_process(
        run_config=config, resources={name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in resources.items()}
    )
    assert result.success
    written = pl.read_parquet(tmp_path / "search" / "hyperparameters_2026-01-05.parquet")
    assert written.equals(search_hyperparameters(sample, settings=SETTINGS, n_candidates=1))
