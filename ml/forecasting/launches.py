"""Launches counted: how often articles that share attributes sold how many units in the first weeks after their own launch.

Counts of shards add up exactly; `analogues.py` forecasts articles without a sale from them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from domain.forecast_tables import LaunchCounts
from ml.preprocessing.visible import SERIES_KEY
from ml.transformation.group_weeks import of_one_unit
from ml.transformation.panel import Panel, whole_panel

LAUNCH_WEEKS = 12
"""Weeks from the launch on that count as like a newcomer's."""
PRICE_BAND_FACTOR = 1.5
"""Prices of one band differ by less than this factor; fixed steps, so that bands do not depend on what else is sold."""
COARSEST_KIND = "market"
ANALOGUE_KINDS: Mapping[str, Sequence[str]] = {
    "merchant, category, price band": ("merchant_id", "category", "price_band"),
    "merchant, category": ("merchant_id", "category"),
    "merchant": ("merchant_id",),
    COARSEST_KIND: (),
}
"""From fine to coarse; an article that lacks an attribute belongs to no group of it. Brands, and categories across
merchants, made newcomers' forecasts worse (docs/reference/cold_start.md): merchants differ more in size than brands do."""
WEEKS, ANALOGUES = "weeks", "analogues"
"""What a row of `LaunchCounts` counts."""
_SEPARATOR = "\x1f"


def first_known_week(group_weeks: Sequence[pl.DataFrame]) -> date | None:
    """First week in which the demand of any series is known; `None` = no week is.

    Args:
        group_weeks: Tables of `build_group_weeks`, of every shard.
    """
    return min((week for part in group_weeks if (week := part["week"].min()) is not None), default=None)  # type: ignore[return-value]


def count_launches(weekly_demand: pl.DataFrame, articles: pl.DataFrame, *, cutoff: date, first_week: date | None) -> pl.DataFrame:
    """How often articles of each group sold how many units in a week of their launch, of one shard or of all.

    Args:
        weekly_demand: Series; rows after the cutoff are not looked at.
        articles: The contract's table. A series without a launch date was launched when it first sold, if that is more
            than a launch's length after the data begin.
        cutoff: Monday of the last week that may be seen.
        first_week: First week of the whole market's data (`first_known_week`): what was launched before is no launch that can be counted.

    Returns:
        `forecast_tables.LaunchCounts`, sorted; no rows where no week is known.
    """
    if first_week is None:
        return LaunchCounts.create_empty()
    panel = whole_panel(of_one_unit(weekly_demand), cutoff=cutoff)
    launched = _launches(panel, articles, first_week=first_week).lazy()
    known = _first_weeks(panel).lazy().join(launched, on="series")
    sold = known.filter(pl.col("week") < pl.col("launch").dt.offset_by(f"{LAUNCH_WEEKS}w")).with_columns(counted=pl.lit(WEEKS), n_counted=pl.lit(1, pl.Int64))
    # A series begins with its first sale: the weeks on sale before it were zeros.
    waited = ((pl.col("first_sale") - pl.col("launch")).dt.total_days() // 7).clip(upper_bound=LAUNCH_WEEKS)
    nothing = launched.with_columns(sales_units=pl.lit(0, pl.Int64))
    unsold = nothing.with_columns(counted=pl.lit(WEEKS), n_counted=waited).filter(pl.col("n_counted") > 0)
    analogues = nothing.with_columns(counted=pl.lit(ANALOGUES), n_counted=pl.lit(1, pl.Int64))
    columns = ["merchant_id", "category", "price_band", "counted", "sales_units"]
    everything = pl.concat([part.select(*columns, "n_counted") for part in (sold, unsold, analogues)])
    weeks = everything.group_by(columns).agg(pl.col("n_counted").sum())
    parts = [
        weeks.select("counted", "sales_units", "n_counted", group_id=group_id_of(names)).drop_nulls("group_id").with_columns(kind=pl.lit(kind))
        for kind, names in ANALOGUE_KINDS.items()
    ]
    return merge_launches([pl.concat(parts).select(LaunchCounts.column_names()).collect()])


def _launches(panel: Panel, articles: pl.DataFrame, *, first_week: date) -> pl.DataFrame:
    """Series whose launch was seen: position in the panel, key, attributes, `launch` and `first_sale` week."""
    first_sale = pl.Series("first_sale", panel.first_day[panel.start]).cast(pl.Int32).cast(pl.Date)
    began = panel.keys.with_columns(first_sale, series=pl.int_range(pl.len())).join(attributes_of(articles), on=SERIES_KEY, how="left", maintain_order="left")
    guessed = pl.when(pl.col("first_sale") >= first_week + timedelta(weeks=LAUNCH_WEEKS)).then("first_sale")
    launch = pl.when(pl.col("launch_week").is_null()).then(guessed).otherwise(pl.min_horizontal("launch_week", "first_sale"))
    return began.with_columns(launch=launch).filter(pl.col("launch") >= first_week)


def _first_weeks(panel: Panel) -> pl.DataFrame:
    """Known ones of each series' first weeks: no later one can be a week of its launch."""
    place = np.arange(len(panel.series)) - panel.start[panel.series]
    early = (place < LAUNCH_WEEKS) & panel.is_known
    week = pl.Series(panel.first_day[early]).cast(pl.Int32).cast(pl.Date)
    return pl.DataFrame({"series": panel.series[early], "week": week, "sales_units": panel.sales_units[early].astype(np.int64)})


def merge_launches(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The counts of all shards added up: the same rows however the series were split."""
    rows = pl.concat([LaunchCounts.create_empty(), *parts])
    keys = LaunchCounts.primary_key()
    return LaunchCounts.validate(rows.group_by(keys).agg(pl.col("n_counted").sum()).select(LaunchCounts.column_names()).sort(keys))


def attributes_of(articles: pl.DataFrame) -> pl.DataFrame:
    """Key, category, price band and launch week of each article."""
    band = (pl.col("unit_price_eur").log() / np.log(PRICE_BAND_FACTOR)).floor().cast(pl.Int64)
    price_band = pl.when(pl.col("unit_price_eur") > 0).then(band).cast(pl.String)
    return articles.select(*SERIES_KEY, "category", price_band=price_band, launch_week=pl.col("launch_date").dt.truncate("1w"))


def group_id_of(names: Sequence[str]) -> pl.Expr:
    """Id of the group that shares these attributes; null where one of them is not known."""
    return pl.concat_str(names, separator=_SEPARATOR) if names else pl.lit("")
