"""The set-up to beat must be an honest opponent: whole, causal, and better than nothing."""

import numpy as np
import polars as pl

from domain.quantiles import QUANTILE_COLUMNS
from ml.evaluation.plain_forecaster import plain_forecast
from ml.metrics import crps
from ml.preprocessing import build_weekly_demand
from tests.weekly_tables import panel_tables, tables_of, week, weekly_rows

N_WEEKS = 60


def demand_up_to(cutoff: int, *, history: int = N_WEEKS) -> pl.DataFrame:
    tables = panel_tables(n_series=12, n_weeks=history)
    young = tables_of(weekly_sales=weekly_rows([3, 4, 5], article_id="young", first=cutoff - 2))["weekly_sales"]
    tables["weekly_sales"] = pl.concat([tables["weekly_sales"], young])
    return build_weekly_demand(tables, cutoff=week(cutoff), history_weeks=156)


def test_every_series_is_answered_and_the_future_is_not_read():
    demand = demand_up_to(N_WEEKS - 13)
    answers = plain_forecast(demand, week(N_WEEKS - 13), n_threads=1)
    assert answers.height == 12 * demand.select(pl.struct("merchant_id", "article_id").n_unique()).item()
    assert (np.diff(answers.select(QUANTILE_COLUMNS).to_numpy(), axis=1) >= 0).all()
    beyond = build_weekly_demand(panel_tables(n_series=12, n_weeks=N_WEEKS), cutoff=week(N_WEEKS - 1), history_weeks=156)
    with_future = pl.concat([demand, beyond.filter(pl.col("week") > week(N_WEEKS - 13))])
    assert plain_forecast(with_future, week(N_WEEKS - 13), n_threads=1).equals(answers)


def test_the_plain_set_up_beats_a_flat_zero():
    cutoff = week(N_WEEKS - 13)
    answers = plain_forecast(demand_up_to(N_WEEKS - 13), cutoff, n_threads=1)
    later = build_weekly_demand(panel_tables(n_series=12, n_weeks=N_WEEKS), cutoff=week(N_WEEKS - 1), history_weeks=156)
    ahead = ((pl.col("week") - cutoff).dt.total_days() // 7).alias("horizon_week")
    known = later.filter(pl.col("week") > cutoff, pl.col("sales_units").is_not_null()).select("merchant_id", "article_id", ahead, "sales_units")
    judged = known.join(answers, on=["merchant_id", "article_id", "horizon_week"])
    actual, quantiles = judged["sales_units"].cast(pl.Float64).to_numpy(), judged.select(QUANTILE_COLUMNS).to_numpy()
    assert crps(actual, quantiles) < 0.8 * crps(actual, np.zeros_like(quantiles))
