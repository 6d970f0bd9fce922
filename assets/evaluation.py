"""Stage evaluation: how the forecast of 12 weeks ago fared, and what a planner should look at first."""

from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.drift import build_decision_drift, build_forecast_drift
from assets.layout import PartitionKey
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, day_of, keys_of, week_of
from assets.plots import accuracy_by_horizon, markdown_table, reliability_diagram
from domain.calendar import ONE_WEEK
from domain.forecast_tables import ALL_SEGMENTS, ALL_WEEKS, ForecastTallies
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS, ForecastAccuracy
from ml.accuracy import score_forecast
from ml.monitoring import judge_calibration, tally_forecast
from quality.day_figures import accuracy_figures
from quality.exceptions import rank_exceptions


def build(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """The assets of the stage."""

    @dg.asset(**declaration("evaluation/forecast_accuracy", partitions))
    def forecast_accuracy(context: dg.AssetExecutionContext, quantiles: PartitionReader, weekly_demand: PartitionReader) -> PartitionedFrames:
        """The forecast made 12 weeks before the cutoff against what then happened; no rows where none was made."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            judged = quantiles.read_if_present(week=(week_of(key) - HORIZON_WEEKS * ONE_WEEK).isoformat(), shard=key["shard"])
            return ForecastAccuracy.create_empty() if judged is None else score_forecast(judged, weekly_demand.read(**key))

        return PartitionedFrames(keys_of(context.partition_keys), compute, _accuracy)

    @dg.asset(**declaration("evaluation/forecast_tallies", partitions))
    def forecast_tallies(context: dg.AssetExecutionContext, quantiles: PartitionReader, weekly_demand: PartitionReader) -> PartitionedFrames:
        """The same forecast added up by segment and week ahead, in numbers that add up exactly over shards."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            judged = quantiles.read_if_present(week=(week_of(key) - HORIZON_WEEKS * ONE_WEEK).isoformat(), shard=key["shard"])
            return ForecastTallies.create_empty() if judged is None else tally_forecast(judged, weekly_demand.read(**key))

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("evaluation/calibration", partitions))
    def calibration(context: dg.AssetExecutionContext, forecast_tallies: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """The calibration gate: does the forecast hold as often as it says? Over all shards, the same in each of them."""

        @lru_cache(maxsize=1)
        def of_week(week: str) -> pl.DataFrame:
            return judge_calibration(forecast_tallies.read_each(week=week), settings.calibration)

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: of_week(key["week"]), _calibration)

    @dg.asset(**declaration("evaluation/exceptions", partitions))
    def exceptions(
        context: dg.AssetExecutionContext,
        policies: PartitionReader,
        sku_vectors: PartitionReader,
        settings: dg.ResourceParam[Settings],
        **raw: PartitionReader,
    ) -> PartitionedFrames:
        """What is unusual about today's SKUs, with the money at stake, largest first."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            tables = {name: reader.read(shard=key["shard"]) for name, reader in raw.items()}
            return rank_exceptions(policies.read(**key), sku_vectors.read(**key), tables, decision_date=day_of(key), settings=settings)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    return [forecast_accuracy, forecast_tallies, calibration, exceptions, *build_forecast_drift(partitions), *build_decision_drift(partitions)]


def _accuracy(frame: pl.DataFrame) -> Metadata:
    figures = accuracy_figures(frame)
    return {"judged": figures is not None, **(figures or {})}


def _calibration(frame: pl.DataFrame) -> Metadata:
    columns = ("n_cells", "calibration_error", "coverage_80", "wape", "bias", "is_calibrated", "faults")
    of_segments = frame.filter(pl.col("horizon_week") == ALL_WEEKS).with_columns(pl.col("segment").replace(ALL_SEGMENTS, "all"))
    rows = of_segments.with_columns(pl.col(pl.Float64).round(3)).select("segment", *columns).rows()
    header = ("segment", "series × weeks", "calibration error", "80 % interval holds", "WAPE", "bias", "calibrated", "faults")
    return {
        "n_judged": frame["is_calibrated"].count(),
        "n_not_calibrated": frame.filter(~pl.col("is_calibrated")).height,
        "segments": markdown_table(header, rows),
        "reliability": reliability_diagram(frame),
        "accuracy_by_horizon": accuracy_by_horizon(frame),
    }
