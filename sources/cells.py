"""Cells that are read as empty while their row is kept: bad optional values, zeros for "not maintained", counts that are no counts.

What null then means is the contract's to say: the merchant's setting, the observed price, no limit.
"""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from domain.tables import LARGEST_UNITS, refusable_cells
from sources.casting import as_text
from sources.readings import readings_of

_ZERO_IS_EMPTY: Mapping[str, tuple[str, ...]] = {
    "sales_transactions": ("unit_price_eur",),
    "weekly_sales": ("unit_price_eur",),
    "articles": ("unit_price_eur", "unit_cost_eur", "minimum_order_quantity_units", "pack_size_units", "lead_time_weeks"),
    "merchants": ("lead_time_weeks", "minimum_order_quantity_units", "pack_size_units"),
}
"""Columns in which systems write 0 for "not maintained". A zero stock, rate or dispersion of lead times is a value."""
_ZERO_STOPS_ORDERS = ("budget_eur_per_week", "inbound_capacity_units_per_week")
"""Limits of a merchant that a zero closes: taken as they are, and said."""
_PLACEHOLDER = r"^(9{6,}|8{6,}|7{6,}|6{6,}|5{6,}|4{6,}|3{6,}|2{6,}|1{6,}|[1-9]0{6,}|2147483647|4294967295|9223372036854775807)$"
"""Numbers that systems write for "unlimited": one digit again and again, a one with zeros, the largest number of a type."""


class MarkedCells(NamedTuple):
    """Cells of one column that were read in a way of their own."""

    column: str
    reading: str
    rows: pl.Series
    """Numbers of their rows."""
    evidence: pl.Series
    """A sentence per row."""


def empty_cells(typed: pl.DataFrame, marks: list[MarkedCells]) -> pl.DataFrame:
    """The rows with null in the marked cells."""
    for mark in marks:
        is_marked = pl.int_range(pl.len()).is_in(mark.rows.implode())
        typed = typed.with_columns(pl.when(~is_marked).then(pl.col(mark.column)).alias(mark.column))
    return typed


def zeros(table: str, typed: pl.DataFrame) -> list[MarkedCells]:
    """Zeros that stand for "not maintained"."""
    return [
        _marked(column, "zero_not_maintained", typed[column] == 0, sentence=f"{column} is 0: read as not maintained, as an empty cell.")
        for column in _ZERO_IS_EMPTY.get(table, ())
    ]


def closing_zeros(table: str, typed: pl.DataFrame) -> list[MarkedCells]:
    """Limits that a zero closes; they are not emptied."""
    columns = _ZERO_STOPS_ORDERS if table == "merchants" else ()
    return [
        _marked(column, "limit_of_zero", typed[column] == 0, sentence=f"{column} is 0: taken as it is, so nothing is ordered; leave it empty for no limit.")
        for column in columns
    ]


def cap_unlimited(table: str, typed: pl.DataFrame) -> pl.DataFrame:
    """Stock that says "unlimited" by a number beyond the contract's bound, at that bound: `sources.magnitudes` reads it."""
    if table != "stock_levels":
        return typed
    units = typed["on_hand_units"]
    beyond = (units > LARGEST_UNITS) & is_placeholder(units)
    return typed.with_columns(units.set(beyond.fill_null(value=False), LARGEST_UNITS))


def is_placeholder(units: pl.Series) -> pl.Series:
    """Whether a count is a number that people or systems write for "unlimited"."""
    return units.cast(pl.String).str.contains(_PLACEHOLDER)


def bad_cells(table: str, broken: Mapping[str, pl.Series], raw: pl.DataFrame) -> list[MarkedCells]:
    """Cells that break a rule of their column, where the contract lets a cell go and keeps its row.

    Args:
        table: Of the contract.
        broken: Row numbers by rule, `column|rule`.
        raw: The rows as they were read.
    """
    cells = refusable_cells(table)
    marks: list[MarkedCells] = []
    for rule, all_rows in broken.items():
        column, _, kind = rule.partition("|")
        before = [mark.rows for mark in marks if mark.column == column]
        rows = all_rows.filter(~all_rows.is_in(pl.concat(before).implode())) if before else all_rows  # nan is also above every bound
        if column in cells and kind and not rows.is_empty():
            texts = as_text(raw[column].gather(rows)).fill_null("")
            sentences = pl.select(pl.format("{} {} breaks the rule {}: read as an empty cell, the row is kept.", pl.lit(column), pl.lit(texts), pl.lit(kind)))
            marks.append(MarkedCells(column, "unusable_cell", rows, sentences.to_series()))
    return marks


def readings_of_cells(table: str, good: pl.DataFrame, marks: list[MarkedCells], *, row: str) -> list[pl.DataFrame]:
    """Readings of the marked cells whose rows were accepted; `row` names the column with the rows' numbers."""
    parts = []
    for mark in marks:
        sentences = pl.DataFrame({row: mark.rows.cast(pl.UInt32), "_evidence": mark.evidence}).unique(row, keep="first", maintain_order=True)
        concerned = good.join(sentences, on=row, how="inner")
        if not concerned.is_empty():
            parts.append(readings_of(concerned, reading=mark.reading, table=table, evidence=pl.col("_evidence"), column=mark.column))
    return parts


def beyond_bounds(broken: Mapping[str, pl.Series], typed: pl.DataFrame) -> list[MarkedCells]:
    """Values above a column's bound that cost their row: said like the cells, for who looks after the article."""
    marks = []
    for rule, rows in broken.items():
        column, _, kind = rule.partition("|")
        if kind == "max":
            sentences = pl.select(pl.format("{} is {}, more than can be: the row is refused.", pl.lit(column), pl.lit(typed[column].gather(rows))))
            marks.append(MarkedCells(column, "implausible", rows, sentences.to_series()))
    return marks


def _marked(column: str, reading: str, mask: pl.Series, *, sentence: str) -> MarkedCells:
    rows = mask.fill_null(value=False).arg_true()
    return MarkedCells(column, reading, rows, pl.Series([sentence], dtype=pl.String).new_from_index(0, len(rows)))
