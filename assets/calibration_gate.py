"""The part of stage forecast that stands between a forecast and decisions: does it hold as often as it says, and what is released."""

from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.lineage import earlier
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from assets.plots import accuracy_by_horizon, markdown_table, reliability_diagram
from domain.calendar import ONE_WEEK
from domain.forecast_tables import ALL_SEGMENTS, ALL_WEEKS, ForecastTallies
from domain.settings import Settings
from domain.stage_tables import FORECAST_REFUSED, HORIZON_WEEKS
from ml.monitoring import judge_calibration, release_forecast, tally_forecast


def build_gate(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Tallies, verdict, and the forecast that may be decided with."""

    @dg.asset(**declaration("forecast/tallies", partitions))
    def tallies(context: dg.AssetExecutionContext, quantiles: PartitionReader, weekly_demand: PartitionReader) -> PartitionedFrames:
        """The same forecast added up by segment and week ahead, in numbers that add up exactly over shards."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            judged = quantiles.read_if_present(**earlier(key, HORIZON_WEEKS * ONE_WEEK))
            return ForecastTallies.create_empty() if judged is None else tally_forecast(judged, weekly_demand.read(**key))

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("forecast/calibration", partitions))
    def calibration(context: dg.AssetExecutionContext, tallies: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """The calibration gate: does the forecast hold as often as it says? Over all shards, the same in each of them."""

        @lru_cache(maxsize=1)
        def of_week(week: str) -> pl.DataFrame:
            return judge_calibration(tallies.read_each(week=week), settings.calibration)

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: of_week(key["week"]), _calibration)

    @dg.asset(**declaration("forecast/released", partitions))
    def released(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **inputs: PartitionReader) -> PartitionedFrames:
        """The forecast that decisions are made with: segments that failed the gate are forecast by the best simple forecaster, and say so."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            forecast, demand, calibration, champions = (inputs[name].read(**key) for name in ("quantiles", "weekly_demand", "calibration", "champions"))
            if not settings.calibration.is_enforced:
                return forecast
            return release_forecast(forecast, demand, calibration, champions, cutoff=week_of(key), history_weeks=settings.forecast.history_weeks)

        return PartitionedFrames(keys_of(context.partition_keys), compute, _released)

    return [tallies, calibration, released]


def _released(frame: pl.DataFrame) -> Metadata:
    refused = frame.filter(pl.col("flags").str.contains(FORECAST_REFUSED)).group_by("segment", "model").agg(pl.len() // HORIZON_WEEKS).sort("segment")
    return {"refused": "; ".join(f"{segment}: {model} for {n:,} series" for segment, model, n in refused.iter_rows()) or "none"}


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
