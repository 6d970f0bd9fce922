"""The job `hyperparameter_search`: tries other sizes of the trees on the newest training sample. It changes no setting; it shows a table."""

from typing import Any

import dagster as dg
import polars as pl

from assets.layout import newest_partition, read_partitions, shard_names
from assets.partitioned import Progress
from assets.plots import markdown_table
from domain.errors import StaleInputError
from domain.settings import Settings
from ml.champions.search import search_hyperparameters
from ml.transformation import merge_samples
from orchestration.jobs import LOGS_TO_INSTANCE
from orchestration.run_tags import RHYTHM
from sources.storage import join, write_parquet

HYPERPARAMETER_SEARCH = "hyperparameter_search"
_SAMPLE = "features/training_sample"
_FOLDER = "search"


class SearchConfig(dg.Config):
    """How long to search."""

    n_candidates: int = 12
    """Combinations beside the one in force; each takes as long as training once."""
    n_rows: int = 60_000
    """Rows of the training sample, earliest arrivals first."""


def build_hyperparameter_search_job() -> Any:
    """The job (Dagster does not export its type)."""

    @dg.op(description="Train and judge other hyper-parameters on the newest training sample; the table is written to `search/`.")
    def search(context: dg.OpExecutionContext, config: SearchConfig, settings: dg.ResourceParam[Settings], progress: dg.ResourceParam[Progress]) -> None:
        week = newest_partition(settings.data, _SAMPLE, "week")
        if week is None:
            raise StaleInputError(f"{_SAMPLE} has not been materialised", remedy="Run the job weekly_forecast first.")
        shards = [read_partitions(settings.data, _SAMPLE, [{"week": week, "shard": shard}]) for shard in shard_names(settings.n_shards)]
        found = search_hyperparameters(merge_samples(shards, config.n_rows), settings=settings.forecast, n_candidates=config.n_candidates, on_progress=progress)
        location = join(settings.data, _FOLDER, f"hyperparameters_{week}.parquet")
        write_parquet(found, location)
        shown = found.with_columns(pl.col(pl.Float64).round(4))
        context.add_output_metadata({"week": week, "path": location, "candidates": markdown_table(found.columns, shown.rows())})

    @dg.job(
        name=HYPERPARAMETER_SEARCH,
        description="Try other sizes of the trees on held-out weeks of the newest training sample; proposes, changes nothing (docs/how-to/challengers.md).",
        config=LOGS_TO_INSTANCE,
        tags={RHYTHM: HYPERPARAMETER_SEARCH},
        executor_def=dg.in_process_executor,
    )
    def hyperparameter_search_job() -> None:
        search()

    return hyperparameter_search_job
