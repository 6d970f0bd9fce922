import polars as pl
import pytest

from domain.randomness import shard_of
from ml.preprocessing import build_weekly_demand
from tests.weekly_tables import day, panel_tables, tables_of, week, weekly_rows


def sale(number: int, at: int, units: int = 1, price: float | None = None, **more: object) -> dict[str, object]:
    return {"transaction_id": f"t{number}", "occurred_at": day(at), "quantity_units": units, "unit_price_eur": price} | more


def units(frame: pl.DataFrame) -> list[int | None]:
    return frame["sales_units"].to_list()


def test_a_week_without_transactions_is_a_zero_and_trailing_zeros_stay():
    tables = tables_of(sales_transactions=[sale(1, 0, 3), sale(2, 6, 2), sale(3, 14, 1)])
    demand = build_weekly_demand(tables, cutoff=week(4), history_weeks=156)
    assert units(demand) == [5, 0, 1, 0, 0]
    assert demand["week"].to_list() == [week(index) for index in range(5)]


def test_sunday_of_the_cutoff_week_counts_and_the_next_monday_does_not():
    tables = tables_of(
        sales_transactions=[sale(1, 0), sale(2, 6, 4, occurred_at=day(6, hour=23)), sale(3, 7, 9, occurred_at=day(7, hour=0)), sale(4, 7, article_id="later")]
    )
    demand = build_weekly_demand(tables, cutoff=week(0), history_weeks=156)
    assert units(demand) == [5]
    assert demand["article_id"].to_list() == ["a"]


def test_a_missing_or_null_week_of_weekly_sales_is_unknown_not_zero():
    rows = weekly_rows([4, None, 6])
    tables = tables_of(weekly_sales=[*rows, *weekly_rows([2], first=4)])
    demand = build_weekly_demand(tables, cutoff=week(5), history_weeks=156)
    assert units(demand) == [4, None, 6, None, 2, None]
    assert not demand["is_censored"].any()


def test_the_window_cuts_old_weeks_but_keeps_the_series():
    tables = tables_of(sales_transactions=[sale(1, 0, 3)])
    demand = build_weekly_demand(tables, cutoff=week(20), history_weeks=8)
    assert demand["week"].min() == week(13)
    assert units(demand) == [0] * 8


def test_leading_zeros_of_a_panel_are_before_the_first_sale():
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows([0, 0, 3, 0])), cutoff=week(3), history_weeks=156)
    assert units(demand) == [3, 0]


def test_a_panel_that_never_sold_starts_at_its_first_row():
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows([0, None, 0])), cutoff=week(2), history_weeks=156)
    assert units(demand) == [0, None, 0]


@pytest.mark.parametrize(
    ("sold", "stock", "expected", "censored"),
    [
        (3, 0, 3, True),  # a lower bound
        (0, 0, None, True),  # nothing to sell: nothing known
        (3, 5, 3, False),
        (0, 5, 0, False),
        (3, None, 3, False),  # stock not known
    ],
)
def test_stock_at_the_end_of_the_week_says_what_sales_mean(sold: int, stock: int | None, expected: int | None, censored: bool):
    levels = [{"date": day(8).date(), "on_hand_units": 9}, {"date": day(13).date(), "on_hand_units": stock}] if stock is not None else []
    tables = tables_of(weekly_sales=weekly_rows([1, sold]), **({"stock_levels": levels} if levels else {}))
    demand = build_weekly_demand(tables, cutoff=week(1), history_weeks=156)
    assert units(demand) == [1, expected]
    assert demand["is_censored"].to_list() == [False, censored]


def test_the_last_level_of_a_week_counts_in_whatever_order_rows_come():
    levels = [{"date": day(at).date(), "on_hand_units": units} for at, units in ((6, 0), (2, 5), (4, 3))]
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows([3]), stock_levels=levels), cutoff=week(0), history_weeks=156)
    assert demand["is_censored"].to_list() == [True]


def test_stock_is_summed_over_warehouses():
    levels = [
        {"warehouse_id": "x", "date": day(5).date(), "on_hand_units": 0},
        {"warehouse_id": "y", "date": day(4).date(), "on_hand_units": 2},
        {"warehouse_id": None, "date": day(3).date(), "on_hand_units": 0},
    ]
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows([3]), stock_levels=levels), cutoff=week(0), history_weeks=156)
    assert demand["is_censored"].to_list() == [False]


@pytest.mark.parametrize(("share", "expected", "censored"), [(None, 4, False), (1.0, 4, False), (0.4, 4, True), (0.0, None, True)])
def test_the_share_of_the_week_in_stock_says_what_sales_mean(share: float | None, expected: int | None, censored: bool):
    rows = [row | {"available_share": share if index else None} for index, row in enumerate(weekly_rows([1, 4]))]
    demand = build_weekly_demand(tables_of(weekly_sales=rows), cutoff=week(1), history_weeks=156)
    assert units(demand) == [1, expected]
    assert demand["is_censored"].to_list() == [False, censored]


def test_the_price_is_the_mean_over_units():
    tables = tables_of(sales_transactions=[sale(1, 0, 3, 10.0), sale(2, 1, 1, 2.0), sale(3, 2, 5, None), sale(4, 14, 1, None)])
    demand = build_weekly_demand(tables, cutoff=week(2), history_weeks=156)
    assert demand["unit_price_eur"].to_list() == [8.0, None, None]


def test_returns_count_in_the_week_they_come_back():
    returns = [{"return_id": "r1", "returned_at": day(8), "quantity_units": 2}, {"return_id": "r2", "returned_at": day(30), "quantity_units": 5}]
    demand = build_weekly_demand(tables_of(sales_transactions=[sale(1, 0)], returns=returns), cutoff=week(2), history_weeks=156)
    assert demand["returned_units"].to_list() == [0, 2, 0]


def test_the_future_and_the_order_of_rows_change_nothing():
    tables = panel_tables(n_series=30, n_weeks=40)
    before = build_weekly_demand(tables, cutoff=week(25), history_weeks=156)
    sales = tables["weekly_sales"]
    tampered = sales.with_columns(sales_units=pl.when(pl.col("week") > week(25)).then(99_999).otherwise("sales_units"))
    after = build_weekly_demand(tables | {"weekly_sales": tampered.sample(fraction=1.0, shuffle=True, seed=3)}, cutoff=week(25), history_weeks=156)
    assert after.equals(before)
    assert before["week"].max() == week(25)


def test_shards_hold_the_rows_of_the_whole():
    tables = panel_tables(n_series=30, n_weeks=20)
    whole = build_weekly_demand(tables, cutoff=week(19), history_weeks=12)
    shard = pl.struct("merchant_id", "article_id").map_elements(lambda key: shard_of(key["merchant_id"], key["article_id"], n_shards=3), return_dtype=pl.Int64)
    parts = [
        build_weekly_demand(tables | {"weekly_sales": tables["weekly_sales"].filter(shard == index)}, cutoff=week(19), history_weeks=12) for index in range(3)
    ]
    assert pl.concat(parts).sort("merchant_id", "article_id", "week").equals(whole)
