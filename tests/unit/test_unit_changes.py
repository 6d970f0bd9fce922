"""An article number that counts something else since some week is cut there, and its neighbours do not notice."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from domain.settings import ForecastSettings
from domain.stage_tables import AFTER_CHANGE, BEFORE_CHANGE
from ml.pipeline import forecast_from_demand
from ml.preprocessing import build_weekly_demand, without_unit_errors
from ml.preprocessing.unit_changes import find_unit_changes
from tests.weekly_tables import tables_of, week, weekly_rows

CUTOFF = week(69)


def noisy(level: float, n_weeks: int, *, seed: int = 0) -> list[int]:
    return [int(value) for value in np.random.default_rng(seed).poisson(level, n_weeks)]


def changes(units: list[int]) -> list[tuple[date, float, float]]:
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows(units)), cutoff=week(len(units) - 1), history_weeks=156)
    return find_unit_changes(demand).select("changed_in", "usual_before", "usual_since").rows()


@pytest.mark.parametrize("n_since", [5, 13, 40])
@pytest.mark.parametrize("factor", [12, 1 / 12])
def test_a_sudden_large_and_lasting_change_is_found_in_its_week(factor: float, n_since: int) -> None:
    before, since = (30, 360) if factor > 1 else (360, 30)
    ((changed_in, usual_before, usual_since),) = changes(noisy(before, 57) + noisy(since, n_since, seed=1))
    assert changed_in == week(57)
    assert usual_before == pytest.approx(before, rel=0.1)
    assert usual_since == pytest.approx(since, rel=0.2)


@pytest.mark.parametrize(
    "units",
    [
        noisy(30, 70),
        noisy(30, 57) + noisy(120, 13),  # four times as much: it may well have become popular
        noisy(30, 60) + noisy(400, 4) + noisy(30, 6),  # a promotion
        noisy(30, 66) + noisy(400, 4),  # too young to last
        [round(20 * (1.09**at)) for at in range(70)],  # growth
        [30 if at % 52 < 30 else 400 for at in range(90)],  # a season
        [0, 0, 0, 1, 0, 0, 2] * 10,  # slow
        [1, 40, 2, 1, 60, 1, 1, 50] * 8 + [40, 1, 60, 300, 20],  # lumpy
    ],
)
def test_what_is_no_change_of_unit(units: list[int]) -> None:
    assert changes(units) == []


def test_the_weeks_of_the_other_unit_are_named_and_models_begin_after_them() -> None:
    units = noisy(30, 57) + noisy(360, 13, seed=1)
    demand = build_weekly_demand(tables_of(weekly_sales=weekly_rows(units)), cutoff=CUTOFF, history_weeks=156)
    assert demand["sales_units"].to_list() == units, "nothing is edited"
    assert demand["flag"].to_list() == [BEFORE_CHANGE] * 57 + [AFTER_CHANGE] * 13
    read = without_unit_errors(demand)
    assert read["sales_units"].to_list() == units[57:]
    assert without_unit_errors(read).equals(read)


def market(*, factor: int) -> pl.DataFrame:
    rows = [row for number in range(8) for row in weekly_rows(noisy(5 + 5 * number, 70, seed=number), article_id=f"a{number}")]
    jumping = noisy(30, 57, seed=99)
    return build_weekly_demand(
        tables_of(weekly_sales=rows + weekly_rows(jumping + [factor * units for units in noisy(30, 13, seed=98)], article_id="jump")),
        cutoff=CUTOFF,
        history_weeks=156,
    )


def test_neighbours_of_a_changed_article_keep_their_forecasts_in_a_small_market() -> None:
    settings = ForecastSettings(n_trees=20, n_threads=1)
    found = []
    for factor in (1, 12):
        forecast = forecast_from_demand(market(factor=factor), cutoff=CUTOFF, settings=settings)
        found.append(dict(forecast.group_by("article_id").agg(pl.col("demand_mean_units").sum()).iter_rows()))
    steady, jumped = found
    assert jumped["jump"] == pytest.approx(12 * 12 * 30, rel=0.15)
    for article in steady.keys() - {"jump"}:
        assert jumped[article] == pytest.approx(steady[article], rel=0.05), article
