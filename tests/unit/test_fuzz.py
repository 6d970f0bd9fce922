"""The fuzz benchmark in short, and that it can find what it looks for."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import fuzz
from benchmarks.fuzz_faults import Fault, faults_of, spoil
from benchmarks.fuzz_market import ARTICLES, write_market
from benchmarks.fuzz_page import page


@pytest.fixture(scope="module")
def figures() -> dict[str, object]:
    return fuzz.run(n_cases=60, seed=7, on_progress=lambda _: None)


def test_no_spoilt_export_ends_in_a_traceback_or_in_silence(figures: dict[str, object]) -> None:
    assert (figures["cases"], figures["tracebacks"], figures["silent"]) == (60, 0, 0), figures["to_repair"]


def test_every_case_ends_once_and_the_page_shows_it(figures: dict[str, object]) -> None:
    assert sum(int(str(figures[end])) for end in ("tracebacks", "silent", "refused", "said", "unchanged")) == 60
    assert "| all | 60 |" in page(figures)


def test_silence_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_market(tmp_path / "sound")
    usual = fuzz._decide(tmp_path / "sound")
    assert set(usual.orders) == set(ARTICLES)
    assert all(units > 0 for units in usual.orders.values())
    emptied = Fault("cell", "stock", "stock_levels", lambda rows, _: "\n".join(",".join([*row[:3], "0"] if row[3].isdigit() else row) for row in rows))
    assert fuzz._end(tmp_path / "sound", tmp_path / "spoilt", emptied, usual, np.random.default_rng(1)) == "silent"
    monkeypatch.setattr(fuzz, "read_source", lambda *_, **__: {}["absent"])
    assert fuzz._end(tmp_path / "sound", tmp_path / "spoilt", emptied, usual, np.random.default_rng(1)) == "traceback"


def test_every_fault_changes_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "market"
    write_market(folder)
    header = (folder / "stock_levels.csv").read_text().splitlines()[0].split(",")
    before = (folder / "stock_levels.csv").read_bytes()
    for fault in faults_of("stock_levels", header):
        (folder / "stock_levels.csv").write_bytes(before)
        spoil(folder, fault, np.random.default_rng(3))
        assert (folder / "stock_levels.csv").read_bytes() != before, fault.name
