import polars as pl
import pytest

from ml.preprocessing import build_weekly_demand, estimate_merchant_profiles, without_unit_errors
from ml.preprocessing.unusual_weeks import flag_series
from tests.weekly_tables import day, tables_of, week, weekly_rows

USUAL = [6, 5, 7, 6, 8, 5, 6, 7, 9, 6, 5, 8]


def flags(units: list[int | None], cutoff: int | None = None) -> list[str | None]:
    tables = tables_of(weekly_sales=weekly_rows(units))
    return build_weekly_demand(tables, cutoff=week(len(units) - 1 if cutoff is None else cutoff), history_weeks=156)["flag"].to_list()


@pytest.mark.parametrize(
    ("units", "flag"),
    [(1_000_000, "unit_error"), (600, "unit_error"), (200, "outlier"), (90, "outlier"), (30, None), (0, None), (None, None)],
)
def test_a_week_is_judged_by_how_many_times_the_usual_it_sold(units: int | None, flag: str | None) -> None:
    assert flags([*USUAL, units]) == [None] * 12 + [flag]


def test_a_series_that_varies_a_hundredfold_is_not_mistyped() -> None:
    assert "unit_error" not in flags([1, 300, 4, 80, 2, 900, 30, 1, 5, 500])


def test_a_series_that_changed_its_unit_is_not_called_mistyped() -> None:
    assert flags([*USUAL, *USUAL, 6_000, 5_000, 7_000, 6_500])[-4:] == ["outlier"] * 4


def test_too_few_selling_weeks_have_no_usual_week() -> None:
    assert flags([0] * 30 + [5_000] + [0] * 10) == [None] * 11  # the series begins with its first sale
    assert flags([3, 4, 3, 90_000]) == [None] * 4


def test_weeks_after_the_cutoff_and_the_order_of_rows_change_no_flag() -> None:
    series = [*USUAL, 1_000_000, *USUAL]
    assert flags(series, cutoff=16) == flags(series)[:17]
    assert flags([*series[:17], *[10**6] * 8], cutoff=16) == flags(series)[:17]
    sales = tables_of(weekly_sales=weekly_rows(series))
    shuffled = sales | {"weekly_sales": sales["weekly_sales"].sample(fraction=1.0, shuffle=True, seed=1)}
    frames = [build_weekly_demand(tables, cutoff=week(24), history_weeks=156) for tables in (sales, shuffled)]
    assert frames[0].equals(frames[1])


def test_a_unit_error_is_unknown_to_models_and_an_outlier_is_not() -> None:
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows([*USUAL, 1_000_000, 90])), cutoff=week(13), history_weeks=156)
    assert without_unit_errors(demand)["sales_units"].to_list() == [*USUAL, None, 90]
    assert flag_series(demand, cutoff=week(13))["flags"].to_list() == ["unit_error, outlier"]


def test_a_series_mostly_out_of_stock_says_so() -> None:
    rows = [row | {"available_share": 0.5 if index % 3 else None} for index, row in enumerate(weekly_rows([5] * 60))]
    demand = build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(59), history_weeks=156)
    assert flag_series(demand, cutoff=week(59))["flags"].to_list() == ["constant, mostly_out_of_stock"]


def test_a_unit_error_does_not_hide_a_return_rate() -> None:
    returns = [{"return_id": "r", "returned_at": day(30), "quantity_units": 10}]
    tables = tables_of(weekly_sales=weekly_rows([*USUAL, 1_000_000]), returns=returns)
    assert estimate_merchant_profiles(tables, cutoff=week(12))["return_rate"].to_list() == pytest.approx([10 / sum(USUAL)])


def test_every_flag_of_a_week_is_one_the_contract_names() -> None:
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows([*USUAL, 1_000_000, 90])), cutoff=week(13), history_weeks=156)
    assert set(demand["flag"].drop_nulls()) == {"unit_error", "outlier"}
    assert demand.schema["flag"] == pl.String
