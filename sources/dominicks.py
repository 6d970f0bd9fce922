"""Dominick's orange juice (R package bayesm, `orangeJuice`) → the contract's `weekly_sales`.

Stores are merchants and brands are articles. Choices where the data leaves room:

* Dominick's week 1 started on Thursday 1989-09-14 and its weeks run Thursday to Wednesday; each is named by the ISO
  Monday three days before it starts, so sales stand up to six days early.
* `sales_units` is exp(`logmove`) rounded to whole units (`logmove` is the natural logarithm of units sold). All are
  multiples of 32, so read a unit as an ounce.
* `unit_price_eur` is the row's own brand's price per ounce, in dollars as published: package sizes are not in the data.
* `promotion` is 1 in a week with an in-store deal, otherwise the feature-advertising strength `feat`, at most 1.
"""

import datetime as dt
from pathlib import Path

import polars as pl

from domain.calendar import monday_of
from domain.stage_tables import Rejects
from sources.contract_writer import check_target
from sources.conversion import ConversionReport, convert_rows, require_columns
from sources.reading import read_any

SALES_FILE = "oj_yx.parquet"
FIRST_WEEK = monday_of(dt.date(1989, 9, 14))
"""Monday that names Dominick's week 1."""

_PRICES = [f"price{brand}" for brand in range(1, 12)]


def convert_dominicks(from_folder: str | Path, *, out: str | Path) -> ConversionReport:
    """Convert the folder that holds `oj_yx.parquet`.

    Raises:
        DataError: The file is damaged.
        UsageError: It is another data set's, or `out` is not a folder of ours.
        StorageError: The file is missing or `out` cannot be written.
    """
    check_target(out)
    location = str(Path(from_folder) / SALES_FILE)
    rows = read_any(location)
    require_columns(rows.frame, ["store", "brand", "week", "logmove", "deal", "feat", *_PRICES], location=location)
    own_price = pl.coalesce(pl.when(pl.col("brand") == brand).then(pl.col(price)) for brand, price in enumerate(_PRICES, start=1))
    mapped = rows.frame.select(
        pl.col("store").alias("merchant_id"),
        pl.col("brand").alias("article_id"),
        (pl.lit(FIRST_WEEK) + pl.duration(weeks=pl.col("week") - 1)).alias("week"),
        pl.col("logmove").exp().round().alias("sales_units"),
        own_price.alias("unit_price_eur"),
        pl.when(pl.col("deal") == 1).then(1.0).otherwise(pl.min_horizontal("feat", 1.0)).alias("promotion"),
    )
    return convert_rows({"weekly_sales": mapped}, out=out, refused=Rejects.create_empty())
