"""What was found about accepted rows by looking at others, and what is done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from domain.tables import RAW_TABLES
from sources.filtering import rejected_rows
from sources.readings import readings_of

ROW = "_row"
Action = Literal["refuse the row", "change the cell", "keep"]
INSTEAD = "_instead"
"""Column of a verdict's rows: what a changed cell reads."""


@dataclass(frozen=True)
class Verdict:
    """Some rows of a table, all found to be the same."""

    table: str
    column: str
    reading: str
    """Also the kind of the rule, where rows are refused."""
    action: Action
    rows: pl.DataFrame
    """With their number, merchant and article (where the table has one)."""
    evidence: pl.Expr
    """A sentence, from the columns of `rows`."""


@dataclass(frozen=True)
class Judged:
    """The tables after some verdicts."""

    frames: Mapping[str, pl.DataFrame]
    rejects: list[pl.DataFrame]
    readings: list[pl.DataFrame]


def apply_verdicts(frames: Mapping[str, pl.DataFrame], verdicts: Sequence[Verdict]) -> Judged:
    """Refuse rows and change cells as the verdicts say; of several about one row the first refuses it."""
    judged, rejects, readings = dict(frames), [], []
    for table in dict.fromkeys(verdict.table for verdict in verdicts):
        of_table = [verdict for verdict in verdicts if verdict.table == table and not verdict.rows.is_empty()]
        readings += [readings_of(verdict.rows, reading=verdict.reading, table=table, evidence=verdict.evidence, column=verdict.column) for verdict in of_table]
        refused = _refused(of_table)
        rejects.append(rejected_rows(table, frames[table], refused))
        judged[table] = _changed(frames[table], of_table, refused)
    return Judged(judged, rejects, readings)


def _refused(verdicts: Sequence[Verdict]) -> pl.DataFrame:
    empty = pl.DataFrame(schema={ROW: pl.UInt32, "rule": pl.String})
    rows = [v.rows.select(pl.col(ROW).cast(pl.UInt32), rule=pl.lit(f"{v.column}|{v.reading}")) for v in verdicts if v.action == "refuse the row"]
    return pl.concat([empty, *rows]).unique(ROW, keep="first", maintain_order=True)


def _changed(frame: pl.DataFrame, verdicts: Sequence[Verdict], refused: pl.DataFrame) -> pl.DataFrame:
    numbered = frame.with_row_index(ROW)
    for verdict in verdicts:
        if verdict.action == "change the cell":
            cells = verdict.rows.select(
                ROW, pl.col(INSTEAD).cast(frame.schema[verdict.column]) if INSTEAD in verdict.rows.columns else pl.lit(None).alias(INSTEAD)
            )
            joined = numbered.join(cells.with_columns(_changes=True), on=ROW, how="left", maintain_order="left")
            numbered = joined.with_columns(pl.when("_changes").then(INSTEAD).otherwise(verdict.column).alias(verdict.column)).drop(INSTEAD, "_changes")
    kept = numbered.join(refused, on=ROW, how="anti", maintain_order="left").drop(ROW)
    return kept.select(RAW_TABLES[verdicts[0].table].column_names()) if verdicts else kept
