import numpy as np
import polars as pl
import pytest
from scipy.stats import nbinom

from ml.preprocessing import build_weekly_demand, estimate_unconstrained_demand
from tests.weekly_tables import tables_of, week, weekly_rows


def censored_world(*, n_series: int = 60, n_weeks: int = 80, seed: int = 3) -> tuple[pl.DataFrame, dict[tuple[str, object], int]]:
    """Negative binomial demand; in a fifth of the weeks stock is random and sales are what it allowed. Also the true demand."""
    generator = np.random.default_rng(seed)
    rows, truth = [], {}
    for number in range(n_series):
        mean = generator.uniform(2.0, 30.0)
        demand = generator.negative_binomial(2, 2 / (2 + mean), n_weeks)
        limited = generator.random(n_weeks) < 0.2
        stock = generator.integers(0, max(int(2 * mean), 1) + 1, n_weeks)
        cut = limited & (stock < demand)
        for index, row in enumerate(weekly_rows(np.where(cut, stock, demand).tolist(), article_id=f"a{number:03d}")):
            rows.append(row | {"available_share": 0.5 if cut[index] and stock[index] else 0.0 if cut[index] else None})
            truth[row["article_id"], row["week"]] = int(demand[index])
    return build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(n_weeks - 1), history_weeks=156), truth


@pytest.fixture(scope="module")
def world() -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    demand, truth = censored_world()
    found = estimate_unconstrained_demand(demand, cutoff=week(79))
    return demand, found, np.array([truth[key] for key in found.select("article_id", "week").iter_rows()])


def test_every_censored_week_has_a_distribution_and_no_other(world) -> None:
    demand, found, _ = world
    censored = demand.filter(pl.col("is_censored"))
    assert found.select("article_id", "week").equals(censored.select("article_id", "week"))
    assert (found["demand_mean_units"] >= found["lower_bound_units"]).all()
    assert (found["demand_mean_units"] > 0).all()


def test_the_mean_is_nearly_the_true_one_and_the_bound_far_below(world) -> None:
    _, found, truth = world
    assert len(truth) > 300
    assert found["demand_mean_units"].sum() == pytest.approx(truth.sum(), rel=0.08)
    assert found["lower_bound_units"].sum() < 0.6 * truth.sum()


def test_intervals_hold_as_often_as_they_say(world) -> None:
    _, found, truth = world
    inside = (truth >= found["demand_q100"].to_numpy()) & (truth <= found["demand_q900"].to_numpy())
    assert 0.75 < inside.mean() < 0.9
    assert 0.4 < (truth <= found["demand_q500"].to_numpy()).mean() < 0.62


def test_the_mean_above_the_bound_is_that_of_the_truncated_distribution(world) -> None:
    _, found, _ = world
    row = found.filter(pl.col("lower_bound_units") > 3).row(0, named=True)
    size = 1 / row["dispersion"]
    units = np.arange(row["lower_bound_units"], 2_000)
    weight = nbinom.pmf(units, size, size / (size + row["expected_units"]))
    assert row["demand_mean_units"] == pytest.approx((units * weight).sum() / weight.sum())
    assert row["probability_below_bound"] == pytest.approx(1 - weight.sum(), abs=1e-9)
    assert row["demand_q500"] == units[np.searchsorted(np.cumsum(weight) / weight.sum(), 0.5)]


def test_a_series_never_in_stock_is_not_read_as_zero() -> None:
    rows = [row | {"available_share": 0.0} for row in weekly_rows([0] * 5)]
    found = estimate_unconstrained_demand(build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(4), history_weeks=156), cutoff=week(4))
    assert found["demand_mean_units"].to_list() == pytest.approx([1.0] * 5)


def test_a_bound_far_beyond_the_series_is_kept() -> None:
    rows = [row | {"available_share": 0.5 if index == 9 else None} for index, row in enumerate(weekly_rows([2] * 9 + [40_000]))]
    found = estimate_unconstrained_demand(build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(9), history_weeks=156), cutoff=week(9))
    assert np.isfinite(found["demand_mean_units"][0])


def test_chunks_of_series_change_nothing(world, monkeypatch: pytest.MonkeyPatch) -> None:
    demand, found, _ = world
    monkeypatch.setattr("ml.preprocessing.unconstrained_demand.CHUNK_ROWS", 500)
    assert estimate_unconstrained_demand(demand, cutoff=week(79)).equals(found)


def test_known_weeks_alone_would_be_too_low(world, monkeypatch: pytest.MonkeyPatch) -> None:
    demand, found, truth = world
    monkeypatch.setattr("ml.preprocessing.unconstrained_demand.N_ROUNDS", 1)
    once = estimate_unconstrained_demand(demand, cutoff=week(79))["demand_mean_units"].sum()
    assert abs(found["demand_mean_units"].sum() - truth.sum()) < abs(once - truth.sum())


def test_the_future_the_shards_and_the_order_of_rows_change_nothing(world) -> None:
    demand, found, _ = world
    before = estimate_unconstrained_demand(demand.filter(pl.col("week") <= week(50)), cutoff=week(50))
    tampered = demand.with_columns(sales_units=pl.when(pl.col("week") > week(50)).then(9_999).otherwise("sales_units"))
    assert estimate_unconstrained_demand(tampered.sample(fraction=1.0, shuffle=True, seed=1), cutoff=week(50)).equals(before)
    parts = [estimate_unconstrained_demand(demand.filter(pl.col("article_id").str.slice(1).cast(int) % 2 == part), cutoff=week(79)) for part in (0, 1)]
    assert pl.concat(parts).sort("merchant_id", "article_id", "week").equals(found)


def test_weeks_with_a_bound_count_with_their_mean_given_the_bound_in_every_round() -> None:
    """A written-out twin: were they to count with the mean alone, what was sold would never pull the level up."""
    units = [4, 6, 5, 5, 4, 6, 12, 14, 13]
    rows = [row | {"available_share": 0.5 if index >= 6 else None} for index, row in enumerate(weekly_rows(units))]
    found = estimate_unconstrained_demand(build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(8), history_weeks=156), cutoff=week(8))
    size = 1 / found["dispersion"][0]
    demand = [float(value) for value in units]
    for _ in range(8):
        overall = sum(demand) / 9
        means = []
        for place in (6, 7, 8):
            weights = [0.5 ** (abs(place - other) / 8) for other in range(9)]
            means.append((sum(weight * value for weight, value in zip(weights, demand, strict=True)) + overall) / (sum(weights) + 1))
        for place, mean in zip((6, 7, 8), means, strict=True):
            every = np.arange(units[place], 3_000)
            probability = nbinom.pmf(every, size, size / (size + mean))
            demand[place] = float((every * probability).sum() / probability.sum())
    assert found["expected_units"].to_list() == pytest.approx(means, rel=1e-6)
