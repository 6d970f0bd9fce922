"""Stage forecast: quantile models trained once per cutoff, and 12 weeks of demand quantiles per series."""

from functools import lru_cache

import dagster as dg
import polars as pl

from assets.calibration_gate import build_gate
from assets.declaration import declaration
from assets.governance import build_promotions
from assets.held_out import build_held_out
from assets.layout import PartitionKey
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from assets.plots import forecast_fan
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from ml.champions import crown_champions
from ml.forecasting import forecast_demand, train_models
from ml.forecasting.analogues import with_unsold
from ml.forecasting.ended import with_ended
from ml.forecasting.launches import merge_launches
from ml.preprocessing import with_flags, without_unit_errors
from ml.transformation import merge_samples


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The assets of the stage."""

    @dg.asset(**declaration("forecast/models", partitions, kinds={"lightgbm"}))
    def models(context: dg.AssetExecutionContext, training_sample: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """One small table of models per cutoff, trained on the samples of all shards; every shard keeps the same copy.

        It belongs to the cutoff alone, but a Dagster job holds one partitions definition, and a shard that finds its
        models beside its rows can be forecast again by itself. Training happens once per cutoff of a run.
        """

        @lru_cache(maxsize=1)
        def train(week: str) -> pl.DataFrame:
            samples = training_sample.read_each(week=week)
            return train_models(merge_samples(samples, settings.forecast.n_training_rows), settings=settings.forecast)

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: train(key["week"]))

    @dg.asset(**declaration("forecast/model_quantiles", partitions, kinds={"lightgbm"}))
    def model_quantiles(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **inputs: PartitionReader) -> PartitionedFrames:
        """39 quantiles of weekly demand for each series, articles on sale without a sale included, and each of the 12 weeks after the cutoff."""

        @lru_cache(maxsize=1)
        def launches(week: str) -> pl.DataFrame:
            return merge_launches(inputs["launch_counts"].read_each(week=week))

        def compute(key: PartitionKey) -> pl.DataFrame:
            weekly_demand, rows, models = (inputs[name].read(**key) for name in ("weekly_demand", "inference_rows", "models"))
            demand, articles = without_unit_errors(weekly_demand), inputs["articles"].read(shard=key["shard"])
            sold = forecast_demand(demand, rows, models, cutoff=week_of(key), settings=settings.forecast)
            on_sale = with_ended(sold, demand, articles, cutoff=week_of(key))
            return with_unsold(on_sale, demand, articles, launches(key["week"]), cutoff=week_of(key), horizon_weeks=HORIZON_WEEKS)

        return PartitionedFrames(keys_of(context.partition_keys), compute, _models_used)

    @dg.asset(**declaration("forecast/quantiles", partitions))
    def quantiles(
        context: dg.AssetExecutionContext,
        model_quantiles: PartitionReader,
        champions: PartitionReader,
        weekly_demand: PartitionReader,
        settings: dg.ResourceParam[Settings],
    ) -> PartitionedFrames:
        """The forecast that decisions are made with: the models' own, but where a challenger has won a segment."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            inputs, cutoff = (model_quantiles.read(**key), weekly_demand.read(**key), champions.read(**key)), week_of(key)
            crowned = crown_champions(*inputs, cutoff=cutoff, history_weeks=settings.forecast.history_weeks)
            return with_flags(crowned, inputs[1], cutoff=cutoff)

        return PartitionedFrames(keys_of(context.partition_keys), compute, _figures)

    return [models, model_quantiles, *build_held_out(partitions), *build_promotions(partitions), quantiles, *build_gate(partitions)]


def _models_used(frame: pl.DataFrame) -> Metadata:
    models = frame.group_by("model").agg(pl.len() // HORIZON_WEEKS).sort("model")
    return {f"n_series_by_{model}": count for model, count in models.iter_rows()}


def _figures(frame: pl.DataFrame) -> Metadata:
    segments = frame.group_by("segment").agg(pl.len() // HORIZON_WEEKS).sort("segment")
    return {"n_series": frame.height // HORIZON_WEEKS, "forecast_fan": forecast_fan(frame), "segments": dict(segments.iter_rows())}
