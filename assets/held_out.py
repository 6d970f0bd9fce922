"""The part of stage forecast that looks back: past forecasts against what came, and what follows from it for the next ones."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain

import dagster as dg
import polars as pl

from assets.declaration import declaration
from assets.layout import PartitionKey
from assets.lineage import earlier, recent_weeks
from assets.partitioned import Metadata, PartitionedFrames, PartitionReader, Partitions, keys_of
from assets.plots import markdown_table
from assets.provenance import code_version, data_hash, settings_hash
from domain.calendar import ONE_WEEK
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS, Forecasts
from ml.champions import decide_champions, judge_held_out, sample_losses
from ml.champions.decision import STANDING
from ml.champions.model_card import NO_MODEL, card_markdown, describe_models
from ml.transformation import merge_samples
from simulation.sampling.dependence_by_segment import estimate_dependence, sample_held_out


def build_held_out(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """Past forecasts judged, and the dependence between weeks that they show."""

    @dg.asset(**declaration("forecast/held_out", partitions))
    def held_out(
        context: dg.AssetExecutionContext, model_quantiles: PartitionReader, weekly_demand: PartitionReader, settings: dg.ResourceParam[Settings]
    ) -> PartitionedFrames:
        """The models' forecast of 12 weeks ago and its challengers against what came; no rows where none was made."""

        def compute(key: PartitionKey) -> pl.DataFrame:
            made = model_quantiles.read_if_present(**earlier(key, HORIZON_WEEKS * ONE_WEEK))
            forecast = Forecasts.create_empty() if made is None else made
            return judge_held_out(forecast, weekly_demand.read(**key), history_weeks=settings.forecast.history_weeks)

        return PartitionedFrames(keys_of(context.partition_keys), compute)

    @dg.asset(**declaration("forecast/dependence", partitions))
    def dependence(context: dg.AssetExecutionContext, held_out: PartitionReader) -> PartitionedFrames:
        """How far the errors of one series' weeks go together, per segment, from the forecasts judged in the last 13 weeks; the same in each shard."""

        @lru_cache(maxsize=1)
        def of_weeks(*weeks: str) -> pl.DataFrame:
            return estimate_dependence([sample_held_out([rows]) for rows in _of_weeks(held_out, weeks)])

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: of_weeks(*recent_weeks(key)), _dependence)

    @dg.asset(**declaration("forecast/champions", partitions))
    def champions(context: dg.AssetExecutionContext, held_out: PartitionReader, settings: dg.ResourceParam[Settings]) -> PartitionedFrames:
        """Who forecasts each segment: the models, but where a challenger did clearly better in the forecasts judged in the last 13 weeks."""

        @lru_cache(maxsize=1)
        def of_weeks(*weeks: str) -> pl.DataFrame:
            return decide_champions([sample_losses([rows]) for rows in _of_weeks(held_out, weeks)], settings.champions)

        return PartitionedFrames(keys_of(context.partition_keys), lambda key: of_weeks(*recent_weeks(key)), _champions)

    @dg.asset(**declaration("forecast/model_cards", partitions))
    def model_cards(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], **inputs: PartitionReader) -> PartitionedFrames:
        """What a person should know of the models of a cutoff before trusting them; the same card in each shard."""

        @lru_cache(maxsize=1)
        def of_week(week: str) -> pl.DataFrame:
            trained, decided = (next(inputs[name].read_each_if_complete(week=week)) for name in ("models", "champions"))  # every shard holds the same copy
            sample = merge_samples(inputs["training_sample"].read_each(week=week), settings.forecast.n_training_rows)
            versions = {
                "model_version": data_hash(trained) if trained.height else NO_MODEL,
                "code_version": code_version("forecast/models"),
                "settings_hash": settings_hash("forecast/models", settings),
                "training_data_hash": data_hash(sample),
            }
            return describe_models(trained, inputs["held_out"].read_each(week=week), decided, cutoff=date.fromisoformat(week), versions=versions)

        return PartitionedFrames(
            keys_of(context.partition_keys), lambda key: of_week(key["week"]), lambda card: {"card": dg.MetadataValue.md(card_markdown(card))}
        )

    return [held_out, dependence, champions, model_cards]


def _of_weeks(held_out: PartitionReader, weeks: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Shard by shard: the newest of the weeks, which must be there, and those before it that are."""
    *before, newest = weeks
    of_newest = (held_out.read(**key) for key in held_out.keys if key["week"] == newest)
    return chain(*(held_out.read_each_if_complete(week=week) for week in before), of_newest)


def _champions(frame: pl.DataFrame) -> Metadata:
    columns = ("segment", "candidate", "scaled_loss", "improvement", "p_value", "n_series", "n_cutoffs", "reason")
    rounded = frame.with_columns(pl.col("scaled_loss", "improvement", "p_value").round(4))
    header = ("segment", "candidate", "scaled loss", "better by", "p", "series", "cutoffs", "why")
    challenged = frame.filter(pl.col("is_champion"), pl.col("candidate") != STANDING)
    return {
        "segments_of_challengers": ", ".join(challenged["segment"]) or "none",
        "champions": markdown_table(header, rounded.filter(pl.col("is_champion")).select(columns).rows()),
        "candidates": markdown_table(header, rounded.select(columns).rows()),
    }


def _dependence(frame: pl.DataFrame) -> Metadata:
    columns = ("segment", "common_share", "autocorrelation", "basis", "n_series", "observed_variance_ratio", "fitted_variance_ratio")
    rows = frame.select(columns).with_columns(pl.col("segment").replace("", "all others"), pl.col(pl.Float64).round(3)).rows()
    return {"dependence": markdown_table(("segment", "g", "ρ", "basis", "series", "variance of 12 weeks ÷ independent", "fitted"), rows)}
