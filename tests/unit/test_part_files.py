"""Part files: a live writer's stays, an abandoned one goes."""

import subprocess
import sys
from pathlib import Path

import pytest

from sources.part_files import replacing

_HOLD = """
import sys
from pathlib import Path
from sources.part_files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"of the slow one")
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_a_live_writers_part_file_survives_another_writer_and_a_killed_ones_does_not(tmp_path: Path) -> None:
    target = tmp_path / "x.parquet"
    with subprocess.Popen([sys.executable, "-c", _HOLD, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as slow:
        assert slow.stdout is not None
        assert slow.stdout.readline() == "writing\n"
        with replacing(target) as file:
            file.write(b"of the quick one")
        assert target.read_bytes() == b"of the quick one"
        slow.communicate("")
    assert slow.returncode == 0
    assert target.read_bytes() == b"of the slow one"
    with subprocess.Popen([sys.executable, "-c", _HOLD, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        killed.kill()
    assert len(list(tmp_path.iterdir())) == 2
    with replacing(target) as file:
        file.write(b"of the next one")
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.parquet"]


_WRITE_OFTEN = """
import sys
from pathlib import Path
from sources.part_files import replacing
for _ in range(150):
    with replacing(Path(sys.argv[1])) as file:
        file.write(sys.argv[2].encode() * 10_000)
"""


def test_writers_of_one_file_never_fail_each_other(tmp_path: Path) -> None:
    target = tmp_path / "x"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITE_OFTEN, target, letter]) for letter in "ABC"]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    assert target.read_text() in {letter * 10_000 for letter in "ABC"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), replacing(tmp_path / "x"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
