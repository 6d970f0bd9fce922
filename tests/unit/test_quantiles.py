import numpy as np
import pytest
from scipy import stats

from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS, invert_quantiles, mean_of_quantiles

GAMMA = stats.gamma(2, scale=30)


def test_there_are_39_levels_named_in_thousandths() -> None:
    assert (len(QUANTILE_COLUMNS), QUANTILE_COLUMNS[0], QUANTILE_COLUMNS[19], QUANTILE_COLUMNS[-1]) == (39, "demand_q025", "demand_q500", "demand_q975")
    assert np.allclose(np.diff(QUANTILE_LEVELS), 0.025)


def test_inversion_returns_the_quantiles_at_their_levels_and_is_monotone_beyond() -> None:
    quantiles = GAMMA.ppf(QUANTILE_LEVELS)[None, :]
    at_levels = invert_quantiles(quantiles, QUANTILE_LEVELS[:, None])[:, 0]
    assert at_levels == pytest.approx(quantiles[0])
    everywhere = invert_quantiles(quantiles, np.linspace(1e-6, 1 - 1e-6, 4001)[:, None])[:, 0]
    assert (np.diff(everywhere) >= 0).all()
    assert everywhere[0] == pytest.approx(-0.5, abs=0.01)


def test_the_tail_is_exponential_through_q900_and_q975() -> None:
    quantiles = stats.expon(scale=10).ppf(QUANTILE_LEVELS)[None, :]
    assert invert_quantiles(quantiles, np.array([[0.999]]))[0, 0] == pytest.approx(stats.expon(scale=10).ppf(0.999))


def test_the_closed_form_mean_agrees_with_draws_and_with_the_distribution() -> None:
    quantiles = GAMMA.ppf(QUANTILE_LEVELS)[None, :]
    draws = invert_quantiles(quantiles, np.random.default_rng(5).random((400_000, 1)))
    assert mean_of_quantiles(quantiles)[0] == pytest.approx(draws.mean(), rel=0.005)
    assert mean_of_quantiles(quantiles)[0] == pytest.approx(GAMMA.mean(), rel=0.02)


def test_a_series_that_never_sells_has_mean_zero() -> None:
    assert mean_of_quantiles(np.zeros((12, 39))).tolist() == [0.0] * 12


def test_the_mean_of_a_constant_takes_its_lower_tail_from_the_edge() -> None:
    # Below q025 the quantile function runs in a straight line from nothing to q025: half of 2.5 % of 8 units is missing.
    assert mean_of_quantiles(np.full((1, 39), 8.0))[0] == pytest.approx(8.0 * (1 - 0.0125))
