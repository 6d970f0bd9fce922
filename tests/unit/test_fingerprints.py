"""Fingerprints: independent of row order, blind to the future, and different exactly where rows differ."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from domain.tables import RAW_TABLES
from sources.fingerprints import EVENT_DAYS, fingerprint, keep_left_days, restated_days, visible_hash, window_starts


def at(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


def rows(table: str, **columns: list[object]) -> dict[str, pl.DataFrame]:
    empty = RAW_TABLES[table].create_empty()
    frame = pl.DataFrame(columns).cast({name: empty.schema[name] for name in columns})
    return {table: pl.concat([empty, frame], how="diagonal")}


def sales(*days: int, units: int = 1) -> dict[str, pl.DataFrame]:
    n = len(days)
    ids = [f"T{day}" for day in days]
    return rows(
        "sales_transactions", transaction_id=ids, occurred_at=[at(day) for day in days], merchant_id=["M"] * n, article_id=["A"] * n, quantity_units=[units] * n
    )


def shipment(*, received: int | None, quantity: int = 5) -> dict[str, pl.DataFrame]:
    received_at = None if received is None else at(received)
    return rows(
        "inbound_shipments",
        shipment_id=["S"],
        merchant_id=["M"],
        article_id=["A"],
        ordered_at=[at(2)],
        expected_at=[at(9)],
        received_at=[received_at],
        quantity_units=[quantity],
    )


def test_row_order_does_not_matter() -> None:
    assert fingerprint(sales(1, 2, 3)).equals(fingerprint({name: frame.reverse() for name, frame in sales(1, 2, 3).items()}))


@pytest.mark.parametrize(("before", "same"), [(date(2026, 3, 2), True), (date(2026, 3, 3), True), (date(2026, 3, 4), False)])
def test_only_what_is_dated_before_the_day_counts(before: date, same: bool) -> None:
    old, new = fingerprint(sales(1, 2)), fingerprint(sales(1, 2, 3))
    assert (visible_hash(old, "sales_transactions", before=before) == visible_hash(new, "sales_transactions", before=before)) is same


@pytest.mark.parametrize(("before", "counts"), [(date(2026, 3, 8), False), (date(2026, 3, 9), True)])
def test_a_weeks_sales_count_from_the_day_after_its_sunday(before: date, counts: bool) -> None:
    weekly = fingerprint(rows("weekly_sales", merchant_id=["M"], article_id=["A"], week=[date(2026, 3, 2)], sales_units=[4]))
    nothing = visible_hash(weekly, "weekly_sales", before=date(2026, 1, 1))
    assert (visible_hash(weekly, "weekly_sales", before=before) != nothing) is counts


def test_a_changed_row_changes_the_hash_from_its_day_on() -> None:
    old, new = fingerprint(sales(1, 2)), fingerprint({"sales_transactions": pl.concat([*sales(1).values(), *sales(2, units=7).values()])})
    hashes = [[visible_hash(found, "sales_transactions", before=date(2026, 3, day)) for found in (old, new)] for day in (2, 3)]
    assert hashes[0][0] == hashes[0][1]
    assert hashes[1][0] != hashes[1][1]


def test_a_receipt_is_news_of_its_day_not_a_correction_of_the_order() -> None:
    in_transit, received = fingerprint(shipment(received=None)), fingerprint(shipment(received=10))
    for day, same in ((5, True), (10, True), (11, False)):
        hashes = {visible_hash(found, "inbound_shipments", before=date(2026, 3, day)) for found in (in_transit, received)}
        assert (len(hashes) == 1) is same


def test_a_corrected_order_is_a_restatement_of_its_day() -> None:
    old, new = fingerprint(shipment(received=10)), fingerprint(shipment(received=10, quantity=6))
    assert restated_days(old, new).rows() == [("inbound_shipments", date(2026, 3, 2))]


def test_restated_days_are_changed_added_or_vanished_but_never_news() -> None:
    old = fingerprint(sales(1, 2, 5))
    new = fingerprint({"sales_transactions": pl.concat([*sales(1, units=3).values(), *sales(3, 5, 6).values()])})
    assert restated_days(old, new)["day"].to_list() == [date(2026, 3, day) for day in (1, 2, 3)]


def test_a_moving_export_window_restates_nothing() -> None:
    old, now = fingerprint(sales(1, 2, 3, 4)), sales(3, 4, 5)
    kept = keep_left_days(old, fingerprint(now), window_starts(now))
    assert restated_days(old, kept).is_empty()
    assert kept.select("day", "has_left").rows() == [(date(2026, 3, at), at < 3) for at in range(1, 6)]
    before = date(2026, 3, 5)
    assert visible_hash(kept, "sales_transactions", before=before) == visible_hash(old, "sales_transactions", before=before)


def test_a_row_missing_inside_the_moved_window_is_a_restatement() -> None:
    old, now = fingerprint(sales(1, 2, 3, 4)), sales(2, 4, 5)
    assert restated_days(old, keep_left_days(old, fingerprint(now), window_starts(now)))["day"].to_list() == [date(2026, 3, 3)]


def test_a_row_missing_at_the_old_end_of_a_window_that_stands_is_a_restatement() -> None:
    # The window is the whole read's: that this shard's first day is gone does not move it.
    old, now = fingerprint(sales(1, 2, 3)), sales(2, 3)
    assert restated_days(old, keep_left_days(old, fingerprint(now), window_starts(sales(1, 2, 3))))["day"].to_list() == [date(2026, 3, 1)]


def test_a_window_cut_by_the_clock_leaves_part_of_its_first_day() -> None:
    whole = pl.concat([*sales(1, 2, 3).values(), *(frame.with_columns(transaction_id=pl.lit("morning")) for frame in sales(2).values())])
    old, now = fingerprint({"sales_transactions": whole}), sales(2, 3)
    assert restated_days(old, keep_left_days(old, fingerprint(now), window_starts(now))).is_empty()


def test_a_table_without_dates_is_visible_always() -> None:
    old, new = (fingerprint(rows("articles", merchant_id=["M"], article_id=["A"], unit_price_eur=[price])) for price in (1.0, 2.0))
    assert visible_hash(old, "articles", before=date(1990, 1, 1)) != visible_hash(new, "articles", before=date(1990, 1, 1))


def test_every_dated_table_of_the_contract_is_known() -> None:
    undated = {"articles", "merchants", "cost_rates"}
    assert set(EVENT_DAYS) == set(RAW_TABLES) - undated
    for table, events in EVENT_DAYS.items():
        named = {*events, *(column for hidden in events.values() for column in hidden)}
        assert named <= set(RAW_TABLES[table].columns())
