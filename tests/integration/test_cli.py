"""The command line as programs use it: JSON on stdout, exit codes, nothing half-written."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from cli import main
from domain.quantiles import QUANTILE_COLUMNS
from domain.stage_tables import Forecasts, Policies
from sources.market import write_market


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


Replenish = Callable[..., Outcome]


@pytest.fixture
def replenish(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Replenish:
    """Runs a command in this process and gives back its exit code and streams."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["replenish", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Outcome(code, *capfd.readouterr())

    return run


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLENISH_PROFILE", "tiny")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("market")
    write_market(n_merchants=2, n_articles=8, n_weeks=60, seed=3, out=str(out))
    return out


def test_market_forecast_and_optimize_answer_in_json(replenish: Replenish, tmp_path: Path) -> None:
    source, forecast, policies = tmp_path / "source", tmp_path / "forecast.parquet", tmp_path / "policies.parquet"
    made = replenish("market", "--merchants", 2, "--articles", 8, "--weeks", 60, "--seed", 3, "--out", source, "--json")
    assert (made.code, made.json["n_series"]) == (0, 16)

    answer = replenish("forecast", "--source", source, "--cutoff", "2026-09-21", "--out", forecast, "--json")
    rows = Forecasts.validate(pl.read_parquet(forecast))
    assert answer.code == 0, answer.err
    assert rows.height == answer.json["n_series"] * 12
    assert rows["horizon_week"].unique().sort().to_list() == list(range(1, 13))
    assert (rows.select(pl.all_horizontal(pl.col(QUANTILE_COLUMNS) == pl.col(QUANTILE_COLUMNS).round()))).to_series().all()

    answer = replenish("optimize", "--source", source, "--date", "2026-10-01", "--out", policies, "--json")
    table = Policies.validate(pl.read_parquet(policies))
    assert answer.code == 0, answer.err
    assert answer.json["n_orders"] == table.filter(pl.col("order_now_units") > 0).height
    assert answer.json["n_series"] == table.select("merchant_id", "article_id").n_unique() == table.height


def test_the_platform_and_the_bare_command_give_the_same_policies(replenish: Replenish, market: Path, tmp_path: Path) -> None:
    summary = replenish("run", "--source", market, "--data", tmp_path / "data", "--profile", "tiny", "--json")
    assert summary.code == 0, summary.err
    assert {"n_series", "n_orders", "order_value_eur", "rows_read", "rows_accepted", "rows_rejected", "outputs"} <= summary.json.keys()
    assert summary.json["rows_read"] == summary.json["rows_accepted"] + summary.json["rows_rejected"]
    alone = replenish("optimize", "--source", market, "--date", summary.json["date"], "--out", tmp_path / "alone.parquet", "--json")
    assert alone.json["order_value_eur"] == pytest.approx(summary.json["order_value_eur"], abs=0.01)
    platform = pl.read_parquet(f"{summary.json['outputs']['policies']}/*/part.parquet")
    assert platform.sort("merchant_id", "article_id").equals(pl.read_parquet(tmp_path / "alone.parquet").sort("merchant_id", "article_id"))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["forecast", "--cutoff", "2026-09-22"], "not a Monday"),
        (["forecast", "--cutoff", "yesterday"], "YYYY-MM-DD"),
        (["forecast", "--cutoff", "2026-11-09"], "ends before the week"),
        (["forecast", "--cutoff", "1999-01-04"], "before the first sale"),
        (["optimize", "--date", "2026-11-20"], "ends before the week"),
    ],
)
def test_a_day_the_source_cannot_answer_exits_2_and_writes_nothing(
    replenish: Replenish, market: Path, tmp_path: Path, arguments: list[str], named: str
) -> None:
    answer = replenish(*arguments, "--source", market, "--out", tmp_path / "out.parquet", "--json")
    assert answer.code == 2
    assert named in answer.json["fact"] + answer.json["wanted"]
    assert named in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_merchant_that_the_source_does_not_have_is_refused(replenish: Replenish, market: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[merchants.nobody]\nlead_time_weeks = 3\n")
    for command in (["optimize", "--date", "2026-10-01", "--out", tmp_path / "out.parquet"], ["run", "--data", tmp_path / "data"]):
        answer = replenish(*command, "--source", market, "--settings", settings)
        assert answer.code == 2
        assert "nobody" in answer.err
    assert not (tmp_path / "out.parquet").exists()


def test_an_output_that_cannot_be_written_exits_2(replenish: Replenish, market: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for command in (["forecast", "--cutoff", "2026-09-21", "--out", tmp_path / "file" / "x.parquet"], ["run", "--data", tmp_path / "file" / "data"]):
        answer = replenish(*command, "--source", market)
        assert answer.code == 2, answer.err
        assert "remedy" in answer.err


def test_a_source_without_sales_exits_2_and_leaves_no_output(replenish: Replenish, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    for command in (["forecast", "--cutoff", "2026-09-21", "--out", tmp_path / "f.parquet"], ["run", "--data", tmp_path / "data"]):
        answer = replenish(*command, "--source", tmp_path / "source")
        assert answer.code == 2
        assert "sales_transactions" in answer.err
    assert not (tmp_path / "f.parquet").exists()


def test_bad_usage_exits_2(replenish: Replenish) -> None:
    assert replenish("forecast", "--horizon", 0).code == 2
    assert replenish("convert", "nothing").code == 2


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["run"],
        ["forecast"],
        ["optimize"],
        ["explain"],
        ["market"],
        ["status"],
        ["repair"],
        ["approve"],
        ["value"],
        ["convert", "weekly-panel"],
        ["convert", "online-retail"],
        ["convert", "dominicks"],
        ["bench"],
    ],
)
def test_every_command_explains_itself(replenish: Replenish, command: list[str]) -> None:
    answer = replenish(*command, "--help")
    assert answer.code == 0
    assert "Usage" in answer.out + answer.err


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("weekly_sales", "merchant_id,article_id,week,sales_units\nm,a,2026-09-21,3\n"),
        ("sales_transactions", "transaction_id,occurred_at,merchant_id,article_id,quantity_units\n1,2026-09-22T10:00,m,a,3\n"),
    ],
)
def test_one_series_with_one_observation_is_answered(replenish: Replenish, tmp_path: Path, table: str, text: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / f"{table}.csv").write_text(text)
    answer = replenish("run", "--source", source, "--data", tmp_path / "data", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["n_series"] == 1
