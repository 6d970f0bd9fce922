"""Walk-forward evaluation: at each past cutoff everything is trained again on what could be seen, then judged."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

import numpy as np
import polars as pl

from domain.errors import UsageError
from domain.quantiles import QUANTILE_COLUMNS, mean_of_quantiles
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from ml.evaluation.baselines import BASELINES, Baseline
from ml.evaluation.figures import Tally, tally_sums
from ml.evaluation.histories import histories_of
from ml.evaluation.library_baselines import LIBRARY_BASELINES
from ml.forecasting.segments import describe_series
from ml.pipeline import forecast_from_demand
from ml.preprocessing import build_weekly_demand
from ml.preprocessing.visible import SERIES_KEY, newest_recorded_week
from ml.transformation.panel import panels

MODEL = "replenish"
"""The method's name for the product's own forecast."""
Progress = Callable[[str], None]
Forecaster = Callable[[pl.DataFrame, date], pl.DataFrame]
"""Weekly demand up to a cutoff, and the cutoff → merchant_id, article_id, horizon_week, 39 quantile columns; more columns may follow."""


def forecasters_of(
    settings: Settings, *, articles: pl.DataFrame | None = None, on_progress: Progress | None = None, with_library: bool = False
) -> dict[str, Forecaster]:
    """The product's forecaster and every baseline, by name.

    Args:
        settings: As for the forecast itself.
        articles: The contract's table, from which the product knows what has ended; `None` = it does not.
        on_progress: Told each step of the product's forecaster.
        with_library: Whether to take statsforecast's baselines, too (5 ms a series).
    """
    tell = on_progress or (lambda _: None)

    def own(demand: pl.DataFrame, cutoff: date) -> pl.DataFrame:
        def tell_step(step: str) -> None:
            tell(f"cutoff {cutoff}: {step}")

        return forecast_from_demand(demand, cutoff=cutoff, settings=settings.forecast, articles=articles, on_progress=tell_step)

    methods = {**BASELINES, **LIBRARY_BASELINES} if with_library else BASELINES
    n_weeks = settings.forecast.history_weeks
    baselines: dict[str, Forecaster] = {name: partial(_baseline_forecast, baseline, n_weeks=n_weeks) for name, baseline in methods.items()}
    return {MODEL: own, **baselines}


def evaluate_cutoffs(
    tables: Mapping[str, pl.DataFrame],
    cutoffs: Sequence[date],
    *,
    settings: Settings,
    forecasters: Mapping[str, Forecaster] | None = None,
    on_progress: Progress | None = None,
) -> pl.DataFrame:
    """Sums of `figures.tally_sums` for every forecaster at every cutoff; only weeks whose demand is known are judged.

    Args:
        tables: The nine contract tables.
        cutoffs: Mondays of the last weeks that may be seen.
        settings: As for the forecast itself.
        forecasters: By name; `None` = `forecasters_of(settings)` for the tables' articles.
        on_progress: Told each step.

    Raises:
        UsageError: After a cutoff there is no week that could judge it.
    """
    _check_cutoffs(tables, cutoffs)
    tell = on_progress or (lambda _: None)
    chosen = forecasters_of(settings, articles=tables["articles"], on_progress=on_progress) if forecasters is None else forecasters
    history_weeks = settings.forecast.history_weeks
    parts = []
    for cutoff in cutoffs:
        demand = build_weekly_demand(tables, cutoff=cutoff, history_weeks=history_weeks)
        judged = _judged_cells(tables, demand, cutoff=cutoff, history_weeks=history_weeks)
        for method, forecaster in chosen.items():
            tell(f"cutoff {cutoff}: {method}")
            parts.append(tally_sums(_tally(judged, forecaster(demand, cutoff)), method=method, cutoff=cutoff.isoformat()))
    return pl.concat(parts)


def _check_cutoffs(tables: Mapping[str, pl.DataFrame], cutoffs: Sequence[date]) -> None:
    """Before any work: a forecast that nothing follows cannot be judged."""
    newest = newest_recorded_week(tables)
    unjudged = [cutoff for cutoff in cutoffs if newest is None or cutoff >= newest]
    if unjudged:
        raise UsageError(
            f"no week can judge a forecast of cutoff {unjudged[0]}",
            got=f"newest complete week with sales: {newest}",
            wanted="at least one week after the cutoff",
            remedy=f"Use a cutoff before {newest}." if newest else "Add sales to the source.",
        )


def _baseline_forecast(baseline: Baseline, demand: pl.DataFrame, cutoff: date, *, n_weeks: int) -> pl.DataFrame:
    frames = []
    for panel in panels(demand, cutoff=cutoff):
        keys, units = histories_of(panel, n_weeks=n_weeks)
        quantiles = baseline(units, HORIZON_WEEKS).reshape(-1, len(QUANTILE_COLUMNS))
        rows = keys.select(pl.all().repeat_by(HORIZON_WEEKS)).explode(SERIES_KEY)
        horizon = pl.Series("horizon_week", np.tile(np.arange(1, HORIZON_WEEKS + 1), keys.height))
        frames.append(rows.with_columns(horizon).hstack(pl.DataFrame(quantiles, schema=QUANTILE_COLUMNS)))
    return pl.concat(frames)


def _judged_cells(tables: Mapping[str, pl.DataFrame], demand: pl.DataFrame, *, cutoff: date, history_weeks: int) -> pl.DataFrame:
    """Known weeks of the horizon of every series known at the cutoff, with its segment and its scale, mean |Δy|."""
    later = build_weekly_demand(tables, cutoff=cutoff + timedelta(weeks=HORIZON_WEEKS), history_weeks=history_weeks + HORIZON_WEEKS)
    change = pl.col("sales_units").cast(pl.Float64).diff().abs().over(SERIES_KEY, order_by="week")
    scale = demand.with_columns(change=change).group_by(SERIES_KEY).agg(scale_units=pl.col("change").mean())
    segments = describe_series(demand, cutoff=cutoff).select(*SERIES_KEY, "segment")
    recorded = pl.col("week").is_between(cutoff, newest_recorded_week(tables), closed="right")
    known = later.filter(recorded, pl.col("sales_units").is_not_null(), ~pl.col("is_censored"))
    horizon = ((pl.col("week") - pl.lit(cutoff)).dt.total_days() // 7).alias("horizon_week")
    cells = known.select(*SERIES_KEY, horizon, actual_units=pl.col("sales_units").cast(pl.Float64))
    return cells.join(scale, on=SERIES_KEY).join(segments, on=SERIES_KEY).sort(*SERIES_KEY, "horizon_week")


def _tally(judged: pl.DataFrame, forecast: pl.DataFrame) -> Tally:
    mean = [] if "demand_mean_units" in forecast.columns else [pl.Series("demand_mean_units", mean_of_quantiles(forecast.select(QUANTILE_COLUMNS).to_numpy()))]
    answers = forecast.with_columns(mean).select(*SERIES_KEY, "horizon_week", "demand_mean_units", *QUANTILE_COLUMNS)
    rows = judged.join(answers, on=[*SERIES_KEY, "horizon_week"], how="inner", maintain_order="left")
    cells = rows.select("segment", "horizon_week", "actual_units", "scale_units", mean_units="demand_mean_units")
    return Tally(cells, rows.select(QUANTILE_COLUMNS).to_numpy(), judged.height - rows.height)
