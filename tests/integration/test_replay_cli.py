"""`replenish replay` and `replenish backtest` as programs use them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cli import main
from sources.contract_writer import write_tables
from tests.replay_games import START, game_tables, noisy_units
from tests.weekly_tables import week


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("source")
    write_tables({name: frame for name, frame in game_tables(noisy_units(n_series=4)).items() if frame.height}, out=out)
    return out


Replenish = Callable[..., tuple[int, str, str]]


@pytest.fixture
def replenish(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Replenish:
    """Runs a command in this process and gives back its exit code and streams."""
    monkeypatch.setenv("REPLENISH_PROFILE", "tiny")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["replenish", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capfd.readouterr()

    return run


def game(source: Path, out: Path, **changed: Any) -> list[object]:
    given = {"source": source, "start": week(START), "orders": 2, "weeks": 5, "observe": "demand", "forecaster": "moving_average", "out": out} | changed
    return ["replay", *(part for name, value in given.items() for part in (f"--{name}", value)), "--json"]


def test_replay_answers_in_json_and_writes_its_orders(source: Path, tmp_path: Path, replenish: Replenish) -> None:
    code, out, err = replenish(*game(source, tmp_path), "--inbound-before-demand", 1, "--objective", "p75")
    assert code == 0, err
    found = json.loads(out)
    assert {"weeks", "total_cost_eur", "fill_rate", "orders"} <= found.keys()
    assert len(found["weeks"]) == 5
    assert {"week", "holding_cost_eur", "lost_sales_cost_eur"} <= found["weeks"][0].keys()
    assert sum(row["cost_eur"] for row in found["weeks"]) == pytest.approx(found["total_cost_eur"])
    assert (found["policy"], found["objective"]) == ("look_ahead", "p75")
    orders = pl.read_parquet(found["orders"])
    assert orders.columns == ["decision_week", "merchant_id", "article_id", "order_quantity_units", "arrival_week"]
    assert "decision 2 of 2" in err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"policy": "magic"}, "policy is unknown"),
        ({"objective": "median"}, "objective is unknown"),
        ({"start": "2025-13-01"}, "--start is not a date"),
        ({"start": week(0)}, "has no history"),
        ({"start": week(36)}, "reaches beyond the data"),
        ({"orders": 6}, "do not fit"),
    ],
)
def test_bad_input_is_named_and_ends_in_exit_code_2(changed: dict[str, Any], message: str, source: Path, tmp_path: Path, replenish: Replenish) -> None:
    code, out, err = replenish(*game(source, tmp_path / "out", **changed))
    assert code == 2
    assert message in json.loads(out)["fact"]
    assert message in err
    assert not (tmp_path / "out").exists()


def test_backtest_writes_results_and_reports(source: Path, tmp_path: Path, replenish: Replenish) -> None:
    arguments = ["--starts", f"{week(START)}:{week(START + 4)}", "--orders", 2, "--weeks", 4, "--policies", "default,base_stock,hindsight"]
    code, out, err = replenish("backtest", "--source", source, *arguments, "--forecasters", "moving_average", "--out", tmp_path, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["starts"] == [str(week(START)), str(week(START + 4))]
    assert [row["contestant"] for row in found["contestants"]] == ["look_ahead on moving_average", "base_stock on moving_average", "hindsight"]
    engines, hindsight = found["contestants"][:2], found["contestants"][2]
    assert all(0.1 < row["promised_cost_eur"] / row["total_cost_eur"] < 10 and 0 < row["promised_fill_rate"] <= 1 for row in engines)
    assert (hindsight["promised_cost_eur"], hindsight["promised_fill_rate"]) == (None, None)
    assert {row["interval_over"] for row in found["uplifts"]} == {"series"}
    assert pl.read_parquet(found["results"]).height == 2 * 3 * 4
    assert Path(found["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [file.name for file in (tmp_path / "merchants").iterdir()] == ["m.html"]


def test_a_backtest_checks_every_start_before_it_plays_the_first(source: Path, tmp_path: Path, replenish: Replenish) -> None:
    arguments = ["--starts", f"{week(START)},{week(38)}", "--orders", 2, "--weeks", 4, "--policies", "base_stock", "--out", tmp_path / "out"]
    code, _, err = replenish("backtest", "--source", source, *arguments)
    assert code == 2
    assert "reaches beyond the data" in err
    assert "training" not in err
