import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import ForecastSettings, Settings
from feature_store.stock import returns_due_units
from ml.forecasting.calibration import read_nominal
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_group_weeks, build_training_sample, merge_group_weeks, merge_samples
from tests.weekly_tables import tables_of, week, weekly_rows

histories = st.lists(st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=1, max_size=15), min_size=1, max_size=4)


def world(series: list[list[int | None]], *, one_article: bool = False) -> dict[str, pl.DataFrame]:
    """One article per history at one merchant (or one merchant per history, all selling one article), all of them ending in week 14."""
    keys = [("a", str(index)) if one_article else (str(index), "m") for index in range(len(series))]
    return tables_of(
        weekly_sales=[
            row
            for (article, merchant), units in zip(keys, series, strict=True)
            for row in weekly_rows(units, article_id=article, merchant_id=merchant, first=15 - len(units))
        ]
    )


@settings(max_examples=25, deadline=None)
@given(histories)
def test_any_history_gets_a_whole_valid_forecast(series: list[list[int | None]]):
    # `Forecasts.validate` inside refuses crossing, negative, infinite and missing quantiles.
    result = forecast_from_tables(world(series), cutoff=week(14), settings=Settings(forecast=ForecastSettings(n_threads=1)))
    assert result.height == 12 * len(series)
    assert (result.select(QUANTILE_COLUMNS).to_numpy() % 1 == 0).all()


@settings(max_examples=20, deadline=None)
@given(histories, st.lists(st.integers(0, 2), min_size=4, max_size=4), st.integers(1, 200), st.booleans())
def test_any_split_of_the_series_gives_the_same_sample(series: list[list[int | None]], shard: list[int], n_rows: int, one_article: bool):
    demand = build_weekly_demand(world(series, one_article=one_article), cutoff=week(14), history_weeks=156)
    chosen = ForecastSettings(n_threads=1).model_copy(update={"n_training_rows": n_rows})
    whole = build_training_sample(demand, cutoff=week(14), settings=chosen)
    of_shard = pl.col("merchant_id" if one_article else "article_id").cast(pl.Int64).replace_strict(dict(enumerate(shard)))
    shards = [demand.filter(of_shard == index) for index in range(3)]
    groups = merge_group_weeks([build_group_weeks(part, cutoff=week(14)) for part in shards])
    parts = [build_training_sample(part, cutoff=week(14), settings=chosen, group_weeks=groups) for part in shards]
    assert merge_samples(parts, n_rows).equals(whole)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(0, 1e6), min_size=8, max_size=8), min_size=1, max_size=5))
def test_interpolated_levels_stay_between_their_neighbours(levels: list[list[float]]):
    trained = np.sort(np.array(levels), axis=1)
    quantiles = read_nominal(trained)
    assert (np.diff(np.floor(np.maximum.accumulate(quantiles, axis=1) + 0.5), axis=1) >= 0).all()
    assert (quantiles >= trained[:, :1] * (1 - 1e-12)).all()
    assert (quantiles <= trained[:, -1:] * (1 + 1e-12)).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=12, max_size=12), st.floats(0, 0.95), st.lists(st.floats(0.001, 1), min_size=1, max_size=12))
def test_no_more_comes_back_than_was_sold_and_is_returned(sales: list[int], rate: float, raw_weights: list[float]):
    weights = np.array([raw_weights]) / sum(raw_weights)
    due = returns_due_units(np.array([sales], dtype=float), np.array([rate]), weights)
    assert (due >= 0).all()
    assert due.sum() <= rate * sum(sales) * (1 + 1e-9)
