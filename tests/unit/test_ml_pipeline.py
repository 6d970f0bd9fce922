from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from domain.quantiles import QUANTILE_COLUMNS
from domain.randomness import shard_of
from domain.settings import ForecastSettings, Settings
from ml import metrics
from ml.forecasting import forecast_demand, train_models
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand, with_flags
from ml.transformation import build_group_weeks, build_inference_rows, build_training_sample, merge_group_weeks, merge_samples
from tests.weekly_tables import panel_tables, tables_of, week

CUTOFF = week(59)
FAVORITA = Path("../shared/data/favorita_21_stores/favorita_21stores_weekly.parquet")
SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=3_000, n_trees=8, n_leaves=8, n_threads=1))


def by_shard(tables: dict[str, pl.DataFrame], n_shards: int) -> pl.DataFrame:
    """The platform's way: sample per shard, merge, train once, predict per shard."""
    settings = SETTINGS.forecast
    key = pl.struct("merchant_id", "article_id")
    shard = key.map_elements(lambda row: shard_of(row["merchant_id"], row["article_id"], n_shards=n_shards), return_dtype=pl.Int64)
    sales = tables["weekly_sales"].with_columns(shard=shard)
    parts = [tables | {"weekly_sales": sales.filter(pl.col("shard") == index).drop("shard")} for index in range(n_shards)]
    demands = [build_weekly_demand(part, cutoff=CUTOFF, history_weeks=settings.history_weeks) for part in parts]
    groups = merge_group_weeks([build_group_weeks(demand, cutoff=CUTOFF) for demand in demands])
    samples = [build_training_sample(demand, cutoff=CUTOFF, settings=settings, group_weeks=groups) for demand in demands]
    models = train_models(merge_samples(samples, settings.n_training_rows), settings=settings)
    rows = [build_inference_rows(demand, cutoff=CUTOFF, settings=settings, group_weeks=groups) for demand in demands]
    forecasts = [
        with_flags(forecast_demand(demand, own, models, cutoff=CUTOFF, settings=settings), demand, cutoff=CUTOFF)
        for demand, own in zip(demands, rows, strict=True)
    ]
    return pl.concat(forecasts).sort("merchant_id", "article_id", "week")


def test_one_call_and_shard_by_shard_give_the_same_bytes():
    tables = panel_tables(n_series=40, n_weeks=60)
    steps: list[str] = []
    whole = forecast_from_tables(tables, cutoff=CUTOFF, settings=SETTINGS, on_progress=steps.append)
    assert whole.equals(by_shard(tables, 3))
    assert steps == ["weekly demand", "training sample", "models", "inference rows", "forecast"]


def test_the_future_the_order_of_rows_and_threads_change_nothing():
    tables = panel_tables(n_series=30, n_weeks=60)
    cutoff = week(45)
    before = forecast_from_tables(tables, cutoff=cutoff, settings=SETTINGS)
    tampered = tables["weekly_sales"].with_columns(sales_units=pl.when(pl.col("week") > cutoff).then(77_777).otherwise("sales_units"))
    two_threads = SETTINGS.model_copy(update={"forecast": SETTINGS.forecast.model_copy(update={"n_threads": 2})})
    shuffled = tampered.sample(fraction=1.0, shuffle=True, seed=9)
    assert forecast_from_tables(tables | {"weekly_sales": shuffled}, cutoff=cutoff, settings=two_threads).equals(before)


def test_a_source_without_sales_gives_no_rows():
    assert forecast_from_tables(tables_of(), cutoff=CUTOFF, settings=SETTINGS).is_empty()


@pytest.mark.skipif(not FAVORITA.exists(), reason=f"real data is not here: {FAVORITA}")
def test_on_real_weeks_the_trees_beat_last_years_quantiles():
    cutoff = date(2015, 10, 19)
    columns = {"merchant_id": pl.col("store_idx").cast(pl.String), "article_id": pl.col("product_idx").cast(pl.String)}
    week_start = pl.col("week_start_inferred").dt.truncate("1w")
    raw = pl.scan_parquet(FAVORITA).filter(pl.col("units") >= 0, pl.col("product_idx") < 12)
    sales = raw.select(**columns, week=week_start, sales_units=pl.col("units").cast(pl.Int64)).collect()
    tables = tables_of(weekly_sales=sales)
    settings = Settings(forecast=ForecastSettings(n_training_rows=10_000, n_trees=40, n_threads=2))
    truth = sales.with_columns(actual=pl.col("sales_units").cast(pl.Float64)).drop("sales_units")
    losses = []
    for fewest in (settings.forecast.min_training_rows, 10**9):  # the second trains no trees
        chosen = settings.model_copy(update={"forecast": settings.forecast.model_copy(update={"min_training_rows": fewest})})
        judged = forecast_from_tables(tables, cutoff=cutoff, settings=chosen).join(truth, on=["merchant_id", "article_id", "week"])
        actual, quantiles = judged["actual"].to_numpy(), judged.select(QUANTILE_COLUMNS).to_numpy()
        losses.append(metrics.scaled_crps(actual, quantiles))
        calibration = metrics.calibration_error(actual, quantiles, generator=np.random.default_rng(0))
    assert losses[0] < 0.9 * losses[1]
    assert calibration < 0.15
