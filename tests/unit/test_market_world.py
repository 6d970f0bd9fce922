"""What the market is like: seasons, lives, profiles, prices, people; and that its figures are what is said of them."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from sources.market import PROFILES, HumanService, build_market, human_service
from sources.market.assortment import Period
from sources.market.demand import shared_trend
from sources.market.merchants import draw_merchant
from sources.market.profiles import KINDS
from sources.market.signals import EVENTS, build_world

KEY = ["merchant_id", "article_id"]
Market = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def markets() -> dict[str, Market]:
    return {profile: build_market(n_merchants=12, n_articles=60, n_weeks=156, seed=11, profile=profile) for profile in PROFILES}  # type: ignore[misc]


def on_sale(market: Market) -> pl.DataFrame:
    """Article-weeks on sale, with demand and attributes."""
    weeks = market["weekly_demand"].join(market["articles"], on=KEY)
    return weeks.filter((pl.col("week") >= pl.col("launch_date")), (pl.col("week") <= pl.col("end_of_life_date")).fill_null(value=True))


def monthly_demand(market: Market, category: str) -> dict[int, float]:
    demand = on_sale(market).filter(pl.col("category") == category).group_by(pl.col("week").dt.month().alias("month")).agg(pl.col("demand_units").mean())
    return dict(demand.rows())


def test_people_serve_as_in_the_published_backtest() -> None:
    # Published: availability about 65 %, fill rate about 74 %, weighted. docs/explanation/synthetic_market.md has the figures by seed.
    market = build_market(n_merchants=20, n_articles=150, n_weeks=104, seed=3)
    service = human_service(market, market["weekly_demand"])
    assert service.weighted_availability == pytest.approx(0.65, abs=0.04)
    assert service.weighted_fill_rate == pytest.approx(0.74, abs=0.03)


def test_human_service_of_an_obvious_case() -> None:
    weeks = [dt.date(2026, 1, 5), dt.date(2026, 1, 12), dt.date(2026, 1, 19)]
    truth = pl.DataFrame({"merchant_id": ["m"] * 6, "article_id": ["a"] * 3 + ["b"] * 3, "week": weeks * 2, "demand_units": [4, 0, 4, 9, 2, 2]})
    articles = pl.DataFrame(
        {
            "merchant_id": ["m", "m"],
            "article_id": ["a", "b"],
            "unit_price_eur": [10.0, 5.0],
            "launch_date": [None, dt.date(2026, 1, 14)],  # a Wednesday: its week counts, the week before does not
            "end_of_life_date": pl.Series([None, None], dtype=pl.Date),
        }
    )
    days = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (6, 20, 14)]
    sales = pl.DataFrame({"merchant_id": ["m"] * 3, "article_id": ["a", "a", "b"], "occurred_at": days, "quantity_units": [4, 2, 2]})
    service = human_service({"sales_transactions": sales, "articles": articles}, truth)
    # a: 2 of 3 weeks, 6 of 8 units, worth 80; b: 1 of 2 weeks, 2 of 4 units, worth 20.
    expected = HumanService((2 / 3 + 1 / 2) / 2, 8 / 12, (80 * 2 / 3 + 20 / 2) / 100, 70 / 100)
    assert service == pytest.approx(expected)


def test_profiles_differ_as_their_trades_do(markets: dict[str, Market]) -> None:
    zeros = {name: float(str((on_sale(market)["demand_units"] == 0).mean())) for name, market in markets.items()}
    assert zeros["grocery"] < 0.15 < zeros["mixed"] < zeros["fashion"]
    assert zeros["fashion"] > 0.35
    intermittent = {}
    for name, market in markets.items():
        share = on_sale(market).group_by(KEY).agg((pl.col("demand_units") > 0).mean().alias("share")).filter(pl.col("share") > 0)
        intermittent[name] = float(str((1 / share["share"] >= 1.32).mean()))
    assert intermittent["grocery"] < 0.25
    assert intermittent["mixed"] > 0.35
    assert intermittent["fashion"] > 0.5
    returned = {name: market["returns"]["quantity_units"].sum() / market["sales_transactions"]["quantity_units"].sum() for name, market in markets.items()}
    assert returned["grocery"] < 0.01 < returned["mixed"] < returned["fashion"]
    assert set(markets["mixed"]["articles"]["category"]) > {"dresses", "toys", "dairy"}


def test_merchants_differ_in_size_and_skill(markets: dict[str, Market]) -> None:
    market = markets["mixed"]
    revenue = market["sales_transactions"].group_by("merchant_id").agg((pl.col("quantity_units") * pl.col("unit_price_eur")).sum().alias("eur"))["eur"]
    assert revenue.max() > 4 * revenue.min()  # type: ignore[operator]
    fill = [human_service(part, part["weekly_demand"]).fill_rate for part in (only(market, merchant) for merchant in market["merchants"]["merchant_id"])]
    assert max(fill) - min(fill) > 0.15
    skills = [draw_merchant(number, profile="mixed", seed=11).people.forget_rate for number in range(12)]
    assert len({round(rate, 3) for rate in skills}) == 12
    assert market["merchants"]["budget_eur_per_week"].is_not_null().sum() == 4


def only(market: Market, merchant_id: str) -> Market:
    return {name: frame.filter(pl.col("merchant_id") == merchant_id) for name, frame in market.items()}


def test_seasons_follow_the_calendar(markets: dict[str, Market]) -> None:
    garden, toys = monthly_demand(markets["mixed"], "garden"), monthly_demand(markets["mixed"], "toys")
    assert min(garden[4], garden[5]) > 1.7 * max(garden[10], garden[12])
    assert toys[12] > 1.4 * toys[6]
    by_week = markets["grocery"]["weekly_demand"].group_by(pl.col("week").dt.month().alias("month")).agg(pl.col("demand_units").mean()).sort("demand_units")
    assert by_week["month"][-1] == 12


def test_collections_rotate_are_marked_down_and_end(markets: dict[str, Market]) -> None:
    articles = markets["fashion"]["articles"]
    collections = articles.filter(pl.col("season").str.contains(r"\d{4}").fill_null(value=False))
    assert collections["season"].n_unique() >= 6
    weeks = (pl.col("end_of_life_date") - pl.col("launch_date")).dt.total_days() / 7
    assert collections.filter(~weeks.is_between(17, 31)).is_empty()
    last_month = pl.col("occurred_at").dt.date() > pl.col("end_of_life_date") - pl.duration(weeks=3)
    final = markets["fashion"]["sales_transactions"].join(collections, on=KEY, suffix="_list").filter(last_month)
    assert final.select((pl.col("unit_price_eur") / pl.col("unit_price_eur_list")).max()).item() < 0.75
    ended = articles.filter(pl.col("end_of_life_date") < dt.date(2026, 9, 28)).height
    assert 0.2 < ended / articles.height < 0.6


def test_styles_come_in_a_curve_of_sizes(markets: dict[str, Market]) -> None:
    styles = markets["fashion"]["articles"].group_by("merchant_id", "category", "unit_price_eur", "launch_date", "brand").len()
    assert styles.filter(pl.col("len") >= 5).height > 50
    sizes = KINDS["fashion"][0].categories[0].size_shares
    assert sum(sizes) == pytest.approx(1.0)


def test_lower_prices_sell_more(markets: dict[str, Market]) -> None:
    market = markets["grocery"]
    week = pl.col("occurred_at").dt.date().dt.truncate("1w").alias("week")
    sold = market["sales_transactions"].group_by(*KEY, week).agg(pl.col("unit_price_eur").mean().alias("paid_eur"))
    both = on_sale(market).join(sold, on=[*KEY, "week"]).with_columns((pl.col("paid_eur") < 0.99 * pl.col("unit_price_eur")).alias("promoted"))
    usual = both.filter(~pl.col("promoted")).group_by(KEY).agg(pl.col("demand_units").mean().alias("usual"))
    uplift = both.filter("promoted").join(usual, on=KEY).select(pl.col("demand_units").sum() / pl.col("usual").sum()).item()
    assert 2.0 < uplift < 3.5  # Dominick's and Online Retail: about 3
    assert 0.08 < float(str(both["promoted"].mean())) < 0.2


def test_customers_feel_the_weather(markets: dict[str, Market]) -> None:
    market = markets["grocery"]
    mood = market["external_signals"].filter(pl.col("name") == "temperature_anomaly_celsius").select("merchant_id", "week", "value")
    drinks = on_sale(market).filter(pl.col("category") == "beverages").group_by("merchant_id", "week").agg(pl.col("demand_units").sum())
    usual = drinks.with_columns((pl.col("demand_units") / pl.col("demand_units").mean().over("merchant_id")).log().alias("level"))
    correlation = usual.filter(pl.col("level").is_finite()).join(mood, on=["merchant_id", "week"]).select(pl.corr("level", "value")).item()
    assert correlation > 0.08


def test_events_fall_on_their_days() -> None:
    world = build_world(first_week=dt.date(2025, 1, 6), n_weeks=60, seed=1)
    strongest = {name: world.weeks[int(np.argmax(world.events[index]))] for index, name in enumerate(EVENTS)}
    assert strongest["black_friday"] == dt.date(2025, 11, 24)
    assert strongest["easter"] == dt.date(2025, 4, 14)  # Easter Sunday 2025: 20 April
    assert strongest["christmas"] == dt.date(2025, 12, 15)
    assert strongest["back_to_school"] == dt.date(2025, 8, 25)
    assert world.events.min() == 0.0
    assert world.events.max() <= 1.0


def test_the_shared_trend_of_a_merchant_is_small() -> None:
    world = build_world(first_week=dt.date(2025, 1, 6), n_weeks=60, seed=1)
    trends = np.array([shared_trend(draw_merchant(number, profile="mixed", seed=1), world=world, n_weeks=60, seed=1) for number in range(30)])
    assert trends.shape == (30, 60)
    assert 0.05 < float(trends.std()) < 0.3


def test_a_period_knows_its_last_and_incomplete_week() -> None:
    period = Period(dt.date(2026, 9, 14), 2, 17)
    assert (period.n_weeks, period.last_day) == (3, dt.date(2026, 9, 30))
