"""The part of stage forecast that looks back: past forecasts against what came, and what follows from it for the next ones."""

from functools import lru_cache

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.lineage import recent_weeks
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of, week_of
from assets.plots import markdown_table
from domain.calendar import ONE_WEEK
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS, Forecasts
from ml.champions import judge_held_out
from simulation.sampling.dependence_by_segment import estimate_dependence, sample_held_out


def build_held_out(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Past forecasts judged, and the dependence between weeks that they show."""

    @dg.asset(**declaration("forecast/held_out", partitions))
    def held_out(
        context: dg.AssetExecutionContext, model_quantiles: PartitionReader, weekly_demand: PartitionReader, settings: dg.ResourceParam[Settings]
    ) -> PartitionedFrames:
        """The models' forecast of 12 weeks ago and its challengers against what came; no rows where none was made."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            made = model_quantiles.read_if_present(week=(week_of(key) - HORIZON_WEEKS * ONE_WEEK).isoformat(), shard=key["shard"])
            forecast = Forecasts.create_empty() if made is None else made
            return judge_held_out(forecast, weekly_demand.read(**key), history_weeks=settings.forecast.history_weeks)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("forecast/dependence", partitions))
    def dependence(context: dg.AssetExecutionContext, held_out: PartitionReader) -> PartitionedFrames:
        """How far the errors of one series' weeks go together, per segment, from the forecasts judged in the last 13 weeks; the same in each shard."""

        @lru_cache(maxsize=1)
        def of_weeks(*weeks: str) -> pl.DataFrame:
            return estimate_dependence([sample_held_out([rows]) for week in weeks for rows in held_out.read_present(week=week)])

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: of_weeks(*recent_weeks(key)), _dependence)

    return [held_out, dependence]


def _dependence(frame: pl.DataFrame) -> Metadata:
    columns = ("segment", "common_share", "autocorrelation", "basis", "n_series", "observed_ratio_12_weeks", "fitted_ratio_12_weeks")
    rows = frame.select(columns).with_columns(pl.col("segment").replace("", "all others"), pl.col(pl.Float64).round(3)).rows()
    return {"dependence": markdown_table(("segment", "g", "ρ", "basis", "series", "variance of 12 weeks ÷ independent", "fitted"), rows)}
