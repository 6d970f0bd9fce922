"""Rows for the model: one series seen from one origin, for one week ahead. Training and inference share `feature_rows`.

The horizon is a feature and every week is forecast directly: a predicted quantile is never fed back as a lag
(recursion inflates the tails: coverage of q90 rises from .87 to 1.00 over twelve weeks).
"""

from collections.abc import Mapping
from datetime import date
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.settings import ForecastSettings
from domain.stage_tables import HORIZON_WEEKS
from ml.transformation.calendar_features import calendar_features
from ml.transformation.group_weeks import GroupHistory, build_group_weeks, group_features, group_histories, merge_group_weeks
from ml.transformation.origin_features import OriginFeatures, origin_features
from ml.transformation.panel import FloatArray, IntArray, Panel, panels
from ml.transformation.usual_weeks import USUAL_COLUMNS, usual_weeks

Float32Array = npt.NDArray[np.float32]

SCALE_COLUMN = "scale_units"
_ONLY_LOOKED_UP = ("mean_3", "mean_7")
"""Only looked up a year earlier."""


def build_inference_rows(
    weekly_demand: pl.DataFrame,
    *,
    cutoff: date,
    settings: ForecastSettings,
    horizon_weeks: int = HORIZON_WEEKS,
    group_weeks: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """What the models see at the cutoff: one row per series and week ahead, sorted.

    Args:
        weekly_demand: Series of one shard or of all; rows after the cutoff are not looked at.
        cutoff: Monday of the last week that may be seen.
        settings: Threads.
        horizon_weeks: Weeks ahead.
        group_weeks: The merged table of all shards (`merge_group_weeks`); `None` = `weekly_demand` is the whole market.

    Returns:
        merchant_id, article_id, origin (= the cutoff), horizon_week, scale_units, the series' usual weeks, then the features as float32.
    """
    frames = []
    histories = histories_of_market(weekly_demand, group_weeks, cutoff=cutoff)
    for panel in panels(weekly_demand, cutoff=cutoff):
        features = origin_features(panel, histories, n_threads=settings.n_threads)
        row = np.repeat(panel.last_row, horizon_weeks)
        horizon = np.tile(np.arange(1, horizon_weeks + 1), len(panel.start))
        frames.append(feature_rows(panel, features, histories, row=row, horizon=horizon))
    return pl.concat(frames) if frames else empty_feature_rows()


@cache
def empty_feature_rows() -> pl.DataFrame:
    """No rows of the right shape: what a shard without series contributes. Its columns are those that any one series gets."""
    week = date(2024, 1, 1)
    series = {"merchant_id": "any", "article_id": "any", "week": week, "sales_units": 1.0, "is_censored": False, "unit_price_eur": 1.0, "promotion": False}
    return build_inference_rows(pl.DataFrame([series]), cutoff=week, settings=ForecastSettings()).clear()


def histories_of_market(weekly_demand: pl.DataFrame, group_weeks: pl.DataFrame | None, *, cutoff: date) -> dict[str, GroupHistory]:
    """Running totals of the market's groups, from the merged table or, without one, from the series themselves."""
    return group_histories(merge_group_weeks([build_group_weeks(weekly_demand, cutoff=cutoff)]) if group_weeks is None else group_weeks)


def feature_rows(panel: Panel, features: OriginFeatures, histories: Mapping[str, GroupHistory], *, row: IntArray, horizon: IntArray) -> pl.DataFrame:
    """Key, scale and features of the given origins.

    Args:
        panel: The series.
        features: Their features at every origin.
        histories: Running totals of the market's groups.
        row: `(n,)` panel rows of the origins.
        horizon: `(n,)` weeks ahead, 1 …
    """
    scale = features.scale_units[row]
    columns: dict[str, FloatArray] = {name: values[row] / scale for name, values in features.in_units.items() if name not in _ONLY_LOOKED_UP}
    columns |= {name: values[row] for name, values in features.plain.items()}
    columns |= _last_years(panel, features, row=row, horizon=horizon)
    columns |= group_features(histories, panel, row=row, horizon=horizon)
    columns |= calendar_features(panel.first_day[row], horizon)
    usual = usual_weeks(panel, row)
    columns |= {name.removesuffix("_units"): usual[name] / scale for name in USUAL_COLUMNS}
    keys = panel.keys[panel.series[row]].with_columns(
        origin=pl.Series(panel.first_day[row]).cast(pl.Int32).cast(pl.Date),
        horizon_week=pl.Series(horizon, dtype=pl.Int64),
        scale_units=pl.Series(scale),
        **{name: pl.Series(values) for name, values in usual.items()},
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
