"""Faults of the records: the rows of one buyer's tables as a faulty delivery has them, sorted by their keys."""

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from domain.randomness import stable_hash
from domain.tables import ROW_KEYS
from sources.market.faults import DuplicatedWeek, Fault, FrozenStockFeed, MissingShard, PriceUnit, RecordFault, TimeZoneShift

SERIES_KEY = ["merchant_id", "article_id"]
_LANE = [*SERIES_KEY, "warehouse_id"]
_EVENTS: Mapping[str, str] = {"sales_transactions": "occurred_at", "returns": "returned_at", "stock_levels": "date", "inbound_shipments": "ordered_at"}
"""The column that says in whose days a row falls."""
_IDS: Mapping[str, str] = {"sales_transactions": "transaction_id", "returns": "return_id"}
_AGAIN = "-again"
Frames = dict[str, pl.DataFrame]
_Change = Callable[[pl.DataFrame], pl.DataFrame]


def spoil(frames: Frames, faults: tuple[Fault, ...], *, seed: int) -> tuple[Frames, tuple[int, ...]]:
    """The tables with the faults of the records in them, and the rows each fault touched (0 for faults of the world).

    Args:
        frames: Tables of one buyer, `articles` among them.
        faults: In the order in which they are applied.
        seed: Of the market; decides which series a missing shard misses.
    """
    touched = []
    for number, fault in enumerate(faults):
        n_rows = 0
        if isinstance(fault, RecordFault):
            series = _series_in_scope(frames["articles"], fault, key=(seed, number))
            for table, change in _changes(fault).items():
                frames, n_changed = _apply(frames, table, fault, change, series=series)
                n_rows += n_changed
        touched.append(n_rows)
    return frames, tuple(touched)


def _apply(frames: Frames, table: str, fault: RecordFault, change: _Change, *, series: pl.DataFrame) -> tuple[Frames, int]:
    """Change the rows of a table that lie in the fault's scope and days."""
    frame = frames[table].with_row_index("row")
    day = pl.col(_EVENTS[table]).cast(pl.Date)
    reached = frame.join(series, on=SERIES_KEY, how="semi", maintain_order="left")
    within = reached.filter(day.is_between(fault.first_day, fault.end_day, closed="left"))
    if within.is_empty():
        return frames, 0
    if isinstance(fault, FrozenStockFeed):
        within = _with_last_before(within, reached.filter(day < fault.first_day))
    left = frame.filter(~pl.col("row").is_in(within["row"].implode()))
    changed = change(within).select(left.columns)
    return frames | {table: pl.concat([left, changed]).drop("row").sort(ROW_KEYS[table], nulls_last=False)}, within.height


def _changes(fault: RecordFault) -> dict[str, _Change]:
    """By table."""
    match fault:
        case PriceUnit():
            return {"sales_transactions": partial(pl.DataFrame.with_columns, unit_price_eur=pl.col("unit_price_eur") * fault.factor)}
        case MissingShard():
            return dict.fromkeys(fault.tables, pl.DataFrame.clear)
        case DuplicatedWeek():
            return {table: partial(_twice, id_column=_IDS[table]) for table in fault.tables}
        case TimeZoneShift():
            return {table: partial(_later, column=_EVENTS[table], hours=fault.hours) for table in fault.tables}
        case FrozenStockFeed():
            return {"stock_levels": partial(pl.DataFrame.with_columns, on_hand_units=pl.coalesce("last_units", "on_hand_units"))}


def _twice(rows: pl.DataFrame, *, id_column: str) -> pl.DataFrame:
    return pl.concat([rows, rows.with_columns(pl.col(id_column) + _AGAIN)])


def _later(rows: pl.DataFrame, *, column: str, hours: float) -> pl.DataFrame:
    return rows.with_columns(pl.col(column) + pl.duration(seconds=round(3600 * hours)))


def _with_last_before(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The rows with `last_units`, the last count before them in the same warehouse, else the first among them."""
    last = before.sort("date").group_by(_LANE, maintain_order=True).agg(last_units=pl.col("on_hand_units").last())
    first = pl.col("on_hand_units").sort_by("date").first().over(_LANE)
    return rows.join(last, on=_LANE, how="left", nulls_equal=True, maintain_order="left").with_columns(pl.col("last_units").fill_null(first))


def _series_in_scope(articles: pl.DataFrame, fault: RecordFault, *, key: tuple[int, int]) -> pl.DataFrame:
    """`merchant_id` and `article_id` of the series concerned."""
    scope = articles
    if fault.merchants:
        scope = scope.filter(pl.col("merchant_id").is_in(fault.merchants))
    if fault.categories:
        scope = scope.filter(pl.col("category").is_in(fault.categories))
    series = scope.select(SERIES_KEY)
    if isinstance(fault, MissingShard):
        chosen = [stable_hash("missing_shard", *key, *one) < fault.share * 2**64 for one in series.iter_rows()]
        series = series.filter(pl.Series(chosen, dtype=pl.Boolean))
    return series
