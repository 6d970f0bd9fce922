import numpy as np
import pytest
from scipy import stats

from domain.errors import DataError
from domain.quantiles import QUANTILE_LEVELS, invert_quantiles
from simulation.sampling.dependence import fit_dependence, variance_ratio
from simulation.sampling.paths import week_correlation


def world(n_series: int, *, common_share: float, autocorrelation: float, mean: float = 20.0):
    """Actuals drawn from the forecasts themselves, their weeks as dependent as said."""
    generator = np.random.default_rng(5)
    quantiles = np.broadcast_to(stats.nbinom.ppf(QUANTILE_LEVELS, 4.0, 4.0 / (4.0 + mean)), (n_series, 12, 39))
    normals = generator.multivariate_normal(np.zeros(12), week_correlation(common_share, autocorrelation), n_series)
    actual = np.maximum(np.floor(invert_quantiles(quantiles[0], stats.norm.cdf(normals)) + 0.5), 0.0)
    return quantiles, actual


@pytest.mark.parametrize("mean", [20.0, 1.0, 0.3])
@pytest.mark.parametrize(("common_share", "autocorrelation"), [(0.0, 0.0), (0.15, 0.2), (0.3, 0.5)])
def test_the_dependence_of_a_world_is_found_again_however_slowly_it_sells(common_share, autocorrelation, mean):
    quantiles, actual = world(8_000, common_share=common_share, autocorrelation=autocorrelation, mean=mean)
    fitted = fit_dependence(quantiles, actual)
    assert fitted.common_share == pytest.approx(common_share, abs=0.04)
    assert fitted.autocorrelation == pytest.approx(autocorrelation, abs=0.08)
    assert fitted.fitted_ratio == pytest.approx(fitted.variance_ratio, rel=0.05)


def test_the_variance_of_sums_is_that_of_the_correlation_matrix():
    for n_weeks in (3, 12):
        matrix = week_correlation(0.15, 0.2)[:n_weeks, :n_weeks]
        assert float(variance_ratio(0.15, 0.2, n_weeks)) == pytest.approx(matrix.sum() / n_weeks)


def test_unknown_weeks_are_left_out_and_too_few_refused():
    quantiles, actual = world(4_000, common_share=0.15, autocorrelation=0.2)
    actual[::4, 5] = np.nan
    assert fit_dependence(quantiles, actual).common_share == pytest.approx(0.15, abs=0.06)
    with pytest.raises(DataError, match="cannot be fitted"):
        fit_dependence(quantiles[:10], actual[:10])
