"""The gate in front of decisions: a segment whose past forecast did not hold as often as it said is forecast by a simple forecaster instead.

The models of a few weeks before are no refuge: they learnt from nearly the same weeks, and were judged by the same that the refused ones failed. The
simple forecasters read a series' newest weeks alone, and the one with the least held-out loss takes over until the models hold again.
"""

from datetime import date

import polars as pl

from domain.forecast_tables import ALL_SEGMENTS, ALL_WEEKS, CANDIDATES
from domain.stage_tables import FORECAST_REFUSED, FlaggedForecasts
from ml.champions import forecast_segments_again

DEFAULT_BASELINE = "last_52_weeks"
"""Where no challenger was judged: the quantiles of the last 52 weeks, calibrated by construction as long as demand stays what it was."""


def refused_segments(calibration: pl.DataFrame) -> dict[str, str]:
    """Segments whose forecast may not be decided with, and why; the name of all segments where the forecast as a whole failed.

    Args:
        calibration: `forecast_tables.Calibration`. A single week ahead that fails warns, and refuses nothing.
    """
    failed = calibration.filter(pl.col("horizon_week") == ALL_WEEKS, ~pl.col("is_calibrated"))
    return dict(failed.select("segment", "faults").sort("segment").iter_rows())


def release_forecast(
    forecast: pl.DataFrame, weekly_demand: pl.DataFrame, calibration: pl.DataFrame, champions: pl.DataFrame, *, cutoff: date, history_weeks: int
) -> pl.DataFrame:
    """The forecast that decisions are made with.

    Args:
        forecast: `stage_tables.FlaggedForecasts` of the cutoff.
        weekly_demand: Series up to the cutoff; later rows are not looked at.
        calibration: `forecast_tables.Calibration` of the forecast of 12 weeks before; no rows = nothing was judged, nothing is refused.
        champions: `forecast_tables.Champions`: how the simple forecasters did.
        cutoff: Monday of the last week that may be seen.
        history_weeks: Window of the simple forecasters, in weeks.

    Returns:
        `stage_tables.FlaggedForecasts`, sorted; `model` and the flag `forecast_refused` say where the forecast was refused.
    """
    refused = refused_segments(calibration)
    segments = sorted(set(forecast["segment"])) if ALL_SEGMENTS in refused else sorted(refused)
    if not segments:
        return forecast
    stand_ins = {segment: _best_baseline(champions, segment, forecast) for segment in segments}
    again = forecast_segments_again(forecast.drop("flags"), weekly_demand, stand_ins, cutoff=cutoff, history_weeks=history_weeks)
    flags = pl.when(pl.col("segment").is_in(segments)).then(
        pl.concat_str(pl.col("flags").replace("", None), pl.lit(FORECAST_REFUSED), separator=", ", ignore_nulls=True)
    )
    told = forecast.select("merchant_id", "article_id", "week", flags=flags.otherwise("flags"))
    return FlaggedForecasts.validate(again.join(told, on=["merchant_id", "article_id", "week"], how="left", maintain_order="left"))


def _best_baseline(champions: pl.DataFrame, segment: str, forecast: pl.DataFrame) -> str:
    """The candidate with the least held-out loss that does not forecast the segment already."""
    forecasting = forecast.filter(pl.col("segment") == segment)["model"].unique().to_list()
    others = champions.filter(pl.col("segment") == segment, ~pl.col("candidate").is_in([CANDIDATES[0], *forecasting])).sort("scaled_loss", "candidate")
    return str(others["candidate"][0]) if others.height else DEFAULT_BASELINE
