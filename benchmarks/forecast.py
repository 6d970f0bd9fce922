"""How long a forecast takes and how much memory: a made-up market of any size, shard by shard as the platform works.

The market is drawn here, not by `replenish market`: 100,000 series of 156 weeks must not take longer to invent than to forecast.
"""

import resource
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from domain.settings import ForecastSettings
from ml.forecasting import forecast_demand, train_models
from ml.transformation import build_group_weeks, build_inference_rows, build_training_sample, merge_group_weeks, merge_samples

CUTOFF = date(2026, 9, 21)
SHARD_SERIES = 25_000
N_MERCHANTS = 100
_KIB_PER_GIB = 2**20


def run(*, n_series: int, n_weeks: int, settings: ForecastSettings, on_progress: Callable[[str], None]) -> dict[str, Any]:
    """Times of each step over all shards, seconds, and the peak resident memory of the process, GiB.

    `features_seconds` is what a forecast needs (group totals and inference rows); drawing the training sample, which
    is built from the same features once a week, counts as training.
    """
    spent = {"group_weeks": 0.0, "sample": 0.0, "train": 0.0, "features": 0.0, "predict": 0.0}

    def timed(step: str, call: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        started = time.perf_counter()
        result = call()
        spent[step] += time.perf_counter() - started
        return result

    on_progress("group totals and training sample")
    groups = merge_group_weeks([timed("group_weeks", partial(build_group_weeks, demand, cutoff=CUTOFF)) for demand in _shards(n_series, n_weeks)])
    sample = pl.DataFrame()
    for demand in _shards(n_series, n_weeks):
        own = timed("sample", partial(build_training_sample, demand, cutoff=CUTOFF, settings=settings, group_weeks=groups))
        sample = merge_samples([sample, own], settings.n_training_rows)
    on_progress("training")
    models = timed("train", partial(train_models, sample, settings=settings))
    on_progress("features and prediction")
    n_rows = 0
    for demand in _shards(n_series, n_weeks):
        rows = timed("features", partial(build_inference_rows, demand, cutoff=CUTOFF, settings=settings, group_weeks=groups))
        n_rows += timed("predict", partial(forecast_demand, demand, rows, models, cutoff=CUTOFF, settings=settings)).height
    return {
        "n_series": n_series,
        "n_weeks": n_weeks,
        "threads": settings.n_threads,
        "n_forecast_rows": n_rows,
        "features_seconds": spent["group_weeks"] + spent["features"],
        "train_seconds": spent["sample"] + spent["train"],
        "fit_seconds": spent["train"],
        "predict_seconds": spent["predict"],
        "features_and_predict_seconds_per_100k_series": (spent["group_weeks"] + spent["features"] + spent["predict"]) * 100_000 / n_series,
        "peak_rss_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_GIB,
    }


def _shards(n_series: int, n_weeks: int) -> Iterator[pl.DataFrame]:
    """Weekly demand of one shard after the other: levels from slow to fast, a yearly wave, weeks without stock, young series."""
    for first in range(0, n_series, SHARD_SERIES):
        yield _shard(first, min(SHARD_SERIES, n_series - first), n_weeks)


def _shard(first: int, n_series: int, n_weeks: int) -> pl.DataFrame:
    generator = np.random.default_rng(first)
    level = generator.lognormal(0.5, 1.3, n_series)[:, None]
    wave = 1 + 0.4 * np.sin(2 * np.pi * (np.arange(n_weeks)[None, :] / 52 + generator.random(n_series)[:, None] * 0.2))
    units = generator.poisson(level * wave * generator.gamma(2, 0.5, (n_series, n_weeks)))
    launched = np.where(generator.random(n_series) < 0.2, generator.integers(0, n_weeks - 4, n_series), 0)
    week = np.tile(np.arange(n_weeks), n_series)
    index = np.repeat(np.arange(first, first + n_series), n_weeks)
    out_of_stock = generator.random(n_series * n_weeks) < 0.03
    frame = pl.DataFrame({"index": index, "week": week, "sales_units": units.ravel(), "is_censored": out_of_stock, "launched": np.repeat(launched, n_weeks)})
    start = CUTOFF - timedelta(weeks=n_weeks - 1)
    return (
        frame.filter(pl.col("week") >= pl.col("launched"))
        .select(
            merchant_id=pl.format("m{}", pl.col("index") % N_MERCHANTS),
            article_id=pl.format("a{}", pl.col("index") // 2),
            week=pl.lit(start) + pl.duration(weeks=pl.col("week")),
            sales_units=pl.when("is_censored").then(None).otherwise("sales_units"),
            is_censored="is_censored",
            returned_units=pl.lit(0, pl.Int64),
            unit_price_eur=pl.lit(None, pl.Float64),
            promotion=pl.lit(None, pl.Float64),
        )
        .sort("merchant_id", "article_id", "week")
    )
