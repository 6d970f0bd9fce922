"""Our vectorised baselines against the same methods of statsforecast, series by series."""

import warnings
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from domain.quantiles import QUANTILE_LEVELS
from ml.evaluation import baselines
from ml.evaluation.library_baselines import auto_ets

N_WEEKS, AHEAD = 90, 12
MEDIAN = int(np.searchsorted(QUANTILE_LEVELS, 0.5))


@pytest.fixture(scope="module")
def models() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that statsforecast imports
        return import_module("statsforecast.models")


@pytest.fixture(scope="module")
def units() -> npt.NDArray[np.float64]:
    """Series from slow to fast, some with a trend; all weeks known."""
    generator = np.random.default_rng(4)
    mean = np.geomspace(0.3, 60, 12)[:, None] * (1 + np.linspace(0, 1, N_WEEKS)[None, :] * (np.arange(12) % 3)[:, None])
    return generator.poisson(mean).astype(np.float64)


def level_and_forecast(model: Any, row: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """The library's one-step forecasts of every week, and of the week after the last."""
    answer = model.forecast(y=row, h=1, fitted=True)
    return answer["fitted"], float(answer["mean"][0])


@pytest.mark.parametrize("smoothing", baselines.SMOOTHING_LEVELS)
def test_simple_smoothing_is_the_librarys(models: Any, units: npt.NDArray[np.float64], smoothing: float) -> None:
    ours = baselines._smoothed(units, smoothing)
    for row, levels in zip(units, ours, strict=True):
        fitted, ahead = level_and_forecast(models.SimpleExponentialSmoothing(alpha=smoothing), row)
        np.testing.assert_allclose(np.append(levels[:-1], levels[-1]), np.append(fitted[1:], ahead), rtol=1e-9)


def test_tsb_has_the_librarys_level_and_its_own_past_errors(models: Any, units: npt.NDArray[np.float64]) -> None:
    model = models.TSB(alpha_d=baselines.TSB_SIZE_SMOOTHING, alpha_p=baselines.TSB_PROBABILITY_SMOOTHING)
    ours = baselines.croston_tsb(units, AHEAD)
    for row, quantiles in zip(units, ours, strict=True):
        fitted, ahead = level_and_forecast(model, row)
        levels = np.append(fitted[1:], ahead)
        errors = (row[baselines.ERROR_LEAD_WEEKS :] - levels[: -baselines.ERROR_LEAD_WEEKS])[-baselines.YEAR_WEEKS :]
        expected = np.floor(np.maximum(ahead + np.quantile(errors, QUANTILE_LEVELS), 0) + 0.5)
        np.testing.assert_array_equal(quantiles, np.tile(expected, (AHEAD, 1)))


def test_theta_drifts_like_the_librarys_from_nearly_its_level(models: Any, units: npt.NDArray[np.float64]) -> None:
    """The library fits the smoothing and the first level too: the drift is the same, the level close."""
    levels, smoothing = baselines._best_smoothing(units)
    drift = baselines._slope(units) / 2
    lag = (1 - (1 - smoothing) ** N_WEEKS) / smoothing
    for place, row in enumerate(units):
        ahead = models.Theta(season_length=1).forecast(y=row, h=AHEAD)["mean"]
        assert (ahead[-1] - ahead[0]) / (AHEAD - 1) == pytest.approx(drift[place], abs=1e-6)
        assert levels[place, -1] + drift[place] * lag[place] == pytest.approx(ahead[0], rel=0.15, abs=0.3)


def test_auto_ets_is_the_librarys_model_with_its_intervals(models: Any, units: npt.NDArray[np.float64]) -> None:
    gappy = units[8:9].copy()
    gappy[0, ::7] = np.nan
    quantiles = auto_ets(gappy, AHEAD)[0]
    answer = models.AutoETS(season_length=1, model="AZN").forecast(y=gappy[0][~np.isnan(gappy[0])], h=AHEAD, level=[80])
    for column, name in ((MEDIAN, "mean"), (int(np.searchsorted(QUANTILE_LEVELS, 0.1)), "lo-80"), (int(np.searchsorted(QUANTILE_LEVELS, 0.9)), "hi-80")):
        np.testing.assert_allclose(quantiles[:, column], np.maximum(answer[name], 0), atol=0.5)
    assert (np.diff(quantiles, axis=1) >= 0).all()


@pytest.mark.parametrize("history", [[], [3.0, 5.0], [4.0] * 30, [0.0] * 30], ids=["never known", "short", "constant", "never sold"])
def test_auto_ets_answers_what_it_cannot_fit_from_the_last_year(history: list[float]) -> None:
    row = np.full((1, N_WEEKS), np.nan)
    row[0, N_WEEKS - len(history) :] = history
    np.testing.assert_array_equal(auto_ets(row, AHEAD), baselines.last_52_weeks(row, AHEAD))
