"""The gate: what failed is forecast by somebody else, and the output says so."""

from datetime import date, timedelta

import polars as pl
import pytest

from domain.forecast_tables import Calibration, Champions
from domain.quantiles import QUANTILE_COLUMNS
from domain.stage_tables import FORECAST_REFUSED, HORIZON_WEEKS, FlaggedForecasts, WeeklyDemand
from ml.monitoring import refused_segments, release_forecast
from ml.monitoring.gate import DEFAULT_BASELINE

CUTOFF = date(2026, 8, 3)
SERIES = {"a": "smooth", "b": "lumpy"}


def demand() -> pl.DataFrame:
    weeks = [CUTOFF - timedelta(weeks=back) for back in range(60)]
    rows = [{"merchant_id": "m", "article_id": article, "week": week, "sales_units": 3 + number % 4} for article in SERIES for number, week in enumerate(weeks)]
    frame = pl.DataFrame(rows).with_columns(is_censored=False, returned_units=0, unit_price_eur=None, promotion=None, flag=None)
    return WeeklyDemand.validate(frame.select(WeeklyDemand.column_names()).sort("article_id", "week"), cast=True)


def forecast(model: str = "lightgbm") -> pl.DataFrame:
    rows = [
        {
            "merchant_id": "m",
            "article_id": article,
            "cutoff": CUTOFF,
            "week": CUTOFF + timedelta(weeks=ahead),
            "horizon_week": ahead,
            "segment": segment,
            "model": model,
        }
        | dict.fromkeys(QUANTILE_COLUMNS, 99.0)
        | {"demand_mean_units": 99.0, "flags": "outlier" if article == "b" else ""}
        for article, segment in SERIES.items()
        for ahead in range(1, HORIZON_WEEKS + 1)
    ]
    return FlaggedForecasts.validate(pl.DataFrame(rows, schema=FlaggedForecasts.create_empty().schema))


def verdicts(*rows: tuple[str, int, bool | None]) -> pl.DataFrame:
    given = [{"segment": segment, "horizon_week": week, "is_calibrated": verdict, "faults": "" if verdict else "too narrow"} for segment, week, verdict in rows]
    figures = {"cutoff": CUTOFF - timedelta(weeks=12), "n_cells": 5_000, "calibration_error": 0.1, "coverage_80": 0.5, "level_coverage": [0.5]}
    return Calibration.validate(pl.DataFrame([row | figures for row in given], schema=Calibration.create_empty().schema))


def candidates(**losses: float) -> pl.DataFrame:
    same = {
        "segment": "lumpy",
        "is_champion": False,
        "improvement": 0.0,
        "loss_units": 1.0,
        "reason": "x",
        "n_series": 40,
        "n_cutoffs": 3,
        "held_out_hash": "x",
    }
    rows = [same | {"candidate": name, "scaled_loss": loss, "first_cutoff": CUTOFF, "last_cutoff": CUTOFF} for name, loss in losses.items()]
    return Champions.validate(pl.DataFrame(rows, schema=Champions.create_empty().schema))


def released(calibration: pl.DataFrame, champions: pl.DataFrame | None = None, *, model: str = "lightgbm") -> pl.DataFrame:
    return release_forecast(
        forecast(model), demand(), calibration, Champions.create_empty() if champions is None else champions, cutoff=CUTOFF, history_weeks=156
    )


def models_by_article(frame: pl.DataFrame) -> dict[str, str]:
    return dict(frame.select("article_id", "model").unique().iter_rows())


def test_a_forecast_that_holds_or_was_never_judged_is_released_as_it_is() -> None:
    for calibration in (Calibration.create_empty(), verdicts(("", 0, True), ("smooth", 0, None), ("lumpy", 0, True))):
        assert released(calibration).equals(forecast())


def test_a_segment_that_failed_is_forecast_by_the_best_simple_forecaster_and_says_so() -> None:
    found = released(verdicts(("", 0, True), ("lumpy", 0, False)), candidates(lightgbm=0.1, theta=0.5, moving_average=0.4))
    assert models_by_article(found) == {"a": "lightgbm", "b": "moving_average"}
    of_b = found.filter(pl.col("article_id") == "b")
    assert set(of_b["flags"]) == {f"outlier, {FORECAST_REFUSED}"}
    assert of_b.filter(pl.col("demand_q500") >= 10.0).is_empty()
    assert found.filter(pl.col("article_id") == "a").equals(forecast().filter(pl.col("article_id") == "a"))
    assert found.height == 2 * HORIZON_WEEKS


def test_without_judged_challengers_and_for_a_refused_challenger_another_answers() -> None:
    refused = verdicts(("lumpy", 0, False))
    assert models_by_article(released(refused))["b"] == DEFAULT_BASELINE
    champions = candidates(lightgbm=0.6, moving_average=0.4, theta=0.5)
    assert models_by_article(released(refused, champions, model="moving_average"))["b"] == "theta"


def test_a_forecast_that_failed_as_a_whole_is_replaced_in_every_segment() -> None:
    found = released(verdicts(("", 0, False), ("smooth", 0, True)))
    assert models_by_article(found) == dict.fromkeys(SERIES, DEFAULT_BASELINE)
    assert found.filter(pl.col("article_id") == "a")["flags"].unique().to_list() == [FORECAST_REFUSED]


@pytest.mark.parametrize("row", [("", 3, False), ("lumpy", 0, None)])
def test_a_single_week_ahead_or_too_few_cells_refuse_nothing(row: tuple[str, int, bool | None]) -> None:
    assert refused_segments(verdicts(row)) == {}
