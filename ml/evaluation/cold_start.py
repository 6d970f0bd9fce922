"""How good the forecast of a brand-new article is: at past cutoffs, articles launched later are forecast unseen.

They stand for articles whose history is hidden: nothing of theirs is before the cutoff. What each sold in its first
twelve weeks judges the forecast.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_LEVELS
from domain.settings import Settings
from ml.evaluation.figures import Tally, tally_sums
from ml.forecasting.analogues import analogue_quantiles
from ml.forecasting.empirical import empirical_quantiles
from ml.forecasting.launches import ANALOGUE_KINDS, LAUNCH_WEEKS, count_launches
from ml.preprocessing import build_weekly_demand
from ml.preprocessing.visible import SERIES_KEY

METHODS: Mapping[str, Sequence[str]] = {
    "analogues": tuple(ANALOGUE_KINDS),
    "without price bands": ("merchant, category", "merchant", "market"),
    "the merchant's launches": ("merchant", "market"),
    "all launches": ("market",),
}
"""Kinds of groups that each method may use."""
PRIOR = "prior"


def cold_start_sums(tables: Mapping[str, pl.DataFrame], cutoffs: Sequence[date], *, last_week: date, settings: Settings) -> pl.DataFrame:
    """Sums of `figures.tally_sums` of each method over the first weeks of articles launched after a cutoff, before the next.

    Args:
        tables: The nine contract tables.
        cutoffs: Mondays, rising; after the last one, launches of a further twelve weeks are judged.
        last_week: Newest week that judges.
        settings: Length of history.
    """
    history_weeks = settings.forecast.history_weeks
    later = build_weekly_demand(tables, cutoff=last_week, history_weeks=history_weeks + LAUNCH_WEEKS)
    parts = []
    for cutoff, until in zip(cutoffs, [*cutoffs[1:], cutoffs[-1] + timedelta(weeks=LAUNCH_WEEKS)], strict=True):
        demand = build_weekly_demand(tables, cutoff=cutoff, history_weeks=history_weeks)
        launched = pl.col("launch_date").is_between(cutoff + timedelta(weeks=1), until + timedelta(weeks=1), closed="left")
        unseen = tables["articles"].filter(launched).join(demand.select(SERIES_KEY).unique(), on=SERIES_KEY, how="anti").sort(SERIES_KEY)
        cells = _first_weeks(unseen, later)
        if cells.is_empty():
            continue
        counts = count_launches(demand, tables["articles"], cutoff=cutoff, first_week=demand["week"].min())  # type: ignore[arg-type]
        answers = {name: analogue_quantiles(unseen, counts.filter(pl.col("kind").is_in(list(kinds)))) for name, kinds in METHODS.items()}
        answers[PRIOR] = np.repeat(_prior(), unseen.height, axis=0)
        parts += [_sums(cells, quantiles, method=name, cutoff=cutoff) for name, quantiles in answers.items()]
    return pl.concat(parts)


def _first_weeks(unseen: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """Known demand of each article's first twelve weeks, with its position in `unseen`."""
    launch = unseen.with_row_index("position").select(*SERIES_KEY, "position", launch=pl.col("launch_date").dt.truncate("1w"))
    known = later.filter(pl.col("sales_units").is_not_null(), ~pl.col("is_censored")).join(launch, on=SERIES_KEY)
    age = ((pl.col("week") - pl.col("launch")).dt.total_days() // 7).alias("age_weeks")
    return known.with_columns(age).filter(pl.col("age_weeks").is_between(0, LAUNCH_WEEKS - 1)).sort("position", "age_weeks")


def _prior() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    nothing = pl.DataFrame({"n_observed_weeks": [0], "mean_units": [0.0], "variance_units": [0.0]})
    return empirical_quantiles(nothing).reshape(1, len(QUANTILE_LEVELS))


def _sums(cells: pl.DataFrame, quantiles: np.ndarray[tuple[int, ...], np.dtype[np.float64]], *, method: str, cutoff: date) -> pl.DataFrame:
    judged = np.floor(quantiles[cells["position"].to_numpy()] + 0.5)
    frame = cells.select(
        segment=pl.lit("new"),
        horizon_week=pl.col("age_weeks") + 1,
        actual_units=pl.col("sales_units").cast(pl.Float64),
        scale_units=pl.lit(None, pl.Float64),
    ).with_columns(mean_units=pl.Series(judged.mean(axis=1)))
    return tally_sums(Tally(frame, judged, 0), method=method, cutoff=cutoff.isoformat())
