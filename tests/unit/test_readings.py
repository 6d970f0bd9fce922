"""Readings for a person, and a table that lost its rows between two ingestions."""

from pathlib import Path

import polars as pl
import pytest

from assets.layout import list_partitions
from domain.errors import DataError
from domain.settings import Settings
from domain.stage_tables import Fingerprints, Readings
from quality.readings import count_readings, reading_lines
from quality.source_checks import check_emptied
from sources.storage import write_parquet
from tests.weekly_tables import tables_of, weekly_rows


def line(article: str | None, n_rows: int, *, reading: str = "implausible", column: str | None = "quantity_units") -> dict[str, object]:
    evidence = f"{article} is odd."
    return {"reading": reading, "table": "returns", "column": column, "merchant_id": "m", "article_id": article, "n_rows": n_rows, "evidence": evidence}


def test_each_reading_is_printed_once_with_its_rows_and_series() -> None:
    rows = [line("a", 2), line("b", 3), line("b", 1, reading="unusual"), line(None, 1, reading="empty_table", column=None)]
    counted = count_readings(Readings.validate(pl.DataFrame(rows, schema=Readings.create_empty().schema)))
    assert [(entry["reading"], entry["n_rows"], entry["n_series"], entry["evidence"]) for entry in counted] == [
        ("implausible", 5, 2, "b is odd."),
        ("empty_table", 1, 0, "None is odd."),
        ("unusual", 1, 1, "b is odd."),
    ]
    assert reading_lines(counted)[:2] == [
        "returns.quantity_units: implausible (5 rows, 2 articles), for example: b is odd.",
        "returns: empty_table (1 row), for example: None is odd.",
    ]


def test_no_reading_is_no_line() -> None:
    assert count_readings(Readings.create_empty()) == []


def before(table: str, n_rows: int) -> pl.DataFrame:
    row = {"table": table, "event": "", "day": None, "n_rows": n_rows, "rows_hash": 1, "has_left": False}
    return Fingerprints.validate(pl.DataFrame([row], schema=Fingerprints.create_empty().schema))


@pytest.mark.parametrize("table", ["stock_levels", "inbound_shipments", "merchants"])
def test_a_table_that_lost_its_rows_stops_the_run_unless_that_is_meant(table: str) -> None:
    tables = tables_of(weekly_sales=weekly_rows([1, 2]))
    with pytest.raises(DataError, match=f"no row of {table} any more") as caught:
        check_emptied(tables, before(table, 3), settings=Settings())
    assert f'emptied_tables = ["{table}"]' in caught.value.remedy
    check_emptied(tables, before(table, 3), settings=Settings.model_validate({"operations": {"emptied_tables": [table]}}))
    check_emptied(tables, before(table, 0), settings=Settings())


def test_sales_may_change_their_table_and_rows_may_become_fewer() -> None:
    tables = tables_of(weekly_sales=weekly_rows([1, 2]))
    check_emptied(tables, before("sales_transactions", 9), settings=Settings())
    check_emptied(tables, before("weekly_sales", 9), settings=Settings())


@pytest.mark.parametrize("stranger", ["@eaDir", ".snapshot", "week", "lost+found", "colour=red"])
def test_a_strangers_folder_in_a_listing_is_no_partition(tmp_path: Path, stranger: str) -> None:
    write_parquet(pl.DataFrame({"a": [1]}), str(tmp_path / "series" / "t" / "week=2026-01-05" / "shard=00" / "part.parquet"))
    for folder in ("series/t", "series/t/week=2026-01-05", "series/t/week=2026-01-05/shard=00"):
        (tmp_path / folder / stranger).mkdir()
    assert list_partitions(str(tmp_path), "series/t") == [{"week": "2026-01-05", "shard": "00"}]
