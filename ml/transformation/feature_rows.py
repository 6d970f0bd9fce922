"""Rows for the model: one series seen from one origin, for one week ahead. Training and inference share `feature_rows`.

The horizon is a feature and every week is forecast directly: a predicted quantile is never fed back as a lag
(recursion inflates the tails: coverage of q90 rises from .87 to 1.00 over twelve weeks).
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.settings import ForecastSettings
from domain.stage_tables import HORIZON_WEEKS
from ml.transformation.origin_features import OriginFeatures, origin_features
from ml.transformation.panel import FloatArray, IntArray, Panel, panels

Float32Array = npt.NDArray[np.float32]

SCALE_COLUMN = "scale_units"
_YEAR_DAYS = 365.25
_ONLY_LOOKED_UP = ("mean_3", "mean_7")
"""Only looked up a year earlier."""


def build_inference_rows(weekly_demand: pl.DataFrame, *, cutoff: date, settings: ForecastSettings, horizon_weeks: int = HORIZON_WEEKS) -> pl.DataFrame:
    """What the models see at the cutoff: one row per series and week ahead, sorted.

    Returns:
        merchant_id, article_id, origin (= the cutoff), horizon_week, scale_units, then the features as float32.
    """
    frames = []
    for panel in panels(weekly_demand, cutoff=cutoff):
        features = origin_features(panel, n_threads=settings.n_threads)
        row = np.repeat(panel.last_row, horizon_weeks)
        horizon = np.tile(np.arange(1, horizon_weeks + 1), len(panel.start))
        frames.append(feature_rows(panel, features, row=row, horizon=horizon))
    return pl.concat(frames) if frames else empty_feature_rows()


def empty_feature_rows() -> pl.DataFrame:
    """No rows of the right shape: what a shard without series contributes."""
    keys = {"merchant_id": pl.String, "article_id": pl.String, "origin": pl.Date, "horizon_week": pl.Int64, SCALE_COLUMN: pl.Float64}
    return pl.DataFrame(schema=keys)


def feature_rows(panel: Panel, features: OriginFeatures, *, row: IntArray, horizon: IntArray) -> pl.DataFrame:
    """Key, scale and features of the given origins.

    Args:
        panel: The series.
        features: Their features at every origin.
        row: `(n,)` panel rows of the origins.
        horizon: `(n,)` weeks ahead, 1 …
    """
    scale = features.scale_units[row]
    columns: dict[str, FloatArray] = {name: values[row] / scale for name, values in features.in_units.items() if name not in _ONLY_LOOKED_UP}
    columns |= {name: values[row] for name, values in features.plain.items()}
    columns |= _last_years(panel, features, row=row, horizon=horizon)
    columns |= _season(panel.first_day[row] + 7 * horizon)
    keys = panel.keys[panel.series[row]].with_columns(
        origin=pl.Series(panel.first_day[row]).cast(pl.Int32).cast(pl.Date),
        horizon_week=pl.Series(horizon, dtype=pl.Int64),
        scale_units=pl.Series(scale),
    )
    return keys.hstack([pl.Series(name, values.astype(np.float32)) for name, values in columns.items()])


def feature_names(rows: pl.DataFrame) -> list[str]:
    """The columns a model reads: every float32 column, and the horizon."""
    return ["horizon_week", *(name for name, dtype in rows.schema.items() if dtype == pl.Float32)]


def _last_years(panel: Panel, features: OriginFeatures, *, row: IntArray, horizon: IntArray) -> dict[str, FloatArray]:
    """The target week one and two years ago, and what last year's season would make of today's level."""
    scale, units = features.scale_units[row], features.in_units

    def at(name: str, back: IntArray | int) -> FloatArray:
        values = units[name] if name != "sales" else panel.sales_units
        earlier = row - back
        inside = earlier >= panel.start[panel.series[row]]
        return np.where(inside, values[np.maximum(earlier, 0)], np.nan)

    centred = at("mean_3", 51 - horizon)
    level_then = at("mean_8", 52)
    development = np.divide(centred, level_then, out=np.full(len(row), np.nan), where=level_then > 0)
    return {
        "same_week_last_year": at("sales", 52 - horizon) / scale,
        "near_week_last_year": centred / scale,
        "around_week_last_year": at("mean_7", 49 - horizon) / scale,
        "near_week_two_years_ago": at("mean_3", 103 - horizon) / scale,
        "level_last_year": level_then / scale,
        "year_ago_year_mean": at("mean_52", 52) / scale,
        "last_years_development": development,
        "projected_from_last_year": development * units["mean_8"][row] / scale,
    }


def _season(first_day: IntArray) -> dict[str, FloatArray]:
    """Position of the target week in the year, as one and two waves."""
    angle = 2 * np.pi * first_day / _YEAR_DAYS
    return {"sin_year": np.sin(angle), "cos_year": np.cos(angle), "sin_half_year": np.sin(2 * angle), "cos_half_year": np.cos(2 * angle)}
