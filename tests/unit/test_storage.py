from pathlib import Path
from typing import BinaryIO

import polars as pl
import pytest

from domain.errors import StorageError
from sources import storage

FRAME = pl.DataFrame({"a": [1, 2, 3]})


def test_write_read_list_exists(tmp_path: Path) -> None:
    location = storage.join(str(tmp_path), "stage", "week=2026-01-05", "part.parquet")
    assert not storage.exists(location)
    assert storage.write_parquet(FRAME, location) == Path(location).stat().st_size
    assert storage.exists(location)
    assert storage.read_parquet(location).equals(FRAME)
    assert storage.read_bytes(location) == Path(location).read_bytes()
    assert storage.list_files(str(Path(location).parent)) == ["part.parquet"]
    assert storage.list_files(str(tmp_path / "absent")) == []
    assert storage.is_folder(str(tmp_path))
    assert not storage.is_folder(location)


def test_an_abandoned_part_file_is_removed_by_the_next_write(tmp_path: Path) -> None:
    abandoned = tmp_path / ".part-4711-x.parquet"
    other = tmp_path / ".part-4711-y.parquet"
    abandoned.write_bytes(b"half")
    other.write_bytes(b"half of another file, perhaps being written now")
    storage.write_parquet(FRAME, str(tmp_path / "x.parquet"))
    assert storage.list_files(str(tmp_path)) == [other.name, "x.parquet"]


def test_a_failing_write_leaves_the_old_file_intact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = str(tmp_path / "x.parquet")
    storage.write_parquet(FRAME, location)

    def full_disk(self: pl.DataFrame, file: object, **options: object) -> None:
        file.write(b"PAR1")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full_disk)
    with pytest.raises(StorageError, match=r"No space left"):
        storage.write_parquet(pl.DataFrame({"a": [9]}), location)
    assert storage.read_parquet(location).equals(FRAME)
    assert storage.list_files(str(tmp_path)) == ["x.parquet"]


@pytest.mark.parametrize("parent", ["a-file", "proc"])
def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path, parent: str) -> None:
    (tmp_path / "a-file").write_text("in the way")
    folder = "/proc/replenish" if parent == "proc" else str(tmp_path / "a-file")
    with pytest.raises(StorageError, match="cannot write"):
        storage.write_parquet(FRAME, storage.join(folder, "x.parquet"))


def test_missing_and_damaged_files_are_storage_errors(tmp_path: Path) -> None:
    damaged = tmp_path / "x.parquet"
    storage.write_parquet(FRAME, str(damaged))
    damaged.write_bytes(damaged.read_bytes()[:-20])
    for location in (str(damaged), str(tmp_path / "absent.parquet")):
        with pytest.raises(StorageError, match="cannot read"):
            storage.read_parquet(location)
    with pytest.raises(StorageError, match="cannot read"):
        storage.read_bytes(str(tmp_path / "absent.parquet"))


def test_a_full_disk_is_reported_as_such_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = tmp_path / "table.parquet"
    storage.write_parquet(pl.DataFrame({"a": [1]}), str(location))

    def fill_the_disk(_: pl.DataFrame, file: BinaryIO, **options: object) -> None:
        file.write(b"half of it")
        raise pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fill_the_disk)
    with pytest.raises(StorageError, match="No space left"):
        storage.write_parquet(pl.DataFrame({"a": [2]}), str(location))
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.parquet"]
    assert pl.read_parquet(location)["a"].to_list() == [1]
