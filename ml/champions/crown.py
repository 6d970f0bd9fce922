"""The forecast with the champions of its segments in place: where a challenger has won, its quantiles stand instead of the models'."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_COLUMNS, mean_of_quantiles
from domain.stage_tables import HORIZON_WEEKS, Forecasts
from ml.champions.decision import champions_by_segment
from ml.champions.held_out import challenger_quantiles
from ml.evaluation.histories import histories_of
from ml.forecasting.ended import MODEL as ENDED
from ml.preprocessing import without_unit_errors
from ml.preprocessing.visible import SERIES_KEY
from ml.transformation.panel import panels


def crown_champions(forecast: pl.DataFrame, weekly_demand: pl.DataFrame, champions: pl.DataFrame, *, cutoff: date, history_weeks: int) -> pl.DataFrame:
    """The forecast that decisions are made with.

    Args:
        forecast: `stage_tables.Forecasts` of the models.
        weekly_demand: Series up to the cutoff; later rows are not looked at.
        champions: `forecast_tables.Champions`; no rows = the models forecast everything.
        cutoff: Monday of the last week that may be seen.
        history_weeks: Window of the challengers, in weeks.

    Returns:
        `stage_tables.Forecasts`, sorted; `model` names the challenger where one forecasts.
    """
    return forecast_segments_again(forecast, weekly_demand, champions_by_segment(champions), cutoff=cutoff, history_weeks=history_weeks)


def forecast_segments_again(forecast: pl.DataFrame, weekly_demand: pl.DataFrame, won: Mapping[str, str], *, cutoff: date, history_weeks: int) -> pl.DataFrame:
    """The forecast with the quantiles of other forecasters in some segments.

    Args:
        forecast: `stage_tables.Forecasts`.
        weekly_demand: Series up to the cutoff; later rows are not looked at.
        won: Name of the challenger by segment.
        cutoff: Monday of the last week that may be seen.
        history_weeks: Window of the challengers, in weeks.

    Returns:
        `stage_tables.Forecasts`, sorted; `model` names the challenger where one forecasts.
    """
    parts = [forecast.filter(~pl.col("segment").is_in(sorted(won)))]
    for segment, challenger in sorted(won.items()):
        own = forecast.filter(pl.col("segment") == segment)
        parts += _forecast_again(own, without_unit_errors(weekly_demand), challenger, cutoff=cutoff, history_weeks=history_weeks)
    return Forecasts.validate(pl.concat(parts).sort(*SERIES_KEY, "week"))


def _forecast_again(own: pl.DataFrame, weekly_demand: pl.DataFrame, challenger: str, *, cutoff: date, history_weeks: int) -> list[pl.DataFrame]:
    """The rows of some series with the challenger's quantiles, some series at a time; articles that have ended or never sold keep theirs."""
    asked = own.filter(pl.col("model") != ENDED).join(weekly_demand, on=SERIES_KEY, how="semi")
    columns, parts = own.columns, [own.join(asked, on=SERIES_KEY, how="anti")]
    for panel in panels(weekly_demand.join(asked, on=SERIES_KEY, how="semi"), cutoff=cutoff):
        keys, units = histories_of(panel, n_weeks=history_weeks)
        quantiles = challenger_quantiles(challenger, units).reshape(-1, len(QUANTILE_COLUMNS))
        horizon = pl.Series("horizon_week", np.tile(np.arange(1, HORIZON_WEEKS + 1), keys.height))
        series = keys.select(pl.all().repeat_by(HORIZON_WEEKS)).explode(SERIES_KEY).with_columns(horizon)
        numbers = pl.DataFrame(quantiles, schema=QUANTILE_COLUMNS).with_columns(demand_mean_units=pl.Series(mean_of_quantiles(quantiles)))
        rest = asked.select(*SERIES_KEY, "cutoff", "week", "horizon_week", "segment")
        parts.append(series.hstack(numbers).join(rest, on=[*SERIES_KEY, "horizon_week"], how="inner").with_columns(model=pl.lit(challenger)).select(columns))
    return parts
