"""Drift of decisions: orders that change overnight, the value of orders, whether people follow, and realised against predicted cost."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from domain.calendar import ONE_WEEK
from domain.drift_tables import MARKET, DecisionTallies
from domain.settings import DriftSettings
from quality.drift.history import DriftCheck, Figures, judge


class DayOfTallies(NamedTuple):
    """Tallies of all shards of one day."""

    day: date
    tallies: Sequence[pl.DataFrame]


def judge_decisions(days: Sequence[DayOfTallies], *, on: date, settings: DriftSettings) -> pl.DataFrame:
    """Verdicts on one day's decisions.

    Args:
        days: The day and those before it that were decided, oldest first.
        on: The decision day.
        settings: Thresholds.

    Returns:
        `drift_tables.DriftChecks`, sorted; no rows where too few days before were decided.
    """
    sums = {each.day: _sums(each.tallies) for each in days}
    return judge(_figures(sums, on, settings) if on in sums else [], on=on, settings=settings)


_Totals = dict[str, int]


def _sums(tallies: Sequence[pl.DataFrame]) -> _Totals:
    whole = pl.concat([DecisionTallies.create_empty(), *tallies])
    return {name: int(whole[name].sum()) for name in whole.columns if name != "merchant_id"}


def _figures(sums: dict[date, _Totals], on: date, settings: DriftSettings) -> Iterator[Figures]:
    """A figure whose day has none is not judged, whatever its past. Noise: that of a share of the day's SKUs, at most."""
    today = sums[on]
    found = (
        (
            DriftCheck("orders_changed", settings.changed_orders_share, "share of SKUs whose order moved since the day before", has_weekly_rhythm=True),
            _shares(sums, "n_changed", "n_skus", "has_day_before"),
            today["n_skus"],
        ),
        (DriftCheck("order_value", settings.order_value_change, "logarithm of the orders' value over that of a week before", "change"), _growth(sums), 0),
        (
            DriftCheck("adherence", settings.adherence_change, "share of recommended orders that were placed, half of them or more", "fall"),
            _shares(sums, "n_followed", "n_recommended"),
            today["n_recommended"],
        ),
        (DriftCheck("cost_to_predicted", settings.cost_change, "logarithm of realised over predicted cost of 12 weeks", "change"), _cost_ratios(sums), 0),
    )
    for check, values, size in found:
        if on in values:
            yield Figures(check, MARKET, list(values.values()), noise=0.5 / float(np.sqrt(size)) if size else 0.0)


def _shares(sums: dict[date, _Totals], part: str, whole: str, known: str | None = None) -> dict[date, float]:
    return {day: each[part] / each[whole] for day, each in sums.items() if each[known or whole] and each[whole]}


def _growth(sums: dict[date, _Totals]) -> dict[date, float]:
    """Against the same weekday of the week before, plus a cent per SKU so that nothing to order is a number."""
    return {
        day: float(np.log((each["order_value_cents"] + each["n_skus"]) / (sums[day - ONE_WEEK]["order_value_cents"] + sums[day - ONE_WEEK]["n_skus"])))
        for day, each in sums.items()
        if day - ONE_WEEK in sums and each["n_skus"]
    }


def _cost_ratios(sums: dict[date, _Totals]) -> dict[date, float]:
    return {
        day: float(np.log((each["realised_cost_cents"] + 1) / (each["predicted_cost_cents"] + 1))) for day, each in sums.items() if each["predicted_cost_cents"]
    }
