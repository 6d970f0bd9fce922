"""The DuckDB file is refreshed while people read it: whole versions, no lock, no error, nothing left behind."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.marts import build_analytics
from assets.marts.versions import KEPT_SECONDS, next_version
from domain.errors import StorageError
from tests.analyst_tables import DAY, DAY_BEFORE, platform_rows, write_platform, write_rows

N_REFRESHES = 4
MARKERS = """
    SELECT list_sort(list_distinct(list(seed))) FROM (
        SELECT seed FROM policies UNION ALL SELECT seed FROM policies_history UNION ALL SELECT order_value_eur::BIGINT FROM orders_history WHERE n_orders > 0
    )
"""
"""Which writes the rows of two views and a mart come from: one, if the version is whole."""

READ_IN_A_LOOP = """
import json, sys, duckdb
file, keep_open = sys.argv[1], sys.argv[2] == "held"
seen, n_queries = set(), 0
connection = duckdb.connect(file, read_only=True)
print("ready", flush=True)
import threading
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
while not stop.is_set() or not n_queries:
    if not keep_open:
        connection.close()
        connection = duckdb.connect(file, read_only=True)
    seen.add(tuple(connection.execute(sys.argv[3]).fetchone()[0]))
    n_queries += 1
print(json.dumps({"seen": sorted(seen), "n_queries": n_queries}))
"""
OPEN_FOR_WRITING = """
import sys, duckdb
try:
    connection = duckdb.connect(sys.argv[1])
    connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
except duckdb.Error as error:
    connection = None
print("refused" if connection is None else "open", flush=True)
sys.stdin.readline()
if connection is not None:
    connection.execute("INSERT INTO mine VALUES (2)")
"""


@contextmanager
def process(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that says when it is ready and ends when it is told a line."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        yield started
        if started.poll() is None:
            started.kill()


def result_of(reader: subprocess.Popen[str]) -> Any:
    out, errors = reader.communicate("stop\n", timeout=30)
    assert reader.returncode == 0, errors
    return json.loads(out)


def write_marked(root: Path, marker: int) -> None:
    """Rewrite every partition of the policies, file by file, with a marker that a mart carries too."""
    for day in (DAY_BEFORE, DAY):
        rows = platform_rows(marker=marker)["policy/policies"][str(day)]
        write_rows(root, "policy/policies", str(day), [row | ({"order_now_value_eur": float(marker)} if row.get("order_now_units") else {}) for row in rows])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_platform(tmp_path)
    write_marked(tmp_path, 1)
    build_analytics(str(tmp_path), n_shards=2)
    return tmp_path


def file_of(root: Path) -> Path:
    return root / "analytics" / "replenish.duckdb"


def versions_of(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "analytics" / "versions").iterdir())


def markers(root: Path) -> list[int]:
    with duckdb.connect(str(file_of(root)), read_only=True) as connection:
        return list(connection.execute(MARKERS).fetchall()[0][0])


def test_readers_see_whole_versions_while_the_file_is_refreshed(root: Path) -> None:
    file = str(file_of(root))
    with process(READ_IN_A_LOOP, file, "fresh", MARKERS) as fresh, process(READ_IN_A_LOOP, file, "held", MARKERS) as held:
        assert fresh.stdout is not None
        assert held.stdout is not None
        assert [fresh.stdout.readline(), held.stdout.readline()] == ["ready\n"] * 2
        for marker in range(2, 2 + N_REFRESHES):
            write_marked(root, marker)
            build_analytics(str(root), n_shards=2)
        of_fresh, of_held = result_of(fresh), result_of(held)
    assert of_held["seen"] == [[1]]
    assert all(len(seen) == 1 for seen in of_fresh["seen"])
    assert len(of_fresh["seen"]) > 1
    assert of_fresh["n_queries"] > N_REFRESHES
    assert markers(root) == [1 + N_REFRESHES]


def test_a_published_version_can_be_read_and_not_written(root: Path) -> None:
    for _ in range(2):
        location, _ = build_analytics(str(root), n_shards=2)
        assert stat.S_IMODE(Path(location).resolve().stat().st_mode) == 0o444


def test_who_opened_the_file_for_writing_blocks_nobody(root: Path) -> None:
    with process(OPEN_FOR_WRITING, str(file_of(root))) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() in {"open\n", "refused\n"}  # the rights on the file stop all but root
        write_marked(root, 2)
        build_analytics(str(root), n_shards=2)
        assert markers(root) == [2]
        writer.communicate("write again, after the swap\n", timeout=30)
        assert markers(root) == [2]
    with duckdb.connect(str(file_of(root)), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'mine'").fetchall() == [(0,)]


def test_builders_at_the_same_time_wait_for_each_other(root: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: build_analytics(str(root), n_shards=2), range(4)))
    assert all(result == results[0] for result in results)
    assert versions_of(root) == [f"{number:08d}" for number in range(1, 6)]
    assert markers(root) == [1]


def test_a_failed_build_leaves_the_last_version(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("assets.marts.build.add_dictionary", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        build_analytics(str(root), n_shards=2)
    assert versions_of(root) == ["00000001"]
    assert markers(root) == [1]


def test_what_a_killed_builder_left_is_removed(root: Path) -> None:
    abandoned = root / "analytics" / "versions" / "00000002"
    abandoned.mkdir()
    (abandoned / "replenish.duckdb.wal").write_bytes(b"half")
    write_marked(root, 3)
    build_analytics(str(root), n_shards=2)
    assert versions_of(root) == ["00000001", "00000002"]
    assert markers(root) == [3]


def test_versions_go_an_hour_after_their_successor_came(root: Path) -> None:
    build_analytics(str(root), n_shards=2)
    assert versions_of(root) == ["00000001", "00000002"]
    second = root / "analytics" / "versions" / "00000002"
    long_ago = second.stat().st_mtime - KEPT_SECONDS - 60
    os.utime(second, (long_ago, long_ago))
    build_analytics(str(root), n_shards=2)
    assert versions_of(root) == ["00000002", "00000003"]


def test_a_file_from_before_there_were_versions_is_replaced(root: Path) -> None:
    file = file_of(root)
    copy = root / "copy.duckdb"
    shutil.copyfile(file, copy)
    shutil.rmtree(file.parent)
    file.parent.mkdir()
    copy.replace(file)
    build_analytics(str(root), n_shards=2)
    assert file.is_symlink()
    assert markers(root) == [1]


def test_marts_need_no_other_file(root: Path) -> None:
    for part in root.rglob("*.parquet"):
        part.unlink()
    with duckdb.connect(str(file_of(root)), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM kpis_by_merchant").fetchall() == [(2,)]


def test_views_keep_the_files_they_were_built_on(root: Path) -> None:
    write_marked(root, 2)
    shutil.rmtree(root / "policy")
    assert markers(root) == [1]


def test_a_disk_without_hard_links(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr("os.link", refuse)
    build_analytics(str(root), n_shards=2)
    write_marked(root, 2)
    assert markers(root) == [1]


def test_kept_files_cost_no_space(root: Path) -> None:
    kept = next((root / "analytics" / "versions").rglob("policies/*.parquet"))
    assert kept.stat().st_nlink == 2


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "analytics").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write below[\s\S]*remedy"), next_version(tmp_path / "analytics" / "replenish.duckdb"):
        pass
