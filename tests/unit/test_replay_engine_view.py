"""The leak guard, table by table: nothing that happened or became known after the Sunday of a week is in the view."""

import datetime as dt

from assets.replay.engine_view import tables_visible_at
from tests.weekly_tables import day, tables_of, week

BEFORE, AFTER = 6, 7
"""The last day of week 0 and the first of week 1."""


def test_every_dated_table_is_cut_and_the_others_are_whole() -> None:
    tables = tables_of(
        sales_transactions=[{"transaction_id": f"t{index}", "occurred_at": day(index, hour=23), "quantity_units": 1} for index in (BEFORE, AFTER)],
        returns=[{"return_id": f"r{index}", "returned_at": day(index), "quantity_units": 1} for index in (BEFORE, AFTER)],
        stock_levels=[{"date": day(index).date(), "on_hand_units": 1} for index in (BEFORE, AFTER)],
        external_signals=[{"week": week(9), "name": f"s{index}", "value": 1.0, "known_from": day(index).date()} for index in (BEFORE, AFTER)],
        articles=[{"launch_date": dt.date(2024, 1, 1), "end_of_life_date": dt.date(2030, 1, 1)}],
        merchants=[{"lead_time_weeks": 2.0}],
    )
    seen = tables_visible_at(tables, week(0))
    assert {name: frame.height for name, frame in seen.items() if frame.height} == {
        **dict.fromkeys(("sales_transactions", "returns", "stock_levels", "external_signals", "articles", "merchants"), 1)
    }
    assert seen["articles"].select("launch_date", "end_of_life_date").row(0) == (dt.date(2024, 1, 1), None), "an end ahead may be news of later"
    weekly = tables_of(weekly_sales=[{"week": week(index), "sales_units": 1} for index in range(3)])
    assert tables_visible_at(weekly, week(1))["weekly_sales"]["week"].to_list() == [week(0), week(1)]


def test_a_shipment_that_arrives_later_is_in_transit_and_one_ordered_later_is_unknown() -> None:
    dates = ((BEFORE, BEFORE), (BEFORE, AFTER), (AFTER, AFTER))
    rows = [
        {"shipment_id": f"s{number}", "ordered_at": day(ordered), "expected_at": day(20), "received_at": day(received), "quantity_units": 5}
        for number, (ordered, received) in enumerate(dates)
    ]
    seen = tables_visible_at(tables_of(inbound_shipments=rows), week(0))["inbound_shipments"]
    assert seen.select("shipment_id", "received_at").rows() == [("s0", day(BEFORE)), ("s1", None)]
