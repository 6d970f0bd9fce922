"""What a replay's forecaster knows: the series, and what has ended by the cutoff."""

import polars as pl
import pytest

from assets.replay.forecasts import forecaster_named
from domain.errors import UsageError
from domain.settings import ForecastSettings, Settings
from ml.preprocessing import build_weekly_demand
from tests.weekly_tables import tables_of, week, weekly_rows

SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=2_000, min_training_rows=10**9, n_threads=1))
TABLES = tables_of(
    weekly_sales=[*weekly_rows([6] * 30 + [0] * 10), *weekly_rows([6] * 40, article_id="b")],
    articles=[{"article_id": "a", "end_of_life_date": week(35)}, {"article_id": "b", "end_of_life_date": week(41)}],
)


@pytest.mark.parametrize("retrain", ["once", "weekly"])
def test_the_product_knows_what_has_ended_by_the_cutoff_and_nothing_of_later_ends(retrain) -> None:
    forecaster = forecaster_named("champion", articles=TABLES["articles"], settings=SETTINGS, retrain=retrain, on_progress=lambda _: None)
    for last, ended in ((33, set()), (39, {"a"})):
        forecast = forecaster(build_weekly_demand(TABLES, cutoff=week(last), history_weeks=156), week(last))
        assert set(forecast.filter(pl.col("model") == "ended")["article_id"]) == ended
        assert forecast.filter(pl.col("article_id") == "b")["demand_q500"].min() > 0  # type: ignore[operator]


@pytest.mark.parametrize("name", ["theta", "auto_ets"])
def test_a_baseline_answers_every_series(name) -> None:
    forecaster = forecaster_named(name, articles=TABLES["articles"], settings=SETTINGS, retrain="once", on_progress=lambda _: None)
    forecast = forecaster(build_weekly_demand(TABLES, cutoff=week(39), history_weeks=156), week(39))
    assert forecast.group_by("article_id").len()["len"].to_list() == [12, 12]
    assert forecast["model"].unique().to_list() == [name]


def test_an_unknown_forecaster_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"unknown[\s\S]*champion"):
        forecaster_named("oracle", articles=TABLES["articles"], settings=SETTINGS, retrain="once", on_progress=lambda _: None)
