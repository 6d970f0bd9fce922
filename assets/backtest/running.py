"""All contestants at all start dates, under identical conditions: the same world, the same forecasts, the same draws."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from assets.backtest.plan import Contestant
from assets.backtest.promises import promised
from assets.backtest.results import series_rows, series_traits
from assets.replay.forecasts import Progress
from assets.replay.replaying import Game, prepare, replay, with_forecaster
from assets.replay.terms import HINDSIGHT, RECORDED, Play, ReplayTerms, check_terms
from domain.backtest_results import BacktestResults
from domain.settings import Settings

Tables = Mapping[str, pl.DataFrame]
_UNTOLD = Play(RECORDED)
"""Stands for a contestant who saw other forecasts than those the game was opened with: what it promised is not computed."""


def play_start(
    tables: Tables,
    truth: pl.DataFrame | None,
    terms: ReplayTerms,
    contestants: Mapping[str, Contestant],
    *,
    settings: Settings,
    today: date,
    on_progress: Progress,
) -> pl.DataFrame:
    """One start date: a row of `BacktestResults` per contestant and series.

    Args:
        tables: The nine contract tables.
        truth: Demand known to a synthetic world, if any.
        terms: The game.
        contestants: By name.
        settings: The platform's.
        today: The wall-clock day.
        on_progress: Told each step.
    """
    forecasters = [contestant.forecaster for contestant in contestants.values() if contestant.play.policy not in (RECORDED, HINDSIGHT)]
    terms = replace(terms, forecaster=forecasters[0] if forecasters else terms.forecaster)
    game = prepare(tables, truth, terms, settings=settings, today=today, on_progress=on_progress)
    traits = series_traits(game, tables["articles"], tables["stock_levels"])
    games: dict[str, Game] = {terms.forecaster: game}
    rows = []
    for name, contestant in contestants.items():
        is_engine = contestant.play.policy not in (RECORDED, HINDSIGHT)
        forecaster = contestant.forecaster if is_engine else terms.forecaster
        if forecaster not in games:
            games[forecaster] = with_forecaster(game, tables, forecaster, on_progress=on_progress)
        began = time.monotonic()
        played = replay(games[forecaster], contestant.play)
        on_progress(f"start {terms.start}: {name}: {played.total_cost_eur:,.0f} EUR, fill rate {played.fill_rate:.3f}, {time.monotonic() - began:.0f} s")
        told = promised(game, contestant.play if forecaster == terms.forecaster else _UNTOLD)
        rows.append(series_rows(game, played, contestant=name).hstack(told))
    return BacktestResults.validate(pl.concat(rows).join(traits, on=["merchant_id", "article_id"], maintain_order="left"), cast=True)


def play_all(
    tables: Tables,
    truth: pl.DataFrame | None,
    terms: ReplayTerms,
    starts: Sequence[date],
    contestants: Mapping[str, Contestant],
    *,
    settings: Settings,
    today: date,
    on_progress: Progress,
) -> Iterator[pl.DataFrame]:
    """`play_start` at each start date, oldest first; every one is checked before the first is played."""
    games = [replace(terms, start=start) for start in sorted(set(starts))]
    for game in games:
        check_terms(game, tables, settings=settings, today=today)
    for game in games:
        yield play_start(tables, truth, game, contestants, settings=settings, today=today, on_progress=on_progress)
