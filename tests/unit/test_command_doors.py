"""The doors of the command line: what is refused before any work is done, and how it is told."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from cli import main
from cli.app import app
from cli.table_output import check_table_name, write_table
from cli.terminal import parse_day, parse_monday
from domain.counting import counted
from domain.errors import UsageError

Run = tuple[int, str, str]


def replenish(*arguments: object, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(sys, "argv", ["replenish", *map(str, arguments)])
    capfd.readouterr()
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    return (code, *capfd.readouterr())


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--data", "nowhere"),
        ("repair", "--data", "nowhere"),
        ("approve", "--data", "nowhere", "--date", "2026-10-01", "--merchant", "m", "--by", "Ann"),
        ("explain", "--data", "nowhere", "--merchant", "m", "--article", "a"),
        ("forecast", "--source", "nowhere", "--cutoff", "2026-09-22", "--out", "f.parquet"),
        ("evaluate", "--source", "nowhere", "--cutoffs", "2026-09-22"),
        ("optimize", "--source", "nowhere", "--date", "2026-10-01", "--out", "orders.docx"),
        ("forecast", "--source", "nowhere", "--cutoff", "2026-09-21", "--out", "f.xlsx"),
        ("value", "--source", "nowhere", "--quarter", "2026Q2", "--out", "v"),
        ("replay", "--source", "nowhere", "--start", "2026-06-01", "--orders", "6", "--weeks", "4", "--observe", "sales", "--out", "r"),
        ("replay", "--source", "nowhere", "--start", "2026-06-02", "--orders", "2", "--weeks", "4", "--observe", "sales", "--out", "r"),
        ("backtest", "--source", "nowhere", "--starts", "2026-06-01,2026-06-30", "--orders", "2", "--weeks", "4", "--out", "b"),
        ("run", "--source", "nowhere", "--settings", "."),
        ("optimize",),
        ("forecast", "--horizon", "0"),
    ],
)
def test_what_is_refused_is_told_to_programs_too(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = replenish(*arguments, "--json", monkeypatch=monkeypatch, capfd=capfd)
    told = json.loads(out)
    assert code == 2
    assert set(told) == {"error", "fact", "got", "wanted", "remedy"}
    assert told["fact"] in err
    assert told["remedy"]
    assert "nowhere" not in told["fact"] or "--data" in arguments  # refused before the source was looked for
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_told_on_stdout(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = replenish("--version", monkeypatch=monkeypatch, capfd=capfd)
    assert (code, out) == (0, "replenish 0.1.0\n")


def test_help_is_told_on_stdout(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = replenish("run", "--help", monkeypatch=monkeypatch, capfd=capfd)
    assert (code, err) == (0, "")
    assert "Example" in out


def _commands() -> list[tuple[str, ...]]:
    groups = [((), app), *(((group.name or "",), group.typer_instance) for group in app.registered_groups)]
    return [(*prefix, command.name or command.callback.__name__) for prefix, typer in groups for command in typer.registered_commands if command.callback]


@pytest.mark.parametrize("command", _commands())
def test_every_command_has_an_example_and_answers_in_json(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = replenish(*command, "--help", monkeypatch=monkeypatch, capfd=capfd)
    assert code == 0
    assert f"replenish {' '.join(command)}" in out.split("Example", maxsplit=1)[1]
    assert "--json" in out


@pytest.mark.parametrize("text", ["2026-09-02", "2026-09-02 08:53:00 +0200", "2026-09-02T23:59:59Z", " 2026-09-02 08:53 "])
def test_a_moment_is_the_day_that_is_written(text: str) -> None:
    assert parse_day(text, option="--date") == date(2026, 9, 2)


@pytest.mark.parametrize("text", ["02.09.2026", "2026-09-31", "2026-09-02 noon", "2026-09-02 25:00", ""])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a date"):
        parse_day(text, option="--date")


def test_a_monday_is_asked_for_by_name() -> None:
    assert parse_monday("2026-09-21", option="--cutoff") == date(2026, 9, 21)
    with pytest.raises(UsageError, match=r"not a Monday[\s\S]*Use 2026-09-21"):
        parse_monday("2026-09-22", option="--cutoff")


def test_a_table_is_written_as_its_ending_says(tmp_path: Path) -> None:
    rows = pl.DataFrame({"merchant_id": ["m"], "order_now_units": [7]})
    write_table(rows, str(tmp_path / "orders.csv"))
    write_table(rows, str(tmp_path / "orders.parquet"))
    assert (tmp_path / "orders.csv").read_text() == "merchant_id,order_now_units\nm,7\n"
    assert pl.read_parquet(tmp_path / "orders.parquet").equals(rows)
    for name in ("orders.CSV", "s3://bucket/orders.parquet"):
        check_table_name(name)


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("cli", {"polars", "numpy", "pydantic", "dagster"}),
        ("cli.order_record, cli.order_story, cli.order_text", {"dagster", "numba", "scipy.stats", "lightgbm", "matplotlib", "great_expectations"}),
    ],
)
def test_what_must_start_at_once_loads_nothing_heavy(modules: str, heavy: set[str]) -> None:
    command = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True, timeout=300).stdout.split()
    assert heavy.isdisjoint(loaded)


def test_one_thing_is_not_plural() -> None:
    assert [counted(n, "order") for n in (0, 1, 2_000)] == ["0 orders", "1 order", "2,000 orders"]
    assert counted(2, "series", plural="series") == "2 series"
