"""`replenish explain`: the story of one order agrees with the order, for programs and for people."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cli import main
from cli.order_record import read_order
from cli.order_story import tell_story
from domain.errors import StaleInputError, UsageError
from domain.stage_tables import CHANGE_CAUSES
from sources.market import write_market

THURSDAY, MONDAY = "2026-10-01", "2026-09-28"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("market")
    write_market(n_merchants=2, n_articles=8, n_weeks=60, seed=3, out=str(out))
    return out


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLENISH_PROFILE", "tiny")


def replenish(*arguments: object, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["replenish", *map(str, arguments)])
    capfd.readouterr()
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    return (code, *capfd.readouterr())


def explain(market: Path, *arguments: object, date: str = THURSDAY, article: str = "A000001", **fixtures: Any) -> tuple[int, str, str]:
    return replenish("explain", "--source", market, "--date", date, "--merchant", "M001", "--article", article, *arguments, **fixtures)


def test_the_story_is_that_of_the_order(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    fixtures = {"monkeypatch": monkeypatch, "capfd": capfd}
    code, out, err = explain(market, "--json", "--out", tmp_path / "order.html", **fixtures)
    assert code == 0, err
    story = json.loads(out)
    code, out, err = replenish("optimize", "--source", market, "--date", THURSDAY, "--out", tmp_path / "policies.parquet", "--json", **fixtures)
    assert code == 0, err
    optimized = json.loads(out)
    row = pl.read_parquet(tmp_path / "policies.parquet").row(by_predicate=(pl.col("merchant_id") == "M001") & (pl.col("article_id") == "A000001"), named=True)
    assert story["order_before_budget_units"] == row["order_before_budget_units"]
    assert story["vector_hash"] == row["vector_hash"]
    assert story["objective_in_sample_eur"] == row["objective_in_sample_eur"]
    assert {"recommended", "never_order", "base_stock"} <= {alternative["alternative"] for alternative in story["alternatives"]}
    assert {name: str(story[name]) for name in row} == {name: str(value) for name, value in row.items()}
    assert story["not_known"] == optimized["not_known"] != []
    change = story["change"]
    assert change["date"] == "2026-09-30"
    assert sum(change[f"{cause}_units"] for cause in (*CHANGE_CAUSES, "constraints")) == story["order_now_units"] - change["order_day_before_units"]
    page = (tmp_path / "order.html").read_text()
    assert "What else could be done" in page
    assert "<svg" in page


def test_what_the_platform_decided_is_told_from_its_record(
    market: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path_factory.mktemp("platform")
    code, out, err = replenish("run", "--source", market, "--data", root, "--json", monkeypatch=monkeypatch, capfd=capfd)
    assert code == 0, err
    summary = json.loads(out)
    policies = pl.read_parquet(f"{summary['outputs']['policies']}/*/part.parquet", hive_partitioning=False)
    assert policies.height == 16
    for row in policies.iter_rows(named=True):
        story = tell_story(read_order(str(root), merchant_id=row["merchant_id"], article_id=row["article_id"], day=None))
        assert {name: story[name] for name in row} == row
        assert story["release_status"] == "released"
        assert len(story["weeks"]) == 12
        assert story["history"]
    code, out, err = replenish("explain", "--data", root, "--merchant", "M001", "--article", "A000001", "--json", monkeypatch=monkeypatch, capfd=capfd)
    assert code == 0, err
    told, wanted = json.loads(out), policies.row(by_predicate=(pl.col("merchant_id") == "M001") & (pl.col("article_id") == "A000001"), named=True)
    assert {name: told[name] for name in wanted} == json.loads(json.dumps(wanted, default=str))
    with pytest.raises(UsageError, match="was not decided on"):
        read_order(str(root), merchant_id="M001", article_id="nothing", day=None)
    with pytest.raises(StaleInputError, match="no partition"):
        read_order(str(root), merchant_id="M001", article_id="A000001", day=date(2020, 1, 1))


def test_a_merchant_reads_what_why_and_what_changed(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = explain(market, "--out", tmp_path / "order.png", date=MONDAY, monkeypatch=monkeypatch, capfd=capfd)
    assert code == 0, err
    for heading in ("ORDER ", "Why", "expected to cost", "What else could be done", "What changed since the day before", "How far to trust it"):
        assert heading in out
    assert "never order again" in out
    assert (tmp_path / "order.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"article": "nothing"}, "has no sales"),
        ({"arguments": ("--out", "order.docx")}, "ending nobody can write"),
        ({"date": "2027-06-01"}, "ends before the week"),
    ],
)
def test_what_cannot_be_explained_exits_2(
    market: Path, arguments: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    more = arguments.pop("arguments", ())
    code, out, err = explain(market, *more, "--json", **arguments, monkeypatch=monkeypatch, capfd=capfd)
    assert code == 2
    assert named in json.loads(out)["fact"]
    assert named in err
