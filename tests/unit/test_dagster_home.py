"""Where Dagster keeps its records."""

from pathlib import Path

import pytest

from domain.errors import StorageError
from orchestration.instance import prepare_home


def test_beside_the_data(tmp_path: Path) -> None:
    home = prepare_home(str(tmp_path / "data"))
    assert home == tmp_path / "data" / "dagster"
    assert "enabled: false" in (home / "dagster.yaml").read_text()


def test_on_a_local_disk_for_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLENISH_DAGSTER_HOME", str(tmp_path / "home"))
    assert prepare_home("s3://bucket/root") == tmp_path / "home"
    monkeypatch.delenv("REPLENISH_DAGSTER_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    first, second = prepare_home("s3://bucket/root"), prepare_home("s3://bucket/other")
    assert first.parent == second.parent == tmp_path / "state" / "replenish"
    assert first != second
    assert first.stat().st_mode & 0o077 == 0  # of this user alone
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert prepare_home("s3://bucket/root").parent == tmp_path / "home" / ".local" / "state" / "replenish"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StorageError, match="cannot write Dagster's records"):
        prepare_home(str(tmp_path / "data"))
