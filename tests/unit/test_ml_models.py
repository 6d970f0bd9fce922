import numpy as np
import polars as pl
import pytest

from domain.errors import StaleInputError
from domain.quantiles import QUANTILE_LEVELS
from domain.settings import ForecastSettings
from ml.forecasting import train_models
from ml.forecasting.blend import Weights
from ml.forecasting.boosters import TRAINED_LEVELS
from ml.forecasting.calibration import N_CELLS, N_CLASSES, cells_of
from ml.forecasting.corrections import HeldOut, best_usual_shares
from ml.forecasting.prediction import predict_quantiles
from ml.forecasting.training import learn_corrections
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows, build_training_sample
from ml.transformation.usual_weeks import USUAL_COLUMNS
from tests.weekly_tables import panel_tables, week

SETTINGS = ForecastSettings(n_training_rows=3_000, n_trees=8, n_leaves=8, n_threads=1)
CUTOFF = week(59)


@pytest.fixture(scope="module")
def demand() -> pl.DataFrame:
    return build_weekly_demand(panel_tables(n_series=40, n_weeks=60), cutoff=CUTOFF, history_weeks=156)


@pytest.fixture(scope="module")
def sample(demand: pl.DataFrame) -> pl.DataFrame:
    return build_training_sample(demand, cutoff=CUTOFF, settings=SETTINGS)


@pytest.fixture(scope="module")
def models(sample: pl.DataFrame) -> pl.DataFrame:
    return train_models(sample, settings=SETTINGS)


def test_the_models_do_not_depend_on_the_number_of_threads(sample: pl.DataFrame, models: pl.DataFrame):
    assert models.equals(train_models(sample, settings=SETTINGS.model_copy(update={"n_threads": 2})))
    of_levels = models.filter(pl.col("part") == "quantile")
    assert of_levels["quantile_level"].to_list() == list(TRAINED_LEVELS)
    assert of_levels["booster"].n_unique() == len(TRAINED_LEVELS)
    assert set(models["part"]) == {"quantile", "mean", "calibration", "level_set", "usual_share"}


def test_too_few_rows_train_nothing(sample: pl.DataFrame, models: pl.DataFrame):
    nothing = train_models(sample.head(499), settings=SETTINGS)
    assert nothing.is_empty()
    assert nothing.schema == models.schema


def test_quantiles_never_cross_and_more_demand_is_rarer(demand: pl.DataFrame, sample: pl.DataFrame, models: pl.DataFrame):
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=SETTINGS)
    for weights in (Weights(), Weights(1, 0, 0), Weights(0, 1, 0), Weights(0, 0, 1), Weights(usual=1.0)):
        quantiles = predict_quantiles(models, rows, n_threads=1, weights=weights)
        assert quantiles.shape == (rows.height, 39)
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert (quantiles >= 0).all()
    learnt = predict_quantiles(models, sample.select(rows.columns), n_threads=1)
    covered = (sample["target"].to_numpy()[:, None] * sample["scale_units"].to_numpy()[:, None] <= learnt + 1e-9).mean(axis=0)
    assert (np.diff(covered) >= 0).all()
    assert np.abs(covered - QUANTILE_LEVELS)[20:].max() < 0.15


def test_a_row_alone_is_forecast_as_among_others(demand: pl.DataFrame, models: pl.DataFrame, monkeypatch: pytest.MonkeyPatch):
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=SETTINGS)
    together = predict_quantiles(models, rows, n_threads=2)
    monkeypatch.setattr("ml.forecasting.prediction.CHUNK_ROWS", 7)
    np.testing.assert_array_equal(predict_quantiles(models, rows, n_threads=1), together)


def test_models_without_corrections_still_forecast(demand: pl.DataFrame, models: pl.DataFrame):
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=SETTINGS)
    raw = models.filter(pl.col("part") == "quantile")
    np.testing.assert_allclose(predict_quantiles(raw, rows, n_threads=1), predict_quantiles(models, rows, n_threads=1, weights=Weights(1, 0, 0, 0)), atol=1e-9)


def test_nothing_is_held_out_of_a_short_history(demand: pl.DataFrame):
    short = build_weekly_demand(panel_tables(n_series=40, n_weeks=14), cutoff=week(13), history_weeks=156)
    sample = build_training_sample(short, cutoff=week(13), settings=SETTINGS)
    assert learn_corrections(sample, settings=SETTINGS) is None
    assert set(train_models(sample, settings=SETTINGS)["part"]) == {"quantile", "mean"}


def test_a_market_that_never_sold_has_no_mean_model(sample: pl.DataFrame):
    nothing = train_models(sample.with_columns(target=pl.lit(0.0)), settings=SETTINGS)
    assert set(nothing["part"]) == {"quantile", "calibration", "usual_share"}
    assert predict_quantiles(nothing, sample.head(5), n_threads=1).max() <= 0.0


def test_models_of_other_features_are_refused(demand: pl.DataFrame, sample: pl.DataFrame):
    models = train_models(sample.drop("price_ratio"), settings=SETTINGS)
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=SETTINGS)
    with pytest.raises(StaleInputError, match="price_ratio"):
        predict_quantiles(models, rows, n_threads=1)


def test_the_usual_weeks_count_where_trees_know_nothing_and_not_where_they_know_all(sample: pl.DataFrame):
    rows = sample.filter(pl.col("n_usual_weeks") >= 26)
    actual = np.round(rows["target"].to_numpy() * rows["scale_units"].to_numpy())
    foreseen = np.repeat(actual[:, None], 39, axis=1)
    importance, cells = 1 / rows["scale_units"].to_numpy(), cells_of(rows)
    held = HeldOut(rows, actual, cells, np.ones(len(actual)), importance, trained=foreseen[:, :8], mean_units=None)
    assert best_usual_shares(foreseen, held) == (0.0,) * N_CELLS
    blind = foreseen * 5 + 100
    assert best_usual_shares(blind, held) == (1.0,) * N_CELLS
    far, kind = cells // N_CLASSES == 2, cells % N_CLASSES
    by_horizon = best_usual_shares(np.where(far[:, None], blind, foreseen), held)
    assert by_horizon == (0.0,) * (2 * N_CLASSES) + (1.0,) * N_CLASSES
    # A class leans to what its own rows say, and to its horizon group.
    largest = int(np.bincount(kind).argmax())
    of_class = np.array(best_usual_shares(np.where((kind == largest)[:, None], foreseen * 0, foreseen), held)).reshape(-1, N_CLASSES)
    assert (of_class[:, largest] > of_class.min(axis=1)).all()


def test_models_of_an_earlier_version_are_refused(demand: pl.DataFrame, models: pl.DataFrame):
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=SETTINGS)
    shorter = pl.when(pl.col("part") == "usual_share").then(pl.col("values").list.head(3)).otherwise("values")
    with pytest.raises(StaleInputError, match="Train the models again"):
        predict_quantiles(models.with_columns(values=shorter), rows, n_threads=1)


def test_the_usual_weeks_are_quantiles_of_the_known_ones(demand: pl.DataFrame):
    rows = build_inference_rows(demand, cutoff=CUTOFF, settings=SETTINGS).filter(pl.col("horizon_week") == 1)
    for row in rows.iter_rows(named=True):
        own = demand.filter(pl.col("merchant_id") == row["merchant_id"], pl.col("article_id") == row["article_id"]).sort("week").tail(52)
        known = own.filter(pl.col("sales_units").is_not_null(), ~pl.col("is_censored"))["sales_units"].to_numpy()
        assert row["n_usual_weeks"] == len(known)
        expected = np.quantile(known, TRAINED_LEVELS) if len(known) else np.full(8, np.nan)
        np.testing.assert_allclose([row[name] for name in USUAL_COLUMNS], expected)
