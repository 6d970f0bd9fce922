"""Articles whose recorded life is over by the cutoff: nobody can buy them any more, whatever their last weeks looked like.

Only ends on or before the cutoff week's Sunday count: one that lies ahead may have been recorded later than the cutoff.
"""

from datetime import date, timedelta

import polars as pl

from domain.quantiles import QUANTILE_COLUMNS
from ml.preprocessing.visible import SERIES_KEY

MODEL = "ended"


def with_ended(forecast: pl.DataFrame, weekly_demand: pl.DataFrame, articles: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    """The forecast with zero demand for every article that has ended, in its order.

    Args:
        forecast: `stage_tables.Forecasts`.
        weekly_demand: Series; rows after the cutoff are not looked at. An article that sold after the week of its recorded end has not ended.
        articles: The contract's table, of the same shard.
        cutoff: Monday of the last week that may be seen.
    """
    over = articles.filter(pl.col("end_of_life_date") < cutoff + timedelta(weeks=1)).select(*SERIES_KEY, "end_of_life_date")
    if over.is_empty():
        return forecast
    sold = weekly_demand.filter(pl.col("week").is_between(over["end_of_life_date"].min(), cutoff), pl.col("sales_units") > 0).select(*SERIES_KEY, "week")
    sold_on = sold.join(over, on=SERIES_KEY).filter(pl.col("week") > pl.col("end_of_life_date"))
    ended = over.join(sold_on, on=SERIES_KEY, how="anti").select(SERIES_KEY, is_ended=pl.lit(value=True))
    marked = forecast.join(ended, on=SERIES_KEY, how="left", maintain_order="left")
    zeros = [pl.when("is_ended").then(0.0).otherwise(name).alias(name) for name in ("demand_mean_units", *QUANTILE_COLUMNS)]
    return marked.with_columns(*zeros, model=pl.when("is_ended").then(pl.lit(MODEL)).otherwise("model")).select(forecast.columns)
