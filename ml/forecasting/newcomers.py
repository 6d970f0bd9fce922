"""Series first sold after the cutoff: known by the day of the decision, but not yet to the weekly forecast.

Their week is not complete, so their few sales say nothing yet; they get the prior until the next forecast knows them.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_COLUMNS, mean_of_quantiles
from domain.stage_tables import HORIZON_WEEKS, Forecasts
from ml.forecasting.empirical import empirical_quantiles
from ml.preprocessing.visible import SERIES_KEY

MODEL = "prior"


def forecast_newcomers(tables: Mapping[str, pl.DataFrame], forecast: pl.DataFrame, *, cutoff: date, decision_date: date) -> pl.DataFrame:
    """Twelve weeks of the prior for every series sold before the decision day that the forecast does not have.

    Args:
        tables: The nine contract tables; sales from the decision day on are not looked at.
        forecast: `stage_tables.Forecasts` of the cutoff.
        cutoff: Its cutoff.
        decision_date: Day of the decision.

    Returns:
        `stage_tables.Forecasts`, sorted by series and week; no rows where the forecast has them all.
    """
    opening = datetime.combine(decision_date, time(), tzinfo=UTC)
    seen = tables["sales_transactions"].lazy().filter(pl.col("occurred_at") < opening).select(SERIES_KEY).unique()
    keys = seen.join(forecast.lazy().select(SERIES_KEY).unique(), on=SERIES_KEY, how="anti").sort(SERIES_KEY).collect()
    nothing_known = pl.DataFrame({"mean_units": [None], "variance_units": [None], "n_observed_weeks": [0]}, schema_overrides={"mean_units": pl.Float64})
    quantiles = empirical_quantiles(nothing_known.cast({"variance_units": pl.Float64}))[0]
    weeks = pl.DataFrame(
        {"horizon_week": range(1, HORIZON_WEEKS + 1), "week": [cutoff + timedelta(weeks=ahead) for ahead in range(1, HORIZON_WEEKS + 1)]},
        schema={"horizon_week": pl.Int64, "week": pl.Date},
    )
    rows = keys.join(weeks, how="cross").with_columns(
        cutoff=pl.lit(cutoff),
        demand_mean_units=pl.lit(float(mean_of_quantiles(quantiles))),
        **{name: pl.lit(float(units)) for name, units in zip(QUANTILE_COLUMNS, np.asarray(quantiles), strict=True)},
        model=pl.lit(MODEL),
        segment=pl.lit("new"),
    )
    return Forecasts.validate(rows.select(Forecasts.column_names()))
