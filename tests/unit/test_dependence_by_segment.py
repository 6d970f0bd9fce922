from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats

from benchmarks.sku import example_vector
from domain.forecast_tables import HeldOut, WeekDependence
from domain.settings import Settings, SimulationSettings
from domain.vector_chunk import chunk_of
from simulation.sampling.dependence import dependences
from simulation.sampling.dependence_by_segment import FEWEST_SERIES, estimate_dependence, of_segments, sample_held_out
from simulation.sampling.paths import sample_paths, week_correlation


def held_out(n_series: int, *, segment: str = "smooth", common_share: float = 0.3, n_weeks: int = 12) -> pl.DataFrame:
    """Weeks whose probabilities are as dependent as said, each known to within 0.02 (a continuous demand would be a point)."""
    normals = np.random.default_rng(4).multivariate_normal(np.zeros(12), week_correlation(common_share, 0.2), n_series)
    probability = stats.norm.cdf(normals)
    rows = {
        "merchant_id": ["m"] * n_series,
        "article_id": [f"{segment}-{number}" for number in range(n_series)],
        "cutoff": [date(2026, 1, 5)] * n_series,
        "segment": [segment] * n_series,
        "n_weeks": [n_weeks] * n_series,
        "actual_units": [1] * n_series,
        "pit_below": np.maximum(probability - 0.01, 0.0).tolist(),
        "pit_upto": np.minimum(probability + 0.01, 1.0).tolist(),
    }
    return HeldOut.validate(pl.concat([HeldOut.create_empty(), pl.DataFrame(rows)], how="diagonal"))


def test_each_segment_has_its_own_and_small_ones_that_of_all() -> None:
    parts = [held_out(4_000, common_share=0.4), held_out(4_000, segment="lumpy", common_share=0.0), held_out(FEWEST_SERIES - 1, segment="new")]
    rows = {row["segment"]: row for row in estimate_dependence(parts).iter_rows(named=True)}
    assert set(rows) == {"", "smooth", "lumpy", "new"}
    assert rows["smooth"]["common_share"] == pytest.approx(0.4, abs=0.05)
    assert rows["lumpy"]["common_share"] == pytest.approx(0.0, abs=0.05)
    assert (rows["new"]["basis"], rows["new"]["common_share"], rows["new"]["n_series"]) == ("all_segments", rows[""]["common_share"], FEWEST_SERIES - 1)
    assert rows["smooth"]["observed_variance_ratio"] > 2 * rows["lumpy"]["observed_variance_ratio"]


def test_without_held_out_forecasts_there_is_the_default_alone() -> None:
    row = estimate_dependence([]).row(0, named=True)
    assert (row["segment"], row["common_share"], row["autocorrelation"], row["basis"]) == ("", 0.15, 0.2, "default")
    assert row["fitted_variance_ratio"] == pytest.approx(week_correlation(0.15, 0.2).sum() / 12)


def test_shards_and_the_order_of_rows_change_nothing() -> None:
    whole = pl.concat([held_out(300), held_out(300, segment="lumpy")])
    shuffled = whole.sample(fraction=1.0, shuffle=True, seed=1)
    shards = [sample_held_out([shuffled[start::3]]) for start in range(3)]
    assert estimate_dependence(shards).equals(estimate_dependence([whole]))


def test_forecasts_with_an_unknown_week_are_left_out() -> None:
    assert estimate_dependence([held_out(200), held_out(50, segment="lumpy", n_weeks=11)])["n_series"].to_list() == [200, 200]


def test_series_of_a_segment_without_a_row_take_that_of_all_others() -> None:
    table = estimate_dependence([held_out(400)])
    found = of_segments(pl.Series(["unheard of", "smooth"]), table)
    own = {row["segment"]: row["common_share"] for row in table.iter_rows(named=True)}
    assert found["demand_common_share"].to_list() == [own[""], own["smooth"]]
    assert of_segments(pl.Series(["smooth"]), WeekDependence.create_empty())["demand_autocorrelation"].to_list() == [None]


def test_a_setting_beats_the_estimate_and_the_estimate_the_default() -> None:
    vector = example_vector(1)
    estimated = vector._replace(demand_common_share=0.5, demand_autocorrelation=0.0)
    both = chunk_of([vector, estimated])
    assert dependences(both, Settings()) == [(0.15, 0.2), (0.5, 0.0)]
    assert dependences(both, Settings(simulation=SimulationSettings(copula_common_share=0.0))) == [(0.0, 0.2), (0.0, 0.0)]


def test_the_paths_of_a_series_spread_as_its_own_dependence_says() -> None:
    vector = example_vector(1)
    steady, dependent = (vector._replace(demand_common_share=share, demand_autocorrelation=0.0) for share in (0.0, 0.6))
    totals = [sample_paths(each, Settings(), n_paths=4_000, purpose="optimize", seed=1).demand_units.sum(axis=1).var() for each in (steady, dependent)]
    assert totals[1] > 4 * totals[0]
