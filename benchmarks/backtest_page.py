"""The backtest of a synthetic market against its own people: writes docs/reference/backtest.md and its HTML report.

python -m benchmarks.backtest_page [--work FOLDER] [--threads N] [--starts N] [--articles N]

The market is written into the work folder, start dates are played one by one and kept there: a stopped run goes on where it was.
"""

import argparse
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from assets.backtest.plan import FULL_CONTEST, OURS, Contestant
from assets.backtest.report import full_report
from assets.backtest.tables import played_everywhere, with_measures
from assets.replay.terms import RECORDED, ReplayTerms
from benchmarks.backtest_text import page
from benchmarks.resumed_starts import played_starts, say
from domain.settings import Settings, load_settings
from sources.market import write_market
from sources.pages import write_page
from sources.truth import true_weekly_demand

N_MERCHANTS, N_ARTICLES, N_WEEKS, SEED = 20, 100, 160, 61
FIRST_START, WEEKS_BETWEEN_STARTS, N_STARTS = date(2025, 7, 7), 4, 12
N_ORDERS, GAME_WEEKS = 6, 12
ONLY_QUARTERLY = {name for name in FULL_CONTEST if name.startswith("one-shot")} - {"one-shot extended"} | {"extended", "extended_on_hand", "s_S"}
"""Searches of minutes whose question four start dates answer: one in each season."""
PAGE = Path("docs/reference/backtest.md")


def benchmark_settings(n_threads: int) -> Settings:
    """The product's, with a sixth of the training rows and a third of the candidate policies: twelve start dates then fit into an hour."""
    return load_settings(
        forecast={"n_training_rows": 40_000, "n_threads": n_threads}, simulation={"n_threads": n_threads}, optimizer={"evaluation_budget": 300}
    )


def contest_of(start: date) -> Mapping[str, Contestant]:
    """Everybody on every third start date; the others without the slowest."""
    is_quarterly = (start - FIRST_START).days // 7 // WEEKS_BETWEEN_STARTS % 3 == 0
    return {name: contestant for name, contestant in FULL_CONTEST.items() if is_quarterly or name not in ONLY_QUARTERLY}


def run(*, work: Path, n_threads: int, n_starts: int, n_articles: int) -> pl.DataFrame:
    """Play all start dates."""
    source = work / "market"
    if not source.exists():
        write_market(n_merchants=N_MERCHANTS, n_articles=n_articles, n_weeks=N_WEEKS, seed=SEED, out=source, n_threads=n_threads, on_progress=say)
    starts = [FIRST_START + timedelta(weeks=WEEKS_BETWEEN_STARTS * index) for index in range(n_starts)]
    terms, settings = ReplayTerms(starts[0], N_ORDERS, GAME_WEEKS), benchmark_settings(n_threads)
    return played_starts(source, true_weekly_demand(source), terms, starts, contest_of, settings=settings, work=work / "starts")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--work", type=Path, default=Path("data/backtest-benchmark"))
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--starts", type=int, default=N_STARTS)
    arguments.add_argument("--articles", type=int, default=N_ARTICLES)
    given = arguments.parse_args()
    rows = with_measures(run(work=given.work, n_threads=given.threads, n_starts=given.starts, n_articles=given.articles))
    report = full_report(rows, title="Backtest of a synthetic market", ours=OURS, reference=RECORDED)
    write_page(report, str(given.work / "report.html"))
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    settings, n_sold = benchmark_settings(given.threads), N_MERCHANTS * given.articles
    PAGE.write_text(page(rows, played_everywhere(rows), settings=settings, n_sold=n_sold, n_orders=N_ORDERS, before=before), encoding="utf-8")
