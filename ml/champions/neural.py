"""A neural challenger (NHITS through neuralforecast), for walk-forward comparisons. Needs the extra `neural`; the platform never imports it.

It learns over all series at once and takes minutes, so it does not compete in the weekly run: hand it to `ml.evaluation.evaluate_cutoffs` as a
forecaster (docs/how-to/challengers.md).
"""

from datetime import date
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl

from domain.errors import UsageError
from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS
from domain.stage_tables import HORIZON_WEEKS
from ml.preprocessing import without_unit_errors
from ml.preprocessing.visible import SERIES_KEY

INPUT_WEEKS = 52
MAX_STEPS = 500
SEED = 1
_SEPARATOR = "\x1f"


def neural_forecast(weekly_demand: pl.DataFrame, cutoff: date, *, max_steps: int = MAX_STEPS) -> pl.DataFrame:
    """39 quantiles of 12 weeks for every series; unknown weeks are filled with the last known one, for the network takes no gaps.

    Returns:
        merchant_id, article_id, horizon_week and the quantile columns: whole units, never negative, never crossing.

    Raises:
        UsageError: The extra `neural` is not installed.
    """
    library, models, losses = _libraries()
    visible = without_unit_errors(weekly_demand.filter(pl.col("week") <= cutoff)).sort(*SERIES_KEY, "week")
    frame = visible.select(
        unique_id=pl.concat_str(SERIES_KEY, separator=_SEPARATOR),
        ds=pl.col("week").cast(pl.Datetime("us")),
        y=pl.col("sales_units").forward_fill().over(SERIES_KEY).fill_null(0).cast(pl.Float64),
    )
    loss = losses.MQLoss(quantiles=QUANTILE_LEVELS.tolist())
    network = models.NHITS(
        h=HORIZON_WEEKS,
        input_size=INPUT_WEEKS,
        loss=loss,
        max_steps=max_steps,
        scaler_type="robust",
        start_padding_enabled=True,
        random_seed=SEED,
        enable_progress_bar=False,
        logger=False,
        enable_checkpointing=False,
    )
    forecaster = library.NeuralForecast(models=[network], freq="1w")
    forecaster.fit(frame)
    return _as_quantiles(forecaster.predict())


def _libraries() -> tuple[Any, Any, Any]:
    try:
        library, models, losses = map(import_module, ("neuralforecast", "neuralforecast.models", "neuralforecast.losses.pytorch"))
    except ModuleNotFoundError as error:
        raise UsageError(
            "the neural challenger cannot be imported",
            got=str(error),
            wanted="the extra `neural`",
            remedy="uv sync --extra neural; nothing else of the platform needs it.",
        ) from error
    return library, models, losses


def _as_quantiles(predicted: pl.DataFrame) -> pl.DataFrame:
    """The library names its columns after intervals; sorted by row they are the quantiles in rising order."""
    rows = predicted.sort("unique_id", "ds")
    numbers = np.sort(rows.drop("unique_id", "ds").to_numpy(), axis=1)
    names = pl.col("unique_id").str.split_exact(_SEPARATOR, 1).struct.rename_fields(SERIES_KEY)
    horizon = pl.int_range(1, HORIZON_WEEKS + 1).over("unique_id")
    keys = rows.select(names.alias("key"), horizon_week=horizon).unnest("key")
    return keys.hstack(pl.DataFrame(np.floor(np.maximum(numbers, 0.0) + 0.5), schema=QUANTILE_COLUMNS))
