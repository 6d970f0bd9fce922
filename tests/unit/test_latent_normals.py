import numpy as np
import pytest
from scipy import stats

from simulation.sampling.latent_normals import latent_normals


def intervals(normals: np.ndarray, cuts: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities below and up to what is seen of normals that are only known to lie between two cuts."""
    edges = np.array([0.0, *stats.norm.cdf(cuts), 1.0])
    place = np.searchsorted(cuts, normals)
    return edges[place], edges[place + 1]


@pytest.mark.parametrize("cuts", [[1.3], [0.0], [-1.0, 0.2, 1.5]])
def test_scores_are_the_expected_normals_of_what_was_seen(cuts):
    normals = np.random.default_rng(1).standard_normal((20_000, 12))
    below, upto = intervals(normals, cuts)
    seen = latent_normals(below, upto)
    for level in np.unique(below):
        inside = below == level
        assert seen.score[inside].std() < 1e-12
        assert seen.score[inside][0] == pytest.approx(normals[inside].mean(), abs=0.02)
    assert seen.pair_share == pytest.approx(seen.score.var(), abs=0.01)  # one kind of series: E[λₛλₜ] / E[λ] = λ


@pytest.mark.parametrize("correlation", [0.2, 0.6])
def test_what_scores_show_of_a_correlation(correlation):
    generator = np.random.default_rng(2)
    normals = generator.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], 400_000)
    seen = latent_normals(*intervals(normals, [1.0]))
    expected = (seen.pair_share * correlation + seen.square_share * correlation**2) * seen.score.var()
    assert np.mean(seen.score[:, 0] * seen.score[:, 1]) == pytest.approx(expected, rel=0.06)


def test_a_continuous_demand_shows_everything_and_an_unknown_week_nothing():
    normals = np.random.default_rng(3).standard_normal((50, 12))
    probability = stats.norm.cdf(normals)
    probability[4, 7] = np.nan
    seen = latent_normals(probability - 1e-5, probability + 1e-5)
    np.testing.assert_allclose(seen.score[5:], normals[5:], atol=0.02)
    assert np.isnan(seen.score[4, 7])
    assert np.isnan(seen.score).sum() == 1
    assert seen.pair_share == pytest.approx(1.0, abs=1e-3)


def test_forecasts_that_were_far_too_low_do_not_pass_for_slow_sellers():
    normals = np.random.default_rng(4).standard_normal((2_000, 12)) * 2 + 2
    probability = stats.norm.cdf(normals)
    seen = latent_normals(np.maximum(probability - 1e-4, 0), np.minimum(probability + 1e-4, 1))
    assert seen.square_share < 0.02
