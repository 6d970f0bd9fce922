"""Past forecasts against what came: per series, for the models (from their forecast as it was made) and for every challenger.

Challengers forecast again from the weeks up to the past cutoff: they read one series at a time, so nothing later can reach them.
"""

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.forecast_tables import CANDIDATES, HeldOut
from domain.quantiles import QUANTILE_COLUMNS
from domain.stage_tables import HORIZON_WEEKS
from ml.evaluation.baselines import BASELINES, Baseline
from ml.evaluation.histories import histories_of
from ml.metrics import cumulative_probability, pinball_losses
from ml.preprocessing import without_unit_errors
from ml.preprocessing.visible import SERIES_KEY
from ml.transformation.panel import panels

FloatArray = npt.NDArray[np.float64]

CHALLENGERS: Mapping[str, Baseline] = {name: BASELINES[name] for name in CANDIDATES[1:]}


def judge_held_out(forecast: pl.DataFrame, weekly_demand: pl.DataFrame, *, history_weeks: int) -> pl.DataFrame:
    """Losses of all candidates and probabilities of what came, per series.

    Args:
        forecast: `stage_tables.Forecasts` of one past cutoff, as the models made it.
        weekly_demand: Series up to a later cutoff; only weeks that are known and not cut off by stock are judged.
        history_weeks: Window of the challengers, in weeks.

    Returns:
        `forecast_tables.HeldOut`, sorted by series; no rows without a forecast. Series gone from `weekly_demand`, or first sold
        after the cutoff, keep a row with `n_weeks` 0.
    """
    if forecast.is_empty():
        return HeldOut.create_empty()
    cutoff: date = forecast["cutoff"][0]
    weekly_demand = without_unit_errors(weekly_demand)
    # A series whose first sale came after the cutoff begins there: no challenger could have forecast it, so nobody is judged on it.
    seen = weekly_demand.filter(pl.col("week") <= cutoff).select(SERIES_KEY).unique()
    known = weekly_demand.filter(pl.col("sales_units").is_not_null(), ~pl.col("is_censored")).join(seen, on=SERIES_KEY, how="semi")
    rows = forecast.sort(*SERIES_KEY, "week").join(
        known.select(*SERIES_KEY, "week", "sales_units"), on=[*SERIES_KEY, "week"], how="left", maintain_order="left"
    )
    actual = rows["sales_units"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    judged = ~np.isnan(actual)
    quantiles = rows.select(QUANTILE_COLUMNS).to_numpy()
    series = rows.group_by(*SERIES_KEY, "cutoff", "segment", maintain_order=True).agg(
        n_weeks=pl.col("sales_units").count().cast(pl.Int64), actual_units=pl.col("sales_units").sum()
    )
    by_week = actual.reshape(-1, HORIZON_WEEKS)
    columns = {
        "pit_below": _lists(_probability(quantiles, actual - 0.5, judged)),
        "pit_upto": _lists(_probability(quantiles, actual + 0.5, judged)),
        f"{CANDIDATES[0]}_loss_units": pl.Series(_loss(by_week, quantiles.reshape(-1, HORIZON_WEEKS, len(QUANTILE_COLUMNS)))),
    }
    judged_series = series.with_columns(**columns).join(_scales(weekly_demand, cutoff=cutoff), on=SERIES_KEY, how="left", maintain_order="left")
    challengers = pl.concat([_no_losses(), *_challenger_losses(judged_series.select(SERIES_KEY), by_week, weekly_demand, cutoff, history_weeks)])
    return HeldOut.validate(judged_series.join(challengers, on=SERIES_KEY, how="left", maintain_order="left").select(HeldOut.column_names()))


def challenger_quantiles(name: str, units: FloatArray) -> FloatArray:
    """`(n_series, 12, 39)` whole-unit quantiles of one challenger from `(n_series, n_weeks)` known units."""
    return CHALLENGERS[name](units, HORIZON_WEEKS)


def _challenger_losses(series: pl.DataFrame, actual: FloatArray, weekly_demand: pl.DataFrame, cutoff: date, history_weeks: int) -> Iterator[pl.DataFrame]:
    """Losses of the challengers, some series at a time."""
    place = series.with_row_index("place")
    for panel in panels(weekly_demand.join(series, on=SERIES_KEY, how="semi"), cutoff=cutoff):
        keys, units = histories_of(panel, n_weeks=history_weeks)
        of_panel = actual[keys.join(place, on=SERIES_KEY, how="left", maintain_order="left")["place"].to_numpy()]
        losses = {f"{name}_loss_units": _loss(of_panel, challenger_quantiles(name, units)) for name in CHALLENGERS}
        yield keys.hstack([pl.Series(name, values) for name, values in losses.items()])


def _no_losses() -> pl.DataFrame:
    return HeldOut.create_empty().select(*SERIES_KEY, *(f"{name}_loss_units" for name in CHALLENGERS))


def _loss(actual: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Mean over levels, sum over the known weeks `(n_series,)`."""
    losses = pinball_losses(np.nan_to_num(actual).ravel(), quantiles.reshape(-1, len(QUANTILE_COLUMNS))).mean(axis=1)
    return np.asarray(np.where(np.isnan(actual), 0.0, losses.reshape(actual.shape)).sum(axis=1))


def _probability(quantiles: FloatArray, units: FloatArray, judged: npt.NDArray[np.bool_]) -> FloatArray:
    return np.where(judged, cumulative_probability(quantiles, np.nan_to_num(units)), np.nan).reshape(-1, HORIZON_WEEKS)


def _lists(matrix: FloatArray) -> pl.Series:
    return pl.Series(np.ascontiguousarray(matrix)).cast(pl.List(pl.Float64)).list.eval(pl.element().fill_nan(None))


def _scales(weekly_demand: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """Mean |Δ| of each series' known weeks up to the cutoff: whole units, so their sum does not depend on the order of rows."""
    change = pl.col("sales_units").diff().abs().over(SERIES_KEY, order_by="week")
    return weekly_demand.filter(pl.col("week") <= cutoff).with_columns(change=change).group_by(SERIES_KEY).agg(scale_units=pl.col("change").mean())
