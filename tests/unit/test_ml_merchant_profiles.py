import math
from datetime import timedelta

import polars as pl
import pytest

from ml.preprocessing import estimate_merchant_profiles
from ml.preprocessing.merchant_profiles import DEFAULT_RETURN_LAG_WEIGHTS
from tests.weekly_tables import day, tables_of, week, weekly_rows


def returned(number: int, back: int, units: int, sold: int | None = None) -> dict[str, object]:
    return {"return_id": f"r{number}", "returned_at": day(back), "quantity_units": units, "sold_at": None if sold is None else day(sold)}


def shipment(number: int, ordered: int, received: int | None) -> dict[str, object]:
    at = None if received is None else day(received)
    return {"shipment_id": f"s{number}", "ordered_at": day(ordered), "expected_at": None, "received_at": at, "quantity_units": 1}


def test_without_returns_or_shipments_the_defaults_stand():
    profile = estimate_merchant_profiles(tables_of(weekly_sales=weekly_rows([5])), cutoff=week(0)).row(0, named=True)
    assert profile["return_rate"] == 0
    assert tuple(profile["return_lag_weights"]) == DEFAULT_RETURN_LAG_WEIGHTS
    assert profile["observed_lead_time_cv"] is None
    assert profile["n_received_shipments"] == 0
    assert math.isclose(sum(DEFAULT_RETURN_LAG_WEIGHTS), 1, abs_tol=1e-12)


def test_the_return_rate_is_units_over_units_of_the_last_year():
    sales = [*weekly_rows([1000]), *weekly_rows([60, 40], first=60)]
    returns = [returned(1, 2, 900), returned(2, 7 * 60, 10), returned(3, 7 * 61, 15), returned(4, 7 * 62, 50)]
    profile = estimate_merchant_profiles(tables_of(weekly_sales=sales, returns=returns), cutoff=week(61)).row(0, named=True)
    assert profile["return_rate"] == 0.25


def test_a_rate_above_one_is_capped():
    tables = tables_of(weekly_sales=weekly_rows([1]), returns=[returned(1, 3, 7)])
    assert estimate_merchant_profiles(tables, cutoff=week(0))["return_rate"].to_list() == [0.95]


def test_lags_are_counted_between_mondays_in_units():
    returns = [returned(1, 7, 15, sold=6), returned(2, 3, 3, sold=2), returned(3, 20, 2, sold=0), returned(4, 20, 50)]
    profile = estimate_merchant_profiles(tables_of(weekly_sales=weekly_rows([100, 1, 1]), returns=returns), cutoff=week(2)).row(0, named=True)
    assert profile["return_lag_weights"] == pytest.approx([3 / 20, 15 / 20, 2 / 20] + [0] * 9)


def test_too_few_matched_units_keep_the_default_lags():
    tables = tables_of(weekly_sales=weekly_rows([100, 1]), returns=[returned(1, 7, 19, sold=6)])
    assert tuple(estimate_merchant_profiles(tables, cutoff=week(1))["return_lag_weights"][0]) == DEFAULT_RETURN_LAG_WEIGHTS


def test_lead_times_are_weeks_between_mondays_less_one():
    # Ordered in week 0; five arrive in week 2 (lead time 1) and five in week 4 (lead time 3): mean 2, sample variance 10/9.
    shipments = [shipment(number, 2, 15 if number < 5 else 29) for number in range(10)]
    tables = tables_of(weekly_sales=weekly_rows([1] * 6), inbound_shipments=[*shipments, shipment(11, 2, None)])
    profile = estimate_merchant_profiles(tables, cutoff=week(5)).row(0, named=True)
    assert profile["n_received_shipments"] == 10
    assert profile["observed_lead_time_cv"] == pytest.approx(math.sqrt(10 / 9) / 2)


@pytest.mark.parametrize("received", [[15] * 9, [3] * 10], ids=["nine shipments", "all on the spot"])
def test_no_dispersion_from_too_few_shipments_or_a_zero_mean(received: list[int]):
    shipments = [shipment(number, 2, at) for number, at in enumerate(received)]
    tables = tables_of(weekly_sales=weekly_rows([1] * 6), inbound_shipments=shipments)
    assert estimate_merchant_profiles(tables, cutoff=week(5))["observed_lead_time_cv"].to_list() == [None]


def test_the_future_and_the_order_of_rows_change_nothing():
    sales = [*weekly_rows([50] * 10), *weekly_rows([30] * 10, merchant_id="n")]
    returns = [returned(number, number, 3, sold=max(number - 9, 0)) for number in range(60)]
    shipments = [shipment(number, number, number + 7 * (number % 4)) for number in range(40)]
    tables = tables_of(weekly_sales=sales, returns=returns, inbound_shipments=shipments)
    whole = estimate_merchant_profiles(tables, cutoff=week(5))
    end = day(0) + timedelta(days=42) - timedelta(hours=12)
    past = {
        "weekly_sales": tables["weekly_sales"].filter(pl.col("week") <= week(5)),
        "returns": tables["returns"].filter(pl.col("returned_at") < end),
        "inbound_shipments": tables["inbound_shipments"].filter(pl.col("received_at") < end),
    }
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=5) for name, frame in past.items()}
    assert estimate_merchant_profiles(tables | shuffled, cutoff=week(5)).equals(whole)
    assert whole["merchant_id"].to_list() == ["m", "n"]
