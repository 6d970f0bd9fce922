"""Games small enough to follow by hand: a weekly panel with costs, lead times and stock."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from assets.replay.replaying import Game, prepare
from assets.replay.terms import ReplayTerms
from domain.settings import Settings, load_settings
from tests.weekly_tables import day, tables_of, week, weekly_rows

TODAY = dt.date(2026, 11, 21)
START = 20
"""Index of the start week of every game here."""


def quick_settings(**changes: Any) -> Settings:
    return load_settings(
        profile="tiny",
        simulation={"n_threads": 1, "n_paths_optimize": 128},
        forecast={"n_threads": 1, "n_trees": 5},
        optimizer={"evaluation_budget": 120},
        **changes,
    )


def game_tables(units: Sequence[Sequence[int | None]], *, lead_time_weeks: float = 2.0, lead_time_cv: float = 0.0, **more: Any) -> dict[str, pl.DataFrame]:
    """One series per list of weekly sales: "a0", "a1" … of merchant "m"; holding 0.2, lost sale 1."""
    rows = [row for number, series in enumerate(units) for row in weekly_rows(series, article_id=f"a{number}")]
    return tables_of(
        **{
            "weekly_sales": rows,
            "merchants": [{"lead_time_weeks": lead_time_weeks, "lead_time_cv": lead_time_cv, "inbound_share_before_demand": 1.0}],
            "cost_rates": [{"article_id": None, "holding_rate_eur_per_unit_week": 0.2}],
            **more,
        }
    )


def terms_of(*, n_orders: int = 4, n_weeks: int = 6, forecaster: str = "last_52_weeks", **more: Any) -> ReplayTerms:
    return ReplayTerms(week(START), n_orders, n_weeks, forecaster=forecaster, **more)


def game_of(tables: dict[str, pl.DataFrame], terms: ReplayTerms, *, settings: Settings | None = None, truth: pl.DataFrame | None = None) -> Game:
    return prepare(tables, truth, terms, settings=settings or quick_settings(), today=TODAY, on_progress=lambda _: None)


def noisy_units(*, n_series: int, n_weeks: int = 40, seed: int = 3) -> list[list[int]]:
    generator = np.random.default_rng(seed)
    return [generator.poisson(mean, n_weeks).tolist() for mean in generator.uniform(1, 12, n_series)]


def shipment(number: int, *, ordered: int, expected: int | None, received: int | None, units: int, article_id: str = "a0") -> dict[str, Any]:
    """Days are counted from the first Monday."""
    days = {"ordered_at": ordered, "expected_at": expected, "received_at": received}
    return {
        "shipment_id": f"s{number}",
        "article_id": article_id,
        "quantity_units": units,
        **{name: None if index is None else day(index) for name, index in days.items()},
    }
