"""A day's decisions from feature vectors, as the platform makes them: each SKU for itself, then the limits that tie a merchant's SKUs together."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from domain.governance_tables import Approvals
from domain.settings import Settings
from domain.stage_tables import OrderChanges, Policies
from domain.tables import RAW_TABLES
from quality.day_figures import input_ages, newest_days, order_figures, release_figures
from quality.governance import release_orders
from quality.suites import run_suite, suite_of, unmet_expectations
from simulation.batch import optimize_vectors
from simulation.constraints import apply_limits, limit_orders, order_curves

NOT_KNOWN = (
    "how far demand of one week depends on the next, as past forecasts showed: the default is used",
    "whether a challenger has taken over a segment from the models",
    "whether the calibration gate has refused a forecast",
)
"""What only the platform knows, for it needs forecasts of past weeks; a market large and old enough may get another order there."""


class DayDecided(NamedTuple):
    """The decisions of one day."""

    policies: pl.DataFrame
    """`stage_tables.Policies`, within the limits."""
    recommendations: pl.DataFrame
    """`stage_tables.Recommendations`, before them, with their evidence."""
    prices: pl.DataFrame
    """`stage_tables.ConstraintPrices`"""


def decide_day(
    vectors: pl.DataFrame, tables: Mapping[str, pl.DataFrame], day: date, *, settings: Settings, on_progress: Callable[[int], None] | None = None
) -> DayDecided:
    """Decide for whole merchants.

    Args:
        vectors: Rows of `stage_tables.SkuVectors` of the day: all SKUs of every merchant among them.
        tables: Raw tables of the source.
        day: Decision day.
        settings: The platform's; each merchant's own are put on top.
        on_progress: Told how many SKUs are done.
    """
    merchants = tables["merchants"]
    recommended = optimize_vectors(vectors, settings, merchants=merchants, on_progress=on_progress)
    curves = order_curves(recommended, vectors, tables, decision_date=day, settings=settings)
    limited = limit_orders(curves, decision_date=day, merchants=merchants, settings=settings)
    policies = apply_limits(recommended.select(Policies.column_names()), limited.orders, vectors, merchants=merchants, settings=settings)
    return DayDecided(policies, recommended, limited.prices)


def figures_of_day(policies: pl.DataFrame, tables: Mapping[str, pl.DataFrame], day: date, *, settings: Settings) -> dict[str, Any]:
    """The figures of `replenish run` that a source alone can give, under the same names.

    How many orders are held is `None` where some may be: that takes the orders of the day before.
    """
    releases = release_orders(policies, OrderChanges.create_empty(), Approvals.create_empty(), settings=settings.governance)
    held = {} if settings.governance.hold_change_from_eur is None else {"n_orders_held": None}
    newest = newest_days(tables, decision_date=day)
    return {
        **order_figures(policies),
        **release_figures(releases),
        **held,
        **input_ages(newest, decision_date=day),
        "unmet_expectations": [finding for table in RAW_TABLES for finding in _unmet_in(table, tables, settings)],
    }


def _unmet_in(table: str, tables: Mapping[str, pl.DataFrame], settings: Settings) -> list[dict[str, Any]]:
    """What is not as expected of one table of the source."""
    suite = suite_of(f"raw/{table}", settings.suites)
    parts = {name: {"source": tables[name.removeprefix("raw/")]} for name in (suite.table, *suite.others) if name.removeprefix("raw/") in tables}
    return unmet_expectations(run_suite(suite, parts, partition="source", shards=["all"]))
