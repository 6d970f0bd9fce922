"""How people replenish: what they plan for launches and seasons, and what they bring to each Sunday's orders.

All that is random is drawn here; `kernels/stock.py` then plays it against the stock, which nobody knows in advance.
"""

import numpy as np
import numpy.typing as npt

from sources.market.assortment import COLLECTION, Assortment
from sources.market.demand import Lanes
from sources.market.kernels.stock import Habits, Opening, Sundays
from sources.market.merchants import Merchant
from sources.market.profiles import MerchantKind
from sources.market.signals import WEEKS_AHEAD, World

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

DELIVERY_DAYS = 4
"""Days added to a lead time: ordered on Sunday night, a shipment with lead time 0 arrives on Thursday, in the middle of the week."""

_ATTENTION = {"A": 0.6, "B": 1.0, "C": 1.5}
"""How much likelier articles of a class are to be forgotten."""
_SEASON_WEEKS, _SEASON_BEGINS_BEFORE_PEAK, _STRONG_SWING = 16, 9, 0.5
_COLLECTION_BUY_SHARE = 0.6
"""Share of a collection's planned demand that is bought before it is launched."""
_RETURN_LAG_SPREAD, _LONGEST_RETURN_DAYS = 1.2, 250


def draw_opening(stream: np.random.Generator, planned: FloatArray, lanes: Lanes, assortment: Assortment, merchant: Merchant) -> Opening:
    """The stock each lane starts with: it arrives on the first day of the history or of the article's life."""
    people, first_week = merchant.people, assortment.first_week[lanes.article]
    weeks = people.level_weeks(merchant.lead_time_weeks)
    whole_life = (assortment.life == COLLECTION)[lanes.article]
    expected = _sum_ahead(planned, round(weeks) + 1)[lanes.article, first_week]
    of_life = _COLLECTION_BUY_SHARE * _sum_ahead(planned, planned.shape[1])[lanes.article, first_week]
    wanted = np.where(whole_life, of_life, expected) * lanes.share * stream.lognormal(0.0, people.plan_noise, lanes.article.size)
    ordered = first_week * 7 - expected_days(merchant)
    return Opening(
        day=first_week * 7,
        ordered_day=ordered,
        units=_whole_packs(np.maximum(wanted, 1.0), lanes, assortment),
        expected_units=np.maximum(expected / (round(weeks) + 1) * lanes.share * stream.lognormal(0.0, people.plan_noise, lanes.article.size), 0.02),
    )


def draw_sundays(stream: np.random.Generator, planned: FloatArray, lanes: Lanes, assortment: Assortment, merchant: Merchant, *, world: World) -> Sundays:
    """What people bring to the orders of every Sunday, `(n_lanes, n_weeks)` each: the level they want, bulk buys, lead times."""
    people, shape = merchant.people, (lanes.article.size, planned.shape[1] - WEEKS_AHEAD)
    anticipation = _anticipation(planned, merchant)[lanes.article, : shape[1]]
    level_weeks = people.level_weeks(merchant.lead_time_weeks) * stream.lognormal(0.0, people.judgement_noise, shape) * anticipation
    return Sundays(
        level_weeks=np.where(_looked_at(stream, shape[1], lanes, assortment, merchant), level_weeks, 0.0).astype(np.float32),
        planned_units=_season_buys(stream, planned, lanes, assortment, merchant, week_of_year=world.week_of_year[: shape[1]]),
        lead_days=_lead_days(stream, shape, merchant),
    )


def habits_of(planned: FloatArray, lanes: Lanes, assortment: Assortment, merchant: Merchant) -> Habits:
    """What stays the same on every Sunday."""
    people = merchant.people
    weekly_cost = float((planned[:, :-WEEKS_AHEAD].mean(axis=1) * assortment.cost_eur).sum())
    by_class = np.argsort(assortment.service_class[lanes.article], kind="stable")
    return Habits(
        smoothing=people.smoothing,
        reaction=people.reaction,
        trigger_share=people.trigger_share,
        corrects_stock_outs=people.corrects_stock_outs,
        budget_eur=np.inf if people.budget_weeks is None else people.budget_weeks * people.review_period_weeks * weekly_cost,
        expected_days=expected_days(merchant),
        order_of_attention=by_class,
        unit_cost_eur=assortment.cost_eur[lanes.article],
        pack_size_units=assortment.pack_size_units[lanes.article],
        minimum_order_quantity_units=assortment.minimum_order_quantity_units[lanes.article],
    )


def expected_days(merchant: Merchant) -> int:
    """Days from an order to its receipt, as the supplier announces them."""
    return round(merchant.lead_time_weeks * 7) + DELIVERY_DAYS


def draw_return_lags(
    stream: np.random.Generator, units: npt.NDArray[np.int32], lanes: Lanes, assortment: Assortment, kind: MerchantKind
) -> npt.NDArray[np.int16]:
    """Days after which each unit asked for would come back if it were sold, lane by lane; 0 = it is kept.

    Drawn for every unit of demand, so that who returns does not depend on what happened to the others.
    """
    per_lane = units.sum(axis=1)
    category = np.repeat(assortment.category[lanes.article], per_lane)
    rates, medians = (np.array([getattr(one, name) for one in kind.categories]) for name in ("return_rate", "return_lag_days"))
    comes_back = np.flatnonzero(stream.random(category.size, dtype=np.float32) < rates[category])
    lags = np.zeros(category.size, dtype=np.int16)
    drawn = medians[category[comes_back]] * stream.lognormal(0.0, _RETURN_LAG_SPREAD, comes_back.size)
    lags[comes_back] = np.clip(np.rint(drawn), 1, _LONGEST_RETURN_DAYS)
    return lags


def _whole_packs(wanted: FloatArray, lanes: Lanes, assortment: Assortment) -> IntArray:
    pack, least = assortment.pack_size_units[lanes.article], assortment.minimum_order_quantity_units[lanes.article]
    return (np.ceil(np.maximum(wanted, least) / pack) * pack).astype(np.int64)


def _sum_ahead(planned: FloatArray, n_weeks: int) -> FloatArray:
    """Planned demand of each week and the following ones, `n_weeks` in all; weeks beyond the history count nothing."""
    total = np.concatenate([np.zeros((planned.shape[0], 1)), np.cumsum(planned, axis=1)], axis=1)
    weeks = np.arange(planned.shape[1])
    return np.asarray(total[:, np.minimum(weeks + n_weeks, planned.shape[1])] - total[:, weeks])


def _anticipation(planned: FloatArray, merchant: Merchant) -> FloatArray:
    """Factor by which people scale what they saw of late to what is to come, `(n_articles, n_weeks)`."""
    window = max(round(merchant.lead_time_weeks + merchant.people.review_period_weeks), 1)
    n_weeks, weeks = planned.shape[1], np.arange(planned.shape[1])
    total = np.concatenate([np.zeros((planned.shape[0], 1)), np.cumsum(planned, axis=1)], axis=1)
    last, first = np.minimum(weeks + 1 + window, n_weeks), np.maximum(weeks - 3, 0)
    ahead = (total[:, last] - total[:, np.minimum(weeks + 1, n_weeks)]) / np.maximum(last - weeks - 1, 1)
    behind = (total[:, weeks + 1] - total[:, first]) / (weeks + 1 - first)
    known = (ahead > 0) & (behind > 0)
    ratio = np.where(known, ahead / np.where(known, behind, 1.0), 1.0)
    return np.asarray(np.clip(ratio, 0.2, 4.0) ** merchant.people.foresight)


def _looked_at(stream: np.random.Generator, n_weeks: int, lanes: Lanes, assortment: Assortment, merchant: Merchant) -> BoolArray:
    """Whether somebody thinks of ordering, `(n_lanes, n_weeks)`: a review day, not forgotten, the article is to stay long enough."""
    people, weeks = merchant.people, np.arange(n_weeks)
    attention = np.array([_ATTENTION[name] for name in assortment.service_class])[lanes.article, None]
    remembered = stream.random((lanes.article.size, n_weeks)) >= people.forget_rate * attention
    at_work = stream.random(n_weeks) >= people.holiday_weeks / 52
    first, end = assortment.first_week[lanes.article, None], assortment.end_week[lanes.article, None]
    never_again = (assortment.life == COLLECTION)[lanes.article, None] & (not people.chases)
    last = np.where(never_again, first - 1, end - merchant.lead_time_weeks - 4)
    return np.asarray(remembered & at_work & (weeks % people.review_period_weeks == 0) & (weeks >= first) & (weeks <= last))


def _season_buys(
    stream: np.random.Generator, planned: FloatArray, lanes: Lanes, assortment: Assortment, merchant: Merchant, *, week_of_year: IntArray
) -> npt.NDArray[np.int32]:
    """Units bought in bulk before the season of strongly seasonal articles, `(n_lanes, n_weeks)`."""
    people, weeks = merchant.people, np.arange(week_of_year.size)
    misjudged = stream.lognormal(0.0, people.plan_noise, (lanes.article.size, weeks.size))
    weeks_ahead = round(merchant.lead_time_weeks) + 2
    begin = np.rint(assortment.of_category(merchant, "peak_week") - _SEASON_BEGINS_BEFORE_PEAK - weeks_ahead).astype(np.int64)
    strong = (assortment.of_category(merchant, "swing") > _STRONG_SWING) & (assortment.life != COLLECTION)
    living = (weeks >= assortment.first_week[:, None]) & (weeks + weeks_ahead + _SEASON_WEEKS < assortment.end_week[:, None])
    buys = (week_of_year == (begin[:, None] - 1) % 52 + 1) & strong[:, None] & living
    ahead = _sum_ahead(planned, _SEASON_WEEKS)[:, weeks + weeks_ahead]
    wanted = people.season_share * (ahead * buys)[lanes.article] * lanes.share[:, None] * misjudged
    pack, least = (units[lanes.article, None] for units in (assortment.pack_size_units, assortment.minimum_order_quantity_units))
    return np.where(wanted > 0, np.ceil(np.maximum(wanted, least) / pack) * pack, 0).astype(np.int32)


def _lead_days(stream: np.random.Generator, shape: tuple[int, int], merchant: Merchant) -> npt.NDArray[np.int16]:
    """Days from Sunday night to receipt: gamma around the supplier's lead time."""
    form = 1 / merchant.lead_time_cv**2
    days = stream.gamma(form, merchant.lead_time_weeks * 7 / form, shape)
    return np.asarray(np.minimum(np.rint(days) + DELIVERY_DAYS, 1000), dtype=np.int16)
