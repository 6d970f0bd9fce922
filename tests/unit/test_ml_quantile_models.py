import numpy as np
import polars as pl
import pytest

from domain.errors import StaleInputError
from domain.settings import ForecastSettings
from ml.forecasting import train_quantile_models
from ml.forecasting.quantile_models import TRAINED_LEVELS, predict_levels
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows, build_training_sample
from tests.weekly_tables import panel_tables, week

SETTINGS = ForecastSettings(n_training_rows=3_000, n_trees=8, n_leaves=8, n_threads=1)
CUTOFF = week(59)


@pytest.fixture(scope="module")
def demand() -> pl.DataFrame:
    return build_weekly_demand(panel_tables(n_series=40, n_weeks=60), cutoff=CUTOFF, history_weeks=156)


@pytest.fixture(scope="module")
def sample(demand: pl.DataFrame) -> pl.DataFrame:
    return build_training_sample(demand, cutoff=CUTOFF, settings=SETTINGS)


def test_the_models_do_not_depend_on_the_number_of_threads(sample: pl.DataFrame):
    one = train_quantile_models(sample, settings=SETTINGS)
    two = train_quantile_models(sample, settings=SETTINGS.model_copy(update={"n_threads": 2}))
    assert one.equals(two)
    assert one["quantile_level"].to_list() == list(TRAINED_LEVELS)
    assert one["booster"].n_unique() == len(TRAINED_LEVELS)


def test_too_few_rows_train_nothing(sample: pl.DataFrame):
    models = train_quantile_models(sample.head(499), settings=SETTINGS)
    assert models.is_empty()
    assert models.schema == train_quantile_models(sample, settings=SETTINGS).schema


def test_levels_never_cross_and_more_demand_is_rarer(demand: pl.DataFrame, sample: pl.DataFrame):
    models = train_quantile_models(sample, settings=SETTINGS)
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=SETTINGS)
    levels = predict_levels(models, rows, n_threads=1)
    assert levels.shape == (rows.height, 8)
    assert (np.diff(levels, axis=1) >= 0).all()
    in_sample = (sample["target"].to_numpy()[:, None] <= predict_levels(models, sample.select(rows.columns), n_threads=1)).mean(axis=0)
    assert (np.diff(in_sample) > 0).all()


def test_models_of_other_features_are_refused(demand: pl.DataFrame, sample: pl.DataFrame):
    models = train_quantile_models(sample.drop("price_ratio"), settings=SETTINGS)
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=SETTINGS)
    with pytest.raises(StaleInputError, match="price_ratio"):
        predict_levels(models, rows, n_threads=1)
