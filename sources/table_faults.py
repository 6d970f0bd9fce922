"""Faults of so many rows that the table itself is wrong: a key that restarts, a column that moved, another unit."""

import polars as pl

from domain.errors import DataError

MOST_REFUSED_SHARE, FEWEST_REFUSED = 0.1, 5
"""More than a tenth of a table's rows by one rule, but five at least: a small table may hold a bad row or two."""
MOST_REFUSED_SHARE_OF_FEW, FEWEST_REFUSED_OF_FEW = 0.5, 2
"""In a smaller table more than half, and two."""
_KEY_RULE = "primary_key"


def check_refused_share(table: str, rejects: pl.DataFrame, *, n_rows: int, n_repeated: int, location: str) -> None:
    """Stop where one rule refused too many rows of a table; copies of accepted rows do not count.

    Args:
        table: Of the contract.
        rejects: `stage_tables.Rejects` of the table.
        n_rows: Rows that were read.
        n_repeated: Rejects that repeat an accepted row.
        location: Of its file, for the message.

    Raises:
        DataError: Naming the rule, the share, two examples and what to do.
    """
    for rule, n_found in rejects.group_by("rule").len().sort("rule").iter_rows():
        n_refused = n_found - (n_repeated if rule == _KEY_RULE else 0)
        share = n_refused / n_rows
        many = share > MOST_REFUSED_SHARE and n_refused >= FEWEST_REFUSED
        most_of_few = share > MOST_REFUSED_SHARE_OF_FEW and n_refused >= FEWEST_REFUSED_OF_FEW
        if many or most_of_few:
            examples = rejects.filter(pl.col("rule") == rule)["row"].sort().head(2).to_list()
            raise DataError(
                f"table {table} ({location}): rule {rule} refuses {n_refused:,} of {n_rows:,} rows ({share:.0%}): a fault of the table, not of its rows",
                got=" and ".join(examples),
                wanted=f"at most {MOST_REFUSED_SHARE:.0%} of the rows refused by one rule",
                remedy="Correct the export: the rule names the column and what it must be. Nothing was decided or written.",
            )
