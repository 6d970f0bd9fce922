import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from domain.errors import StorageError, UsageError
from domain.stage_tables import Rejects
from sources import contract_writer
from sources.contract_writer import write_tables
from sources.folder import read_source

WEEKS = pl.DataFrame({"merchant_id": ["m"], "article_id": ["a"], "week": [dt.date(2026, 6, 1)], "sales_units": [1]})
MERCHANTS = pl.DataFrame({"merchant_id": ["m"]})


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_written_tables_are_a_source_and_stale_ones_are_removed(tmp_path: Path) -> None:
    out = tmp_path / "new" / "source"
    write_tables({"weekly_sales": WEEKS, "merchants": MERCHANTS}, out=out, rejects=Rejects.create_empty(), truth={"weekly_demand": WEEKS})
    assert files(out) == ["merchants.parquet", "rejects.parquet", "truth/weekly_demand.parquet", "weekly_sales.parquet"]
    assert read_source(str(out), today=dt.date(2026, 6, 30)).present == ("weekly_sales", "merchants")
    write_tables({"weekly_sales": WEEKS}, out=out)
    assert files(out) == ["weekly_sales.parquet"]
    assert [entry.name for entry in out.iterdir()] == ["weekly_sales.parquet"]


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".staging-4711").mkdir()
    (tmp_path / ".staging-4711" / "weekly_sales.parquet").write_bytes(b"half")
    write_tables({"weekly_sales": WEEKS}, out=tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["weekly_sales.parquet"]


def test_a_run_that_fails_leaves_the_earlier_tables_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tables({"weekly_sales": WEEKS, "merchants": MERCHANTS}, out=tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    real = contract_writer.write_parquet

    def dies_at_merchants(frame: pl.DataFrame, location: str) -> int:
        if "merchants" in location:
            raise KeyboardInterrupt
        return real(frame, location)

    monkeypatch.setattr(contract_writer, "write_parquet", dies_at_merchants)
    with pytest.raises(KeyboardInterrupt):
        write_tables({"weekly_sales": WEEKS.clear(), "merchants": MERCHANTS}, out=tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert read_source(str(tmp_path), today=dt.date(2026, 6, 30)).rows_accepted == 2


@pytest.mark.parametrize("name", ["notes.txt", "weekly_sales.csv", "part.parquet", "stage"])
def test_a_folder_with_anything_else_in_it_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match=name):
        write_tables({"weekly_sales": WEEKS}, out=tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_file_and_an_object_store_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        write_tables({"weekly_sales": WEEKS}, out=tmp_path / "file")
    with pytest.raises(UsageError, match="local folder"):
        write_tables({"weekly_sales": WEEKS}, out="s3://bucket/source")


def test_a_folder_that_cannot_be_written_is_a_storage_error() -> None:
    with pytest.raises(StorageError, match="cannot write"):
        write_tables({"weekly_sales": WEEKS}, out="/proc/replenish")
