"""Lead times as they were: counted in full weeks, and shrunk from level to level."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from ml.preprocessing import count_lead_times
from ml.preprocessing.lead_times import learnt_lead_times
from tests.weekly_tables import day, tables_of, week

CUTOFF = week(30)


def shipments(article: str, days: int, number: int, *, merchant: str = "m") -> list[dict[str, Any]]:
    return [
        {
            "shipment_id": f"{merchant}{article}{days}-{at}",
            "merchant_id": merchant,
            "article_id": article,
            "ordered_at": day(7 * at % 140),
            "expected_at": None,
            "received_at": day(7 * at % 140 + days, hour=7),
            "quantity_units": 5,
        }
        for at in range(number)
    ]


def learnt(tables: dict[str, pl.DataFrame], article: str = "a", *, supplier: str | None = None, stated: float = 2.0, is_stated: bool = True) -> float | None:
    series = pl.DataFrame(
        {"merchant_id": ["m"], "article_id": [article], "supplier_id": [supplier], "stated_weeks": [stated], "is_stated": [is_stated]},
        schema_overrides={"supplier_id": pl.String},
    )
    return learnt_lead_times(series, count_lead_times(tables, cutoff=CUTOFF), tables, cutoff=CUTOFF)["learnt_weeks"].item()


@pytest.mark.parametrize(("days", "weeks"), [(1, 0), (6, 0), (7, 1), (20, 2), (21, 3)])
def test_a_lead_time_is_the_number_of_full_weeks(days: int, weeks: int) -> None:
    counts = count_lead_times(tables_of(inbound_shipments=shipments("a", days, 1)), cutoff=CUTOFF)
    assert counts.rows() == [("m", "", 1, weeks)]


def test_shipments_teach_beside_what_is_stated() -> None:
    # Twelve of 5 weeks, stated 2: merchant (60 + 20) / 22, article (60 + 10 · merchant) / 22.
    merchant = (60 + 20) / 22
    assert learnt(tables_of(inbound_shipments=shipments("a", 35, 12))) == pytest.approx((60 + 10 * merchant) / 22)


def test_a_few_shipments_teach_nothing() -> None:
    assert learnt(tables_of(inbound_shipments=shipments("a", 35, 9))) is None


def test_an_article_without_shipments_takes_its_suppliers_and_another_supplier_the_merchants() -> None:
    articles = [{"article_id": name, "supplier_id": supplier} for name, supplier in (("a", "slow"), ("b", "slow"), ("c", "fast"))]
    tables = tables_of(inbound_shipments=shipments("a", 35, 10) + shipments("c", 7, 10), articles=articles)
    merchant = (50 + 10 + 20) / 30
    slow, fast = (50 + 10 * merchant) / 20, (10 + 10 * merchant) / 20
    assert learnt(tables, "b", supplier="slow") == pytest.approx(slow)
    assert learnt(tables, "new", supplier="fast") == pytest.approx(fast)
    assert learnt(tables, "new") == pytest.approx(merchant)


def test_a_merchant_that_states_nothing_leans_to_the_market() -> None:
    tables = tables_of(inbound_shipments=shipments("x", 28, 10, merchant="other"))
    assert learnt(tables, is_stated=False) == pytest.approx(4.0)
    assert learnt(tables) is None


def test_receipts_after_the_cutoff_and_impossible_ones_are_not_seen() -> None:
    rows = shipments("a", 14, 12)
    later = [row | {"shipment_id": "late" + row["shipment_id"], "received_at": day(0) + timedelta(weeks=31)} for row in rows]
    backward = [row | {"shipment_id": "back" + row["shipment_id"], "received_at": row["ordered_at"] - timedelta(days=2)} for row in rows]
    assert count_lead_times(tables_of(inbound_shipments=rows + later + backward), cutoff=CUTOFF).rows() == [("m", "", 12, 24)]
