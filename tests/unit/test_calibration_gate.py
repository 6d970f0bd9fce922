from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import nbinom

from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS, mean_of_quantiles
from domain.settings import CalibrationSettings
from domain.stage_tables import Forecasts, WeeklyDemand
from ml.metrics import probability_integral_transform, scaled_crps, wape
from ml.monitoring import judge_calibration, tally_forecast
from ml.monitoring.tallies import shares_below

CUTOFF = date(2026, 1, 5)
RULES = CalibrationSettings()


def world(*, n_series: int = 300, mean: float = 4.0, believed: float | None = None, segment: str = "smooth") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Negative binomial demand of a mean, forecast with the quantiles of the mean that is believed."""
    believed = mean if believed is None else believed
    quantiles = nbinom.ppf(QUANTILE_LEVELS, 2, 2 / (2 + believed))
    keys = [{"merchant_id": "m", "article_id": f"{segment}-{number:04d}"} for number in range(n_series)]
    weeks = [{"week": CUTOFF + timedelta(weeks=ahead), "horizon_week": ahead} for ahead in range(1, 13)]
    numbers = dict(zip(QUANTILE_COLUMNS, quantiles.tolist(), strict=True)) | {"demand_mean_units": float(mean_of_quantiles(quantiles))}
    rows = [key | at | numbers | {"cutoff": CUTOFF, "model": "x", "segment": segment} for key in keys for at in weeks]
    forecast = Forecasts.validate(pl.DataFrame(rows, schema=Forecasts.create_empty().schema))
    units = np.random.default_rng(6).negative_binomial(2, 2 / (2 + mean), forecast.height)
    came = forecast.select("merchant_id", "article_id", "week").with_columns(
        sales_units=pl.Series(units), is_censored=False, returned_units=0, unit_price_eur=None, promotion=None, flag=None
    )
    return forecast, WeeklyDemand.validate(came.select(WeeklyDemand.column_names()), cast=True)


def judged(*worlds: tuple[pl.DataFrame, pl.DataFrame]) -> dict[tuple[str, int], dict[str, object]]:
    frame = judge_calibration([tally_forecast(*each) for each in worlds], RULES)
    return {(row["segment"], row["horizon_week"]): row for row in frame.iter_rows(named=True)}


def test_a_right_forecast_passes_and_one_that_believes_too_much_does_not() -> None:
    rows = judged(world(), world(mean=4.0, believed=7.0, segment="lumpy"))
    assert rows["smooth", 0]["is_calibrated"] is True
    assert rows["smooth", 0]["calibration_error"] < 0.02
    assert rows["smooth", 0]["coverage_80"] == pytest.approx(0.8, abs=0.02)
    assert rows["lumpy", 0]["is_calibrated"] is False
    assert "calibration error" in rows["lumpy", 0]["faults"]
    assert rows["", 3]["n_cells"] == 600
    assert rows["smooth", 3]["is_calibrated"] is None  # a single week of a segment is shown, not judged


def test_few_cells_are_shown_without_a_verdict() -> None:
    rows = judged(world(n_series=100, believed=9.0))
    assert rows["smooth", 0]["n_cells"] == 1_200
    assert rows["smooth", 0]["is_calibrated"] is None
    assert rows["smooth", 0]["faults"]


def test_figures_are_those_of_the_metrics() -> None:
    forecast, came = world()
    row = judged((forecast, came))["", 0]
    actual, quantiles = came["sales_units"].cast(float).to_numpy(), forecast.select(QUANTILE_COLUMNS).to_numpy()
    assert row["scaled_crps"] == pytest.approx(scaled_crps(actual, quantiles))
    assert row["wape"] == pytest.approx(wape(actual, quantiles[:, 19]))
    assert row["bias"] == pytest.approx((forecast["demand_mean_units"].sum() - actual.sum()) / actual.sum(), abs=1e-3)


def test_expected_shares_are_the_mean_of_many_randomised_ones() -> None:
    forecast, came = world(n_series=40)
    actual, quantiles = came["sales_units"].cast(float).to_numpy(), forecast.select(QUANTILE_COLUMNS).to_numpy()
    generator = np.random.default_rng(1)
    drawn = np.mean([probability_integral_transform(actual, quantiles, generator=generator)[:, None] <= QUANTILE_LEVELS for _ in range(400)], axis=0)
    np.testing.assert_allclose(shares_below(actual, quantiles).mean(axis=0), drawn.mean(axis=0), atol=0.003)


def test_unknown_censored_and_mistyped_weeks_are_not_judged() -> None:
    forecast, came = world(n_series=3)
    at = pl.int_range(pl.len())
    spoiled = came.with_columns(
        sales_units=pl.when(at == 0).then(None).when(at == 2).then(999_999).otherwise("sales_units"),
        is_censored=at == 1,
        flag=pl.when(at == 2).then(pl.lit("unit_error")),
    )
    assert tally_forecast(forecast, spoiled)["n_cells"].sum() == came.height - 3


def test_shards_add_up_to_the_whole_to_the_last_bit() -> None:
    forecast, came = world(n_series=50)
    even = pl.col("article_id").str.slice(-1).is_in(list("02468"))
    parts = [tally_forecast(forecast.filter(part).sample(fraction=1.0, shuffle=True, seed=1), came.filter(part)) for part in (even, ~even)]
    assert judge_calibration(parts, RULES).equals(judge_calibration([tally_forecast(forecast, came)], RULES))


def test_nothing_to_judge_gives_no_rows() -> None:
    assert judge_calibration([], RULES).is_empty()
    assert judge_calibration([tally_forecast(Forecasts.create_empty(), world(n_series=1)[1])], RULES).is_empty()
