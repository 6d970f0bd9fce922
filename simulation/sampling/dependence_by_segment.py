"""The dependence between weeks per demand segment, from held-out forecasts; where a segment is too small, from all of them, else the default.

Nothing here reads a date: held-out weeks are over by the cutoff they were judged at.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.forecast_tables import ALL_SEGMENTS, HeldOut, WeekDependence
from domain.randomness import stable_hash
from domain.stage_tables import HORIZON_WEEKS
from simulation.sampling.dependence import DEFAULT_AUTOCORRELATION, DEFAULT_COMMON_SHARE, fit_to_probabilities, variance_ratio

FEWEST_SERIES = 100
"""Held-out forecasts with 12 known weeks below which g and ρ are not fitted: the variance of a sum then has a standard error above 14 %."""
MOST_SERIES = 5_000
"""Held-out forecasts per segment that a fit looks at: a standard error of 2 %, and bounded memory."""
_KEY = ["cutoff", "merchant_id", "article_id"]
_COLUMNS = [*_KEY, "segment", "n_weeks", "pit_below", "pit_upto"]


def sample_held_out(held_out: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows a fit may look at: those with 12 known weeks, at most `MOST_SERIES` per segment, drawn by key.

    Args:
        held_out: Rows of `forecast_tables.HeldOut`, of shards or cutoffs, or earlier samples of such: the sample of samples is
            the sample of everything, so shards cannot show.
    """
    whole = pl.concat([HeldOut.create_empty().select(_COLUMNS), *(frame.select(_COLUMNS) for frame in held_out)]).filter(pl.col("n_weeks") == HORIZON_WEEKS)
    drawn = pl.Series("drawn", [stable_hash("dependence", *key) for key in whole.select(_KEY).iter_rows()], dtype=pl.UInt64)
    ordered = whole.with_columns(drawn).sort("segment", "drawn", *_KEY)
    return ordered.group_by("segment", maintain_order=True).head(MOST_SERIES).select(_COLUMNS)


def estimate_dependence(held_out: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The pair (g, ρ) per segment.

    Args:
        held_out: As for `sample_held_out`; may be empty.

    Returns:
        `forecast_tables.WeekDependence`: a row per segment that was held out, and one (empty) for all others; sorted.
    """
    sample = sample_held_out(held_out)
    of_all = _row(ALL_SEGMENTS, sample, basis="all_segments", otherwise=_default_row())
    own = [_row(segment, rows, basis="segment", otherwise=of_all) for (segment,), rows in sample.group_by("segment", maintain_order=True)]
    return WeekDependence.validate(pl.DataFrame([of_all, *own], schema=WeekDependence.create_empty().schema).sort("segment"))


def of_segments(segments: pl.Series, dependence: pl.DataFrame) -> pl.DataFrame:
    """demand_common_share and demand_autocorrelation of each segment named, in its order; null where the table is empty."""
    renamed = {"demand_common_share": "common_share", "demand_autocorrelation": "autocorrelation"}
    own = pl.DataFrame({"segment": segments}).join(dependence, on="segment", how="left", maintain_order="left")
    others = dependence.filter(pl.col("segment") == ALL_SEGMENTS)
    return own.select(pl.coalesce(column, pl.lit(others[column].max(), pl.Float64)).alias(name) for name, column in renamed.items())


def _row(segment: str, rows: pl.DataFrame, *, basis: str, otherwise: dict[str, object]) -> dict[str, object]:
    if rows.height < FEWEST_SERIES:
        return {**otherwise, "segment": segment, "n_series": rows.height}
    fitted = fit_to_probabilities(_by_week(rows["pit_below"]), _by_week(rows["pit_upto"]))
    return {
        "segment": segment,
        "common_share": fitted.common_share,
        "autocorrelation": fitted.autocorrelation,
        "basis": basis,
        "n_series": rows.height,
        "observed_variance_ratio": fitted.variance_ratio[-1],
        "fitted_variance_ratio": fitted.fitted_ratio[-1],
    }


def _default_row() -> dict[str, object]:
    return {
        "common_share": DEFAULT_COMMON_SHARE,
        "autocorrelation": DEFAULT_AUTOCORRELATION,
        "basis": "default",
        "observed_variance_ratio": None,
        "fitted_variance_ratio": float(variance_ratio(DEFAULT_COMMON_SHARE, DEFAULT_AUTOCORRELATION, HORIZON_WEEKS)),
    }


def _by_week(lists: pl.Series) -> npt.NDArray[np.float64]:
    return np.array(lists.to_list(), dtype=np.float64).reshape(-1, HORIZON_WEEKS)
