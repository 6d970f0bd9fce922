"""`replenish evaluate` as programs use it."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cli import main
from ml.evaluation.baselines import BASELINES
from ml.evaluation.library_baselines import LIBRARY_BASELINES
from sources.market import write_market


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("market")
    write_market(n_merchants=1, n_articles=10, n_weeks=70, seed=5, out=out)
    return out


def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setenv("REPLENISH_PROFILE", "tiny")
    monkeypatch.setattr(sys, "argv", ["replenish", "evaluate", *arguments])
    capfd.readouterr()
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, *capfd.readouterr()


def test_the_figures_come_per_cutoff_and_in_total(market: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    code, out, err = run(monkeypatch, capfd, "--source", str(market), "--cutoffs", "2026-06-29,2026-03-02", "--json")
    assert code == 0, err
    report: dict[str, Any] = json.loads(out)
    assert list(report["cutoffs"]) == ["2026-03-02", "2026-06-29"]
    wanted = {"scaled_crps", "spl", "ece", "wape", "mape", "rmse", "bias", "crossings", "cells_missing", "by_segment", "by_horizon_week"}
    for methods in (report["total"], *report["cutoffs"].values()):
        assert set(methods) == {"replenish", *BASELINES, *LIBRARY_BASELINES}
        assert all(wanted <= set(figures) for figures in methods.values())
    assert report["crossings"] == report["cells_missing"] == 0
    assert 0 < report["scaled_crps"] < 2
    assert "2026-03-02: models" in err


def test_people_get_a_table_best_first(market: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    code, out, _ = run(monkeypatch, capfd, "--source", str(market), "--cutoffs", "2026-03-02", "--no-auto-ets")
    assert code == 0
    assert "total" in out
    scores = [float(line.split()[1]) for line in out.split("total")[1].splitlines()[1:] if len(line.split()) == 6]
    assert len(scores) == 1 + len(BASELINES)
    assert scores == sorted(scores)


@pytest.mark.parametrize(
    ("cutoffs", "message"),
    [
        ("2026-03-03", "is not a Monday"),
        ("2031-01-06", "the source ends before"),
        ("2001-01-01", "before the first sale"),
        ("soon", "not a date"),
        (",", "no cutoff"),
    ],
)
def test_a_cutoff_that_cannot_be_judged_is_refused(
    market: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], cutoffs: str, message: str
):
    code, out, err = run(monkeypatch, capfd, "--source", str(market), "--cutoffs", cutoffs, "--json")
    assert code == 2
    assert message in json.loads(out)["fact"]
    assert message in err
