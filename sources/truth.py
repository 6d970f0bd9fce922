"""What a synthetic world knows beside its source: only the world of replay and backtest may ask for it."""

from pathlib import Path

import polars as pl

from sources.contract_writer import TRUTH_FOLDER
from sources.market.events import TRUTH_TABLE
from sources.storage import exists, join, read_parquet


def true_weekly_demand(source: str | Path) -> pl.DataFrame | None:
    """merchant_id, article_id, week, demand_units, a row also where it is zero; `None` where a source has no truth beside it.

    Raises:
        StorageError: It cannot be read.
    """
    location = join(str(source), TRUTH_FOLDER, f"{TRUTH_TABLE}.parquet")
    return read_parquet(location) if exists(location) else None
