"""How the market's people order: plans before a season, foresight, attention, budgets; and that skill pays."""

import datetime as dt
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from sources.market import build_market, human_service
from sources.market.assortment import COLLECTION, Assortment, Period, draw_assortment
from sources.market.demand import Lanes, draw_lanes, planned_demand
from sources.market.kernels.stock import Sundays
from sources.market.merchants import Merchant, draw_merchant
from sources.market.people import draw_opening, draw_sundays, habits_of
from sources.market.signals import World, build_world

PERIOD = Period(dt.date(2024, 1, 1), 104, 730)


class Scene(NamedTuple):
    merchant: Merchant
    world: World
    assortment: Assortment
    planned: np.ndarray
    lanes: Lanes

    def sundays(self, **habits: object) -> Sundays:
        """What the people bring to their Sundays when they have these habits."""
        merchant = self.merchant._replace(people=self.merchant.people._replace(**habits))  # type: ignore[arg-type]
        return draw_sundays(np.random.default_rng(1), self.planned, self.lanes, self.assortment, merchant, world=self.world)


@pytest.fixture(scope="module")
def scene() -> Scene:
    world = build_world(first_week=PERIOD.first_week, n_weeks=PERIOD.n_weeks, seed=1)
    merchant = draw_merchant(0, profile="mixed", seed=1)  # a general merchant: garden is strongly seasonal
    assortment = draw_assortment(np.random.default_rng(1), merchant, n_articles=120, period=PERIOD)
    planned = planned_demand(assortment, merchant, world=world, period=PERIOD)
    return Scene(merchant, world, assortment, planned, draw_lanes(np.random.default_rng(2), assortment, merchant))


def test_a_strong_season_is_bought_before_it_begins(scene: Scene) -> None:
    lane, week = np.nonzero(scene.sundays(season_share=0.5).planned_units)
    categories = {scene.merchant.kind.categories[index].name for index in scene.assortment.category[scene.lanes.article[lane]]}
    assert categories == {"garden"}
    assert not (scene.assortment.life[scene.lanes.article[lane]] == COLLECTION).any()
    months = {scene.world.weeks[index].month for index in week}
    assert months <= {12, 1, 2}  # weeks before a season that begins in March
    assert not scene.sundays(season_share=0.0).planned_units.any()


def test_foresight_orders_more_before_the_peak_than_without(scene: Scene) -> None:
    wise = scene.sundays(foresight=1.0, judgement_noise=0.0, forget_rate=0.0, holiday_weeks=0).level_weeks
    blind = scene.sundays(foresight=0.0, judgement_noise=0.0, forget_rate=0.0, holiday_weeks=0).level_weeks
    toys = scene.assortment.of_category(scene.merchant, "return_rate")[scene.lanes.article] == 0.06
    november = [index for index, week in enumerate(scene.world.weeks[: PERIOD.n_weeks]) if (week.month, week.day // 8) == (11, 0)]
    both = (blind > 0) & (wise > 0) & toys[:, None]
    assert np.median(wise[:, november][both[:, november]] / blind[:, november][both[:, november]]) > 1.1
    assert len(np.unique(blind[blind > 0])) == 1


def test_forgetful_people_look_less_often_and_at_unimportant_articles_least(scene: Scene) -> None:
    never = scene.sundays(forget_rate=0.0, holiday_weeks=0).level_weeks > 0
    often = scene.sundays(forget_rate=0.4, holiday_weeks=0).level_weeks > 0
    assert not (often & ~never).any()
    looked = {name: often[rows].sum() / never[rows].sum() for name in "ABC" for rows in [scene.assortment.service_class[scene.lanes.article] == name]}
    assert looked["A"] > looked["B"] + 0.1 > looked["C"] + 0.2


def test_nobody_orders_a_collection_again_who_does_not_chase(scene: Scene) -> None:
    fashion = draw_merchant(1, profile="mixed", seed=1)
    assortment = draw_assortment(np.random.default_rng(1), fashion, n_articles=120, period=PERIOD)
    planned = planned_demand(assortment, fashion, world=scene.world, period=PERIOD)
    lanes = draw_lanes(np.random.default_rng(2), assortment, fashion)
    calm = scene._replace(merchant=fashion, assortment=assortment, planned=planned, lanes=lanes)
    once = (assortment.life == COLLECTION)[lanes.article]
    assert once.any()
    assert not calm.sundays(chases=False).level_weeks[once].any()
    assert calm.sundays(chases=True).level_weeks[once].any()


def test_the_opening_stock_is_there_on_the_first_day_in_whole_packs(scene: Scene) -> None:
    opening = draw_opening(np.random.default_rng(3), scene.planned, scene.lanes, scene.assortment, scene.merchant)
    assert (opening.units >= scene.assortment.minimum_order_quantity_units[scene.lanes.article]).all()
    assert not (opening.units % scene.assortment.pack_size_units[scene.lanes.article]).any()
    assert (opening.day == scene.assortment.first_week[scene.lanes.article] * 7).all()
    assert (opening.ordered_day < opening.day).all()


def test_the_money_goes_to_class_a_first(scene: Scene) -> None:
    habits = habits_of(scene.planned, scene.lanes, scene.assortment, scene.merchant._replace(people=scene.merchant.people._replace(budget_weeks=1.0)))
    classes = scene.assortment.service_class[scene.lanes.article][habits.order_of_attention]
    assert "".join(classes) == "".join(sorted(classes))
    assert np.isfinite(habits.budget_eur)


def test_skill_pays() -> None:
    market = build_market(n_merchants=12, n_articles=60, n_weeks=80, seed=5, profile="grocery")
    skill = [-draw_merchant(number, profile="grocery", seed=5).people.forget_rate for number in range(12)]
    parts = [{name: frame.filter(pl.col("merchant_id") == f"M{number + 1:03d}") for name, frame in market.items()} for number in range(12)]
    fill = [human_service(part, part["weekly_demand"]).fill_rate for part in parts]
    assert np.corrcoef(skill, fill)[0, 1] > 0.5
