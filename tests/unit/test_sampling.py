import numpy as np
import pytest
from scipy import stats

from benchmarks.sku import example_vector
from domain.quantiles import QUANTILE_LEVELS, mean_of_quantiles
from domain.settings import InventorySettings, Settings, SimulationSettings
from simulation.sampling.paths import Paths, correlated_normals, draw_lead_times, sample_paths

VECTOR = example_vector(1)
INDEPENDENT = SimulationSettings(copula_common_share=0.0, copula_autocorrelation=0.0)
MANY = 40_000


def paths(settings: Settings | None = None, *, n_paths: int = MANY, purpose="optimize", seed: int = 1, vector=VECTOR) -> Paths:
    return sample_paths(vector, settings or Settings(), n_paths=n_paths, purpose=purpose, seed=seed)


def test_the_same_key_gives_the_same_bits_and_another_purpose_or_seed_others():
    first, again = paths(n_paths=50), paths(n_paths=50)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    for other in (paths(n_paths=50, purpose="evaluate"), paths(n_paths=50, seed=2), paths(n_paths=50, vector=VECTOR._replace(article_id="other"))):
        assert not np.array_equal(first.demand_units, other.demand_units)


def test_each_weeks_demand_has_the_forecasts_quantiles():
    demand = paths().demand_units
    for level in (0.1, 0.5, 0.9):
        forecast = VECTOR.demand_quantiles_units[:, int(np.argmin(np.abs(QUANTILE_LEVELS - level)))]
        below, upto = (demand < forecast - 1).mean(axis=0), (demand <= forecast + 1).mean(axis=0)
        assert (below <= level + 0.01).all()
        assert (upto >= level - 0.01).all()


@pytest.mark.parametrize("settings", [Settings(), Settings(simulation=INDEPENDENT)], ids=["copula", "independent"])
def test_the_mean_of_the_paths_is_the_forecasts_mean(settings):
    """Within four standard errors, and 1 % for rounding the tail's and the lower edge's draws to whole units."""
    smooth = np.stack([stats.gamma(3.0, scale=scale).ppf(QUANTILE_LEVELS) for scale in np.linspace(5.0, 20.0, 12)])
    demand = paths(settings, vector=VECTOR._replace(demand_quantiles_units=smooth)).demand_units
    expected, standard_error = mean_of_quantiles(smooth), demand.std(axis=0) / np.sqrt(MANY)
    assert (np.abs(demand.mean(axis=0) - expected) <= 4 * standard_error + 0.01 * expected).all()


def test_weeks_are_correlated_as_the_copula_says_and_totals_spread_more_than_independent_ones():
    z = correlated_normals(np.random.default_rng(1), n_paths=200_000, common_share=0.15, autocorrelation=0.2)
    assert z.std(axis=0) == pytest.approx(np.ones(12), abs=0.01)
    for lag in (1, 3):
        expected = 0.15 + 0.85 * 0.2**lag
        assert np.corrcoef(z[:, 2], z[:, 2 + lag])[0, 1] == pytest.approx(expected, abs=0.01)
    dependent, independent = (paths(settings).demand_units.sum(axis=1).var() for settings in (Settings(), Settings(simulation=INDEPENDENT)))
    assert dependent > 1.8 * independent


def test_lead_times_are_gamma_rounded_to_weeks():
    weeks = draw_lead_times(np.random.default_rng(2), n_paths=MANY, mean_weeks=3.0, cv=0.4)
    gamma = stats.gamma(1 / 0.16, scale=3.0 * 0.16)
    for value in range(6):
        assert (weeks <= value).mean() == pytest.approx(gamma.cdf(value + 0.5), abs=0.005)


@pytest.mark.parametrize(("mean", "cv", "expected"), [(0.0, 0.4, 0), (2.0, 0.0, 2), (2.5, 0.0, 3)])
def test_a_lead_time_without_dispersion_is_one_number(mean, cv, expected):
    assert (draw_lead_times(np.random.default_rng(2), n_paths=9, mean_weeks=mean, cv=cv) == expected).all()


@pytest.mark.parametrize(("setting", "observed", "expected"), [(0.0, 0.9, 0.0), (None, 0.0, 0.0), (None, None, 0.4)])
def test_dispersion_is_the_merchants_else_the_shipments_else_the_fallback(setting, observed, expected):
    settings = Settings(inventory=InventorySettings(lead_time_cv=setting, lead_time_weeks=6.0))
    weeks = paths(settings, vector=VECTOR._replace(observed_lead_time_cv=observed)).lead_time_weeks
    assert weeks.std() / weeks.mean() == pytest.approx(expected, abs=0.02)


def test_a_forecast_of_nothing_gives_paths_of_nothing():
    assert not paths(vector=VECTOR._replace(demand_quantiles_units=np.zeros((12, 39)))).demand_units.any()
