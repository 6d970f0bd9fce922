import numpy as np
import polars as pl
import pytest

from domain.errors import StaleInputError
from domain.settings import ForecastSettings
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows, build_training_sample
from ml.transformation.feature_rows import feature_names
from tests.weekly_tables import panel_tables, tables_of, week, weekly_rows

SETTINGS = ForecastSettings(n_training_rows=10_000_000, n_threads=1)
KEY = ["merchant_id", "article_id", "origin", "horizon_week"]


def inference(units: list[int | None], **more: object) -> pl.DataFrame:
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows(units)), cutoff=week(len(units) - 1), history_weeks=156)
    return build_inference_rows(demand, cutoff=week(len(units) - 1), settings=SETTINGS)


def test_an_unknown_week_does_not_count_as_zero():
    known = inference([6, 6, 6, 6]).row(0, named=True)
    gappy = inference([6, None, 6, None, 6, 6, None]).row(0, named=True)
    scale = gappy["scale_units"]
    assert scale == known["scale_units"] == (4 * 6 + 1) / 5
    assert gappy["mean_4"] == pytest.approx(6 / scale)
    assert gappy["mean_26"] == pytest.approx(6 / scale)
    assert gappy["std_13"] == pytest.approx(0, abs=1e-3)
    assert gappy["non_zero_rate_8"] == 1
    assert np.isnan(gappy["lag_0"])
    assert gappy["lag_1"] == pytest.approx(6 / scale)


def test_a_lower_bound_counts_in_lags_but_not_in_means():
    rows = [row | {"available_share": 0.5 if index == 3 else None} for index, row in enumerate(weekly_rows([8, 8, 8, 2]))]
    demand = build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(3), history_weeks=156)
    row = build_inference_rows(demand, cutoff=week(3), settings=SETTINGS).row(0, named=True)
    assert row["lag_0"] == pytest.approx(2 / row["scale_units"])
    assert row["mean_4"] == pytest.approx(8 / row["scale_units"])
    assert row["stock_out_share_13"] == 0.25
    assert row["is_censored"] == 1


def test_the_same_week_last_year_is_found():
    units: list[int | None] = [10] * 80
    units[80 + 4 - 52] = 77  # the target week of horizon 5, a year earlier
    rows = inference(units)
    by_horizon = dict(zip(rows["horizon_week"], rows["same_week_last_year"] * rows["scale_units"], strict=True))
    assert by_horizon[5] == pytest.approx(77, rel=1e-5)
    assert by_horizon[4] == pytest.approx(10, rel=1e-5)


def test_young_series_have_no_last_year():
    row = inference([3, 4, 5]).row(0, named=True)
    assert np.isnan(row["same_week_last_year"])
    assert np.isnan(row["projected_from_last_year"])


def test_features_are_float32_and_scaled():
    low, high = inference([4, 5, 6, 5] * 30), inference([4000, 5000, 6000, 5000] * 30)
    names = [name for name in feature_names(low) if name not in ("log_scale", "horizon_week")]
    assert all(low.schema[name] == pl.Float32 for name in names)
    np.testing.assert_allclose(low.select(names).to_numpy(), high.select(names).to_numpy(), rtol=0.01, atol=0.01)


def test_training_and_inference_see_the_same_features():
    tables = panel_tables(n_series=12, n_weeks=70)
    late = build_weekly_demand(tables, cutoff=week(69), history_weeks=156)
    sample = build_training_sample(late, cutoff=week(69), settings=SETTINGS)
    for origin in (30, 57):
        early = build_weekly_demand(tables, cutoff=week(origin), history_weeks=156)
        rows = build_inference_rows(early, cutoff=week(origin), settings=SETTINGS)
        trained = sample.filter(pl.col("origin") == week(origin)).select(rows.columns)
        joined = rows.join(trained.select(KEY), on=KEY, how="semi").sort(KEY)
        assert joined.height > 50
        assert joined.equals(trained.sort(KEY))


def test_nothing_after_the_cutoff_reaches_a_feature_or_a_target():
    tables = panel_tables(n_series=15, n_weeks=60)
    demand = build_weekly_demand(tables, cutoff=week(59), history_weeks=156)
    later = pl.col("week") > week(40)
    tampered = demand.with_columns(
        sales_units=pl.when(later).then(123_456).otherwise("sales_units"),
        is_censored=pl.when(later).then(pl.lit(value=False)).otherwise("is_censored"),
        unit_price_eur=pl.when(later).then(9.0).otherwise("unit_price_eur"),
    )
    for build in (build_inference_rows, build_training_sample):
        assert build(tampered, cutoff=week(40), settings=SETTINGS).equals(build(demand, cutoff=week(40), settings=SETTINGS))


def test_threads_and_row_order_change_nothing():
    demand = build_weekly_demand(panel_tables(n_series=20, n_weeks=60), cutoff=week(59), history_weeks=156)
    one = build_inference_rows(demand, cutoff=week(59), settings=SETTINGS)
    two = build_inference_rows(demand.sample(fraction=1.0, shuffle=True, seed=1), cutoff=week(59), settings=ForecastSettings(n_threads=2))
    assert one.equals(two)


def test_series_are_handled_a_bounded_number_at_a_time(monkeypatch: pytest.MonkeyPatch):
    demand = build_weekly_demand(panel_tables(n_series=20, n_weeks=40), cutoff=week(39), history_weeks=156)
    whole = build_inference_rows(demand, cutoff=week(39), settings=SETTINGS)
    sample = build_training_sample(demand, cutoff=week(39), settings=ForecastSettings(n_training_rows=500))
    monkeypatch.setattr("ml.transformation.panel.CHUNK_ROWS", 100)
    assert build_inference_rows(demand, cutoff=week(39), settings=SETTINGS).equals(whole)
    assert build_training_sample(demand, cutoff=week(39), settings=ForecastSettings(n_training_rows=500)).equals(sample)


@pytest.mark.parametrize("kept", [pl.col("week") != week(5), pl.col("week") < week(9)], ids=["a gap", "too short"])
def test_series_that_do_not_fit_the_cutoff_are_refused(kept: pl.Expr):
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows([3] * 10)), cutoff=week(9), history_weeks=156)
    with pytest.raises(StaleInputError, match="Materialise series/weekly_demand"):
        build_inference_rows(demand.filter(kept), cutoff=week(9), settings=SETTINGS)


def test_a_shard_without_series_has_the_columns_of_any_other():
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows([3, 4, 5])), cutoff=week(2), history_weeks=156)
    for build in (build_inference_rows, build_training_sample):
        filled, empty = (build(rows, cutoff=week(2), settings=SETTINGS) for rows in (demand, demand.clear()))
        assert empty.is_empty()
        assert empty.schema == filled.schema
