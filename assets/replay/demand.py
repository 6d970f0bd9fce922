"""What customers of a replay asked for: never shown to the engine but through `World.seen`.

A week partly or wholly out of stock, or unknown, is decided once by a keyed draw, the same for every policy: one of the series' 26 nearest
known weeks whose sales are at least as many, by chance; the sales themselves where there is none.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from assets.replay.terms import ReplayTerms
from domain.calendar import ONE_WEEK
from domain.randomness import stable_hash
from feature_store.stock import SERIES_KEY
from ml.preprocessing.visible import visible_sales
from simulation.replay.world import IntArray

Tables = Mapping[str, pl.DataFrame]
NEAREST_WEEKS = 26


class Demand(NamedTuple):
    """What customers asked for."""

    units: IntArray
    """`(n_skus, n_weeks)`"""
    drawn_share: float
    """Share of series-weeks that are a draw."""


def true_demand(truth: pl.DataFrame, keys: pl.DataFrame, terms: ReplayTerms) -> Demand:
    """From the world's own record; a week without a row is a zero."""
    rows = truth.filter(pl.col("week").is_between(terms.first_week, terms.last_week)).join(keys, on=SERIES_KEY)
    units = np.zeros((keys.height, terms.n_weeks), dtype=np.int64)
    units[rows["sku"].to_numpy(), _week_index(rows, terms)] = rows["demand_units"].to_numpy()
    return Demand(units, 0.0)


def recorded_demand(tables: Tables, keys: pl.DataFrame, terms: ReplayTerms, *, seed: int) -> Demand:
    """Sales where the shelf was full or nothing else is known, a draw of at least the sales elsewhere; of transactions, a week without any is a zero."""
    span = (terms.first_week - 2 * NEAREST_WEEKS * ONE_WEEK, terms.last_week + 2 * NEAREST_WEEKS * ONE_WEEK)
    sales = visible_sales(tables, cutoff=span[1]).filter(pl.col("week") >= span[0]).collect().join(keys, on=SERIES_KEY)
    played = sales.filter(pl.col("week").is_between(terms.first_week, terms.last_week))
    are_events = not tables["sales_transactions"].is_empty()
    units = np.full((keys.height, terms.n_weeks), 0 if are_events else -1, dtype=np.int64)
    is_known = np.full(units.shape, are_events)
    known = pl.col("sales_units").is_not_null() & (pl.col("available_share").fill_null(1.0) >= 1)
    place = (played["sku"].to_numpy(), _week_index(played, terms))
    units[place] = played["sales_units"].fill_null(-1).to_numpy()
    is_known[place] = played.select(known).to_series().to_numpy()
    _draw_unknown(units, is_known, sales.filter(known), keys, terms, seed=seed)
    return Demand(units, float((~is_known).mean()))


def _draw_unknown(
    units: IntArray, is_known: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]", known: pl.DataFrame, keys: pl.DataFrame, terms: ReplayTerms, *, seed: int
) -> None:
    """Write a draw into every cell that is not known; −1 stands for unknown sales."""
    missing = np.argwhere(~is_known)
    wanted = np.unique(missing[:, 0])
    history = {sku: rows for (sku,), rows in known.filter(pl.col("sku").is_in(wanted)).sort("sku", "week").partition_by("sku", as_dict=True).items()}
    names = keys.select(SERIES_KEY)
    for sku, week in missing.tolist():
        least, monday = int(units[sku, week]), terms.first_week + week * ONE_WEEK
        units[sku, week] = max(least, 0)
        if sku not in history:
            continue
        apart = np.abs((history[sku]["week"] - monday).dt.total_days().to_numpy())
        near = history[sku]["sales_units"].to_numpy()[np.sort(np.argsort(apart, kind="stable")[:NEAREST_WEEKS])]
        enough = np.sort(near[near >= least])
        if enough.size:
            units[sku, week] = enough[stable_hash("demand", *names.row(sku), monday, seed) % enough.size]


def _week_index(rows: pl.DataFrame, terms: ReplayTerms) -> IntArray:
    return ((rows["week"] - terms.first_week).dt.total_days() // 7).to_numpy()
