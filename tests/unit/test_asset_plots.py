"""Pictures are PNG data URIs, small enough for an event."""

import base64

import polars as pl

from assets.plots import accuracy_by_horizon, expected_cost_chart, forecast_fan, markdown_table, reliability_diagram
from domain.forecast_tables import Calibration
from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS

FORECAST = pl.DataFrame(
    {
        "merchant_id": ["m"] * 24,
        "article_id": ["small"] * 12 + ["large"] * 12,
        "horizon_week": [*range(1, 13)] * 2,
        "demand_mean_units": [1.0] * 12 + [9.0] * 12,
        **{name: [float(level)] * 24 for level, name in enumerate(QUANTILE_COLUMNS)},
    }
)
TERMS = ("holding", "inbound", "outbound", "returns", "lost_sales", "overstock", "fixed_order")


def png_of(text: str | None) -> bytes:
    assert text is not None
    assert text.startswith("![plot](data:image/png;base64,")
    return base64.b64decode(text.removeprefix("![plot](data:image/png;base64,").removesuffix(")"))


def test_forecast_fan_is_a_small_png() -> None:
    picture = png_of(forecast_fan(FORECAST).value)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 60_000


def test_the_largest_series_is_drawn_whatever_the_order() -> None:
    assert forecast_fan(FORECAST.reverse()).value == forecast_fan(FORECAST).value
    only_small = FORECAST.filter(pl.col("article_id") == "small")
    assert forecast_fan(only_small).value != forecast_fan(FORECAST).value


def test_no_series_no_picture() -> None:
    assert forecast_fan(FORECAST.clear()).value == "no series in this shard"


def test_cost_chart_is_a_small_png() -> None:
    policies = pl.DataFrame({f"expected_{term}_cost_eur": [1.0, 2.0] for term in TERMS} | {"expected_cost_without_order_eur": [50.0, 60.0]})
    assert len(png_of(expected_cost_chart(policies).value)) < 60_000


def test_markdown_table_escapes_bars() -> None:
    assert markdown_table(("rule", "rows"), [("units|min", 3)]).value == "| rule | rows |\n| --- | --- |\n| units\\|min | 3 |"
    assert markdown_table(("rule", "rows"), []).value == "none"


def test_calibration_is_drawn_per_segment_and_week_and_says_when_there_is_none() -> None:
    rows = [
        {"segment": segment, "horizon_week": week, "cutoff": None, "level_coverage": QUANTILE_LEVELS.tolist(), "scaled_crps": 0.1 * week, "n_cells": 5}
        for segment in ("", "smooth")
        for week in range(13)
    ]
    calibration = pl.DataFrame([dict.fromkeys(Calibration.column_names()) | row for row in rows], schema=Calibration.create_empty().schema)
    for picture in (reliability_diagram(calibration), accuracy_by_horizon(calibration)):
        assert len(png_of(picture.value)) < 40_000
    for nothing in (reliability_diagram(calibration.clear()), accuracy_by_horizon(calibration.clear())):
        assert nothing.value == "no forecast of 12 weeks ago to judge"
