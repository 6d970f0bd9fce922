"""The newest day that a source really reaches to: a single mistyped date must not move the decision."""

from datetime import date

import polars as pl

LEAST_SHARE = 0.1
"""Rows of a table in the week up to a day, over those of its usual week, below which the day rests on strays."""
_USUAL_WEEKS = 8


def newest_trusted_day(rows_by_day: pl.DataFrame) -> date | None:
    """Newest day up to which some table holds at least a tenth of the rows of its usual week; `None` = there are no days.

    Args:
        rows_by_day: `table`, `day` and `n_rows`; a table may have several rows a day.
    """
    counts = rows_by_day.group_by("table", "day").agg(pl.col("n_rows").sum())
    found = [_newest_of_table(rows.sort("day")) for _, rows in counts.group_by("table", maintain_order=True)]
    return max(found, default=None)


def _newest_of_table(rows: pl.DataFrame) -> date:
    """The newest day of one table whose last seven days are as full as its usual week; the very first day has nothing to be compared with."""
    newest: date = rows["day"][-1]
    week_back = (pl.lit(newest) - pl.col("day")).dt.total_days() // 7
    weeks = rows.group_by(week_back=week_back).agg(pl.col("n_rows").sum(), pl.col("day").max()).sort("week_back")
    for place in range(weeks.height - 1):
        usual = weeks["n_rows"][place + 1 : place + 1 + _USUAL_WEEKS].median()
        if weeks["n_rows"][place] >= LEAST_SHARE * float(usual):  # type: ignore[arg-type]
            break
        newest = weeks["day"][place + 1]
    return newest
