import numpy as np
import pytest
from scipy import stats

from benchmarks.sku import example_vector
from domain.quantiles import QUANTILE_LEVELS, mean_of_quantiles
from domain.settings import InventorySettings, Settings, SimulationSettings
from simulation.sampling.paths import Paths, paths_of, sample_paths, week_correlation

VECTOR = example_vector(1)
INDEPENDENT = SimulationSettings(copula_common_share=0.0, copula_autocorrelation=0.0)
MANY = 40_000


def paths(settings: Settings | None = None, *, n_paths: int = MANY, purpose="optimize", seed: int = 1, vector=VECTOR) -> Paths:
    return sample_paths(vector, settings or Settings(), n_paths=n_paths, purpose=purpose, seed=seed)


def lead_times(mean: float, cv: float | None, *, observed: float | None = None) -> np.ndarray:
    """Of orders placed now; beyond the horizon counts as the horizon."""
    settings = Settings(inventory=InventorySettings(lead_time_weeks=mean, lead_time_cv=cv))
    return paths(settings, vector=VECTOR._replace(observed_lead_time_cv=observed)).lead_time_weeks[:, 0]


def test_the_same_key_gives_the_same_bits_and_another_purpose_or_seed_others():
    first, again = paths(n_paths=50), paths(n_paths=50)
    assert all(np.array_equal(one, other) for one, other in zip(first.blocks, again.blocks, strict=True))
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
    """Within four standard errors of independent paths, and 1 % for rounding the tail's and the lower edge's draws to whole units."""
    smooth = np.stack([stats.gamma(3.0, scale=scale).ppf(QUANTILE_LEVELS) for scale in np.linspace(5.0, 20.0, 12)])
    demand = paths(settings, vector=VECTOR._replace(demand_quantiles_units=smooth)).demand_units
    expected, standard_error = mean_of_quantiles(smooth), demand.std(axis=0) / np.sqrt(MANY)
    assert (np.abs(demand.mean(axis=0) - expected) <= 4 * standard_error + 0.01 * expected).all()


def test_weeks_are_correlated_as_the_copula_says_and_totals_spread_more_than_independent_ones():
    wide = np.stack([stats.norm(1000.0, 50.0).ppf(QUANTILE_LEVELS)] * 12)
    demand = paths(vector=VECTOR._replace(demand_quantiles_units=wide)).demand_units
    for lag in (1, 3, 11):
        expected = week_correlation(0.15, 0.2)[0, lag]
        assert expected == pytest.approx(0.15 + 0.85 * 0.2**lag)
        ranks = stats.spearmanr(demand[:, 0], demand[:, lag]).statistic  # of the normals below: any monotone quantile function keeps it
        assert ranks == pytest.approx(6 / np.pi * np.arcsin(expected / 2), abs=0.015)
    dependent, independent = (paths(settings).demand_units.sum(axis=1).var() for settings in (Settings(), Settings(simulation=INDEPENDENT)))
    assert dependent > 1.8 * independent


def test_lead_times_are_gamma_rounded_to_weeks():
    weeks, gamma = lead_times(3.0, 0.4), stats.gamma(1 / 0.16, scale=3.0 * 0.16)
    for value in range(6):
        assert (weeks <= value).mean() == pytest.approx(gamma.cdf(value + 0.5), abs=0.005)


@pytest.mark.parametrize(("mean", "cv", "expected"), [(0.0, 0.4, 0), (2.0, 0.0, 2), (2.5, 0.0, 3), (52.0, 0.0, 30)])
def test_a_lead_time_without_dispersion_is_one_number(mean, cv, expected):
    assert (lead_times(mean, cv) == expected).all()


@pytest.mark.parametrize(("setting", "observed", "expected"), [(0.0, 0.9, 0.0), (None, 0.0, 0.0), (None, None, 0.4)])
def test_dispersion_is_the_merchants_else_the_shipments_else_the_fallback(setting, observed, expected):
    weeks = lead_times(4.0, setting, observed=observed)
    assert weeks.std() / weeks.mean() == pytest.approx(expected, abs=0.02)


def test_a_dispersion_nobody_knows_grows_no_further_beyond_four_weeks():
    assert lead_times(8.0, None).std() == pytest.approx(1.6, abs=0.05)


def test_a_forecast_of_nothing_gives_paths_of_nothing():
    assert not paths(vector=VECTOR._replace(demand_quantiles_units=np.zeros((12, 39)))).demand_units.any()


def shipped(week: int, *, mean: float, cv: float, random: bool = True) -> np.ndarray:
    """Week of arrival of one unit expected in a week; 12 = beyond the horizon."""
    vector = VECTOR._replace(inbound_units=np.eye(1, 12, week, dtype=np.int64)[0])
    inventory, simulation = InventorySettings(lead_time_weeks=mean, lead_time_cv=cv), SimulationSettings(random_shipment_delays=random)
    arrived = paths(Settings(inventory=inventory, simulation=simulation), vector=vector).inbound_units
    assert (arrived.sum(axis=1) <= 1).all()
    return np.where(arrived.any(axis=1), arrived.argmax(axis=1), 12)


def test_shipments_in_transit_arrive_as_lead_times_do_given_that_they_have_not_arrived():
    gamma = stats.gamma(1 / 0.16, scale=3.0 * 0.16)
    late = shipped(1, mean=3.0, cv=0.4)  # ordered two weeks ago: a lead time of at least 2 weeks, arriving 2 weeks earlier than it is long
    for week in range(5):
        expected = (gamma.cdf(week + 2.5) - gamma.cdf(1.5)) / (1 - gamma.cdf(1.5))
        assert (late <= week).mean() == pytest.approx(expected, abs=0.005)
    early = shipped(6, mean=3.0, cv=0.4)  # expected later than a mean lead time: the same spread around its own week
    assert early.mean() == pytest.approx(6.0, abs=0.05)


@pytest.mark.parametrize(("cv", "random"), [(0.0, True), (0.4, False)])
def test_shipments_arrive_when_expected_where_nothing_is_random(cv, random):
    assert (shipped(4, mean=3.0, cv=cv, random=random) == 4).all()


def test_the_first_paths_spread_as_evenly_as_all():
    """A block of 128 points holds one point in each 128th of a dimension: its mean is near that of all."""
    wide = np.stack([stats.norm(1000.0, 50.0).ppf(QUANTILE_LEVELS)] * 12)
    totals = [paths(n_paths=n, vector=VECTOR._replace(demand_quantiles_units=wide)).demand_units.sum(axis=1).mean() for n in (128, 20_000)]
    assert totals[0] == pytest.approx(totals[1], rel=0.004)  # a mean of 128 independent paths has a standard error of 0.011


def test_given_paths_are_read_back():
    generator = np.random.default_rng(1)
    demand, lead_time, offset = generator.poisson(3, (130, 12)), generator.integers(0, 15, (130, 12)), generator.integers(0, 256, 130) / 256
    inbound = generator.integers(0, 4, (130, 12))
    given = paths_of(demand, lead_time, offset, inbound)
    assert given.n_paths == 130
    np.testing.assert_array_equal(given.demand_units, demand)
    np.testing.assert_array_equal(given.inbound_units, inbound)
    in_horizon = lead_time + np.arange(12) < 12
    np.testing.assert_array_equal(given.lead_time_weeks[in_horizon], lead_time[in_horizon])
    assert (given.lead_time_weeks[~in_horizon] == 12).all()
