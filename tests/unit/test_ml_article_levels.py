"""Articles sold by several merchants: what a young series borrows from them, and that it borrows nothing from the future."""

from collections.abc import Mapping

import polars as pl
import pytest

from domain.settings import ForecastSettings
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows, build_training_sample
from tests.weekly_tables import tables_of, week, weekly_rows

SETTINGS = ForecastSettings(n_training_rows=10_000_000, n_threads=1)
N_WEEKS = 30


def tables(*, launch: list[int], n_merchants: int = 3) -> Mapping[str, pl.DataFrame]:
    """An article that some merchants sell 20 times a week, and one that begins with `launch`."""
    rows = [row for merchant in range(n_merchants) for row in weekly_rows([20] * N_WEEKS, merchant_id=f"m{merchant}")]
    return tables_of(weekly_sales=rows + weekly_rows(launch, merchant_id="newcomer", first=N_WEEKS - len(launch)))


def scale_of(tables: Mapping[str, pl.DataFrame], *, merchant_id: str) -> float:
    demand = build_weekly_demand(tables, cutoff=week(N_WEEKS - 1), history_weeks=156)
    rows = build_inference_rows(demand, cutoff=week(N_WEEKS - 1), settings=SETTINGS)
    return float(rows.filter(pl.col("merchant_id") == merchant_id)["scale_units"][0])


@pytest.mark.parametrize("launch", [[40], [40, 0], [4, 6, 5]])
def test_a_young_series_leans_to_what_its_article_sells_elsewhere(launch: list[int]) -> None:
    elsewhere = (3 * N_WEEKS * 20 + sum(launch)) / (3 * N_WEEKS + len(launch))
    extra_week = 1 + (1 - len(launch) / 8) * (elsewhere - 1)
    assert scale_of(tables(launch=launch), merchant_id="newcomer") == pytest.approx((sum(launch) + extra_week) / (len(launch) + 1))


def test_an_older_series_stands_alone() -> None:
    assert scale_of(tables(launch=[3] * 8), merchant_id="newcomer") == pytest.approx((8 * 3 + 1) / 9)
    assert scale_of(tables(launch=[40]), merchant_id="m1") == pytest.approx((N_WEEKS * 20 + 1) / (N_WEEKS + 1))


def test_an_article_of_two_merchants_lends_nothing() -> None:
    assert scale_of(tables(launch=[40], n_merchants=1), merchant_id="newcomer") == pytest.approx((40 + 1) / 2)


def test_no_row_of_a_past_origin_sees_what_came_later() -> None:
    demand = build_weekly_demand(tables(launch=[40, 2, 7, 1, 0, 3]), cutoff=week(N_WEEKS - 1), history_weeks=156)
    known = week(N_WEEKS - 4)
    changed = demand.with_columns(sales_units=pl.when(pl.col("week") > known).then(pl.col("sales_units") * 9 + 5).otherwise("sales_units"))
    past, otherwise = (
        build_training_sample(version, cutoff=week(N_WEEKS - 1), settings=SETTINGS).filter(pl.col("origin") <= known).drop("target")
        for version in (demand, changed)
    )
    assert "newcomer" in past["merchant_id"]
    assert past.equals(otherwise)
