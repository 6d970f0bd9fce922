"""The weekly series as flat arrays: one entry per series and week, series after series, gap-free."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.errors import StaleInputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CHUNK_ROWS = 1_000_000
"""Series × weeks handled at once: bounds memory (about 0.5 GB of features) whatever the size of a shard."""


class Panel(NamedTuple):
    """Series of weekly demand as flat arrays of `n_rows`; `start` and `length` are per series."""

    keys: pl.DataFrame
    """merchant_id, article_id: one row per series."""
    start: IntArray
    """`(n_series,)` row of the series' first week."""
    length: IntArray
    """`(n_series,)` weeks of the series."""
    series: IntArray
    """`(n_rows,)` position of the row's series in `keys`."""
    first_day: IntArray
    """`(n_rows,)` Monday of the row's week, in days since 1970-01-01."""
    sales_units: FloatArray
    """`(n_rows,)`; NaN = unknown."""
    is_censored: BoolArray
    unit_price_eur: FloatArray
    """`(n_rows,)`; NaN = no price."""
    promotion: FloatArray
    """`(n_rows,)`; NaN = not known."""

    @property
    def is_observed(self) -> BoolArray:
        """Weeks with a number of units sold, be it only a lower bound of demand."""
        return ~np.isnan(self.sales_units)

    @property
    def is_known(self) -> BoolArray:
        """Weeks whose demand is known: observed and not cut off by stock."""
        return self.is_observed & ~self.is_censored

    @property
    def last_row(self) -> IntArray:
        """`(n_series,)` row of the cutoff week."""
        return self.start + self.length - 1


def panels(weekly_demand: pl.DataFrame, *, cutoff: date) -> Iterator[Panel]:
    """The series up to the cutoff, in key order, a bounded number of rows at a time; series are never split.

    Raises:
        StaleInputError: A series has gaps or does not reach the cutoff.
    """
    visible = _visible(weekly_demand, cutoff=cutoff)
    if visible.is_empty():
        return
    whole = _panel(visible)
    _check_grid(whole, cutoff=cutoff)
    first, n_series = 0, len(whole.start)
    ends = whole.start + whole.length
    while first < n_series:
        last = max(int(np.searchsorted(ends, whole.start[first] + CHUNK_ROWS, side="right")), first + 1)
        yield whole if last - first == n_series else _panel(visible[int(whole.start[first]) : int(ends[last - 1])])
        first = last


def whole_panel(weekly_demand: pl.DataFrame, *, cutoff: date) -> Panel:
    """The series up to the cutoff, in key order, all at once; gaps are let through."""
    return _panel(_visible(weekly_demand, cutoff=cutoff))


def _visible(weekly_demand: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    columns = ["merchant_id", "article_id", "week", "sales_units", "is_censored", "unit_price_eur", "promotion"]
    visible = weekly_demand.lazy().filter(pl.col("week") <= cutoff).select(columns).collect()
    # Sorting a million rows by two texts takes longer than all moving means; the platform's partitions are sorted.
    return visible if _is_sorted(visible) else visible.sort("merchant_id", "article_id", "week")


def _is_sorted(frame: pl.DataFrame) -> bool:
    """Whether every series is one run of rising weeks, and the runs are in the order of their keys."""
    is_first = _is_first(frame)
    merchant, article = (frame[name].filter(pl.Series(is_first)) for name in ("merchant_id", "article_id"))
    rises = (merchant > merchant.shift()) | ((merchant == merchant.shift()) & (article > article.shift()))
    later = np.diff(frame["week"].to_physical().to_numpy(), prepend=0) > 0
    return bool(rises.slice(1).all() and (later | is_first).all())


def _is_first(frame: pl.DataFrame) -> BoolArray:
    """Rows whose key differs from the row before."""
    merchant, article = pl.col("merchant_id"), pl.col("article_id")
    return frame.select(((merchant != merchant.shift()) | (article != article.shift())).fill_null(value=True)).to_series().to_numpy()


def _panel(frame: pl.DataFrame) -> Panel:
    is_first = _is_first(frame)
    run = np.cumsum(is_first) - 1
    start = np.flatnonzero(is_first)
    return Panel(
        keys=frame.select("merchant_id", "article_id")[start],
        start=start,
        length=np.diff(start, append=len(run)),
        series=run,
        first_day=frame["week"].to_physical().cast(pl.Int64).to_numpy(),
        sales_units=_floats(frame["sales_units"]),
        is_censored=frame["is_censored"].to_numpy(),
        unit_price_eur=_floats(frame["unit_price_eur"]),
        promotion=_floats(frame["promotion"]),
    )


def _floats(column: pl.Series) -> FloatArray:
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _check_grid(panel: Panel, *, cutoff: date) -> None:
    inside = np.diff(panel.series) == 0
    n_gaps = int(((np.diff(panel.first_day) != 7) & inside).sum())
    n_short = int((panel.first_day[panel.last_row] != (cutoff - date(1970, 1, 1)).days).sum())
    if n_gaps or n_short:
        raise StaleInputError(
            "series/weekly_demand does not fit the cutoff",
            got=f"{n_gaps} gaps between weeks, {n_short} of {len(panel.start)} series that do not reach {cutoff}",
            wanted="gap-free weeks from the first sale to the cutoff",
            remedy=f"Materialise series/weekly_demand for the cutoff {cutoff}.",
        )
