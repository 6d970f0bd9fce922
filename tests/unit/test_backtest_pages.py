"""The benchmark pages of the backtest: who plays when, what a stopped run keeps, and a reading that outlives a new run."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from assets.backtest.plan import FULL_CONTEST
from assets.backtest.tables import played_everywhere, with_measures
from assets.replay.terms import ReplayTerms
from benchmarks import backtest_page, backtest_text, policy_game, resumed_starts
from domain.settings import Settings
from tests.unit.test_backtest_tables import COSTS, result_rows

STARTS = [backtest_page.FIRST_START + dt.timedelta(weeks=backtest_page.WEEKS_BETWEEN_STARTS * index) for index in range(12)]


def test_the_slowest_contestants_play_once_a_season_and_the_others_always() -> None:
    sizes = [len(backtest_page.contest_of(start)) for start in STARTS]
    assert [size == len(FULL_CONTEST) for size in sizes] == [index % 3 == 0 for index in range(12)]
    assert {"look_ahead", "recorded", "hindsight", "one-shot extended"} <= set(backtest_page.contest_of(STARTS[1]))


def test_the_page_has_every_table_and_keeps_its_reading() -> None:
    rows = with_measures(result_rows(COSTS).with_columns(seconds=pl.lit(30.0)))
    text = backtest_text.page(
        rows, played_everywhere(rows), settings=Settings(), n_sold=4, n_orders=6, before=f"old\n{backtest_text.READING}\nWhat people wrote.\n"
    )
    assert text.endswith("## Reading\n\nWhat people wrote.\n")
    assert "in 1 minutes" in text
    for heading in ("Policies against people", "Regret against perfect information", "If planners follow", "phase of life", "Claims of the prototype"):
        assert heading.lower() in text.lower()
    assert "| look_ahead | " in text


def test_the_policies_page_compares_with_the_default() -> None:
    text = policy_game.page(result_rows(COSTS), every=8, before="")
    assert "| look_ahead | 7.125 | – | – |" in text
    assert "(every 8th of 288 products" in text


def test_a_stopped_run_plays_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[dt.date] = []

    def play(tables: object, truth: object, terms: ReplayTerms, *_: object, **__: object) -> pl.DataFrame:
        played.append(terms.start)
        return result_rows({"look_ahead": COSTS["look_ahead"]}, starts=(terms.start,))

    monkeypatch.setattr(resumed_starts, "play_start", play)
    monkeypatch.setattr(resumed_starts, "read_source", lambda *_, **__: SimpleNamespace(frames={}))
    starts = [dt.date(2026, 1, 5), dt.date(2026, 2, 2)]
    for asked in (starts[:1], starts):
        rows = resumed_starts.played_starts(tmp_path, None, ReplayTerms(starts[0], 2, 4), asked, lambda _: {}, settings=Settings(), work=tmp_path / "work")
    assert played == starts
    assert sorted(rows["start_week"].unique()) == starts
    assert rows["seconds"].min() >= 0
