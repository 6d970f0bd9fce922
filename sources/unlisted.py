"""Sales of articles and merchants that the source's own lists do not know: new ones, or an id that was mistyped."""

from collections.abc import Mapping

import polars as pl

from sources.readings import SALES_DAYS, SERIES_KEY
from sources.verdicts import ROW, Verdict

_LISTS = {"articles": SERIES_KEY, "merchants": SERIES_KEY[:1]}


def unlisted_sales(frames: Mapping[str, pl.DataFrame]) -> list[Verdict]:
    """Sales whose article or merchant is missing in a list that has rows; they are kept."""
    verdicts = []
    for table in SALES_DAYS:
        for name, key in _LISTS.items():
            if not frames[name].is_empty():
                rows = frames[table].with_row_index(ROW).join(frames[name], on=key, how="anti")
                sentence = pl.format("{} {} sells, but is no row of {}: forecast and decided with defaults.", pl.lit(key[-1]), pl.col(key[-1]), pl.lit(name))
                verdicts.append(Verdict(table, key[-1], "not_listed", "keep", rows, sentence))
    return verdicts
