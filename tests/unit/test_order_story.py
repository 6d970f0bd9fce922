"""The words of a story: what a merchant would misread is said otherwise."""

import re
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks.sku import example_vector
from cli.order_from_source import change_between
from cli.order_page import order_page
from cli.order_record import Change, OrderRecord
from cli.order_story import tell_story
from cli.order_text import story_text
from cli.table_output import check_ending
from domain.errors import UsageError
from domain.settings import InventorySettings, OptimizerSettings, Settings, SimulationSettings
from domain.stage_tables import WeeklyDemand
from simulation.optimize import optimize_policy
from simulation.order_changes import Inputs

FAST = Settings(simulation=SimulationSettings(n_paths_optimize=60, n_paths_evaluate=200), optimizer=OptimizerSettings(evaluation_budget=40))
VECTOR = example_vector(3)


def record_of(*, vector=VECTOR, before: Inputs | None = None, **inventory: object) -> OrderRecord:
    settings = FAST.model_copy(update={"inventory": InventorySettings(**inventory)})  # type: ignore[arg-type]
    row = optimize_policy(vector, settings, seed=settings.seed).as_row()
    change = Change(change_between(before, Inputs(vector, settings), row), "") if before else Change(None, "the source begins today")
    return OrderRecord(row, row, vector, settings, change, WeeklyDemand.create_empty(), {}, [])


def text_of(**arguments: Any) -> str:
    return story_text(tell_story(record_of(**arguments)))


def test_an_order_its_value_and_why_the_day_before_is_unknown() -> None:
    text = text_of()
    (units, value) = re.findall(r"ORDER ([\d,]+) UNITS NOW, worth ([\d,.]+) EUR", text)[0]
    assert float(value.replace(",", "")) == pytest.approx(int(units) * VECTOR.unit_value_eur, abs=0.01)
    assert "not known: the source begins today" in text
    assert "budget" not in text


def test_no_order_is_said_in_words() -> None:
    assert "ORDER NOTHING NOW" in text_of(vector=VECTOR._replace(on_hand_units=5_000))


def test_an_unchanged_order_is_said_to_be_one() -> None:
    assert "nothing: the order is still" in text_of(before=Inputs(VECTOR, FAST))


def test_causes_of_a_change_are_named_with_their_units() -> None:
    text = text_of(before=Inputs(VECTOR._replace(on_hand_units=VECTOR.on_hand_units + 40), FAST))
    assert re.search(r"stock on hand, on its way and coming back +[+-]\d+ units", text)


@pytest.mark.parametrize(("policy", "words"), [("base_stock", "what is missing to"), ("look_ahead", "what is missing to"), ("extended", "falls to")])
def test_later_orders_are_told_in_words(policy: str, words: str) -> None:
    assert words in text_of(policy=policy)


def test_a_budget_and_a_price_below_cost_are_not_passed_over() -> None:
    text = text_of(vector=VECTOR._replace(unit_price_eur=1.0, unit_cost_eur=2.0), budget_eur_per_week=500.0)
    assert re.search(r"budget +500 EUR a week", text)
    assert "the price (1.00) is below the cost (2.00)" in text


def test_every_number_of_an_alternative_carries_its_error() -> None:
    lines = [line for line in text_of().splitlines() if "never order again" in line or "one pack more" in line]
    assert len(lines) == 2
    assert all(" ± " in line for line in lines)


def test_a_page_is_html_or_png() -> None:
    check_ending("order.html", (".html", ".png"), example="order.html")
    with pytest.raises(UsageError, match="ending nobody can write"):
        check_ending("order.pdf", (".html", ".png"), example="order.html")


def test_one_sentence_says_what_to_order_and_why() -> None:
    story = tell_story(record_of())
    position, weekly = story["on_hand_units"] + story["in_transit_units"], story["expected_demand_units"] / 12
    assert story["sentence"] == (
        f"Order {story['order_now_units']} units now, worth {story['order_now_value_eur']:,.2f} EUR: {position} units on hand and on the way "
        f"last about {position / weekly:.1f} weeks, and the order arrives in the week of 2026-01-26."
    )
    assert text_of().startswith(f"\n{story['sentence']}")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"on_hand_units": 5_000}, r"^Order nothing today: [\d,]+ units on hand and on the way last about [\d.]+ weeks, and an order of today would arrive"),
        ({"demand_quantiles_units": np.zeros((12, 39))}, r"^Order nothing today: no demand is expected, with"),
        ({"on_hand_units": 0, "inbound_units": np.zeros(12, dtype=np.int64)}, r"^Order \d+ units now.*there is nothing on hand or on the way"),
    ],
)
def test_the_sentence_knows_why_nothing_is_ordered(changes: dict[str, Any], words: str) -> None:
    assert re.search(words, tell_story(record_of(vector=VECTOR._replace(**changes)))["sentence"])


def test_limits_that_leave_no_room_are_the_reason() -> None:
    record = record_of()
    cut = tell_story(record._replace(policy={**record.policy, "order_now_units": 0, "order_before_budget_units": 9}))
    assert cut["sentence"] == "Order nothing today: the merchant's limits leave no room for the 9 units that would be ordered without them."


def test_the_projection_is_stock_less_mean_demand_with_the_order_in_its_week() -> None:
    vector = VECTOR._replace(
        demand_quantiles_units=np.full((12, 39), 10.0), on_hand_units=25, inbound_units=np.array([0, 4] + [0] * 10), returns_due_units=np.zeros(12)
    )
    record = record_of(vector=vector, lead_time_weeks=2.0)
    weeks = tell_story(record._replace(policy={**record.policy, "order_now_units": 30}))["weeks"]
    assert [week["stock_without_order_units"] for week in weeks[:5]] == [15.125, 9.25, 0.0, 0.0, 0.0]  # the mean of these quantiles is 9.875
    assert [week["stock_with_order_units"] for week in weeks[:5]] == [15.125, 9.25, 29.375, 19.5, 9.625]
    assert [week["ordered_units"] for week in weeks[:4]] == [0, 0, 30, 0]
    assert tell_story(record)["arrival_date"] == vector.date + timedelta(weeks=2)


def test_a_held_order_says_that_it_waits() -> None:
    release = {"status": "held", "released_units": 0, "reason": "the order moved by 900 EUR"}
    assert "waits for approval: the order moved by 900 EUR" in story_text(tell_story(record_of()._replace(release=release)))


def test_a_page_fits_a_phone_and_shows_ids_as_they_are() -> None:
    odd = "A$\\foo$1<b>"
    record = record_of(vector=VECTOR._replace(article_id=odd))
    history = pl.DataFrame({"week": [VECTOR.cutoff], "sales_units": [4], "is_censored": [True]})
    page = order_page(tell_story(record._replace(policy={**record.policy, "article_id": odd}, history=history)))
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "A$\\foo$1&lt;b&gt;" in page
    assert page.count("<svg ") == 6
    assert not re.search(r'<svg[^>]*(width|height)="', page)
    assert not re.search(r"<(img|link|script)\b", page)
    assert page == order_page(tell_story(record._replace(policy={**record.policy, "article_id": odd}, history=history)))
