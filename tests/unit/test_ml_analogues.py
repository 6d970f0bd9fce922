"""Articles without a sale: forecast from their analogues, whole, sane, and the same however the market is split."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import ForecastSettings, Settings
from domain.tables import Articles
from ml.evaluation.cold_start import PRIOR, cold_start_sums
from ml.evaluation.figures import pooled_figures
from ml.forecasting.analogues import forecast_unsold, unsold_articles
from ml.forecasting.launches import count_launches, merge_launches
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand
from sources.folder import read_source
from sources.market import write_market
from tests.weekly_tables import tables_of, week, weekly_rows

CUTOFF = week(39)


def article(
    article_id: str, *, launched: int | None, category: str | None = "toys", price: float | None = 10.0, ended: date | None = None
) -> dict[str, object]:
    launch = None if launched is None else week(launched)
    return {"merchant_id": "m", "article_id": article_id, "category": category, "unit_price_eur": price, "launch_date": launch, "end_of_life_date": ended}


def market(*newcomers: dict[str, object]) -> dict[str, pl.DataFrame]:
    """Forty toys that sell 20 a week from their launch on, forty garden articles that sell 2, and newcomers."""
    rows, articles = [], []
    for position in range(80):
        name, (category, units) = f"a{position}", ("toys", 20) if position < 40 else ("garden", 2)
        launched = 4 + position % 20
        rows += weekly_rows([units] * (40 - launched), article_id=name, merchant_id="m", first=launched)
        articles.append(article(name, launched=launched, category=category))
    tables = tables_of(weekly_sales=rows)
    listed = pl.DataFrame([*articles, *newcomers], infer_schema_length=None)
    missing = [pl.lit(None).alias(name) for name in Articles.column_names() if name not in listed.columns]
    return tables | {"articles": Articles.cast(listed.with_columns(missing).select(Articles.column_names()))}


def forecast_of(tables: dict[str, pl.DataFrame], horizon_weeks: int = 12) -> pl.DataFrame:
    demand = build_weekly_demand(tables, cutoff=CUTOFF, history_weeks=156)
    counts = count_launches(demand, tables["articles"], cutoff=CUTOFF, first_week=week(0))
    unsold = unsold_articles(tables["articles"], demand, cutoff=CUTOFF, horizon_weeks=horizon_weeks)
    return forecast_unsold(unsold, counts, cutoff=CUTOFF, horizon_weeks=horizon_weeks)


def test_a_launch_ahead_is_forecast_from_its_day_on_and_one_beyond_the_horizon_is_not():
    midweek = article("midweek", launched=42) | {"launch_date": week(42) + timedelta(days=4)}  # a Friday: three days of the week are left
    result = forecast_of(market(article("new toy", launched=42), midweek, article("far", launched=52)))
    medians = dict(result.group_by("article_id").agg(pl.col("demand_q500").sort_by("horizon_week")).iter_rows())
    assert medians == {"new toy": [0.0] * 2 + [20.0] * 10, "midweek": [0.0] * 2 + [9.0] + [20.0] * 9}


def test_a_newcomer_is_forecast_like_its_category():
    result = forecast_of(market(article("new toy", launched=39), article("new spade", launched=39, category="garden")))
    medians = dict(result.group_by("article_id").agg(pl.col("demand_q500").first()).iter_rows())
    assert medians == {"new toy": 20.0, "new spade": 2.0}
    assert result.height == 2 * 12
    assert set(result["model"]) == {"analogue"}


def test_an_unknown_category_takes_the_merchant_and_a_stranger_the_market():
    tables = market(article("odd", launched=39, category="never seen", price=None))
    result = forecast_of(tables)
    assert result["demand_q250"][0] == 2.0
    assert result["demand_q750"][0] == 20.0
    other = tables["articles"].with_columns(merchant_id=pl.when(pl.col("article_id") == "odd").then(pl.lit("x")).otherwise("merchant_id"))
    assert forecast_of(tables | {"articles": other})["demand_q750"][0] == 20.0


@pytest.mark.parametrize(
    "listed",
    [article("x", launched=None), article("x", launched=52), article("x", launched=38, ended=week(30)), article("a1", launched=5)],
    ids=["no launch date", "launched after the horizon", "ended", "sells already"],
)
def test_only_articles_that_are_on_sale_and_never_sold_are_answered(listed: dict[str, object]):
    assert forecast_of(market(listed)).is_empty()


def test_long_on_sale_without_a_sale_is_no_newcomer():
    result = forecast_of(market(article("shelf warmer", launched=1)))
    assert set(result["model"]) == {"empirical"}
    assert result["demand_q500"].max() == 0.0


def test_any_split_over_shards_counts_the_same():
    tables = market()
    demand = build_weekly_demand(tables, cutoff=CUTOFF, history_weeks=156)
    whole = count_launches(demand, tables["articles"], cutoff=CUTOFF, first_week=week(0))
    shard = pl.col("article_id").str.len_bytes() % 2
    parts = [count_launches(demand.filter(shard == index), tables["articles"].filter(shard == index), cutoff=CUTOFF, first_week=week(0)) for index in (1, 0)]
    assert merge_launches(parts).equals(whole)
    shuffled = count_launches(demand.sample(fraction=1.0, shuffle=True, seed=1), tables["articles"].reverse(), cutoff=CUTOFF, first_week=week(0))
    assert shuffled.equals(whole)


def test_the_future_changes_nothing():
    tables = market(article("new toy", launched=39))
    later = pl.DataFrame(weekly_rows([500] * 5, article_id="new toy", merchant_id="m", first=40), schema_overrides={"sales_units": pl.Int64})
    weekly = pl.concat([tables["weekly_sales"], later], how="diagonal_relaxed").select(tables["weekly_sales"].columns)
    assert forecast_of(tables | {"weekly_sales": weekly}).equals(forecast_of(tables))


def test_the_whole_forecast_answers_newcomers_too():
    settings = Settings(forecast=ForecastSettings(n_training_rows=2_000, n_trees=5, n_leaves=8, n_threads=1))
    result = forecast_from_tables(market(article("new toy", launched=39)), cutoff=CUTOFF, settings=settings, horizon_weeks=3)
    assert result.filter(pl.col("article_id") == "new toy")["demand_q500"].to_list() == [20.0] * 3
    assert result["article_id"].is_sorted()
    assert (np.diff(result.select(QUANTILE_COLUMNS).to_numpy(), axis=1) >= 0).all()


def test_analogues_beat_the_prior_on_hidden_launches(tmp_path: Path):
    write_market(n_merchants=3, n_articles=60, n_weeks=90, seed=5, out=tmp_path)
    tables = read_source(str(tmp_path), today=date(2026, 11, 1)).frames
    newest = tables["sales_transactions"]["occurred_at"].max()
    monday = newest.date() - timedelta(days=newest.weekday())  # type: ignore[union-attr]
    cutoffs = [monday - timedelta(weeks=back) for back in (40, 26, 14)]
    sums = cold_start_sums(tables, cutoffs, last_week=monday - timedelta(weeks=1), settings=Settings())
    scored = {method: pooled_figures(sums.filter(pl.col("method") == method)) for method in ("analogues", PRIOR)}
    assert scored["analogues"]["n_cells"] == scored[PRIOR]["n_cells"]
    assert scored["analogues"]["scaled_crps"] < scored[PRIOR]["scaled_crps"]  # type: ignore[operator]
