import numpy as np
import polars as pl
import pytest

from domain.randomness import shard_of
from domain.settings import ForecastSettings
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_group_weeks, build_training_sample, merge_group_weeks, merge_samples, training_sample
from ml.transformation.training_sample import mix, thinned, training_weights
from tests.weekly_tables import panel_tables, tables_of, week, weekly_rows

CUTOFF = week(59)
SETTINGS = ForecastSettings(n_training_rows=2_000, n_threads=1)


@pytest.fixture(scope="module")
def demand() -> pl.DataFrame:
    return build_weekly_demand(panel_tables(n_series=40, n_weeks=60), cutoff=CUTOFF, history_weeks=156)


@pytest.mark.parametrize("n_shards", [1, 2, 4])
def test_the_sample_is_the_same_for_any_number_of_shards(demand: pl.DataFrame, n_shards: int):
    whole = build_training_sample(demand, cutoff=CUTOFF, settings=SETTINGS)
    shards = [shard_of(merchant, article, n_shards=n_shards) for merchant, article in demand.select("merchant_id", "article_id").iter_rows()]
    parts = demand.with_columns(shard=pl.Series(shards)).sample(fraction=1.0, shuffle=True, seed=2).partition_by("shard", include_key=False)
    groups = merge_group_weeks([build_group_weeks(part, cutoff=CUTOFF) for part in parts])
    samples = [build_training_sample(part, cutoff=CUTOFF, settings=SETTINGS, group_weeks=groups) for part in parts]
    assert whole.height == 2_000
    assert merge_samples(samples[::-1], SETTINGS.n_training_rows).equals(whole)


def test_the_target_is_the_demand_of_its_week_over_the_scale(demand: pl.DataFrame):
    sample = build_training_sample(demand, cutoff=CUTOFF, settings=SETTINGS)
    target_week = sample.with_columns(week=pl.col("origin") + pl.duration(weeks=pl.col("horizon_week")))
    joined = target_week.join(demand, on=["merchant_id", "article_id", "week"], how="left", suffix="_of_target")
    assert joined["week"].max() <= CUTOFF
    assert not joined["is_censored_of_target"].any()
    np.testing.assert_allclose(joined["target"] * joined["scale_units"], joined["sales_units"].cast(pl.Float64))


def test_everything_is_kept_where_there_is_less_than_wanted():
    small = build_weekly_demand(tables_of(weekly_sales=weekly_rows([3, None, 4, 5])), cutoff=week(3), history_weeks=156)
    sample = build_training_sample(small, cutoff=week(3), settings=SETTINGS)
    pairs = sample.select(pl.col("origin"), "horizon_week").sort("origin", "horizon_week").rows()
    assert pairs == [(week(0), 2), (week(0), 3), (week(1), 1), (week(1), 2), (week(2), 1)]


def test_no_series_no_rows():
    empty = build_training_sample(build_weekly_demand(tables_of(), cutoff=CUTOFF, history_weeks=9), cutoff=CUTOFF, settings=SETTINGS)
    assert empty.is_empty()
    assert merge_samples([empty, empty], 10).is_empty()


def test_rows_are_drawn_in_proportion_to_their_weight(demand: pl.DataFrame):
    everything = build_training_sample(demand, cutoff=CUTOFF, settings=ForecastSettings(n_training_rows=10_000_000))
    few = build_training_sample(demand, cutoff=CUTOFF, settings=SETTINGS)
    expected = (everything["weight"] ** 2).sum() / everything["weight"].sum()
    assert few["weight"].mean() == pytest.approx(expected, rel=0.1)
    assert few["weight"].mean() > 1.15 * everything["weight"].mean()


def test_a_drawn_row_stands_for_its_weight_over_its_chance(demand: pl.DataFrame):
    everything = build_training_sample(demand, cutoff=CUTOFF, settings=ForecastSettings(n_training_rows=10_000_000))
    half = everything.height // 2
    drawn = everything.head(half)
    weights = training_weights(drawn, n_training_rows=half)
    assert weights is not None
    assert weights.sum() == pytest.approx(everything["weight"].sum(), rel=0.05)
    np.testing.assert_array_equal(training_weights(everything, n_training_rows=10_000_000), everything["weight"].to_numpy())
    assert training_weights(everything.head(200), n_training_rows=200) is None


def test_of_a_small_market_a_quarter_of_the_candidates_is_learnt_from(demand: pl.DataFrame, monkeypatch: pytest.MonkeyPatch):
    everything = build_training_sample(demand, cutoff=CUTOFF, settings=ForecastSettings(n_training_rows=10_000_000))
    assert thinned(everything, n_training_rows=10_000_000).equals(everything)  # few rows are all needed
    monkeypatch.setattr(training_sample, "ENOUGH_ROWS", 100)
    quarter = everything.height // 4
    assert thinned(everything, n_training_rows=10_000_000).height == pytest.approx(quarter, abs=1)
    most, some = (everything.head(round(everything.height * share)) for share in (0.7, 0.4))
    assert thinned(most, n_training_rows=most.height).height == pytest.approx(quarter, rel=0.05)
    assert thinned(some, n_training_rows=some.height).equals(some)


def test_newer_weeks_weigh_more():
    flat = build_weekly_demand(tables_of(weekly_sales=weekly_rows([5] * 110)), cutoff=week(109), history_weeks=156)
    sample = build_training_sample(flat, cutoff=week(109), settings=ForecastSettings(decay_half_life_weeks=50.0))
    scale_free = sample.with_columns(weight=pl.col("weight") / pl.col("scale_units").sqrt())
    newest = scale_free.filter(pl.col("origin") == week(108))["weight"].item()
    older = scale_free.filter((pl.col("origin") == week(58)) & (pl.col("horizon_week") == 1))["weight"].item()
    assert newest == 1
    assert older == pytest.approx(0.5)


def test_mixing_spreads_neighbours_evenly():
    mixed = mix(np.arange(100_000, dtype=np.uint64))
    assert len(np.unique(mixed)) == 100_000
    counts = np.histogram((mixed >> np.uint64(40)).astype(np.float64), bins=50, range=(0, 2**24))[0]
    assert counts.min() > 1_800
    assert counts.max() < 2_200


def test_mixing_is_splitmix64():
    # First outputs of the reference generator seeded with 0 and 1234567.
    assert int(mix(np.array([0], dtype=np.uint64))[0]) == 0xE220A8397B1DCDAF
    assert int(mix(np.array([1234567], dtype=np.uint64))[0]) == 6457827717110365317
