"""Every kind of bad input through `replenish forecast` and `replenish evaluate`: handled, flagged in the output, or refused by name."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest

from cli import main
from domain.quantiles import QUANTILE_COLUMNS
from tests.weekly_tables import panel_tables, week, weekly_rows

N_WEEKS = 66
CUTOFF, EARLIER = week(N_WEEKS - 1), week(N_WEEKS - 13)
"""The last week of the data, and one whose twelve weeks can be judged."""
DOUBLED, FUTURE = week(40), date(2199, 1, 7)
LAST_PRICED = N_WEEKS - 20
"""Prices, promotions and signals are missing from this week on: in the last weeks seen and in the horizon."""
ODD: dict[str, list[int | None]] = {
    "doubled": [5, 7, 6, 4, 8, 5] * 11,
    "future": [3, 2, 4] * 22,
    "constant": [6] * N_WEEKS,
    "never known": [None] * N_WEEKS,
    "short": [4, 5],
    "typo": [9, 8, 10, 7, 9, 8] * 6 + [1_000_000] + [9, 8, 10, 7, 9] * 5 + [8] * 4,
}
GAPS = [4, 6, 5, 7, 5, 6] * 11
"""Of the series `gaps`; every fifth row is left out."""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Replenish = Callable[..., Outcome]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bad") / "source"
    out.mkdir()
    rows = [row for name, units in ODD.items() for row in weekly_rows(units, article_id=name, first=N_WEEKS - len(units))]
    rows += [row for place, row in enumerate(weekly_rows(GAPS, article_id="gaps")) if place % 5 != 2 or place == 0]
    rows += [
        {"merchant_id": "m", "article_id": "doubled", "week": DOUBLED, "sales_units": 900},
        {"merchant_id": "m", "article_id": "future", "week": FUTURE, "sales_units": 5_000},
    ]
    ordinary = panel_tables(n_series=30, n_weeks=N_WEEKS)["weekly_sales"].select("merchant_id", "article_id", "week", "sales_units")
    weekly = pl.concat([ordinary, pl.DataFrame(rows, schema=ordinary.schema)])
    known = pl.col("week") < week(LAST_PRICED)
    weekly.with_columns(unit_price_eur=pl.when(known).then(9.5), promotion=pl.when(known).then(0.0)).write_parquet(out / "weekly_sales.parquet")
    signals = [{"week": week(index), "name": "rain", "value": 1.0, "known_from": week(index)} for index in range(LAST_PRICED)]
    pl.DataFrame(signals).write_parquet(out / "external_signals.parquet")
    listed = [{"merchant_id": "m", "article_id": "unsold", "category": "never seen before", "launch_date": week(N_WEEKS - 2)}]
    pl.DataFrame(listed).write_parquet(out / "articles.parquet")
    return out


@pytest.fixture
def replenish(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Replenish:
    def run(*arguments: object) -> Outcome:
        sizes = {"N_TREES": "8", "N_TRAINING_ROWS": "3000", "N_LEAVES": "8", "N_THREADS": "1", "MIN_TRAINING_ROWS": "500"}
        for name, value in sizes.items():
            monkeypatch.setenv(f"REPLENISH_FORECAST__{name}", value)
        monkeypatch.setattr(sys, "argv", ["replenish", *map(str, arguments), "--json"])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Outcome(code, *capfd.readouterr())

    return run


class Answer(NamedTuple):
    rows: pl.DataFrame
    said: dict[str, Any]
    err: str


_ANSWERS: dict[Path, Answer] = {}


@pytest.fixture
def answer(source: Path, replenish: Replenish, tmp_path: Path) -> Answer:
    """What `replenish forecast` made of it, run once."""
    if source not in _ANSWERS:
        outcome = replenish("forecast", "--source", source, "--cutoff", CUTOFF, "--out", tmp_path / "forecast.parquet")
        assert outcome.code == 0, outcome.err
        _ANSWERS[source] = Answer(pl.read_parquet(tmp_path / "forecast.parquet"), json.loads(outcome.out), outcome.err)
    return _ANSWERS[source]


def of_article(answer: Answer, name: str) -> pl.DataFrame:
    return answer.rows.filter(pl.col("article_id") == name)


@pytest.mark.parametrize("name", [*ODD, "gaps", "unsold"])
def test_every_series_is_answered_with_finite_rising_quantiles(answer: Answer, name: str) -> None:
    rows = of_article(answer, name)
    assert rows["horizon_week"].to_list() == list(range(1, 13))
    quantiles = rows.select(QUANTILE_COLUMNS).to_numpy()
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("constant", "constant"),
        ("never known", "never_known"),
        ("short", "short_history"),
        ("typo", "unit_error"),
        ("unsold", "never_sold"),
        ("gaps", ""),
        ("doubled", ""),
        ("future", ""),
    ],
)
def test_what_is_unusual_is_flagged_in_the_output(answer: Answer, name: str, flags: str) -> None:
    assert of_article(answer, name)["flags"].unique().to_list() == [flags]


def test_duplicates_and_rows_of_the_future_are_rejected_by_name_and_counted(answer: Answer) -> None:
    assert answer.said["rows_rejected"] == 2
    assert "weekly_sales: primary_key: 1" in answer.err
    assert "weekly_sales: week|not_in_the_future: 1" in answer.err


@pytest.mark.parametrize(("name", "highest"), [("doubled", 20), ("future", 12), ("constant", 12), ("typo", 30), ("gaps", 20)])
def test_the_median_stays_where_the_ordinary_weeks_are(answer: Answer, name: str, highest: int) -> None:
    assert 0 < of_article(answer, name)["demand_q500"].max() <= highest  # type: ignore[operator]


def test_an_unknown_category_takes_what_the_market_launched(answer: Answer) -> None:
    assert of_article(answer, "unsold")["model"].unique().to_list() == ["analogue"]


def test_the_evaluation_judges_every_known_week_and_leaves_nobody_out(source: Path, replenish: Replenish) -> None:
    outcome = replenish("evaluate", "--source", source, "--cutoffs", EARLIER, "--no-auto-ets")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert report["crossings"] == report["cells_missing"] == 0
    assert np.isfinite([report[name] for name in ("scaled_crps", "spl", "ece", "wape", "bias")]).all()
    assert "week|not_in_the_future: 1" in outcome.err


@pytest.mark.parametrize("command", ["forecast", "evaluate"])
@pytest.mark.parametrize(("cutoff", "message"), [(week(-4), "lies before the first sale"), (week(N_WEEKS + 4), "the source ends before")])
def test_a_cutoff_outside_the_data_is_refused_by_name(source: Path, replenish: Replenish, command: str, cutoff: date, message: str) -> None:
    out = source / "forecast.parquet"
    option, rest = ("--cutoff", ["--out", out]) if command == "forecast" else ("--cutoffs", [])
    outcome = replenish(command, "--source", source, option, cutoff, *rest)
    assert outcome.code == 2
    assert message in json.loads(outcome.out)["fact"]
    assert message in outcome.err
    assert not out.exists()


def test_numbers_that_are_none_are_rejected_by_name_and_their_series_is_answered(source: Path, replenish: Replenish, tmp_path: Path) -> None:
    weekly = pl.read_parquet(source / "weekly_sales.parquet").filter(pl.col("article_id").is_in(["gaps", "doubled"]))
    missing = (pl.col("article_id") == "gaps") & (pl.col("week") > week(50))
    weekly.with_columns(sales_units=pl.when(missing).then(float("nan")).otherwise(pl.col("sales_units").cast(pl.Float64))).write_parquet(
        tmp_path / "weekly_sales.parquet"
    )
    outcome = replenish("forecast", "--source", tmp_path, "--cutoff", CUTOFF, "--out", tmp_path / "f.parquet")
    assert outcome.code == 0, outcome.err
    assert "weekly_sales: sales_units|castable" in outcome.err
    assert json.loads(outcome.out)["n_series"] == 2
    weekly.with_columns(sales_units=pl.lit(float("nan"))).write_parquet(tmp_path / "weekly_sales.parquet")
    outcome = replenish("forecast", "--source", tmp_path, "--cutoff", CUTOFF, "--out", tmp_path / "g.parquet")
    assert outcome.code == 2
    assert "column sales_units" in outcome.err
    assert not (tmp_path / "g.parquet").exists()
