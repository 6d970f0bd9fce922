import math
from datetime import timedelta

import polars as pl
import pytest

from ml.preprocessing import default_profiles, estimate_merchant_profiles
from ml.preprocessing.merchant_profiles import DEFAULT_RETURN_LAG_WEIGHTS
from ml.preprocessing.shrinkage import LEAST_PRECISION
from tests.weekly_tables import day, tables_of, week, weekly_rows


def returned(number: int, back: int, units: int, sold: int | None = None, *, merchant_id: str = "m", article_id: str = "a") -> dict[str, object]:
    keys = {"merchant_id": merchant_id, "article_id": article_id, "return_id": f"r{number}"}
    return keys | {"returned_at": day(back), "quantity_units": units, "sold_at": None if sold is None else day(sold)}


def shipment(number: int, ordered: int, received: int | None, *, article_id: str = "a") -> dict[str, object]:
    at = None if received is None else day(received)
    return {"shipment_id": f"s{number}", "article_id": article_id, "ordered_at": day(ordered), "expected_at": None, "received_at": at, "quantity_units": 1}


def test_without_returns_or_shipments_the_defaults_stand():
    profile = estimate_merchant_profiles(tables_of(weekly_sales=weekly_rows([5])), cutoff=week(0)).row(0, named=True)
    assert profile["return_rate"] == 0
    assert profile["return_lag_weights"] == pytest.approx(DEFAULT_RETURN_LAG_WEIGHTS)
    assert profile["observed_lead_time_cv"] is None
    assert profile["n_received_shipments"] == 0
    assert math.isclose(sum(DEFAULT_RETURN_LAG_WEIGHTS), 1, abs_tol=1e-12)
    assert default_profiles(pl.Series(["m"])).select("return_rate", "n_received_shipments").row(0) == (0.0, 0)


def test_the_return_rate_is_units_over_units_of_the_last_year():
    sales = [*weekly_rows([1000]), *weekly_rows([60, 40], first=60)]
    returns = [returned(1, 2, 900), returned(2, 7 * 60, 10), returned(3, 7 * 61, 15), returned(4, 7 * 62, 50)]
    profile = estimate_merchant_profiles(tables_of(weekly_sales=sales, returns=returns), cutoff=week(61)).row(0, named=True)
    assert profile["return_rate"] == pytest.approx(0.25)
    assert (profile["sold_units"], profile["returned_units"]) == (100, 25)


def test_a_rate_above_one_is_capped():
    tables = tables_of(weekly_sales=weekly_rows([1]), returns=[returned(1, 3, 2)])
    assert estimate_merchant_profiles(tables, cutoff=week(0))["return_rate"].to_list() == [0.95]


def test_returns_of_sales_that_are_not_on_record_are_not_spread_over_the_category():
    sales = [row for name in ("a", "b", "c") for row in weekly_rows([100], article_id=name)]
    returns = [returned(1, 3, 10), returned(2, 3, 900) | {"article_id": "b"}]
    articles = [{"article_id": name, "category": "shoes"} for name in ("a", "b", "c")]
    profiles = estimate_merchant_profiles(tables_of(weekly_sales=sales, returns=returns, articles=articles), cutoff=week(0))
    assert profiles["return_rate"].to_list() == pytest.approx([0.05, 0.05], abs=0.001)
    assert profiles.select("sold_units", "returned_units").rows() == [(200, 10)] * 2


def test_few_units_of_a_category_are_pulled_toward_the_merchant_and_many_stand_alone():
    sales = [row for article, units in (("shoes", 10_000), ("hats", 4)) for row in weekly_rows([units], article_id=article)]
    returns = [returned(1, 3, 1_000, article_id="shoes"), returned(2, 3, 4, article_id="hats")]
    articles = [{"article_id": name, "category": name} for name in ("shoes", "hats")]
    tables = tables_of(weekly_sales=sales, returns=returns, articles=articles)
    rate = {row["category"]: row["return_rate"] for row in estimate_merchant_profiles(tables, cutoff=week(0)).iter_rows(named=True)}
    of_merchant = 1_004 / 10_004
    assert rate[""] == pytest.approx(of_merchant)
    assert rate["hats"] == pytest.approx((4 + LEAST_PRECISION * of_merchant) / (4 + LEAST_PRECISION))
    assert rate["shoes"] == pytest.approx(0.1, abs=1e-4)


def test_lags_are_counted_between_mondays_in_units_and_start_from_the_default():
    returns = [returned(1, 7, 1_500, sold=6), returned(2, 3, 300, sold=2), returned(3, 20, 200, sold=0), returned(4, 20, 50)]
    profile = estimate_merchant_profiles(tables_of(weekly_sales=weekly_rows([9_000, 1, 1]), returns=returns), cutoff=week(2)).row(0, named=True)
    assert profile["return_lag_weights"][:3] == pytest.approx([300 / 2_000, 1_500 / 2_000, 200 / 2_000], abs=0.01)
    assert sum(profile["return_lag_weights"]) == pytest.approx(1)
    few = tables_of(weekly_sales=weekly_rows([100, 1]), returns=[returned(1, 7, 1, sold=6)])
    assert estimate_merchant_profiles(few, cutoff=week(1))["return_lag_weights"][0].to_list() == pytest.approx(DEFAULT_RETURN_LAG_WEIGHTS, abs=0.05)


def test_lead_times_are_weeks_between_mondays_less_one():
    # Ordered in week 0; five arrive in week 2 (lead time 1) and five in week 4 (lead time 3): mean 2, sample variance 10/9.
    shipments = [shipment(number, 2, 15 if number < 5 else 29) for number in range(10)]
    tables = tables_of(weekly_sales=weekly_rows([1] * 6), inbound_shipments=[*shipments, shipment(11, 2, None)])
    profile = estimate_merchant_profiles(tables, cutoff=week(5)).row(0, named=True)
    assert profile["n_received_shipments"] == 10
    assert profile["observed_lead_time_cv"] == pytest.approx(math.sqrt(10 / 9) / 2)


def test_too_few_shipments_in_the_market_are_not_observed_and_a_category_with_few_takes_its_merchants():
    nine = tables_of(weekly_sales=weekly_rows([1] * 6), inbound_shipments=[shipment(number, 2, 15 + 7 * (number % 3)) for number in range(9)])
    assert estimate_merchant_profiles(nine, cutoff=week(5))["observed_lead_time_cv"].to_list() == [None]
    shipments = [shipment(number, 2, 15 if number < 20 else 29) for number in range(40)] + [shipment(99, 2, 15, article_id="b")]
    articles = [{"article_id": name, "category": name} for name in "ab"]
    sales = [row for name in "ab" for row in weekly_rows([1] * 6, article_id=name)]
    found = estimate_merchant_profiles(tables_of(weekly_sales=sales, inbound_shipments=shipments, articles=articles), cutoff=week(5))
    dispersion = dict(found.select("category", "observed_lead_time_cv").iter_rows())
    assert dispersion["b"] == pytest.approx(dispersion[""])
    assert dict(found.select("category", "n_received_shipments").iter_rows()) == {"": 41, "a": 40, "b": 1}


def test_a_merchant_without_shipments_has_the_dispersion_of_the_market():
    shipments = [shipment(number, 2, 15 if number < 5 else 29) for number in range(10)]
    sales = [*weekly_rows([1] * 6), *weekly_rows([1] * 6, merchant_id="other")]
    found = estimate_merchant_profiles(tables_of(weekly_sales=sales, inbound_shipments=shipments), cutoff=week(5))
    assert found["observed_lead_time_cv"].to_list() == pytest.approx([math.sqrt(10 / 9) / 2] * 2)


def test_the_future_and_the_order_of_rows_change_nothing():
    returns = [returned(number, 3 + number, 1 + number % 3, sold=number) for number in range(40)]
    shipments = [shipment(number, number, number + 14 + 7 * (number % 3)) for number in range(30)]
    articles = [{"article_id": "a", "category": "shoes"}]
    tables = tables_of(weekly_sales=weekly_rows([50] * 12), returns=returns, inbound_shipments=shipments, articles=articles)
    whole = estimate_merchant_profiles(tables, cutoff=week(5))
    later = {
        "returns": tables["returns"].with_columns(quantity_units=pl.when(pl.col("returned_at") >= day(42, hour=0)).then(99).otherwise("quantity_units")),
        "inbound_shipments": tables["inbound_shipments"].with_columns(
            received_at=pl.when(pl.col("received_at") >= day(42, hour=0)).then(pl.col("received_at") + timedelta(days=70)).otherwise("received_at")
        ),
    }
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=2) for name, frame in (tables | later).items()}
    assert estimate_merchant_profiles(shuffled, cutoff=week(5)).equals(whole)
    assert whole["category"].to_list() == ["", "shoes"]


def test_a_merchant_whose_articles_were_launched_but_never_sold_has_the_markets_profile_and_changes_nobodys():
    sales = [row for merchant in ("m", "n", "o") for row in weekly_rows([1_000], merchant_id=merchant)]
    returns = [returned(number, 3, 100 * number, merchant_id=merchant) for number, merchant in enumerate(("m", "n", "o"), start=1)]
    launched = [{"merchant_id": "new", "article_id": "x", "launch_date": week(0)}, {"merchant_id": "later", "article_id": "x", "launch_date": week(1)}]
    known = estimate_merchant_profiles(tables_of(weekly_sales=sales, returns=returns), cutoff=week(0))
    profiles = estimate_merchant_profiles(tables_of(weekly_sales=sales, returns=returns, articles=launched), cutoff=week(0))
    assert profiles.filter(pl.col("merchant_id") != "new").equals(known)
    assert profiles.filter(pl.col("merchant_id") == "new").select("sold_units", "return_rate").row(0) == (0, pytest.approx(0.2))
