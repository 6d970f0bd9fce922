from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from domain.quantiles import QUANTILE_COLUMNS
from domain.randomness import shard_of
from domain.settings import ForecastSettings, Settings
from domain.stage_tables import HORIZON_WEEKS
from ml import metrics
from ml.forecasting import forecast_demand, train_models
from ml.forecasting.analogues import with_unsold
from ml.forecasting.ended import with_ended
from ml.forecasting.launches import count_launches, first_known_week, merge_launches
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand, with_flags
from ml.transformation import build_group_weeks, build_inference_rows, build_training_sample, merge_group_weeks, merge_samples
from tests.weekly_tables import panel_tables, tables_of, week

CUTOFF = week(59)
FAVORITA = Path("../shared/data/favorita_21_stores/favorita_21stores_weekly.parquet")
SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=3_000, n_trees=8, n_leaves=8, n_threads=1))


def by_shard(tables: dict[str, pl.DataFrame], n_shards: int) -> pl.DataFrame:
    """The platform's way: sample and count launches per shard, merge, train once, predict per shard."""
    settings = SETTINGS.forecast
    key = pl.struct("merchant_id", "article_id")
    shard = key.map_elements(lambda row: shard_of(row["merchant_id"], row["article_id"], n_shards=n_shards), return_dtype=pl.Int64)
    sharded = {name: tables[name].with_columns(shard=shard) for name in ("weekly_sales", "articles")}
    parts = [tables | {name: table.filter(pl.col("shard") == index).drop("shard") for name, table in sharded.items()} for index in range(n_shards)]
    demands = [build_weekly_demand(part, cutoff=CUTOFF, history_weeks=settings.history_weeks) for part in parts]
    of_shards = [build_group_weeks(demand, cutoff=CUTOFF) for demand in demands]
    groups, first_week = merge_group_weeks(of_shards), first_known_week(of_shards)
    samples = [build_training_sample(demand, cutoff=CUTOFF, settings=settings, group_weeks=groups) for demand in demands]
    models = train_models(merge_samples(samples, settings.n_training_rows), settings=settings)
    rows = [build_inference_rows(demand, cutoff=CUTOFF, settings=settings, group_weeks=groups) for demand in demands]
    articles = [part["articles"] for part in parts]
    launches = [count_launches(demand, own, cutoff=CUTOFF, first_week=first_week) for demand, own in zip(demands, articles, strict=True)]
    forecasts = []
    for demand, own, listed in zip(demands, rows, articles, strict=True):
        sold = with_ended(forecast_demand(demand, own, models, cutoff=CUTOFF, settings=settings), demand, listed, cutoff=CUTOFF)
        whole = with_unsold(sold, demand, listed, merge_launches(launches), cutoff=CUTOFF, horizon_weeks=HORIZON_WEEKS)
        forecasts.append(with_flags(whole, demand, cutoff=CUTOFF))
    return pl.concat(forecasts).sort("merchant_id", "article_id", "week")


def with_articles(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Ten articles that never sold beside those that did; every seventh of these has ended."""
    sold = tables["weekly_sales"].group_by("merchant_id", "article_id").agg(first=pl.col("week").min()).sort("merchant_id", "article_id")
    place = pl.int_range(pl.len())
    attributes = {"category": pl.format("c{}", place % 3), "unit_price_eur": 5.0 + place, "launch_date": pl.col("first")}
    listed = sold.with_columns(**attributes, end_of_life_date=pl.when(place % 7 == 3).then(pl.lit(week(59))))
    new = listed.head(10).with_columns(article_id=pl.format("new {}", place), launch_date=pl.lit(week(57)), end_of_life_date=pl.lit(None, pl.Date))
    return tables | {"articles": tables_of(articles=pl.concat([listed, new]))["articles"]}


@pytest.mark.parametrize("n_shards", [1, 3, 8])
def test_one_call_and_shard_by_shard_give_the_same_bytes(n_shards: int):
    tables = with_articles(panel_tables(n_series=40, n_weeks=60))
    steps: list[str] = []
    whole = forecast_from_tables(tables, cutoff=CUTOFF, settings=SETTINGS, on_progress=steps.append)
    assert whole.equals(by_shard(tables, n_shards))
    assert steps == ["weekly demand", "training sample", "models", "inference rows", "forecast", "articles without a sale"]
    n_by_model = dict(whole.group_by("model").agg(pl.len() // HORIZON_WEEKS).iter_rows())
    assert n_by_model["analogue"] == 10
    assert n_by_model["ended"] >= 4
    assert n_by_model["lightgbm"] >= 20


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
